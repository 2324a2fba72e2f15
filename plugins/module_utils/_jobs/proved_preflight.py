# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight with a canary: checks a pair, then tests replication with a small object."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._clients.session import Connections
from .._documents.names import check_object_key
from .._queries.preflight.preflight import Examination, Preflight, PreflightRequest
from .._waiting import Progress
from .._work import Query
from .canary import Canary, CanaryRequest, Outcome, retentions
from .job import Control


@dataclass(frozen=True)
class CanaryOptions:
    """key: the beginning of the object's key, after the rule's prefix. timeout, max_delay: in seconds.

    despite_retention: put it into buckets that retain it too.
    """

    key: str
    timeout: float
    max_delay: float
    despite_retention: bool = False


@dataclass(frozen=True)
class ProvedPreflightRequest:
    """A preflight, and the canary after it; None: no canary."""

    preflight: PreflightRequest
    canary: CanaryOptions | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> ProvedPreflightRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        asked = options["canary"]
        canary = asked and CanaryOptions(
            check_object_key(asked["key"]),
            asked["wait_timeout"],
            asked["wait_max_delay"],
            asked["despite_retention"],
        )
        return cls(PreflightRequest.from_options(options), canary or None)


def build(request: ProvedPreflightRequest, connections: Connections) -> Query:
    """Build the preflight, with a canary only if the request has one."""
    preflight = Preflight.build(request.preflight, connections)
    if request.canary is None:
        return preflight
    return ProvedPreflight(preflight, request.canary, connections.check_mode, connections.progress)


class ProvedPreflight(Query):
    """A preflight, then a canary."""

    def __init__(
        self,
        preflight: Preflight,
        canary: CanaryOptions,
        check_mode: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.preflight = preflight
        self.canary = canary
        self.check_mode = check_mode
        self.progress = progress or Progress()

    def run(self) -> dict[str, Any]:
        examination = self.preflight.examine()
        obstacle = examination.obstacle or self._retention(examination)
        seen = None
        # In check mode, the changes that a run would make.
        changed = not obstacle
        if self.check_mode:
            obstacle = "Check mode puts no object."
        if obstacle:
            examination.findings.add("canary-not-tried", examination.source.place, obstacle)
        else:
            outcome = self._prove(examination)
            seen, changed = outcome.seen, bool(outcome.changes)
        return self.preflight.report(examination, canary=seen, changed=changed)

    def _retention(self, examination: Examination) -> str:
        """Why the buckets would retain the object, as a sentence; empty if they would not, or if they may."""
        sides = (examination.source, examination.target)
        places = [(side.s3.api, side.bucket) for side in sides if side.s3.api is not None]
        kept = [] if self.canary.despite_retention else retentions(*places)[0]
        if not kept:
            return ""
        return f"No object was put, because the default retention of {' and '.join(kept)} would keep it."

    def _prove(self, examination: Examination) -> Outcome:
        """Put a canary, and report its outcome as findings."""
        source, target, findings = examination.source, examination.target, examination.findings
        here, there = source.s3.api, target.s3.api
        if here is None or there is None:
            return Outcome()
        request = CanaryRequest(
            source.bucket,
            target.bucket,
            f"{examination.prefix}{self.canary.key}-{uuid.uuid4()}",
            self.canary.timeout,
            self.canary.max_delay,
        )
        outcome = Canary(request, here, there).attempt(Control(lines=self.progress))
        if outcome.not_put:
            findings.add("canary-not-put", source.place, str(outcome.not_put))
        if outcome.not_replicated:
            findings.add("canary-not-replicated", source.place, str(outcome.not_replicated))
        for side in (source, target):
            if side.name in outcome.left_behind:
                findings.add("canary-left-behind", side.place, outcome.left_behind[side.name])
        return outcome
