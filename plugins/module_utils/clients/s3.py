# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 calls that this collection makes, one function each. Nothing is decided here.

Source: CloudServer's answers as measured. Reads answer None for what is not there; errors are those of errors.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlencode

from .api import Answer, Api, nothing
from .errors import Call, Unsupported
from .translate import from_exception

NO_BUCKET = ("NoSuchBucket",)
NO_OBJECT = ("NoSuchKey", "NoSuchVersion")
# Answers to HEAD have no body and so no code of their own.
NO_OBJECT_AT_HEAD = (*NO_OBJECT, "404")


@dataclass(frozen=True)
class Head:
    """What HEAD says of one version of an object. `size` in bytes, `modified` ISO 8601, `etag` without quotes."""

    version_id: str | None
    etag: str
    size: int
    modified: str | None
    content_type: str | None
    metadata: Mapping[str, str] = field(default_factory=dict)
    replication_status: str | None = None


@dataclass(frozen=True)
class Version:
    """One version of an object in a listing; `modified` ISO 8601 in UTC, so that texts sort as times do."""

    key: str
    version_id: str
    modified: str


def versions(api: Api, bucket: str, prefix: str, limit: int) -> tuple[list[Version], bool]:
    """Versions below the prefix in the order of their keys, and whether these are all of them.

    At most `limit` entries are listed, delete markers included, which are left out of the answer.
    """
    found: list[Version] = []
    markers: dict[str, str] = {}
    asked = 0
    # Delete markers count as well, or a bucket of nothing else would be listed whole.
    while asked < limit:
        size = min(1000, limit - asked)
        asked += size
        page = api.read(
            "list_object_versions",
            f"list the versions of the bucket {bucket}",
            _versions,
            absent=NO_BUCKET,
            Bucket=bucket,
            Prefix=prefix,
            MaxKeys=size,
            **markers,
        )
        if page is None:
            return found, True
        entries, markers = page
        found.extend(entries)
        if not markers:
            return found, True
    return found, False


def buckets(api: Api) -> list[str]:
    """The names of all buckets of the account."""
    names = api.read(
        "list_buckets",
        "list the buckets",
        lambda answer: [str(bucket["Name"]) for bucket in answer.get("Buckets") or ()],
    )
    return names or []


def versioning(api: Api, bucket: str) -> str | None:
    """ "Enabled", "Suspended", or "" where it was never set; None when there is no such bucket."""
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
    """Whether the bucket holds no version and no delete marker at all."""
    return api.read(
        "list_object_versions",
        f"look whether the bucket {bucket} is empty",
        lambda answer: not (answer.get("Versions") or answer.get("DeleteMarkers")),
        absent=NO_BUCKET,
        Bucket=bucket,
        MaxKeys=1,
    )


def bucket_policy(api: Api, bucket: str) -> Any:
    """The bucket's policy as JSON text; None when there is none."""
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
    """The replication configuration as the server has it; None when there is none.

    A missing bucket is NotFound, not None: what to do about it is another matter.
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


def head_object(api: Api, bucket: str, key: str, version_id: str | None = None) -> Head | None:
    """One version, the latest by default; None when it is not there or a delete marker.

    HEAD answers have no body, so a missing bucket is None here too.
    """
    try:
        return api.read(
            "head_object",
            f"look at the object {bucket}/{key}",
            _head,
            absent=NO_OBJECT_AT_HEAD,
            Bucket=bucket,
            Key=key,
            **_version(version_id),
        )
    except Unsupported:
        # So servers answer for the version of a delete marker.
        if version_id is None:
            raise
        return None


def object_body(api: Api, bucket: str, key: str, version_id: str | None) -> Iterator[bytes]:
    """The bytes of one version, in pieces."""
    doing = f"read the object {bucket}/{key}"
    body: Any = api.read(
        "get_object",
        doing,
        lambda answer: answer["Body"],
        Bucket=bucket,
        Key=key,
        **_version(version_id),
    )
    try:
        yield from body.iter_chunks(1024 * 1024)
    except Exception as error:
        raise from_exception(Call("GetObject", api.endpoint, doing), error) from error


def put_object(
    api: Api,
    bucket: str,
    key: str,
    body: bytes | IO[bytes],
    *,
    metadata: Mapping[str, str],
    tags: Mapping[str, str],
    content_type: str | None,
) -> tuple[str | None, str]:
    """Put a version; answers its id (None without versioning) and its ETag."""
    optional: dict[str, Any] = {"ContentType": content_type} if content_type else {}
    if tags:
        optional["Tagging"] = urlencode(tags)
    return api.write(
        "put_object",
        f"put the object {bucket}/{key}",
        lambda answer: (answer.get("VersionId"), str(answer["ETag"]).strip('"')),
        Bucket=bucket,
        Key=key,
        Body=body,
        Metadata=dict(metadata),
        **optional,
    )


def delete_object(api: Api, bucket: str, key: str, version_id: str | None = None) -> str | None:
    """Delete one version for good, or without version id put a delete marker; answers the marker's id."""
    return api.write(
        "delete_object",
        f"delete the object {bucket}/{key}",
        lambda answer: answer.get("VersionId"),
        Bucket=bucket,
        Key=key,
        **_version(version_id),
    )


def object_tags(
    api: Api, bucket: str, key: str, version_id: str | None = None
) -> dict[str, str] | None:
    return api.read(
        "get_object_tagging",
        f"read the tags of the object {bucket}/{key}",
        lambda answer: {tag["Key"]: tag["Value"] for tag in answer["TagSet"]},
        absent=NO_OBJECT,
        Bucket=bucket,
        Key=key,
        **_version(version_id),
    )


def put_object_tags(
    api: Api, bucket: str, key: str, tags: Mapping[str, str], version_id: str | None = None
) -> None:
    api.write(
        "put_object_tagging",
        f"set the tags of the object {bucket}/{key}",
        nothing,
        Bucket=bucket,
        Key=key,
        Tagging={"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]},
        **_version(version_id),
    )


def _version(version_id: str | None) -> dict[str, str]:
    return {} if version_id is None else {"VersionId": version_id}


def _replication(answer: Answer) -> Mapping[str, Any]:
    configuration: Mapping[str, Any] = answer["ReplicationConfiguration"]
    return configuration


def _versions(answer: Answer) -> tuple[list[Version], dict[str, str]]:
    entries = [
        Version(one["Key"], one["VersionId"], one["LastModified"].isoformat())
        for one in answer.get("Versions") or ()
    ]
    if not answer.get("IsTruncated"):
        return entries, {}
    return entries, {
        "KeyMarker": answer["NextKeyMarker"],
        "VersionIdMarker": answer["NextVersionIdMarker"],
    }


def _head(answer: Answer) -> Head:
    moment = answer.get("LastModified")
    return Head(
        version_id=answer.get("VersionId"),
        etag=str(answer["ETag"]).strip('"'),
        size=int(answer["ContentLength"]),
        modified=None if moment is None else moment.isoformat(),
        content_type=answer.get("ContentType"),
        metadata=dict(answer.get("Metadata") or {}),
        replication_status=answer.get("ReplicationStatus"),
    )
