# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parses pages of ListObjectVersions into rows.

CloudServer writes the elements of a version in a fixed order, so a regular expression parses them in less than 1 us;
botocore's parser takes about 90. All other pages are parsed by an XML parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

from .._documents.names import key_bytes, key_text
from .._documents.verify_compare import KEY, KIND, MARKER, SIZE, Row
from .xml_body import local_name, root_of, texts

_ROW = re.compile(
    rb"<(Version|DeleteMarker)><Key>([^<]*)</Key><VersionId>([^<]*)</VersionId><IsLatest>(true|false)</IsLatest>"
    rb"<LastModified>([^<]*)</LastModified>(?:<ETag>(?:&quot;|\")?([^<&\"]*)(?:&quot;|\")?</ETag><Size>(\d{1,18})</Size>)?"
)
#: The maximum number of digits of a size, because servers could send anything.
_SIZE = re.compile(r"[0-9]{1,18}")
_END = re.compile(rb"</ListVersionsResult>\s*\Z")
_TRUNCATED = re.compile(rb"<IsTruncated>(true|false)</IsTruncated>")
_NEXT_KEY = re.compile(rb"<NextKeyMarker>([^<]*)</NextKeyMarker>")
_NEXT_VERSION = re.compile(rb"<NextVersionIdMarker>([^<]*)</NextVersionIdMarker>")


@dataclass(frozen=True)
class Marker:
    """The place where a listing continues: after a key (UTF-8, b"" for the beginning), or after a version of it.

    A key without a version need not exist; the listing continues after all of its versions.
    """

    key: bytes = b""
    version_id: bytes | None = None


BEGINNING = Marker()


@dataclass(frozen=True)
class Page:
    """The rows of one response in order, and the marker for the next page; None after the last page."""

    rows: list[Row]
    following: Marker | None


def read_page(body: bytes) -> Page | None:
    """The page in a response's body; None if it is not a listing of versions."""
    page = read_fast(body)
    return page if page is not None else read_slowly(body)


def read_fast(body: bytes) -> Page | None:
    """The page, parsed by a regular expression; None unless the body has exactly CloudServer's form."""
    # Elements outside of entries come first. Self-closing elements, comments and CDATA are left to the XML parser.
    end = body.find(b"<LastModified>")
    head = body if end < 0 else body[:end]
    truncated = _TRUNCATED.search(head)
    # Searching for a rare text is three times faster from the end, and for one byte ten times faster than for two.
    if (
        truncated is None
        or head.count(b"<IsTruncated>") != 1
        or body.rfind(b"<IsTruncated>") != truncated.start()
    ):
        return None
    if (b"!" in body and b"<!" in body) or body.rfind(b"<Version/>") >= 0:
        return None
    markers = body.rfind(b"DeleteMarker") >= 0
    if markers and body.rfind(b"<DeleteMarker/>") >= 0:
        return None
    if not _END.search(body, max(0, len(body) - 64)):
        return None
    encoded = b"<EncodingType>url</EncodingType>" in body
    if encoded and b"%" in body:
        # The slash is encoded most often, and its code is never a part of another one.
        body = body.replace(b"%2F", b"/")
    rows: list[Row] = _ROW.findall(body)
    count = body.count(b"</Version>") + (body.count(b"</DeleteMarker>") if markers else 0)
    if len(rows) != count:
        return None
    if any(row[KIND] != MARKER for row in rows if not row[SIZE]):
        return None
    keys = b"\n".join([row[KEY] for row in rows])
    if b"%" in keys or b"&" in keys:
        rows = [(row[KIND], _decoded(row[KEY], encoded), *row[2:]) for row in rows]
    if truncated[1] == b"false":
        return Page(rows, None)
    # Search the whole body, not only its head: the XML parser accepts them anywhere.
    key, version = _NEXT_KEY.search(body), _NEXT_VERSION.search(body)
    if key is None:
        return None
    return Page(rows, Marker(_decoded(key[1], encoded), version[1] if version else None))


def _decoded(key: bytes, encoded: bool) -> bytes:
    if b"&" in key:
        text = key_text(key)
        text = unescape(text, {"&quot;": '"', "&apos;": "'"})
        key = key_bytes(text)
    return unquote_to_bytes(key) if encoded else key


def read_slowly(body: bytes) -> Page | None:
    """The page, parsed by an XML parser; None if it is not a listing of versions."""
    root = root_of(body, "ListVersionsResult")
    if root is None:
        return None
    fields = texts(root)
    encoded = fields.get("EncodingType") == "url"
    rows = []
    for child in root:
        if local_name(child) in ("Version", "DeleteMarker"):
            row = _row(child, encoded)
            if row is None:
                return None
            rows.append(row)
    if fields.get("IsTruncated") == "false":
        return Page(rows, None)
    if fields.get("IsTruncated") != "true" or not fields.get("NextKeyMarker"):
        return None
    key = _plain(fields["NextKeyMarker"], encoded)
    version = fields.get("NextVersionIdMarker")
    return Page(rows, Marker(key, version.encode() if version else None))


def _row(element: ElementTree.Element, encoded: bool) -> Row | None:
    values = texts(element)
    kind = local_name(element)
    needed = ["Key", "VersionId", "IsLatest", "LastModified"]
    if kind == "Version":
        needed += ["ETag", "Size"]
    if not values.keys() >= set(needed) or values["IsLatest"] not in ("true", "false"):
        return None
    if kind == "Version" and not _SIZE.fullmatch(values["Size"]):
        return None
    return (
        kind.encode(),
        _plain(values["Key"], encoded),
        values["VersionId"].encode(),
        values["IsLatest"].encode(),
        values["LastModified"].encode(),
        values.get("ETag", "").strip('"').encode(),
        values.get("Size", "").encode(),
    )


def _plain(text: str, encoded: bool) -> bytes:
    return unquote_to_bytes(text) if encoded else text.encode()
