# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads pages of ListObjectVersions fast: botocore makes and signs the request, and the page is parsed here.

botocore's parser takes about 90 us for each version, which makes a listing of millions of versions take hours of CPU.
CloudServer writes the elements of a version in a fixed order, so a regular expression reads them in 1 to 3 us. A page
that does not look exactly so is read by a real XML parser, and what is no listing goes to botocore as it came: an error
must stay an error.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

from .._documents.verify_compare import KEY, KIND, MARKER, SIZE, Row
from .._waiting import Backoff, Deadline
from .api import Answer, Api

PAGE = 1000
#: How servers and what is before them ask for fewer requests.
SLOW_DOWN = (429, 503)
#: Seconds for one request of a job, without its retries.
REQUEST = 120.0
_ROW = re.compile(
    rb"<(Version|DeleteMarker)><Key>([^<]*)</Key><VersionId>([^<]*)</VersionId><IsLatest>(true|false)</IsLatest>"
    rb"<LastModified>([^<]*)</LastModified>(?:<ETag>(?:&quot;|\")?([^<&\"]*)(?:&quot;|\")?</ETag><Size>(\d+)</Size>)?"
)
_END = re.compile(rb"</ListVersionsResult>\s*\Z")
_TRUNCATED = re.compile(rb"<IsTruncated>(true|false)</IsTruncated>")
_NEXT_KEY = re.compile(rb"<NextKeyMarker>([^<]*)</NextKeyMarker>")
_NEXT_VERSION = re.compile(rb"<NextVersionIdMarker>([^<]*)</NextVersionIdMarker>")
#: What is handed to botocore in place of a page that was read here.
_NOTHING = b"<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"


@dataclass(frozen=True)
class Marker:
    """Where a listing goes on: behind the key, or behind a version of it. The key is in UTF-8, b"" for the beginning.

    A key alone need not exist, and continues after all of its versions.
    """

    key: bytes = b""
    version_id: bytes | None = None


@dataclass(frozen=True)
class Page:
    """The rows of one answer in their order, and where the next page begins; None after the last one."""

    rows: list[Row]
    following: Marker | None


class VersionListing:
    """All versions and delete markers of a bucket below a prefix, page by page. Threads may share it.

    `slowed` is called when the server asks for fewer requests. below: what the bucket has before each key, which pages
    and markers are without.
    """

    def __init__(
        self,
        api: Api,
        bucket: str,
        prefix: str = "",
        slowed: Callable[[], object] = lambda: None,
        below: str = "",
    ) -> None:
        self.bucket = bucket
        self._below = below.encode()
        self._api = api
        self._slowed = slowed
        self._prefix = below + prefix
        _watch(api.client)

    def page(self, after: Marker = Marker(), size: int = PAGE) -> Page:
        """The page behind a marker, at most `size` rows.

        Source: CloudServer's answers as measured. Raises the errors of errors.py; a missing bucket is NotFound.
        """
        # Each request has a time limit of its own: a job goes on for as long as it makes progress.
        api = fresh(self._api)
        markers: dict[str, Any] = {}
        if after.key:
            markers["KeyMarker"] = (self._below + after.key).decode("utf-8", "surrogateescape")
        if after.version_id is not None:
            markers["VersionIdMarker"] = after.version_id.decode()
        _caught.wanted, _caught.page = self._slowed, None
        try:
            page = api.read(
                "list_object_versions",
                f"list the versions of the bucket {self.bucket}",
                _take,
                Bucket=self.bucket,
                Prefix=self._prefix,
                MaxKeys=size,
                **markers,
            )
        finally:
            _caught.wanted, _caught.page = None, None
        return _without(cast(Page, page), self._below)


def _without(page: Page, below: bytes) -> Page:
    """The page as if its keys did not begin so."""
    if not below:
        return page
    rows = [(row[KIND], row[KEY].removeprefix(below), *row[2:]) for row in page.rows]
    after = page.following
    return Page(rows, after and replace(after, key=after.key.removeprefix(below)))


def fresh(api: Api) -> Api:
    """The same endpoint with a time limit of its own for the next request, retries included."""
    timeout = api.backoff.timeout
    return replace(api, backoff=Backoff(timeout, deadline=Deadline(timeout + REQUEST)))


_caught = threading.local()


def _take(_answer: Answer) -> Page:
    """The page that was read instead of botocore. ValueError, and so Unreadable, if there is none."""
    page: Page | None = _caught.page
    if page is None:
        raise ValueError("it is not a listing of versions")
    return page


def _watch(client: Any) -> None:
    """Have this client's listings read here, in threads that ask for it."""
    send: Callable[[Any], Any] = client._endpoint.http_session.send

    def before_send(request: Any, **_event: Any) -> Any:
        slowed = getattr(_caught, "wanted", None)
        if slowed is None:
            return None
        response = send(request)
        if response.status_code in SLOW_DOWN:
            slowed()
        page = read_page(response.content) if response.status_code == 200 else None
        if page is not None:
            _caught.page = page
            response._content = _NOTHING
        return response

    # Registered once for each client, however often it is asked for.
    client.meta.events.register(
        "before-send.s3.ListObjectVersions", before_send, unique_id="backbeat-version-listing"
    )


def read_page(body: bytes) -> Page | None:
    """The page of an answer's body; None if it is not a listing of versions."""
    page = read_fast(body)
    return page if page is not None else read_slowly(body)


def read_fast(body: bytes) -> Page | None:
    """The page, by a regular expression; None unless the body looks exactly as CloudServer writes it."""
    # What is not of an entry comes first; an element that is empty in one tag, a comment or CDATA is for the parser.
    head = body[: body.find(b"<LastModified>")] if b"<LastModified>" in body else body
    truncated = _TRUNCATED.search(head)
    if truncated is None or body.count(b"<IsTruncated>") != 1:
        return None
    # One byte is found ten times faster than two.
    if (b"!" in body and b"<!" in body) or b"<Version/>" in body or b"<DeleteMarker/>" in body:
        return None
    if not _END.search(body, max(0, len(body) - 64)):
        return None
    encoded = b"<EncodingType>url</EncodingType>" in body
    if encoded and b"%" in body:
        # The character that is encoded most often, and never a part of another code.
        body = body.replace(b"%2F", b"/")
    rows: list[Row] = _ROW.findall(body)
    if len(rows) != body.count(b"</Version>") + body.count(b"</DeleteMarker>"):
        return None
    if any(row[KIND] != MARKER for row in rows if not row[SIZE]):
        return None
    keys = b"\n".join([row[KEY] for row in rows])
    if b"%" in keys or b"&" in keys:
        rows = [(row[KIND], _decoded(row[KEY], encoded), *row[2:]) for row in rows]
    if truncated[1] == b"false":
        return Page(rows, None)
    key, version = _NEXT_KEY.search(body), _NEXT_VERSION.search(body)
    if key is None:
        return None
    return Page(rows, Marker(_decoded(key[1], encoded), version[1] if version else None))


def _decoded(key: bytes, encoded: bool) -> bytes:
    if b"&" in key:
        text = key.decode("utf-8", "surrogateescape")
        text = unescape(text, {"&quot;": '"', "&apos;": "'"})
        key = text.encode("utf-8", "surrogateescape")
    return unquote_to_bytes(key) if encoded else key


def read_slowly(body: bytes) -> Page | None:
    """The page, by an XML parser; None if it is not a listing of versions."""
    if b"<!DOCTYPE" in body:
        return None
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - without a document type there is nothing to expand
    except ElementTree.ParseError:
        return None
    if _name(root) != "ListVersionsResult":
        return None
    fields = {_name(child): child.text or "" for child in root}
    encoded = fields.get("EncodingType") == "url"
    rows = []
    for child in root:
        if _name(child) in ("Version", "DeleteMarker"):
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
    values = {_name(child): child.text or "" for child in element}
    kind = _name(element)
    needed = ["Key", "VersionId", "IsLatest", "LastModified"]
    if kind == "Version":
        needed += ["ETag", "Size"]
    if not values.keys() >= set(needed):
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


def _name(element: ElementTree.Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]
