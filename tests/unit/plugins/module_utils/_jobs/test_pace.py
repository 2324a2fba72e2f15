# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pace of a job's requests."""

from __future__ import annotations

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import SLOWEST, Pace


class Time:
    """A clock that only advances in sleep and in the test."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def send(pace: Pace, time: Time, count: int) -> float:
    """The seconds that this number of requests takes."""
    began = time()
    for _ in range(count):
        pace.wait()
    return time() - began


def test_without_a_limit_nothing_waits(time: Time) -> None:
    assert send(Pace(clock=time, sleep=time.sleep), time, 1000) == 0


def test_never_faster_than_the_limit(time: Time) -> None:
    pace = Pace(50, clock=time, sleep=time.sleep)
    assert send(pace, time, 101) == pytest.approx(2.0)


def test_unused_time_is_not_saved(time: Time) -> None:
    pace = Pace(10, clock=time, sleep=time.sleep)
    pace.wait()
    time.now += 60
    assert send(pace, time, 11) == pytest.approx(1.0)


def test_slow_down_halves_the_pace_once_a_moment(time: Time) -> None:
    pace = Pace(100, clock=time, sleep=time.sleep)
    for _ in range(16):
        pace.slow_down()
    assert pace.rate == 50
    assert pace.slowed == 16
    time.now += 1
    pace.slow_down()
    assert pace.rate == 25


def test_after_a_slow_down_the_next_request_waits_a_whole_interval(time: Time) -> None:
    pace = Pace(10, clock=time, sleep=time.sleep)
    time.now += 60
    pace.slow_down()
    assert send(pace, time, 1) == pytest.approx(0.2)


def test_slow_down_without_a_limit_halves_the_measured_rate(time: Time) -> None:
    pace = Pace(clock=time, sleep=time.sleep)
    for _ in range(200):
        pace.wait()
        time.now += 0.01
    pace.slow_down()
    assert pace.rate == pytest.approx(50, rel=0.1)


def test_the_pace_has_a_minimum(time: Time) -> None:
    pace = Pace(10, clock=time, sleep=time.sleep)
    for _ in range(20):
        pace.slow_down()
        time.now += 1
    assert pace.rate == SLOWEST


def test_the_pace_recovers_up_to_the_limit(time: Time) -> None:
    pace = Pace(100, clock=time, sleep=time.sleep)
    pace.slow_down()
    rates = []
    for _ in range(10):
        time.now += 1
        pace.wait()
        rates.append(pace.rate or 0)
    assert rates == sorted(rates)
    assert rates[0] == pytest.approx(55)
    assert rates[-1] == 100


def test_without_a_limit_it_is_unlimited_again_after_a_quiet_minute(time: Time) -> None:
    pace = Pace(clock=time, sleep=time.sleep)
    pace.slow_down()
    time.now += 30
    pace.wait()
    assert pace.rate is not None
    time.now += 31
    pace.wait()
    assert pace.rate is None
