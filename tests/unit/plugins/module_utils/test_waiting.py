# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deadlines and growing pauses."""

from __future__ import annotations

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._waiting import SHORTEST, Backoff

from ..fake_client import Time


def test_pauses_grow_up_to_the_cap_and_end_at_the_deadline() -> None:
    time = Time()
    backoff = time.backoff(10.0, first=1.0, cap=3.0)
    while backoff.pause():
        pass
    assert time.slept == [1.0, 2.0, 3.0, 3.0, 1.0]
    assert backoff.elapsed == 10.0
    assert backoff.remaining == 0.0


def test_without_time_there_is_no_pause() -> None:
    time = Time()
    assert not time.backoff(0.0).pause()
    assert time.slept == []


def test_work_between_the_pauses_counts() -> None:
    time = Time()
    backoff = time.backoff(10.0, first=1.0)
    time.now += 9.5
    assert backoff.pause()
    assert time.slept == [0.5]
    assert not backoff.pause()


def test_a_pause_is_between_half_of_the_step_and_the_whole() -> None:
    asked: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    time = Time()
    backoff = Backoff(10.0, first=1.0, clock=time.clock, sleep=time.sleep, jitter=jitter)
    backoff.pause()
    backoff.pause()
    assert asked == [(0.5, 1.0), (1.0, 2.0)]
    assert time.slept == [0.5, 1.0]


def test_a_small_cap_holds_from_the_first_pause() -> None:
    time = Time()
    time.backoff(10.0, first=1.0, cap=0.25).pause()
    assert time.slept == [0.25]


@pytest.mark.parametrize("cap", [0.0, -5.0])
def test_a_cap_has_a_minimum(cap: float) -> None:
    time = Time()
    backoff = time.backoff(10.0, cap=cap)
    backoff.pause()
    backoff.pause()
    assert time.slept == [SHORTEST, SHORTEST]


def test_it_can_be_restarted() -> None:
    time = Time()
    backoff = time.backoff(2.0, first=1.0)
    while backoff.pause():
        pass
    backoff.restart()
    assert backoff.remaining == 2.0
    assert backoff.pause()
    assert time.slept[-1] == 1.0
