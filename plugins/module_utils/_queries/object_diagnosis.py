# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at an object on both sides, and why it is not where it should be, as far as the two buckets tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._clients import s3_buckets, s3_objects
from .._clients.api import Api
from .._clients.errors import ApiError
from .._documents.replication import api_prefix

# Servers of 2026 may show an onward status on a replica; this metadata still says what it is.
REPLICA_MARK = "scal-replica"
CLOUD_MARK = "scal-replication-status"
FAILED = (
    "Look at whether the target role exists, trusts Backbeat and may replicate to the target bucket, "
    "and whether the rule is still there. Then put the object's own tags back on it, or retry it by "
    "Backbeat's API (crr/failed), to send it again."
)
PENDING = (
    "If others arrive, wait longer (wait_timeout). If none does: Backbeat may be down or paused, or "
    "may not work for this account; the source role may be missing, not trust Backbeat, or lack a "
    "permission on the source (servers since 2025 want s3:ReplicateObject there); or the roles of the "
    "configuration were changed while the object was pending, which leaves it so for ever until its "
    "own tags are put back on it."
)

WRITTEN_HERE = (
    "So it is no copy: it was put here directly. Check that this is the bucket replicated to."
)


@dataclass(frozen=True)
class Side:
    """Where to look."""

    api: Api
    bucket: str
    key: str

    def within(self, seconds: float) -> Side:
        """The same side, for calls that may take no longer than this."""
        return replace(self, api=self.api.within(seconds))

    def look(self, version_id: str | None) -> s3_objects.Head | None:
        return s3_objects.head_object(self.api, self.bucket, self.key, version_id)


@dataclass(frozen=True)
class ReplicaSnapshot:
    """HEAD of source and replica in one poll; None: no such object or version there.

    current: the version that a plain GET returns on each side, read for `null` versions only. Sent after a newer
    version of its key, a `null` version becomes the target's current one (measured), whatever the statuses say.
    """

    here: s3_objects.Head | None
    there: s3_objects.Head | None
    current: tuple[str | None, str | None] = (None, None)

    def differences(self) -> list[str]:
        """In what the copy is not the original."""
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
    """The replication status, with the two other ways in which a replica says what it is."""
    if head is None:
        return None
    if head.metadata.get(CLOUD_MARK) or head.metadata.get(REPLICA_MARK):
        return "REPLICA"
    return head.replication_status


class Diagnosis:
    """Reads what explains a status, after the waiting is over; a read that fails is part of the explanation."""

    def __init__(
        self, here: Side, there: Side | None, wanted: Sequence[str], elapsed: float
    ) -> None:
        self.here = here
        self.there = there
        self.wanted = wanted
        self.after = f"after {elapsed:.0f} s"

    def explain(self, snapshot: ReplicaSnapshot) -> str:
        """Two or three sentences: what was seen where, why that may be, what to look at."""
        where = f"{self.here.bucket}/{self.here.key} at {self.here.api.endpoint}"
        if snapshot.here is None:
            missing = self._missing_bucket()
            if missing:
                return missing
            return (
                f"The object {where} does not exist {self.after}, or its latest version is a "
                "delete marker: check bucket and key, and that it was put."
            )
        status = status_of(snapshot.here)
        version = f"version {snapshot.here.version_id or 'null'} of {where}"
        if (status or "NONE") in self.wanted:
            return self._replica(snapshot, f"{version} is {status or 'without replication status'}")
        was_wanted = f"{self.after}, {' or '.join(self.wanted)} was wanted."
        if status is None:
            why = (
                WRITTEN_HERE if set(self.wanted) == {"REPLICA"} else self._no_status(snapshot.here)
            )
            return f"The {version} has no replication status {was_wanted} {why}"
        if status == "FAILED":
            return f"Replication of the {version} FAILED. {self._target_bucket()}{FAILED}"
        if status in ("PENDING", "PROCESSING"):
            return f"The {version} is still {status} {was_wanted} {PENDING}"
        return f"The {version} has the status {status} {was_wanted}"

    def _missing_bucket(self) -> str:
        """A sentence if the bucket itself is missing, which HEAD does not tell; empty otherwise."""
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
            return f"Why cannot be told, for the configuration cannot be read: {error}"
        if stored is None:
            return (
                f"The bucket {self.here.bucket} has no replication configuration: "
                "set it with backbeat_bucket_replication, then put the object again."
            )
        rules: Sequence[Mapping[str, Any]] = stored.get("Rules", ())
        matching = [r for r in rules if self.here.key.startswith(api_prefix(r))]
        if not matching:
            prefixes = ", ".join(repr(api_prefix(r)) for r in rules)
            return f"No rule covers its key: the rules' prefixes are {prefixes}."
        if not any(rule.get("Status") == "Enabled" for rule in matching):
            return (
                f"The rule {matching[0].get('ID')!r} that covers its key is disabled: "
                "enable it, then put the object again."
            )
        return (
            f"The rule {matching[0].get('ID')!r} covers its key, so the object was put before the rule was there "
            f"(it dates from {head.modified}): put it again, or put its own tags back on it."
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
                f"The {here}, but {where} has no such version {self.after}. "
                f"{self._target_bucket()}Check that the rule's destination is this bucket and this "
                "environment, and that it was not deleted there."
            )
        differences = "; ".join(snapshot.differences())
        if differences:
            return f"The {here}, but its copy {where} differs {self.after}: {differences}."
        return (
            f"The {here}, but {where} has the status {status_of(snapshot.there)}, not REPLICA, "
            f"{self.after}: it was put there directly. {self._target_bucket()}"
        ).rstrip()
