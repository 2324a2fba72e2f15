# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ListObjectVersions as CloudServer answers it: by the keys' bytes, newest version first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote
from xml.sax.saxutils import escape

from moto.s3.models import FakeBucket, FakeDeleteMarker

from .messages import Refused
from .rules import NAMESPACE
from .store import Version

PAGE = 1000


def list_versions(bucket: FakeBucket, parameters: Mapping[str, str]) -> bytes:
    """One page as XML. Raises Refused for a version marker without a key marker."""
    prefix = parameters.get("prefix", "")
    delimiter = parameters.get("delimiter", "")
    key_marker = parameters.get("key-marker", "")
    version_marker = parameters.get("version-id-marker", "")
    if version_marker and not key_marker:
        raise Refused(
            400,
            "InvalidArgument",
            "A version-id marker cannot be specified without a key marker.",
        )
    limit = min(int(parameters.get("max-keys") or PAGE), PAGE)
    url = parameters.get("encoding-type") == "url"

    def text(value: str) -> str:
        return escape(quote(value, safe="/") if url else value)

    entries: list[str] = []
    groups: list[str] = []
    last: tuple[str, str] | None = None
    truncated = False
    for version, latest in _after(bucket, prefix, key_marker, version_marker):
        key = version.name
        group = _group(key, prefix, delimiter)
        if group and (group in groups or group == key_marker):
            continue
        if len(entries) + len(groups) >= limit:
            truncated = limit > 0
            break
        if group:
            groups.append(group)
            last = (group, "")
        else:
            entries.append(_entry(version, latest, text(key)))
            last = (key, str(version.version_id))
    parts = [
        f"<Name>{bucket.name}</Name><Prefix>{text(prefix)}</Prefix>",
        f"<KeyMarker>{text(key_marker)}</KeyMarker>",
        f"<VersionIdMarker>{escape(version_marker)}</VersionIdMarker>",
        f"<MaxKeys>{limit}</MaxKeys><IsTruncated>{str(truncated).lower()}</IsTruncated>",
    ]
    if delimiter:
        parts.append(f"<Delimiter>{text(delimiter)}</Delimiter>")
    if url:
        parts.append("<EncodingType>url</EncodingType>")
    if truncated and last:
        parts.append(f"<NextKeyMarker>{text(last[0])}</NextKeyMarker>")
        if last[1]:
            parts.append(f"<NextVersionIdMarker>{escape(last[1])}</NextVersionIdMarker>")
    parts.extend(entries)
    parts.extend(f"<CommonPrefixes><Prefix>{text(g)}</Prefix></CommonPrefixes>" for g in groups)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><ListVersionsResult xmlns="{NAMESPACE}">'
        f"{''.join(parts)}</ListVersionsResult>"
    ).encode()


def _after(
    bucket: FakeBucket, prefix: str, key_marker: str, version_marker: str
) -> Iterator[tuple[Version, bool]]:
    """The versions after the markers, each with whether it is the latest of its key."""
    for key in sorted(dict.keys(bucket.keys), key=lambda name: name.encode()):
        if not key.startswith(prefix) or key.encode() < key_marker.encode():
            continue
        versions = list(reversed(bucket.keys.getlist(key, [])))
        start = 0
        if key == key_marker:
            ids = [str(version.version_id) for version in versions]
            start = ids.index(version_marker) + 1 if version_marker in ids else len(ids)
        for number in range(start, len(versions)):
            yield versions[number], number == 0


def _group(key: str, prefix: str, delimiter: str) -> str:
    """The common prefix that stands for the key, or an empty string."""
    rest = key[len(prefix) :]
    if not delimiter or delimiter not in rest:
        return ""
    return prefix + rest[: rest.index(delimiter) + len(delimiter)]


def _entry(version: Version, latest: bool, key: str) -> str:
    modified = version.last_modified.strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{version.last_modified.microsecond // 1000:03d}Z"
    )
    common = (
        f"<Key>{key}</Key><VersionId>{version.version_id}</VersionId>"
        f"<IsLatest>{str(latest).lower()}</IsLatest><LastModified>{modified}</LastModified>"
    )
    if isinstance(version, FakeDeleteMarker):
        return f"<DeleteMarker>{common}</DeleteMarker>"
    return (
        f"<Version>{common}<ETag>{escape(version.etag)}</ETag><Size>{version.size}</Size>"
        f"<StorageClass>{version.storage_class}</StorageClass></Version>"
    )
