# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads Backbeat's backlog for jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._clients import backbeat
from .._clients.api import Api, fresh
from .._clients.errors import ApiError
from .._clients.session import Connections


def service_of(s3: Mapping[str, Any], url: str) -> Api | None:
    """Backbeat's API at the URL, with the source's connection options; None without a URL."""
    return Connections(None, s3).backbeat(url) if url else None


def backlog_of(api: Api, site: str) -> Callable[[], int]:
    """A function that returns the number of operations in the backlog of a site, or of all sites."""

    def ask() -> int:
        found = backbeat.metrics(fresh(api), site or backbeat.ALL)
        return max(found.backlog.count, found.pending.count)

    return ask


def backlog_age(api: Api | None, site: str, note: Callable[[str], object]) -> float | None:
    """The age in seconds of the backlog of a site, or of all sites; None, with a note, if it is unknown.

    api: None if Backbeat is not queried; there is no note then.
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
