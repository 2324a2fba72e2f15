# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times in the format of listings and reports."""

from __future__ import annotations

from datetime import datetime, timezone

from .._work import InvalidDocument


def iso(moment: datetime) -> str:
    """A time in the format of listings: UTC, milliseconds, Z."""
    utc = moment.astimezone(timezone.utc)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_of(name: str, text: str | None) -> str:
    """The time in an option, in the format of listings; "" if it is not given. Raises InvalidDocument."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise InvalidDocument(
            f"{name} is {text!r}: give a time in ISO 8601, such as 2026-11-24T22:00:00Z."
        ) from error
    return iso(moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))
