# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a verification become one report, and a part that cannot be used is a gap in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import Control
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_merge import (
    Part,
    VerifyMerge,
    VerifyMergeRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import Unsatisfied

from ...reports import FINISHED, report

RUN = "2026-11-24"


def part(folder: Path, number: int, after: str, until: str | None, **states: int) -> Part:
    """The files that the worker of a range wrote."""
    made = report("node1", "node6", **states)
    made.scope["run"] = RUN
    made.ranges = [[after, until]]
    file, problems = folder / f"part-{number}.json", folder / f"part-{number}.jsonl"
    file.write_text(json.dumps(made.as_dict()))
    problems.write_text(f'{{"key": "{after}x"}}\n')
    return Part(after, until, str(file), str(problems))


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Part, ...]:
    return (
        part(tmp_path, 1, "", "f", in_sync=3),
        part(tmp_path, 2, "f", "m", in_sync=4),
        part(tmp_path, 3, "m", None, in_sync=5, pending=2),
    )


def merging(folder: Path, parts: tuple[Part, ...], **request: Any) -> VerifyMerge:
    files = {"report_file": str(folder / "whole.json"), "problems_file": str(folder / "all.jsonl")}
    return VerifyMerge(VerifyMergeRequest(parts, RUN, **{**files, **request}))


def unsatisfied(job: VerifyMerge) -> Unsatisfied:
    with pytest.raises(Unsatisfied) as caught:
        job.run(Control())
    return caught.value


def test_the_merged_report_has_everything_of_the_parts(
    tmp_path: Path, parts: tuple[Part, ...]
) -> None:
    job = merging(tmp_path, parts)
    whole, problems = tmp_path / "whole.json", tmp_path / "all.jsonl"
    predicted = job.predict(Control())
    assert not whole.exists()
    assert not problems.exists()
    done = job.run(Control())
    assert done == predicted
    assert done["changes"] == [f"write {problems}", f"write {whole}"]
    states = done["verification"]["states"]
    assert (states["in_sync"]["count"], states["pending"]["count"]) == (12, 2)
    assert (done["verification"]["complete"], done["verification"]["gaps"]) == (True, [])
    assert done["verification"]["last_complete"] == FINISHED
    assert json.loads(whole.read_text()) == done["verification"]
    assert problems.read_text() == '{"key": "x"}\n{"key": "fx"}\n{"key": "mx"}\n'
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in (whole, problems))
    assert job.run(Control())["changes"] == []


@pytest.mark.parametrize(
    "other", [lambda text: text[:-1], lambda text: f"{text} ", lambda text: f"{text[:-2]}x\n"]
)
def test_a_merged_report_with_other_content_is_written_again(
    tmp_path: Path, parts: tuple[Part, ...], other: Callable[[str], str]
) -> None:
    job, problems = merging(tmp_path, parts), tmp_path / "all.jsonl"
    job.run(Control())
    text = problems.read_text()
    problems.write_text(other(text))
    assert job.run(Control())["changes"] == [f"write {problems}"]
    assert problems.read_text() == text


def lost(part: Part) -> None:
    Path(part.report_file).unlink()


def damaged(part: Part) -> None:
    file = Path(part.report_file)
    file.write_text(file.read_text()[:-9])


def of_an_earlier_run(part: Part) -> None:
    change(part, lambda made: made["scope"].update(run="2026-11-23"))


def of_a_later_run(part: Part) -> None:
    change(part, lambda made: made["scope"].update(run="2026-11-25"))


def of_another_range(part: Part) -> None:
    change(part, lambda made: made.update(ranges=[["f", "n"]]))


def change(part: Part, how: Callable[[Any], None]) -> None:
    file = Path(part.report_file)
    made = json.loads(file.read_text())
    how(made)
    file.write_text(json.dumps(made))


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        (lost, "is missing"),
        (damaged, "cannot be read"),
        (of_an_earlier_run, "is of the run '2026-11-23'"),
        (of_a_later_run, "is of the run '2026-11-25'"),
        (of_another_range, "belongs to another range"),
    ],
)
def test_a_part_that_cannot_be_used_is_a_gap(
    tmp_path: Path, parts: tuple[Part, ...], trouble: Callable[[Part], None], why: str
) -> None:
    """It fails the task independently of accepted differences: the state of these keys is unknown."""
    trouble(parts[1])
    whole = unsatisfied(merging(tmp_path, parts, fail=False)).seen["verification"]
    (gap,) = whole["gaps"]
    assert (gap["reason"], gap["after"], gap["until"]) == ("range-lost", "f", "m")
    assert gap["message"].startswith("The keys after 'f' up to 'm' were not verified: The report ")
    assert why in gap["message"]
    assert whole["states"]["in_sync"]["count"] == 8
    assert not whole["complete"]


def test_gaps_are_in_the_order_of_their_ranges_and_have_their_ends(
    tmp_path: Path, parts: tuple[Part, ...]
) -> None:
    for one in (parts[0], parts[2]):
        lost(one)
    gaps = unsatisfied(merging(tmp_path, parts)).seen["verification"]["gaps"]
    assert [one["message"].partition(" were ")[0] for one in gaps] == [
        "The keys after '' up to 'f'",
        "The keys after 'm' up to the end",
    ]


def test_an_incomplete_report_keeps_the_time_of_the_last_complete_one(
    tmp_path: Path, parts: tuple[Part, ...]
) -> None:
    job = merging(tmp_path, parts)
    job.run(Control())
    lost(parts[0])
    assert unsatisfied(job).seen["verification"]["last_complete"] == FINISHED
    (tmp_path / "whole.json").write_text("damaged")
    assert unsatisfied(job).seen["verification"]["last_complete"] is None


def test_failures_depend_on_the_options(tmp_path: Path, parts: tuple[Part, ...]) -> None:
    failing = (*parts[:2], part(tmp_path, 3, "m", None, in_sync=5, failed=2))
    assert "failed" in str(unsatisfied(merging(tmp_path, failing)))
    assert merging(tmp_path, failing, accepted={"failed": 2}).run(Control())["changes"]
    (tmp_path / "whole.json").unlink()
    assert merging(tmp_path, failing, fail=False).run(Control())["changes"]


def test_a_part_without_problems_has_no_file_of_them(
    tmp_path: Path, parts: tuple[Part, ...]
) -> None:
    first, second, third = parts
    Path(str(second.problems_file)).unlink()
    quiet = Part(third.after, third.until, third.report_file, None)
    merging(tmp_path, (first, second, quiet)).run(Control())
    assert (tmp_path / "all.jsonl").read_text() == '{"key": "x"}\n'
