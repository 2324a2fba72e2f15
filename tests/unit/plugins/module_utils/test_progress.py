# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of progress during a task, and their interval."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._waiting import INTERVAL, Progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_there_are_no_lines_in_the_first_seconds() -> None:
    clock, lines = Clock(), list[str]()
    progress = Progress(lines.append, clock=clock)
    clock.now += INTERVAL - 0.1
    progress.waiting("a/b is PENDING after 3 s")
    assert lines == []
    clock.now += 0.1
    progress.waiting("a/b is PENDING after 3 s")
    assert lines == ["a/b is PENDING after 3 s"]


def test_one_line_in_an_interval() -> None:
    clock, lines = Clock(), list[str]()
    progress = Progress(lines.append, clock=clock)
    for second in range(1, 61):
        clock.now = 100.0 + second / 2
        progress.waiting(f"{second / 2:.1f}")
    assert lines == [f"{INTERVAL * count:.1f}" for count in range(1, 11)]


def test_a_list_has_lines_about_its_completed_items() -> None:
    clock, lines = Clock(), list[str]()
    progress = Progress(lines.append, 2000, "buckets", clock=clock)
    for _ in range(1200):
        progress.done()
    clock.now += INTERVAL
    progress.done()
    clock.now += INTERVAL
    progress.waiting("a/b is PENDING after 6 s")
    assert lines == [
        "1,201 of 2,000 buckets done",
        "1,201 of 2,000 buckets done; a/b is PENDING after 6 s",
    ]


def test_the_end_has_no_line() -> None:
    clock, lines = Clock(), list[str]()
    progress = Progress(lines.append, 2, "buckets", clock=clock)
    progress.done()
    clock.now += INTERVAL
    progress.done()
    assert lines == []


def test_without_an_output_nothing_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    clock.now += INTERVAL
    progress.waiting("a")
    progress.done()
    assert capfd.readouterr() == ("", "")


def test_threads_share_one_interval() -> None:
    clock, lines = Clock(), list[str]()
    progress = Progress(lines.append, 100, "checks", clock=clock)
    clock.now += INTERVAL
    threads = [threading.Thread(target=progress.waiting, args=(str(n),)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines) == 1
