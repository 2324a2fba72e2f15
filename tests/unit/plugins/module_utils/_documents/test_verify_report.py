# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a verification: its contents, its JSON form, and the merging of parts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_entries import (
    SCHEMA,
    Gap,
    Problem,
    Side,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_report import (
    SHOWN,
    Report,
    merged,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_states import (
    STATE,
    STATES,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

from .generated import PROFILE

SOURCE = Side("node1", "http://node1", "source-bucket")
TARGET = Side("node6", "http://node6", "target-bucket")


def report(**values: Any) -> Report:
    return Report(SOURCE, TARGET, **values)


def listed(report: Report, count: int = 1) -> Report:
    for tally in report.listed.values():
        tally.add(count, count, "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z")
    return report


def problems() -> st.SearchStrategy[Problem]:
    states = [state.id for state in STATES if state.id != "in_sync"]
    times = st.sampled_from([None, "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"])
    return st.builds(
        Problem,
        key=st.text(max_size=3),
        version_id=st.sampled_from(["null", "v1", "v2"]),
        state=st.sampled_from(states),
        side=st.sampled_from(["source", "target", "both"]),
        size=st.none() | st.integers(0, 9),
        modified=times,
        reason=st.sampled_from(["", "older-than-rule"]),
    )


def part(found: list[Problem]) -> Report:
    made = listed(report(started="2026-01-03T00:00:00Z", finished="2026-01-03T01:00:00Z"))
    for problem in found:
        made.add(problem)
    return made


@PROFILE
@given(st.lists(problems(), max_size=30))
def test_json_loses_nothing(found: list[Problem]) -> None:
    before = part(found)
    before.gaps.append(Gap("listing-failed", "The listing broke off.", "a", None))
    after = Report.from_dict(json.loads(json.dumps(before.as_dict())))
    assert after == before
    assert after.as_dict() == before.as_dict()


@PROFILE
@given(st.lists(st.lists(problems(), max_size=20), min_size=1, max_size=4), st.randoms())
def test_parts_in_any_order_are_the_report_of_the_whole(
    parts: list[list[Problem]], random: Any
) -> None:
    whole = part([problem for found in parts for problem in found])
    listed(whole, len(parts) - 1)
    reports = [part(found) for found in parts]
    random.shuffle(reports)
    together = merged(reports)
    counted, expected = together.as_dict(), whole.as_dict()
    assert counted.pop("ranges") == len(parts) * expected.pop("ranges")
    shown, wanted = counted.pop("first_problems"), expected.pop("first_problems")
    assert counted == expected
    places = {
        name: [(one["key"], one["version_id"]) for one in first] for name, first in shown.items()
    }
    assert places == {
        name: [(one["key"], one["version_id"]) for one in first] for name, first in wanted.items()
    }


def test_keeps_the_first_problems_by_key() -> None:
    made = part([Problem(f"{n:03}", "v", "missing", "source") for n in reversed(range(50))])
    assert [one.key for one in made.first["missing"]] == [f"{n:03}" for n in range(SHOWN)]
    assert made.states["missing"].count == 50


def test_parts_of_different_runs_are_refused() -> None:
    with pytest.raises(InvalidDocument, match="different runs"):
        merged([report(scope={"prefix": "a"}), report(scope={"prefix": "b"})])
    with pytest.raises(InvalidDocument, match="no part"):
        merged([])


@pytest.mark.parametrize("schema", [None, "scality.backbeat.verify/2"])
def test_another_schema_is_refused(schema: str | None) -> None:
    with pytest.raises(InvalidDocument, match=SCHEMA):
        Report.from_dict({**report().as_dict(), "schema": schema})


def test_a_damaged_report_is_refused() -> None:
    damaged = report().as_dict()
    del damaged["gaps"]
    with pytest.raises(InvalidDocument, match=r"damaged \(KeyError: 'gaps'\)"):
        Report.from_dict(damaged)


@pytest.mark.parametrize(
    ("found", "limits", "failures"),
    [
        ([], {}, []),
        (["missing"], {}, ["1 version: missing although COMPLETED."]),
        (["missing"], {"missing": 1}, []),
        (["missing"] * 3, {"missing": 2}, ["3 versions: missing although COMPLETED (2 accepted)."]),
        (["pending"], {}, []),
        (["pending"], {"pending": 0}, ["1 version: pending."]),
        (["stuck"], {"stuck": None}, []),
        (["other_current"], {}, ["1 key: another current version."]),
    ],
)
def test_thresholds_decide_whether_it_fails(
    found: list[str], limits: dict[str, int | None], failures: list[str]
) -> None:
    made = part([Problem(f"k{n}", "v", state, "both") for n, state in enumerate(found)])
    made.judge(limits, allow_empty=False)
    assert made.failures == failures
    assert made.verdict == ("failed" if failures else "ok")


def test_an_empty_pair_fails_unless_allowed() -> None:
    made = report()
    made.judge({}, allow_empty=False)
    assert made.verdict == "failed"
    assert "Both buckets are empty" in made.failures[0]
    made.judge({}, allow_empty=True)
    assert made.verdict == "ok"


def test_a_gap_or_an_uninspected_difference_makes_it_incomplete() -> None:
    gap = listed(report(gaps=[Gap("listing-failed", "The listing broke off after 'k'.")]))
    skipped = listed(report(uninspected={"only_source": 3}))
    for made in (gap, skipped):
        made.judge({}, allow_empty=False)
        assert made.verdict == "incomplete"
        assert not made.as_dict()["complete"]
        assert made.failures
    assert "broke off" in gap.failures[0]
    assert "3 differences" in skipped.failures[0]


def test_every_state_can_be_read() -> None:
    for state in STATES:
        assert STATE[state.id] is state
        assert state.sign in "=+-*!"
        assert state.meaning.endswith(".")
