# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether an object has been replicated (its status and its replica), and if not, names possible causes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._clients import s3_buckets, s3_objects
from .._clients.api import Api
from .._clients.errors import ApiError
from .._clients.service import S3
from .._clients.session import Connections
from .._documents import names
from .._documents.replication import PENDING_STATUSES, api_prefix
from .._waiting import Backoff, Progress
from .._work import Query, Unsatisfied

# Seconds for the last poll, and for the calls that explain its result.
LAST_POLL = 2.0
# Seconds during which a node may still return an object without the status that it was put with.
UNMARKED = 2.0
# Servers of 2026 may show the status of onward replication on a replica; this metadata still marks it as one.
REPLICA_MARK = "scal-replica"
CLOUD_MARK = "scal-replication-status"
WRITTEN_HERE = (
    "So it is not a replica: it was put here directly. Check that this is the target bucket of the "
    "replication."
)
# What to check if an object was not replicated, by its status.
CHECK_IF_FAILED = (
    "Check that the target role exists, trusts Backbeat and may replicate to the target bucket, and that "
    "the rule still exists. Then put the object's own tags back on it, or retry it with "
    "Backbeat's API (crr/failed), to send it again."
)
CHECK_IF_PENDING = (
    "If others arrive, wait longer (wait_timeout). If none does: Backbeat may be down or paused, or "
    "may not work for this account; the source role may be missing, not trust Backbeat, or lack a "
    "permission on the source (servers since 2025 require s3:ReplicateObject there); or the roles of the "
    "configuration were changed while the object was pending, which leaves it PENDING until its own "
    "tags are put back on it."
)
REMEDIES = {"FAILED": CHECK_IF_FAILED, **dict.fromkeys(PENDING_STATUSES, CHECK_IF_PENDING)}


@dataclass(frozen=True)
class Replica:
    """The expected place of an object's replica; s3: the connection options."""

    bucket: str
    key: str
    s3: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class ObjectCheckRequest:
    """The expected replication status of an object, and how long to wait for it.

    version_id: the version, None for the latest. replica: None if the target is not read.
    timeout: seconds to wait, 0 reads once. max_delay: the longest pause between two reads. just_put: whether the object
    was put for this check, so that without a replication status now it never gets one.
    """

    bucket: str
    key: str
    version_id: str | None = None
    status: tuple[str, ...] = ("COMPLETED",)
    replica: Replica | None = None
    timeout: float = 300.0
    max_delay: float = 5.0
    just_put: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> ObjectCheckRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
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
    """Polls an object, and its replica if requested, until both are as requested or the time is up."""

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
        self.just_put = request.just_put
        self.backoff = Backoff(
            timeout=request.timeout, cap=request.max_delay, clock=clock, sleep=sleep
        )

    @classmethod
    def build(cls, request: ObjectCheckRequest, connections: Connections) -> ObjectCheck:
        """Build the check of one item, with a separate connection for the target."""
        replica = request.replica
        there = connections.open(S3, replica.s3) if replica else None
        return cls(request, connections.main, there, progress=connections.progress)

    def run(self) -> dict[str, Any]:
        polls = 0
        while True:
            snapshot = self._poll()
            polls += 1
            seen = self._seen(snapshot, polls)
            if self._satisfied(snapshot):
                return seen
            self.progress.waiting(self._progress_text(snapshot))
            if self._is_final(snapshot) or not self.backoff.pause():
                here, there = self.here.within(self._limit()), self.there
                there = there and there.within(self._limit())
                diagnosis = Diagnosis(here, there, self.wanted, self.backoff.elapsed)
                what, remedy = diagnosis.explain(snapshot)
                raise Unsatisfied(what, seen, remedy)

    def _is_final(self, snapshot: ReplicaSnapshot) -> bool:
        """Whether waiting cannot help: the version failed, or got no status when it was put."""
        status = status_of(snapshot.here)
        unmarked = self.just_put and snapshot.here is not None and status is None
        failed = status == "FAILED" and "FAILED" not in self.wanted
        return failed or (unmarked and self.backoff.elapsed >= UNMARKED)

    def poll_once(self) -> tuple[dict[str, Any], bool]:
        """Poll once. Returns the result as `run` does, and whether the object is as requested."""
        snapshot = self._poll()
        return self._seen(snapshot, 1), self._satisfied(snapshot)

    def _limit(self) -> float:
        """Seconds that one poll may take: the remaining wait, and some more for the last poll.

        Without waiting the usual limits hold.
        """
        return max(self.backoff.remaining, LAST_POLL) if self.backoff.timeout else math.inf

    def _poll(self) -> ReplicaSnapshot:
        limit = self._limit()
        here = self.here.within(limit).read(self.version_id)
        if here is not None and self.version_id is None:
            # A version that is put during the wait must not be compared with the replica of this one.
            self.version_id = here.version_id
        if self.there is None or here is None:
            return ReplicaSnapshot(here, None)
        there = self.there.within(limit).read(here.version_id)
        if here.version_id != "null" or there is None:
            return ReplicaSnapshot(here, there)
        sides = (self.here.within(limit), self.there.within(limit))
        latest, copy = (side.read(None) for side in sides)
        current = (latest.version_id if latest else None, copy.version_id if copy else None)
        return ReplicaSnapshot(here, there, current)

    def _satisfied(self, snapshot: ReplicaSnapshot) -> bool:
        if snapshot.here is None or (status_of(snapshot.here) or "NONE") not in self.wanted:
            return False
        if self.there is None:
            return True
        return status_of(snapshot.there) == "REPLICA" and not snapshot.differences()

    def _progress_text(self, snapshot: ReplicaSnapshot) -> str:
        """The current statuses, in a few words."""
        where = f"{self.here.bucket}/{self.here.key}"
        after = f"after {self.backoff.elapsed:.0f} s"
        if snapshot.here is None:
            return f"{where} is not there {after}"
        status = status_of(snapshot.here)
        if (status or "NONE") in self.wanted and self.there is not None:
            copy = (status_of(snapshot.there) or "no replica") if snapshot.there else "missing"
            return f"{where} is {status}, {self.there.bucket}/{self.there.key} is {copy} {after}"
        return f"{where} is {status or 'without replication status'} {after}"

    def _seen(self, snapshot: ReplicaSnapshot, polls: int) -> dict[str, Any]:
        seen: dict[str, Any] = {
            "object": _describe(self.here, snapshot.here),
            "polls": polls,
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


@dataclass(frozen=True)
class Side:
    """One side of the check."""

    api: Api
    bucket: str
    key: str

    def within(self, seconds: float) -> Side:
        """The same side, with a time limit for its calls."""
        return replace(self, api=self.api.within(seconds))

    def read(self, version_id: str | None) -> s3_objects.Head | None:
        return s3_objects.head_object(self.api, self.bucket, self.key, version_id)


@dataclass(frozen=True)
class ReplicaSnapshot:
    """HEAD of source and replica in one poll; None: no such object or version.

    current: the version that a plain GET returns on each side, read for `null` versions only. Sent after a newer
    version of its key, a `null` version becomes the target's current one (measured), whatever the statuses say.
    """

    here: s3_objects.Head | None
    there: s3_objects.Head | None
    current: tuple[str | None, str | None] = (None, None)

    def differences(self) -> list[str]:
        """The properties in which the replica differs from the source object."""
        if self.here is None or self.there is None:
            return []
        pairs = (
            ("version id", self.here.version_id, self.there.version_id),
            ("ETag", self.here.etag, self.there.etag),
            ("size", self.here.size, self.there.size),
            ("current version", *self.current),
        )
        known = [pair for pair in pairs if None not in pair[1:] or pair[0] not in ("size",)]
        return [f"{name} {a} here, {b} there" for name, a, b in known if a != b]


def status_of(head: s3_objects.Head | None) -> str | None:
    """The replication status; REPLICA also for a version that other metadata mark as a replica."""
    if head is None:
        return None
    if head.metadata.get(CLOUD_MARK) or head.metadata.get(REPLICA_MARK):
        return "REPLICA"
    return head.replication_status


class Diagnosis:
    """Reads what explains a status after the wait; a read that fails becomes part of the explanation."""

    def __init__(
        self, here: Side, there: Side | None, wanted: Sequence[str], elapsed: float
    ) -> None:
        self.here = here
        self.there = there
        self.wanted = wanted
        self.after = f"after {elapsed:.0f} s"

    def explain(self, snapshot: ReplicaSnapshot) -> tuple[str, str]:
        """What was observed on which side, and what to check if the cause is unknown, both as sentences."""
        status = status_of(snapshot.here) or "NONE"
        remedy = "" if status in self.wanted else REMEDIES.get(status, "")
        return self._observed(snapshot), remedy

    def _observed(self, snapshot: ReplicaSnapshot) -> str:
        where = f"{self.here.bucket}/{self.here.key} at {self.here.api.endpoint}"
        if snapshot.here is None:
            missing = self._missing_bucket()
            if missing:
                return missing
            return (
                f"The object {where} does not exist {self.after}, or its latest version is a "
                "delete marker: check bucket and key, and whether it was put."
            )
        status = status_of(snapshot.here)
        version = f"version {snapshot.here.version_id or 'null'} of {where}"
        if (status or "NONE") in self.wanted:
            return self._replica(snapshot, f"{version} is {status or 'without replication status'}")
        was_wanted = f"{self.after}, {' or '.join(self.wanted)} was expected."
        if status is None:
            why = (
                WRITTEN_HERE if set(self.wanted) == {"REPLICA"} else self._no_status(snapshot.here)
            )
            return f"The {version} has no replication status {was_wanted} {why}"
        if status == "FAILED":
            return f"Replication of the {version} FAILED. {self._target_bucket()}".rstrip()
        if status in PENDING_STATUSES:
            return f"The {version} is still {status} {was_wanted}"
        return f"The {version} has the status {status} {was_wanted}"

    def _missing_bucket(self) -> str:
        """A sentence if the bucket itself is missing, which HEAD does not show; else empty."""
        try:
            versioning = s3_buckets.versioning(self.here.api, self.here.bucket)
        except ApiError:
            return ""
        if versioning is not None:
            return ""
        return (
            f"The bucket {self.here.bucket} does not exist at {self.here.api.endpoint}: create it (backbeat_bucket), "
            "or check its name and the endpoint."
        )

    def _no_status(self, head: s3_objects.Head) -> str:
        try:
            stored = s3_buckets.replication(self.here.api, self.here.bucket)
        except ApiError as error:
            return f"The reason is unknown, because the configuration cannot be read: {error}"
        if stored is None:
            return (
                f"The bucket {self.here.bucket} has no replication configuration: "
                "set it with backbeat_bucket_replication, then put the object again."
            )
        rules: Sequence[Mapping[str, Any]] = stored.get("Rules", ())
        matching = [r for r in rules if self.here.key.startswith(api_prefix(r))]
        if not matching:
            prefixes = ", ".join(repr(api_prefix(r)) for r in rules)
            return f"No rule covers its key: the prefixes of the rules are {prefixes}."
        if not any(rule.get("Status") == "Enabled" for rule in matching):
            return (
                f"The rule {matching[0].get('ID')!r} that covers its key is disabled: "
                "enable it, then put the object again."
            )
        return (
            f"The rule {matching[0].get('ID')!r} covers its key, so the object was put before the rule existed (it "
            f"dates from {head.modified}): put it again, or put its own tags back on it."
        )

    def _target_bucket(self) -> str:
        if self.there is None:
            return ""
        try:
            versioning = s3_buckets.versioning(self.there.api, self.there.bucket)
        except ApiError as error:
            return f"The target bucket cannot be read: {error} "
        where = f"{self.there.bucket} at {self.there.api.endpoint}"
        if versioning is None:
            return f"The target bucket {where} does not exist: create it with versioning enabled. "
        if versioning != "Enabled":
            return f"The target bucket {where} has no versioning enabled: enable it. "
        return ""

    def _replica(self, snapshot: ReplicaSnapshot, here: str) -> str:
        if self.there is None:
            return f"The {here}."
        where = f"{self.there.bucket}/{self.there.key} at {self.there.api.endpoint}"
        if snapshot.there is None:
            return (
                f"The {here}, but {where} has no such version {self.after}. {self._target_bucket()}Check that "
                "the rule's destination is this bucket in this environment, and that the version was not "
                "deleted there."
            )
        differences = "; ".join(snapshot.differences())
        if differences:
            return f"The {here}, but its copy {where} differs {self.after}: {differences}."
        return (
            f"The {here}, but {where} has the status {status_of(snapshot.there)}, not REPLICA, "
            f"{self.after}: it was put there directly. {self._target_bucket()}"
        ).rstrip()
