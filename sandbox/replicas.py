# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The receiving part of the replicator: stores versions from the other side, with the target role."""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import PermissionResult

from .bucket_policies import verdict
from .objects import Replications, put_copy, put_replica
from .policies import role_may, trusts_backbeat
from .settings import Settings
from .store import Store


def receive(
    store: Store, known: Replications, settings: Settings, facts: dict[str, Any], data: bytes
) -> str:
    """Store the version. Returns why it could not be stored, or ""."""
    if "copy" in facts:
        return _receive_copy(store, facts, data)
    arn, name = facts["role"], facts["bucket"]
    account_id = (arn.split(":") + [""] * 5)[4]
    with store.lock:
        if account_id not in store.accounts:
            return f"account {account_id} of target role {arn} is not known"
        bucket = store.bucket(name)
        if bucket is None:
            return f"target bucket {name} does not exist"
        if bucket.account_id != account_id:
            return f"target bucket {name} belongs to another account"
        if settings.assume_roles:
            role = store.role(arn)
            if role is None:
                return f"target role {arn} does not exist"
            if not trusts_backbeat(role):
                return f"target role {arn} does not trust Backbeat"
            action = "s3:ReplicateDelete" if facts["marker"] else "s3:ReplicateObject"
            if not role_may(store, role, action, f"{bucket.arn}/{facts['key']}"):
                return f"target role {arn} may not {action} on {bucket.arn}/{facts['key']}"
            said = verdict(
                store.bucket_policies.get(name), arn, action, f"{bucket.arn}/{facts['key']}"
            )
            if said == PermissionResult.DENIED:
                return f"the policy of bucket {name} denies {action} to {arn}"
        put_replica(store, known, bucket, facts, data)
    return ""


def _receive_copy(store: Store, facts: dict[str, Any], data: bytes) -> str:
    """Store it as a public cloud, for which the sender has other credentials."""
    with store.lock:
        bucket = store.bucket(facts["bucket"])
        if bucket is None or not bucket.is_versioned:
            return f"the cloud's bucket {facts['bucket']} does not exist, or has no versioning"
        put_copy(store, bucket, facts, data)
    return ""
