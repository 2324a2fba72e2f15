# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight that ends with a canary: checks a pair, then tries to prove replication with a small object."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._clients import s3_objects
from .._clients.api import Api
from .._clients.errors import ApiError
from .._clients.session import Connections
from .._documents.names import check_object_key
from .._queries.object_check import ObjectCheck, ObjectCheckRequest, Replica
from .._queries.preflight.preflight import Examination, Preflight, PreflightRequest
from .._queries.preflight.sides import Side
from .._queries.query import Query, Unsatisfied
from .._waiting import Progress

BODY = b"Put by backbeat_preflight to prove that replication works; it may be deleted.\n"


@dataclass(frozen=True)
class CanaryOptions:
    """key: the beginning of the object's key, after the rule's prefix. timeout, max_delay: of waiting, in seconds."""

    key: str
    timeout: float
    max_delay: float


@dataclass(frozen=True)
class ProvedPreflightRequest:
    """A preflight, and the canary that follows it; None: without one."""

    preflight: PreflightRequest
    canary: CanaryOptions | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> ProvedPreflightRequest:
        """From the options of a task. Raises InvalidDocument."""
        asked = options["canary"]
        canary = asked and CanaryOptions(
            check_object_key(asked["key"]), asked["wait_timeout"], asked["wait_max_delay"]
        )
        return cls(PreflightRequest.from_options(options), canary or None)


def build(request: ProvedPreflightRequest, connections: Connections) -> Query:
    """The query alone if no canary is requested."""
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
        obstacle = "In check mode no object is put." if self.check_mode else examination.obstacle
        seen = None
        if obstacle:
            examination.findings.add("canary-not-tried", examination.source.place, obstacle)
        else:
            seen = self._fly(examination)
        return self.preflight.report(examination, canary=seen)

    def _fly(self, examination: Examination) -> dict[str, Any] | None:
        """Put the object, wait for its replica, remove both. Returns what was seen, None if it could not be put.

        Its key is unique to the run, so that no other object is affected. Deleting a version permanently is never
        replicated, so it is deleted on each side.
        """
        source, target, findings = examination.source, examination.target, examination.findings
        here, there = source.s3.api, target.s3.api
        if here is None or there is None:
            return None
        key = f"{examination.prefix}{self.canary.key}-{uuid.uuid4()}"
        try:
            version, _etag = s3_objects.put_object(
                here, source.bucket, key, BODY, metadata={}, tags={}, content_type="text/plain"
            )
        except ApiError as error:
            findings.add("canary-not-put", source.place, str(error))
            return None
        request = ObjectCheckRequest(
            bucket=source.bucket,
            key=key,
            version_id=version,
            replica=Replica(target.bucket, key),
            timeout=self.canary.timeout,
            max_delay=self.canary.max_delay,
        )
        try:
            seen = ObjectCheck(request, here, there, progress=self.progress).run()
        except Unsatisfied as unsatisfied:
            findings.add("canary-not-replicated", source.place, str(unsatisfied))
            seen = unsatisfied.seen
        except ApiError as error:
            findings.add("canary-not-replicated", source.place, str(error))
            seen = {}
        for side, api in ((target, there), (source, here)):
            self._remove(api, side, key, version, examination)
        return seen

    def _remove(
        self, api: Api, side: Side, key: str, version: str | None, examination: Examination
    ) -> None:
        try:
            s3_objects.delete_object(api, side.bucket, key, version)
        except ApiError as error:
            what = f"{key}, version {version}: {error}"
            examination.findings.add("canary-left-behind", side.place, what)
