# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole hours from times: not earlier than requested, less than an hour later, and idempotent."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.schedule import (
    check_until,
    resume_in,
    resume_until,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

NOW = datetime(2026, 11, 22, 17, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("until", "hours"),
    [
        ("2026-11-22T17:30:01Z", 1),
        ("2026-11-22T18:30:00Z", 1),
        ("2026-11-22T18:30:01+00:00", 2),
        ("2026-11-23T06:00:00Z", 13),
        ("2026-11-23T06:00:00+05:00", 8),
    ],
)
def test_until_becomes_whole_hours_rounded_up(until: str, hours: int) -> None:
    resume = resume_until(until, NOW)
    assert resume.hours == hours
    scheduled = NOW + timedelta(hours=hours)
    moment = datetime.fromisoformat(until.replace("Z", "+00:00"))
    assert moment <= scheduled < moment + timedelta(hours=1)
    assert resume.is_met_by(scheduled)


@pytest.mark.parametrize("minutes", [0, 10, 59, 61, 300])
def test_a_repeated_until_is_met_by_its_own_schedule(minutes: int) -> None:
    until = "2026-11-23T06:00:00Z"
    scheduled = NOW + timedelta(hours=resume_until(until, NOW).hours)
    assert resume_until(until, NOW + timedelta(minutes=minutes)).is_met_by(scheduled)


@pytest.mark.parametrize(("minutes", "met"), [(0, True), (30, True), (57, True), (61, False)])
def test_repeated_hours_are_the_same_for_an_hour(minutes: int, met: bool) -> None:
    scheduled = NOW + timedelta(hours=resume_in(6, NOW).hours)
    assert resume_in(6, NOW + timedelta(minutes=minutes)).is_met_by(scheduled) is met


def test_another_schedule_does_not_satisfy_the_request() -> None:
    resume = resume_until("2026-11-23T06:00:00Z", NOW)
    for moment in (None, NOW + timedelta(hours=12), NOW + timedelta(hours=14)):
        assert not resume.is_met_by(moment)


def test_a_time_of_day_is_the_next_one_in_local_time() -> None:
    local = NOW.astimezone()
    before = (local - timedelta(minutes=1)).strftime("%H:%M")
    after = (local + timedelta(minutes=1)).strftime("%H:%M")
    assert resume_until(after, NOW).hours == 1
    assert resume_until(before, NOW).hours == 24


@pytest.mark.parametrize("text", ["25:00", "six", "", "06:60", "2026-13-01T00:00:00"])
def test_bad_times(text: str) -> None:
    with pytest.raises(InvalidDocument, match="give a time of day such as 06:00"):
        check_until(text)


def test_times_that_have_passed() -> None:
    with pytest.raises(InvalidDocument, match="which has passed"):
        resume_until("2026-11-22T17:30:00Z", NOW)
    with pytest.raises(InvalidDocument, match="1 or more"):
        resume_in(0, NOW)
