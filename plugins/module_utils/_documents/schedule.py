# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scheduled resumes of paused sites: converts a time of day, a date or hours to Backbeat's whole hours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._work import InvalidDocument

HOUR = timedelta(hours=1)
# The tolerance between the request and the server's clock.
TOLERANCE = timedelta(minutes=2)


@dataclass(frozen=True)
class Resume:
    """A requested resume: `hours` to send to the server now, and the moments that satisfy the request.

    Any scheduled resume from `earliest` to `latest` satisfies it, so that a repeated request is idempotent.
    """

    hours: int
    earliest: datetime
    latest: datetime

    def is_met_by(self, scheduled: datetime | None) -> bool:
        return scheduled is not None and self.earliest <= scheduled <= self.latest


def check_until(text: str) -> str:
    """Return the text if it is a time of day (HH:MM) or a date with a time in ISO 8601, or raise InvalidDocument."""
    if not _TIME_OF_DAY.fullmatch(text):
        _moment(text)
    return text


def resume_until(text: str, now: datetime) -> Resume:
    """The resume at a moment or up to an hour later. `now` and times without an offset are local times.

    Raises InvalidDocument for a moment that has passed.
    """
    until = _next_time_of_day(text, now) if _TIME_OF_DAY.fullmatch(text) else _moment(text)
    until = until.astimezone() if until.tzinfo is None else until
    if until <= now:
        raise InvalidDocument(f"until is {text}, which has passed: name a moment in the future.")
    hours = -((now - until) // HOUR)
    return Resume(hours, until, until + HOUR + TOLERANCE)


def resume_in(hours: int, now: datetime) -> Resume:
    """The resume in a number of hours; one that another run requested within the last hour satisfies it."""
    if hours < 1:
        raise InvalidDocument(f"hours is {hours}: name whole hours, 1 or more.")
    latest = now + hours * HOUR + TOLERANCE
    return Resume(hours, latest - HOUR, latest)


_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def _next_time_of_day(text: str, now: datetime) -> datetime:
    hour, minute = map(int, text.split(":"))
    local = now.astimezone()
    today = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    except ValueError:
        raise InvalidDocument(
            f"until is {text!r}: give a time of day such as 06:00, or a date with a time such as 2026-11-23T06:00:00Z."
        ) from None
