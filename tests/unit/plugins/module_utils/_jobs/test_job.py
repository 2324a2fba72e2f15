# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that jobs use: deadlines, progress, and the stop signal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import (
    Control,
    Deadlines,
    JobProgress,
    Stalled,
    Stopped,
)
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Progress


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_no_progress_ends_a_job() -> None:
    time = Time()
    control = Control(deadlines=Deadlines(progress=60, clock=time))
    time.now = 60
    control.check("listing")
    control.deadlines.moved()
    time.now = 120
    control.check("listing")
    time.now = 121
    with pytest.raises(Stalled, match="no progress for 61 s while listing"):
        control.check("listing")


def test_a_stop_ends_checks_and_sleeps_at_once() -> None:
    control = Control()
    control.check("listing")
    control.sleep(0)
    control.stop.set()
    with pytest.raises(Stopped, match="listing"):
        control.check("listing")
    with pytest.raises(Stopped):
        control.sleep(3600)


def test_progress_has_rate_share_and_time_left() -> None:
    time = Time()
    progress = JobProgress("versions", clock=time)
    time.now = 10
    progress.add(50_000)
    progress.share, progress.problems = 0.25, 2
    assert progress.line() == "50,000 versions, 5,000/s, 25% done, 30 s left, 2 problems"
    time.now = 20
    progress.add(50_000)
    progress.share = 0.5
    assert progress.seconds_left == 20


def test_work_of_an_earlier_run_counts_as_done_but_not_for_the_rate() -> None:
    time = Time()
    progress = JobProgress("versions", clock=time)
    progress.resume(900, 0.9)
    assert progress.seconds_left is None
    time.now = 10
    progress.add(50)
    progress.share = 0.95
    assert progress.done == 950
    assert progress.rate == 5
    assert progress.seconds_left == pytest.approx(10)


def test_long_times_are_readable() -> None:
    time = Time()
    progress = JobProgress("versions", clock=time)
    time.now = 600
    progress.add(1)
    progress.share = 0.5
    assert "10 min left" in progress.line()
    time.now = 6000
    progress.add(1)
    assert "1.7 h left" in progress.line()


def test_lines_come_at_intervals() -> None:
    time = Time()
    told: list[str] = []
    progress = JobProgress("versions", Progress(told.append, clock=time), clock=time)
    for _ in range(10):
        time.now += 1
        progress.add(1)
    assert told == ["3 versions, 1/s", "6 versions, 1/s", "9 versions, 1/s"]


def test_expensive_values_are_only_computed_for_a_report(tmp_path: Path) -> None:
    time = Time()
    told: list[str] = []
    path = tmp_path / "status.json"
    lines = Progress(told.append, clock=time)
    progress = JobProgress("versions", lines, str(path), clock=time)
    asked: list[float] = []

    def refresh() -> None:
        asked.append(time.now)
        progress.share, progress.counts = time.now / 10, {"sent": len(asked)}

    progress.refresh = refresh
    for _ in range(8):
        time.now += 1
        progress.add(1)
    # It is called for the status file at 1, 3, 5 and 7, and for lines at 3 and 6.
    assert asked == [1, 3, 5, 6, 7]
    assert told[-1] == "6 versions, 1/s, 60% done, 4 s left, 4 sent"
    assert json.loads(path.read_text())["share"] == 0.7
    time.now = 10
    progress.end("finished")
    assert json.loads(path.read_text())["share"] == 1.0


def test_the_status_file_can_be_watched(tmp_path: Path) -> None:
    time = Time()
    path = tmp_path / "status.json"
    progress = JobProgress("versions", status_file=str(path), clock=time)
    time.now = 1
    progress.share = 0.5
    progress.add(10)
    first = json.loads(path.read_text())
    assert (first["state"], first["done"], first["share"]) == ("running", 10, 0.5)
    assert (first["per_second"], first["seconds_left"], first["problems"]) == (10.0, 1, 0)
    time.now = 2
    progress.add(10)
    assert json.loads(path.read_text()) == first
    progress.share = 2 / 3
    progress.end("finished")
    last = json.loads(path.read_text())
    assert (last["state"], last["done"], last["share"]) == ("finished", 20, 0.6667)
    assert path.stat().st_mode & 0o777 == 0o600
