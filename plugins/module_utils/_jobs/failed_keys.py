# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failed versions by their keys, and what both sides have of these."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .._clients import s3_buckets, s3_objects
from .._clients.api import Api, fresh
from .._clients.backbeat import FailedVersion
from .._clients.errors import ApiError
from .._documents.replication import from_api, join_roles
from .._documents.resend_rules import KeyVersion
from .._work import InvalidDocument
from .readers import Readers
from .stamps import Stamps

#: How many keys are read at a time.
SIDE_BY_SIDE = 8
#: What a source's status says of a version, if the target is not read.
STATES = {
    "COMPLETED": "in_sync",
    "REPLICA": "in_sync",
    "PENDING": "pending",
    "PROCESSING": "processing",
    "FAILED": "failed",
    None: "never_replicated",
}


@dataclass(frozen=True)
class Target:
    """Where the replicas are."""

    api: Api
    bucket: str


@dataclass(frozen=True)
class FailedKey:
    """Versions of a key that are listed as failed, and all of its versions and delete markers, the newest first.

    other_roles: the ids of those that were put with other roles than the bucket's configuration has.
    """

    failed: Sequence[FailedVersion]
    versions: Sequence[KeyVersion]
    other_roles: frozenset[str] = frozenset()


class KeyReader:
    """Reads keys side by side."""

    def __init__(self, source: Api, target: Target | None, pace: Callable[[], object]) -> None:
        self._source = source
        self._target = target
        self._pace = pace
        self._readers = Readers(SIDE_BY_SIDE)
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[str | None, Stamps]] = {}

    def close(self) -> None:
        """Wait for the requests that are being made."""
        self._readers.close()

    def read(self, keys: Sequence[Sequence[FailedVersion]]) -> list[FailedKey]:
        """What the servers have of some keys, each given by its failed versions."""
        return self._readers.all(self._read, keys)

    def _read(self, failed: Sequence[FailedVersion]) -> FailedKey:
        bucket, key = failed[0].bucket, failed[0].key
        versions = read_key(self._source, bucket, key, self._target)
        roles, stamps = self._of_bucket(bucket)
        ids = {one.version_id for one in failed} if roles else ()
        other = frozenset(one for one in ids if stamps.roles(key, one) not in (None, roles))
        return FailedKey(failed, versions, other)

    def _of_bucket(self, bucket: str) -> tuple[str | None, Stamps]:
        """The roles of a bucket's configuration, None if they cannot be read, and the metadata of its versions."""
        with self._lock:
            if bucket not in self._buckets:
                roles = None
                with contextlib.suppress(ApiError, InvalidDocument):
                    stored = s3_buckets.replication(fresh(self._source), bucket)
                    roles = None if stored is None else join_roles(from_api(stored).roles)
                self._buckets[bucket] = roles, Stamps(self._source, bucket, self._pace)
            return self._buckets[bucket]


def read_key(api: Api, bucket: str, key: str, target: Target | None) -> list[KeyVersion]:
    """All versions and delete markers of a key at the source, newest first; none if there are none.

    Without a target, a version that the source calls COMPLETED counts as arrived, and a delete marker does not, because
    the source does not show its status.
    """
    entries = s3_objects.key_entries(fresh(api), bucket, key)
    there = None
    if target is not None:
        there = {
            one.version_id for one in s3_objects.key_entries(fresh(target.api), target.bucket, key)
        }
    return [_version(api, bucket, key, one, there) for one in entries]


def _version(
    api: Api, bucket: str, key: str, entry: s3_objects.KeyEntry, there: set[str] | None
) -> KeyVersion:
    head = None
    if not entry.delete_marker:
        head = s3_objects.head_object(fresh(api), bucket, key, entry.version_id)
    status = None if head is None else head.replication_status
    if there is not None and entry.version_id in there:
        # A replica from before the status: one that is being sent again is there already.
        return KeyVersion(entry.version_id, "in_sync", entry.delete_marker, status)
    if entry.delete_marker:
        return KeyVersion(entry.version_id, "delete_marker_missing", True)
    state = STATES.get(status, "pending")
    if there is not None and state == "in_sync":
        state = "missing"
    return KeyVersion(entry.version_id, state, False, status)


class Spool:
    """Failed versions in a temporary file, since there may be more than memory holds; the file vanishes with this.

    It is private to the process: SQLite removes its name at once.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for table in ("failed", "accepted"):
            self._database.execute(
                f"CREATE TABLE {table} (bucket BLOB, key BLOB, version_id TEXT, site TEXT)"
            )

    def close(self) -> None:
        self._database.close()

    def add(self, version: FailedVersion) -> None:
        self._insert("failed", version.bucket, version.key, version.version_id, version.site)

    def accept(self, bucket: str, key: str, version_id: str, site: str) -> None:
        """Remember what Backbeat took, to wait for it."""
        self._insert("accepted", bucket, key, version_id, site)

    def keys(self) -> Iterator[list[FailedVersion]]:
        """The failed versions, those of one key together."""
        rows = self._rows("failed", " ORDER BY bucket, key")
        for _key, group in itertools.groupby(rows, lambda row: row[:2]):
            yield [FailedVersion(*row, 0, None) for row in group]

    def accepted(self) -> Iterator[tuple[str, str, str, str]]:
        return self._rows("accepted", "")

    def _insert(self, table: str, bucket: str, key: str, *rest: str) -> None:
        row = (bucket.encode(*_BYTES), key.encode(*_BYTES), *rest)
        self._database.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", row)  # noqa: S608

    def _rows(self, table: str, order: str) -> Iterator[tuple[str, str, str, str]]:
        found = self._database.execute(f"SELECT * FROM {table}{order}")  # noqa: S608
        for bucket, key, version_id, site in found:
            yield bucket.decode(*_BYTES), key.decode(*_BYTES), version_id, site


#: Keys may hold what no encoding has.
_BYTES = ("utf-8", "surrogatepass")
