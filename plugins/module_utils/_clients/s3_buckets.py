# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 calls on buckets and their configurations, one function each, without decisions.

Source: CloudServer's responses as measured. Reads return None for absent resources; errors are those of errors.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .api import Answer, Api, nothing
from .errors import NO_BUCKET


@dataclass(frozen=True)
class OwnedBuckets:
    """The creation times (ISO 8601) of an account's buckets by name, and the owner's canonical id."""

    created: dict[str, str]
    owner: str | None = None


def owned_buckets(api: Api) -> OwnedBuckets:
    """All buckets of the credentials' account."""
    found = OwnedBuckets({})
    for page in api.pages("list_buckets", "list the buckets", _owned):
        if page is not None:
            found = OwnedBuckets({**found.created, **page.created}, found.owner or page.owner)
    return found


def buckets(api: Api) -> list[str]:
    """The names of all buckets of the credentials' account."""
    return list(owned_buckets(api).created)


def _owned(answer: Answer) -> tuple[OwnedBuckets, dict[str, Any]]:
    owner: Mapping[str, Any] = answer.get("Owner") or {}
    created = {
        str(one["Name"]): _time(one.get("CreationDate")) for one in answer.get("Buckets") or ()
    }
    token = answer.get("ContinuationToken")
    following = {"ContinuationToken": token} if token else {}
    return OwnedBuckets(created, owner.get("ID") or None), following


def _time(value: Any) -> str:
    return str(value.isoformat()) if isinstance(value, datetime) else ""


def versioning(api: Api, bucket: str) -> str | None:
    """ "Enabled", "Suspended", or "" if it was never set; None if there is no such bucket."""
    return api.read(
        "get_bucket_versioning",
        f"read the versioning of the bucket {bucket}",
        lambda answer: str(answer.get("Status") or ""),
        absent=NO_BUCKET,
        Bucket=bucket,
    )


def location(api: Api, bucket: str) -> str | None:
    """The location's name; CloudServer and AWS leave it empty for us-east-1."""
    return api.read(
        "get_bucket_location",
        f"read the location of the bucket {bucket}",
        lambda answer: str(answer.get("LocationConstraint") or "us-east-1"),
        absent=NO_BUCKET,
        Bucket=bucket,
    )


def is_empty(api: Api, bucket: str) -> bool | None:
    """Whether the bucket has no version and no delete marker."""
    return api.read(
        "list_object_versions",
        f"check whether the bucket {bucket} is empty",
        lambda answer: not (answer.get("Versions") or answer.get("DeleteMarkers")),
        absent=NO_BUCKET,
        Bucket=bucket,
        MaxKeys=1,
    )


def bucket_policy(api: Api, bucket: str) -> Any:
    """The bucket's policy as JSON text; None if there is none."""
    return api.read(
        "get_bucket_policy",
        f"read the policy of the bucket {bucket}",
        lambda answer: str(answer["Policy"]),
        absent=("NoSuchBucketPolicy",),
        Bucket=bucket,
    )


def object_lock(api: Api, bucket: str) -> bool:
    """Whether the bucket was created with object lock."""
    locked = api.read(
        "get_object_lock_configuration",
        f"read the object lock of the bucket {bucket}",
        lambda answer: "ObjectLockConfiguration" in answer,
        absent=("ObjectLockConfigurationNotFoundError", "ObjectLockConfigurationNotFound"),
        Bucket=bucket,
    )
    return bool(locked)


def default_retention(api: Api, bucket: str) -> str:
    """The retention of new objects, such as "COMPLIANCE, 1 day"; empty if there is none."""
    kept = api.read(
        "get_object_lock_configuration",
        f"read the object lock of the bucket {bucket}",
        _retention,
        absent=(
            "ObjectLockConfigurationNotFoundError",
            "ObjectLockConfigurationNotFound",
            *NO_BUCKET,
        ),
        Bucket=bucket,
    )
    return kept or ""


def _retention(answer: Answer) -> str:
    rule: Mapping[str, Any] = answer["ObjectLockConfiguration"].get("Rule") or {}
    default: Mapping[str, Any] = rule.get("DefaultRetention") or {}
    parts = [str(default["Mode"])] if default.get("Mode") else []
    for unit in ("Days", "Years"):
        count = default.get(unit)
        if count:
            parts.append(f"{count} {unit.lower() if count != 1 else unit.lower()[:-1]}")
    return ", ".join(parts)


def encryption(api: Api, bucket: str) -> bool:
    """Whether the bucket's objects are encrypted by default."""
    encrypted = api.read(
        "get_bucket_encryption",
        f"read the encryption of the bucket {bucket}",
        lambda answer: bool(answer["ServerSideEncryptionConfiguration"].get("Rules")),
        absent=("ServerSideEncryptionConfigurationNotFoundError",),
        Bucket=bucket,
    )
    return bool(encrypted)


def create_bucket(api: Api, bucket: str, location: str | None) -> None:
    configuration: dict[str, Any] = (
        {"CreateBucketConfiguration": {"LocationConstraint": location}} if location else {}
    )
    api.write(
        "create_bucket", f"create the bucket {bucket}", nothing, Bucket=bucket, **configuration
    )


def put_versioning(api: Api, bucket: str, status: str) -> None:
    api.write(
        "put_bucket_versioning",
        f"set the versioning of the bucket {bucket} to {status}",
        nothing,
        Bucket=bucket,
        VersioningConfiguration={"Status": status},
    )


def delete_bucket(api: Api, bucket: str) -> None:
    api.write("delete_bucket", f"delete the bucket {bucket}", nothing, Bucket=bucket)


def replication(api: Api, bucket: str) -> Mapping[str, Any] | None:
    """The replication configuration as the server returns it; None if there is none.

    A missing bucket raises NotFound, because callers have to handle it differently.
    """
    return api.read(
        "get_bucket_replication",
        f"read the replication configuration of the bucket {bucket}",
        _replication,
        absent=("ReplicationConfigurationNotFoundError",),
        Bucket=bucket,
    )


def put_replication(api: Api, bucket: str, configuration: Mapping[str, Any]) -> None:
    api.write(
        "put_bucket_replication",
        f"set the replication configuration of the bucket {bucket}",
        nothing,
        Bucket=bucket,
        ReplicationConfiguration=configuration,
    )


def delete_replication(api: Api, bucket: str) -> None:
    api.write(
        "delete_bucket_replication",
        f"delete the replication configuration of the bucket {bucket}",
        nothing,
        Bucket=bucket,
    )


def _replication(answer: Answer) -> Mapping[str, Any]:
    configuration: Mapping[str, Any] = answer["ReplicationConfiguration"]
    return configuration


def notifications(api: Api, bucket: str) -> Mapping[str, Any]:
    """The bucket's notifications in the form of boto3's GetBucketNotificationConfiguration; empty if none."""
    found = api.read(
        "get_bucket_notification_configuration",
        f"read the notifications of the bucket {bucket}",
        lambda answer: {name: value for name, value in answer.items() if name.endswith("ons")},
        Bucket=bucket,
    )
    return found or {}


def lifecycle(api: Api, bucket: str) -> list[Mapping[str, Any]]:
    """The bucket's lifecycle rules as boto3 returns them; none if it has no lifecycle configuration."""
    rules = api.read(
        "get_bucket_lifecycle_configuration",
        f"read the lifecycle rules of the bucket {bucket}",
        lambda answer: list(answer["Rules"]),
        absent=("NoSuchLifecycleConfiguration",),
        Bucket=bucket,
    )
    return rules or []
