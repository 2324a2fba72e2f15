# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of one key, with the state of each, as the rules for sending them again take it."""

from __future__ import annotations

from dataclasses import dataclass

from .._clients import s3_objects
from .._clients.api import Api
from .._documents.resend_rules import KeyVersion

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


def read_key(api: Api, bucket: str, key: str, target: Target | None) -> list[KeyVersion]:
    """All versions and delete markers of a key at the source, newest first; none if there are none.

    Without a target, a version that the source calls COMPLETED counts as arrived, and a delete marker does not, because
    the source does not show its status.
    """
    entries = s3_objects.key_entries(api, bucket, key)
    there = None
    if target is not None:
        there = {one.version_id for one in s3_objects.key_entries(target.api, target.bucket, key)}
    return [_version(api, bucket, key, one, there) for one in entries]


def _version(
    api: Api, bucket: str, key: str, entry: s3_objects.KeyEntry, there: set[str] | None
) -> KeyVersion:
    head = None
    if not entry.delete_marker:
        head = s3_objects.head_object(api, bucket, key, entry.version_id)
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
