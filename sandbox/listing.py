# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ListObjectVersions and ListObjects as in CloudServer, sorted by the UTF-8 bytes of the keys.

Elements and their order are CloudServer's; empty elements are left out. Keys that begin with a character
beyond U+FFFF are in no listing without a prefix.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote
from xml.sax.saxutils import escape

from moto.s3.models import FakeBucket, FakeKey

from .messages import Refused
from .rules import NAMESPACE
from .store import Version

#: The first byte of the characters beyond U+FFFF.
HIDDEN = b"\xf0"
_NO_DATA = "d41d8cd98f00b204e9800998ecf8427e"


@dataclass
class _Page:
    """A page as it grows; last: the last key or common prefix, and version id."""

    limit: int
    entries: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    last: tuple[str, str] = ("", "")
    truncated: bool = False


class _Request:
    """The common parameters of both listings."""

    def __init__(self, parameters: Mapping[str, str], page_size: int) -> None:
        self.prefix = parameters.get("prefix", "")
        self.delimiter = parameters.get("delimiter", "")
        self.encoding = parameters.get("encoding-type", "")
        try:
            limit = int(parameters.get("max-keys") or page_size)
        except ValueError:
            limit = -1
        if limit < 0:
            raise Refused(400, "InvalidArgument", "max-keys must be a number that is not negative")
        self.limit = min(limit, page_size)

    def text(self, value: str) -> str:
        """A key for XML, in the encoding that the client requested."""
        return quote(value, safe="!~*'()") if self.encoding == "url" else escape(value)

    def group(self, key: str) -> str:
        """The common prefix of the key, or an empty string."""
        rest = key[len(self.prefix) :]
        if not self.delimiter or self.delimiter not in rest:
            return ""
        return self.prefix + rest[: rest.index(self.delimiter) + len(self.delimiter)]

    def keys(
        self, keys: Sequence[bytes], after: str, *, with_marker: bool = False
    ) -> Iterator[str]:
        """The keys after this one, in order; with_marker: including this one."""
        prefix, marker = self.prefix.encode(), after.encode()
        start = bisect_left(keys, prefix)
        if marker:
            cut = bisect_left if with_marker else bisect_right
            start = max(start, cut(keys, marker))
        end = len(keys) if prefix else bisect_left(keys, HIDDEN)
        for number in range(start, end):
            key = keys[number]
            if not key.startswith(prefix):
                break
            yield key.decode()

    def fill(self, rows: Iterator[tuple[str, str, str]], marker: str) -> _Page:
        """The page of these rows (key, version id, entry)."""
        page = _Page(self.limit)
        seen: set[str] = set()
        for key, version_id, entry in rows:
            group = self.group(key)
            if group and (group in seen or group == marker):
                continue
            if len(page.entries) + len(page.groups) >= self.limit:
                page.truncated = self.limit > 0
                break
            if group:
                seen.add(group)
                page.groups.append(group)
                page.last = (group, "")
            else:
                page.entries.append(entry)
                page.last = (key, version_id)
        return page

    def xml(self, root: str, bucket: FakeBucket, fields: dict[str, str], page: _Page) -> bytes:
        head = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value)
        groups = "".join(
            f"<CommonPrefixes><Prefix>{self.text(one)}</Prefix></CommonPrefixes>"
            for one in page.groups
        )
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="{NAMESPACE}">'
            f"<Name>{bucket.name}</Name>{head}{''.join(page.entries)}{groups}</{root}>"
        ).encode()


def list_versions(
    bucket: FakeBucket, keys: Sequence[bytes], parameters: Mapping[str, str], page_size: int
) -> bytes:
    """One page of ListObjectVersions. keys: all of the bucket, sorted. Raises Refused."""
    asked = _Request(parameters, page_size)
    key_marker = parameters.get("key-marker", "")
    version_marker = parameters.get("version-id-marker", "")
    owner = owner_of(bucket.account_id)

    def rows() -> Iterator[tuple[str, str, str]]:
        # A version-id marker without a key marker is ignored, and returned.
        for key in asked.keys(keys, key_marker, with_marker=bool(version_marker)):
            versions = bucket.keys.getlist(key, [])[::-1]
            start = 0
            if key == key_marker:
                ids = [str(version.version_id) for version in versions]
                start = ids.index(version_marker) + 1 if version_marker in ids else len(ids)
            for number in range(start, len(versions)):
                entry = _version_entry(versions[number], number == 0, asked.text(key), owner)
                yield key, str(versions[number].version_id), entry

    page = asked.fill(rows(), key_marker)
    fields = {
        "Prefix": asked.text(asked.prefix),
        "KeyMarker": asked.text(key_marker),
        "VersionIdMarker": escape(version_marker),
        "NextKeyMarker": asked.text(page.last[0]) if page.truncated else "",
        "NextVersionIdMarker": escape(page.last[1]) if page.truncated else "",
        "MaxKeys": str(asked.limit),
        "Delimiter": asked.text(asked.delimiter),
        "EncodingType": asked.encoding,
        "IsTruncated": str(page.truncated).lower(),
    }
    return asked.xml("ListVersionsResult", bucket, fields, page)


def list_objects(
    bucket: FakeBucket, keys: Sequence[bytes], parameters: Mapping[str, str], page_size: int
) -> bytes:
    """One page of ListObjects, in the form of version 2 if list-type is 2. Raises Refused."""
    asked = _Request(parameters, page_size)
    second = parameters.get("list-type") == "2"
    token = parameters.get("continuation-token", "")
    after = parameters.get("start-after" if second else "marker", "")
    start = _decode_token(token) if second and token else after
    owner = (
        owner_of(bucket.account_id) if not second or parameters.get("fetch-owner") == "true" else ""
    )

    def rows() -> Iterator[tuple[str, str, str]]:
        for key in asked.keys(keys, start):
            current = bucket.keys.get(key)
            if isinstance(current, FakeKey):
                yield key, "", _object_entry(current, asked.text(key), owner)

    page = asked.fill(rows(), start)
    fields = {"Prefix": asked.text(asked.prefix)}
    if second:
        fields["StartAfter"] = asked.text(after)
        fields["ContinuationToken"] = escape(token)
        if page.truncated:
            fields["NextContinuationToken"] = base64.b64encode(page.last[0].encode()).decode()
        fields["KeyCount"] = str(len(page.entries))
    else:
        fields["Marker"] = asked.text(after)
        fields["NextMarker"] = (
            asked.text(page.last[0]) if page.truncated and asked.delimiter else ""
        )
    fields |= {
        "MaxKeys": str(asked.limit),
        "Delimiter": asked.text(asked.delimiter),
        "EncodingType": asked.encoding,
        "IsTruncated": str(page.truncated).lower(),
    }
    return asked.xml("ListBucketResult", bucket, fields, page)


def _decode_token(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Refused(
            400, "InvalidArgument", "The continuation token provided is incorrect"
        ) from None


def owner_of(account: str) -> str:
    """The element with an account in listings of buckets, objects and versions."""
    return f"<Owner><ID>{account}</ID><DisplayName>account-{account}</DisplayName></Owner>"


def _modified(version: Version) -> str:
    # Several times as fast as strftime, which matters for each row.
    return version.last_modified.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _version_entry(version: Version, latest: bool, key: str, owner: str) -> str:
    kind, etag, size, storage = "DeleteMarker", _NO_DATA, 0, "STANDARD"
    if isinstance(version, FakeKey):
        kind, etag, size = "Version", version.etag.strip('"'), version.size
        storage = str(version.storage_class)
    return (
        f"<{kind}><Key>{key}</Key><VersionId>{version.version_id}</VersionId>"
        f"<IsLatest>{str(latest).lower()}</IsLatest>"
        f"<LastModified>{_modified(version)}</LastModified>"
        f"<ETag>&quot;{etag}&quot;</ETag><Size>{size}</Size>{owner}"
        f"<StorageClass>{storage}</StorageClass></{kind}>"
    )


def _object_entry(version: FakeKey, key: str, owner: str) -> str:
    return (
        f"<Contents><Key>{key}</Key><LastModified>{_modified(version)}</LastModified>"
        f"<ETag>&quot;{version.etag.strip(chr(34))}&quot;</ETag><Size>{version.size}</Size>{owner}"
        f"<StorageClass>{version.storage_class}</StorageClass></Contents>"
    )
