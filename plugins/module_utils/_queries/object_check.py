# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an object has arrived: its replication status here, and the replica on the other side."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._clients import s3_objects
from .._clients.api import Api
from .._clients.service import S3
from .._clients.session import Connections
from .._documents import names
from .._waiting import Backoff, Progress
from .._work import Query, Unsatisfied
from .object_diagnosis import Diagnosis, ReplicaSnapshot, Side, status_of

# Seconds for the poll at the end of the waiting, and for reading what explains its outcome.
LAST_POLL = 2.0


@dataclass(frozen=True)
class Replica:
    """Where the replica of an object is expected; s3: the options of the connection to it."""

    bucket: str
    key: str
    s3: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class ObjectCheckRequest:
    """The replication status that an object is to have, and how long to wait for it.

    version_id: the version, None the latest one. replica: None when the other side is not to be read.
    timeout: seconds to wait, 0 reads once. max_delay: the longest pause between two reads.
    """

    bucket: str
    key: str
    version_id: str | None = None
    status: tuple[str, ...] = ("COMPLETED",)
    replica: Replica | None = None
    timeout: float = 300.0
    max_delay: float = 5.0

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> ObjectCheckRequest:
        """From the options of a task. Raises InvalidDocument."""
        key = names.check_object_key(options["key"])
        target: Mapping[str, Any] | None = options["target"]
        return cls(
            bucket=names.check_bucket_name(options["bucket"]),
            key=key,
            version_id=options["version_id"],
            status=tuple(options["status"]),
            replica=None if target is None else _replica(target, key),
            timeout=options["wait_timeout"] if options["wait"] else 0.0,
            max_delay=options["wait_max_delay"],
        )


def _replica(target: Mapping[str, Any], key: str) -> Replica:
    return Replica(
        names.check_bucket_name(target["bucket"]),
        names.check_object_key(target["key"] or key),
        target["s3"],
    )


class ObjectCheck(Query):
    """Reads an object, and its replica if asked, until both are as requested or time is up."""

    def __init__(
        self,
        request: ObjectCheckRequest,
        here: Api,
        there: Api | None = None,
        *,
        progress: Progress | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.progress = progress or Progress()
        self.here = Side(here, request.bucket, request.key)
        replica = request.replica
        self.there = (
            Side(there, replica.bucket, replica.key) if replica and there is not None else None
        )
        self.version_id = request.version_id
        self.wanted = request.status
        self.backoff = Backoff(
            timeout=request.timeout, cap=request.max_delay, clock=clock, sleep=sleep
        )

    @classmethod
    def build(cls, request: ObjectCheckRequest, connections: Connections) -> ObjectCheck:
        """The check of one item; its other side has a connection of its own."""
        replica = request.replica
        there = connections.open(S3, replica.s3) if replica else None
        return cls(request, connections.main, there, progress=connections.progress)

    def run(self) -> dict[str, Any]:
        looks = 0
        while True:
            snapshot = self._look()
            looks += 1
            seen = self._seen(snapshot, looks)
            if self._satisfied(snapshot):
                return seen
            self.progress.waiting(self._story(snapshot))
            failed = status_of(snapshot.here) == "FAILED" and "FAILED" not in self.wanted
            if failed or not self.backoff.pause():
                here, there = self.here.within(self._limit()), self.there
                there = there and there.within(self._limit())
                diagnosis = Diagnosis(here, there, self.wanted, self.backoff.elapsed)
                raise Unsatisfied(diagnosis.explain(snapshot), seen)

    def glance(self) -> tuple[dict[str, Any], bool]:
        """One look: what `run` would return, and whether it is as requested."""
        snapshot = self._look()
        return self._seen(snapshot, 1), self._satisfied(snapshot)

    def _limit(self) -> float:
        """Seconds that one poll may take: what is left of the waiting, and some for the last one.

        Without waiting the usual limits hold.
        """
        return max(self.backoff.remaining, LAST_POLL) if self.backoff.timeout else math.inf

    def _look(self) -> ReplicaSnapshot:
        limit = self._limit()
        here = self.here.within(limit).look(self.version_id)
        if here is not None and self.version_id is None:
            # A version that is put while we wait must not be compared with the replica of this one.
            self.version_id = here.version_id
        if self.there is None or here is None:
            return ReplicaSnapshot(here, None)
        there = self.there.within(limit).look(here.version_id)
        if here.version_id != "null" or there is None:
            return ReplicaSnapshot(here, there)
        sides = (self.here.within(limit), self.there.within(limit))
        latest, copy = (side.look(None) for side in sides)
        current = (latest.version_id if latest else None, copy.version_id if copy else None)
        return ReplicaSnapshot(here, there, current)

    def _satisfied(self, snapshot: ReplicaSnapshot) -> bool:
        if snapshot.here is None or (status_of(snapshot.here) or "NONE") not in self.wanted:
            return False
        if self.there is None:
            return True
        return status_of(snapshot.there) == "REPLICA" and not snapshot.differences()

    def _story(self, snapshot: ReplicaSnapshot) -> str:
        """What there is to see so far, in a few words."""
        where = f"{self.here.bucket}/{self.here.key}"
        after = f"after {self.backoff.elapsed:.0f} s"
        if snapshot.here is None:
            return f"{where} is not there {after}"
        status = status_of(snapshot.here)
        if (status or "NONE") in self.wanted and self.there is not None:
            copy = (status_of(snapshot.there) or "no replica") if snapshot.there else "missing"
            return f"{where} is {status}, {self.there.bucket}/{self.there.key} is {copy} {after}"
        return f"{where} is {status or 'without replication status'} {after}"

    def _seen(self, snapshot: ReplicaSnapshot, looks: int) -> dict[str, Any]:
        seen: dict[str, Any] = {
            "object": _describe(self.here, snapshot.here),
            "looks": looks,
            "elapsed": round(self.backoff.elapsed, 3),
        }
        if self.there is not None:
            seen["replica"] = _describe(self.there, snapshot.there)
        return seen


def _describe(side: Side, head: s3_objects.Head | None) -> dict[str, Any] | None:
    if head is None:
        return None
    return {
        "bucket": side.bucket,
        "key": side.key,
        "version_id": head.version_id,
        "etag": head.etag,
        "size": head.size,
        "last_modified": head.modified,
        "metadata": dict(head.metadata),
        "replication_status": status_of(head),
    }
