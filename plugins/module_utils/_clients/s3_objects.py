# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 calls on objects, their versions and tags, one function each, without decisions.

Source: CloudServer's responses as measured. Reads return None for absent resources; errors are those of errors.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import IO, Any
from urllib.parse import urlencode

from .api import Answer, Api, nothing
from .errors import NO_BUCKET, Unsupported
from .service import BACKBEAT

NO_OBJECT = ("NoSuchKey", "NoSuchVersion")
# Responses to HEAD have no body, and so no error code.
NO_OBJECT_AT_HEAD = (*NO_OBJECT, "404")


@dataclass(frozen=True)
class Head:
    """The metadata of one version of an object, from HEAD.

    `size` in bytes (None if the server does not return it), `modified` ISO 8601, `etag` without quotes.
    """

    version_id: str | None
    etag: str
    size: int | None
    modified: str | None
    content_type: str | None
    metadata: Mapping[str, str] = field(default_factory=dict)
    replication_status: str | None = None


@dataclass(frozen=True)
class Version:
    """One version of an object in a listing; `modified`: ISO 8601 in UTC, so that texts sort as times do."""

    key: str
    version_id: str
    modified: str


def head_object(api: Api, bucket: str, key: str, version_id: str | None = None) -> Head | None:
    """HEAD of a version, by default the current one; None if it does not exist or is a delete marker.

    Responses to HEAD have no body, so a missing bucket is None too.
    """
    try:
        return api.read(
            "head_object",
            f"read the metadata of the object {bucket}/{key}",
            _head,
            absent=NO_OBJECT_AT_HEAD,
            Bucket=bucket,
            Key=key,
            **_version(version_id),
        )
    except Unsupported:
        # Servers return this for the version of a delete marker.
        if version_id is None:
            raise
        return None


def object_body(
    api: Api,
    bucket: str,
    key: str,
    version_id: str | None,
    part: tuple[int, int] | None = None,
) -> Iterator[bytes]:
    """The bytes of one version, in pieces; `part`: only the bytes from the first to the last number."""
    doing = f"read the object {bucket}/{key}"
    body: Any = api.read(
        "get_object",
        doing,
        lambda answer: answer["Body"],
        Bucket=bucket,
        Key=key,
        **_version(version_id),
        **({} if part is None else {"Range": f"bytes={part[0]}-{part[1]}"}),
    )
    yield from api.streamed("get_object", doing, body, 1024 * 1024)


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
    """Put a version. Returns its id (None without versioning) and its ETag."""
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
    """Delete one version permanently, or without a version id create a delete marker. Returns the marker's id."""
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


@dataclass(frozen=True)
class KeyEntry:
    """A version or delete marker of one key in a listing."""

    version_id: str
    delete_marker: bool


def key_entries(api: Api, bucket: str, key: str) -> list[KeyEntry]:
    """All versions and delete markers of one key, newest first; none if the key or bucket does not exist."""
    found: list[_Listed] = []
    for page in api.pages(
        "list_object_versions",
        f"list the versions of {bucket}/{key}",
        lambda answer: (_key_page(answer), _next_page(answer)),
        absent=NO_BUCKET,
        Bucket=bucket,
        Prefix=key,
    ):
        own = [one for one in page or () if one.key == key]
        found.extend(own)
        # Longer keys with the same beginning follow.
        if len(own) < len(page or ()):
            break
    return [one.entry for one in sorted(found, key=lambda one: one.order)]


@dataclass(frozen=True)
class _Listed:
    key: str
    order: tuple[bool, float, str]
    entry: KeyEntry


def _key_page(answer: Answer) -> list[_Listed]:
    # botocore returns versions and markers in separate lists. At equal times, CloudServer's newer entry has the smaller
    # id.
    return [
        _Listed(
            str(one["Key"]),
            (not one.get("IsLatest"), -one["LastModified"].timestamp(), str(one["VersionId"])),
            KeyEntry(str(one["VersionId"]), kind == "DeleteMarkers"),
        )
        for kind in ("Versions", "DeleteMarkers")
        for one in answer.get(kind) or ()
    ]


def version_pages(
    api: Api, bucket: str, prefix: str, size: int = 1000
) -> Iterator[tuple[list[Version], bool]]:
    """All versions with the prefix in the order of their keys, page by page, and whether more pages follow.

    `size` includes delete markers, which are left out of the result. A missing bucket has no pages.
    """
    for page in api.pages(
        "list_object_versions",
        f"list the versions of the bucket {bucket}",
        lambda answer: ((_versions(answer), bool(answer.get("IsTruncated"))), _next_page(answer)),
        absent=NO_BUCKET,
        Bucket=bucket,
        Prefix=prefix,
        MaxKeys=size,
    ):
        yield page or ([], False)


def versions(api: Api, bucket: str, prefix: str, limit: int) -> tuple[list[Version], bool]:
    """Versions with the prefix in the order of their keys, and whether the list is complete.

    At most `limit` entries are listed, rounded up to whole pages; delete markers count, but are left out of the result.
    """
    found: list[Version] = []
    size = min(1000, limit)
    for number, (page, more) in enumerate(version_pages(api, bucket, prefix, size), 1):
        found.extend(page)
        if more and number * size >= limit:
            return found, False
    return found, True


def stamp(api: Api, bucket: str, key: str, version_id: str) -> dict[str, Any]:
    """The replication part of a version's metadata (status, role, destination, backends), from Backbeat's metadata
    route.

    The role is that of the configuration when the version was put. Empty if there is no such version. Only the bucket's
    account may read it.
    """
    answer = replace(api, service=BACKBEAT).read(
        "get_object",
        f"read the replication metadata of the object {bucket}/{key}",
        lambda answer: json.loads(json.loads(answer["Body"].read())["Body"]).get("replicationInfo"),
        absent=NO_OBJECT,
        Bucket="_",
        Key=f"backbeat/metadata/{bucket}/{key}",
        VersionId=version_id,
    )
    return dict(answer or {})


def stamped_roles(api: Api, bucket: str, key: str, version_id: str) -> str | None:
    """The configuration's Role when the version was put; None if there is none or no such version."""
    return stamp(api, bucket, key, version_id).get("role") or None


def send_again(api: Api, bucket: str, key: str, version_id: str | None) -> None:
    """Make Backbeat send a version again with the current configuration, by putting its own tags back on it
    (measured)."""
    tags = object_tags(api, bucket, key, version_id)
    if tags is not None:
        put_object_tags(api, bucket, key, tags, version_id)


def _version(version_id: str | None) -> dict[str, str]:
    return {} if version_id is None else {"VersionId": version_id}


def _head(answer: Answer) -> Head:
    moment = answer.get("LastModified")
    return Head(
        version_id=answer.get("VersionId"),
        etag=str(answer["ETag"]).strip('"'),
        # Proxies may remove the length from a response without a body.
        size=None if answer.get("ContentLength") is None else int(answer["ContentLength"]),
        modified=None if moment is None else moment.isoformat(),
        content_type=answer.get("ContentType"),
        metadata=dict(answer.get("Metadata") or {}),
        replication_status=answer.get("ReplicationStatus"),
    )


def _versions(answer: Answer) -> list[Version]:
    return [
        Version(one["Key"], one["VersionId"], one["LastModified"].isoformat())
        for one in answer.get("Versions") or ()
    ]


def _next_page(answer: Answer) -> dict[str, str]:
    if not answer.get("IsTruncated"):
        return {}
    return {
        "KeyMarker": answer["NextKeyMarker"],
        "VersionIdMarker": answer["NextVersionIdMarker"],
    }
