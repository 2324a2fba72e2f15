# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One look at an object on both sides, and how it is judged."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .._clients import s3_objects
from .._clients.api import Api

# Servers of 2026 may show an onward status on a replica; this metadata still says what it is.
REPLICA_MARK = "scal-replica"
CLOUD_MARK = "scal-replication-status"


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
