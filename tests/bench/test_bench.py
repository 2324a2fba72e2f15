# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark measures what it claims to measure. The speed itself is not tested."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import measure
from benchmarks.__main__ import main as benchmark
from benchmarks.fleet import bare_script as bare_fleet_script
from benchmarks.guide import bare_script, calls_of, guide_sandbox
from benchmarks.measure import Sample, peak_memory, run
from benchmarks.plays import GUIDE, SETUP, play
from benchmarks.report import fleet_figures, guide_figures, medians
from benchmarks.slope import slope
from benchmarks.stub_process import Stub, running_stub
from devtools.places import ROOT, environ
from devtools.processes import Failure
from sandbox.inventory import write_inventory
from tests.support import forked

PYTHON = [sys.executable, "-c"]


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running_stub() as running:
        yield running


@pytest.fixture
def _forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork ansible-playbook in tests of calls and output, where times do not matter."""
    monkeypatch.setattr(measure, "started", forked.started)


@pytest.mark.playbook
@pytest.mark.usefixtures("_forks")
def test_bare_script_makes_no_fewer_calls_on_the_stub_in_the_second_run(
    stub: Stub, tmp_path: Path
) -> None:
    inventory = stub.write_inventory(tmp_path / "inventory.json", 3)
    run([play(SETUP, inventory)], environ())
    first = stub.calls()
    assert first["source_s3 PUT /source-bucket-0002?replication"] == 1
    run([play(SETUP, inventory)], environ())
    ours = stub.calls()
    assert ours["target_s3 GET /target-bucket-0000?versioning"] == 1
    assert not [call for call in ours if " PUT " in call or " Create" in call or " Attach" in call]
    run([bare_fleet_script(inventory)], environ())
    assert not ours - stub.calls()


@pytest.mark.playbook
@pytest.mark.usefixtures("_forks")
def test_bare_script_makes_all_calls_of_the_playbook_in_both_runs(tmp_path: Path) -> None:
    with guide_sandbox() as sandbox:
        inventory = write_inventory(tmp_path / "inventory.json", sandbox.describe())
        env = environ() | sandbox.environ
        (first, second), (bare_first, bare_second) = (
            [calls_of(sandbox, command, env, anew=anew) for anew in (True, False)]
            for command in (play(GUIDE, inventory), bare_script(inventory))
        )
    assert first["source s3 PutBucketReplication source-bucket"] == 1
    assert not [call for call in second if re.search(r" (Put|Create|Attach)", call)]
    assert (first - bare_first, second - bare_second) == (Counter(), Counter())


def test_memory_includes_children_and_counts_shared_pages_once() -> None:
    fill = "import os, time; data = b'x' * 50_000_000; os.fork(); time.sleep(0.6)"
    assert 50 < peak_memory([*PYTHON, fill], environ()) < 90
    apart = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    assert 50 < peak_memory([*PYTHON, apart, fill], environ()) < 100


def test_time_is_the_programs_and_failure_shows_its_output() -> None:
    sample = run([[*PYTHON, "import time; time.sleep(0.3)"]] * 2, environ())
    assert sample.seconds > 0.6
    assert sample.cpu < sample.seconds
    with pytest.raises(Failure, match="something went wrong"):
        run([[*PYTHON, "raise SystemExit('something went wrong')"]], environ())


def test_results_are_computed_from_medians() -> None:
    def times(seconds: float) -> dict[str, Sample]:
        ours = ("first", "second", "checked_first", "checked_second")
        names = ("empty", "aws", "bare", "bare_second", *ours, "amazon_first", "amazon_second")
        values = (1.0, 10.0, 0.5, 0.4, 2.0, 1.5, 2.4, 2.1, 8.0, 6.0)
        return {n: Sample(v + seconds, 0.0) for n, v in zip(names, values, strict=True)}

    figures = {one.what: one for one in guide_figures(medians([times(0), times(9), times(0)]))}
    assert figures["second run / amazon.aws"].value == 0.25
    assert figures["second run / amazon.aws"].holds
    over = figures["(first run - empty playbook) / bare boto3 script"]
    assert (over.value, over.holds) == (2.0, False)
    over = figures["(second run - empty playbook) / bare boto3 script"]
    assert (over.value, over.holds) == (1.25, True)


def test_factor_of_a_linear_fleet_is_ten() -> None:
    fleet = {f"{run}_{n}": 1.0 + n / 100 for run in ("first", "second") for n in (10, 100, 1000)}
    fleet |= {"empty_1000": 1.0, "bare_1000": 5.0}
    values = [one.value for one in fleet_figures(fleet)]
    assert values == pytest.approx([2.0, 10.0, 10.0])


def test_slope_is_the_time_per_task() -> None:
    times = {f"call_{n}": 0.5 + 0.03 * n for n in (1, 11, 21)}
    assert slope(times, "call") == pytest.approx(0.03)


@pytest.mark.slow
@pytest.mark.usefixtures("_forks")
def test_quick_benchmark_writes_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Leave out the comparison with other collections, whose environment would be downloaded."""
    file = tmp_path / "result.json"
    monkeypatch.setattr(sys, "argv", ["bench", "--quick", "--json", str(file), "slope", "fleet"])
    assert benchmark() in (0, 1)
    assert "one more task with one call" in capsys.readouterr().out
    result = json.loads(file.read_text())
    assert result["samples"]["fleet"][0]["second_10"]["seconds"] > 0
    assert [one["what"] for one in result["figures"]] == [
        "one more task with one call / debug task"
    ]


def test_unknown_part_is_refused() -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", "slop"]
    done = subprocess.run(command, cwd=ROOT, env=environ(), capture_output=True, text=True)
    assert done.returncode == 2
    assert "no such part: slop" in done.stderr
