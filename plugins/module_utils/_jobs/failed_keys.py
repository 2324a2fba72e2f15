# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the keys of failed versions on both sides."""

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

#: The number of keys that are read in parallel.
SIDE_BY_SIDE = 8
#: The meaning of a source version's status, for use without the target.
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
    """The endpoint and the bucket with the replicas."""

    api: Api
    bucket: str


@dataclass(frozen=True)
class FailedKey:
    """A key's versions that are listed as failed, and all its versions and delete markers, newest first.

    other_roles: the ids of versions that were put with other roles than those of the bucket's configuration.
    """

    failed: Sequence[FailedVersion]
    versions: Sequence[KeyVersion]
    other_roles: frozenset[str] = frozenset()


class KeyReader:
    """Reads keys in parallel."""

    def __init__(self, source: Api, target: Target | None, pace: Callable[[], object]) -> None:
        self._source = source
        self._target = target
        self._pace = pace
        self._readers = Readers(SIDE_BY_SIDE)
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[str | None, Stamps]] = {}

    def close(self) -> None:
        """Wait for running requests."""
        self._readers.close()

    def read(self, keys: Sequence[Sequence[FailedVersion]]) -> list[FailedKey]:
        """Read keys from the servers, each given by its failed versions."""
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
    """All versions and delete markers of a key at the source, newest first.

    Without a target, a version with the status COMPLETED counts as replicated. A delete marker does not, because the
    source does not return its status.
    """
    entries = s3_objects.key_entries(fresh(api), bucket, key)
    target_ids = None
    if target is not None:
        target_ids = {
            one.version_id for one in s3_objects.key_entries(fresh(target.api), target.bucket, key)
        }
    return [_version(api, bucket, key, one, target_ids) for one in entries]


def _version(
    api: Api, bucket: str, key: str, entry: s3_objects.KeyEntry, target_ids: set[str] | None
) -> KeyVersion:
    head = None
    if not entry.delete_marker:
        head = s3_objects.head_object(fresh(api), bucket, key, entry.version_id)
    status = None if head is None else head.replication_status
    if target_ids is not None and entry.version_id in target_ids:
        # Whatever the status is: a version that is being sent again may already have a replica.
        return KeyVersion(entry.version_id, "in_sync", entry.delete_marker, status)
    if entry.delete_marker:
        return KeyVersion(entry.version_id, "delete_marker_missing", True)
    state = STATES.get(status, "pending")
    if target_ids is not None and state == "in_sync":
        state = "missing"
    return KeyVersion(entry.version_id, state, False, status)


class Spool:
    """Failed versions in a temporary file, because they may not fit in memory.

    The file is private to the process and deleted with it: SQLite unlinks it at once.
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
        """Add a version that Backbeat accepted, to wait for it."""
        self._insert("accepted", bucket, key, version_id, site)

    def keys(self) -> Iterator[list[FailedVersion]]:
        """The failed versions, grouped by key."""
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


#: Keys may contain lone surrogates, which UTF-8 cannot encode.
_BYTES = ("utf-8", "surrogatepass")
