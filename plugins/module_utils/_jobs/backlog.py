# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job asks Backbeat about the operations that it has still to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._clients import backbeat
from .._clients.api import Api, fresh
from .._clients.errors import ApiError
from .._clients.session import Connections


def service_of(s3: Mapping[str, Any], url: str) -> Api | None:
    """Backbeat's API at a URL, with the source's connection; None without a URL."""
    return Connections(None, s3).backbeat(url) if url else None


def backlog_of(api: Api, site: str) -> Callable[[], int]:
    """Asks Backbeat how many operations it has to do for a site, or for all."""

    def ask() -> int:
        found = backbeat.metrics(fresh(api), site or backbeat.ALL)
        return max(found.backlog.count, found.pending.count)

    return ask


def backlog_age(api: Api | None, site: str, note: Callable[[str], object]) -> float | None:
    """How old the backlog of a site, or of all, is in seconds; None, with a note of why, if that is not known.

    api: None if Backbeat is not to be asked, which needs no note.
    """
    if api is None:
        return None
    try:
        age = backbeat.metrics(fresh(api), site or backbeat.ALL).backlog_age
    except ApiError as error:
        note(
            f"The age of Backbeat's backlog is unknown and was not taken into account for stuck versions: {error}"
        )
        return None
    if age is None:
        note(
            "The age of Backbeat's backlog is unknown, because Backbeat sends almost nothing: versions that "
            "are pending for longer than stuck_after are reported as stuck. Check with backbeat_service_info "
            "whether the site is paused."
        )
        return None
    return round(age, 3)
