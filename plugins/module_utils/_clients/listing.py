# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads listings of versions quickly: direct.py requests the pages, and version_pages.py parses them.

botocore's parser takes about 90 us for each version, so that a listing of millions of versions takes hours of CPU, and
its other layers take 1.3 ms for each page. If a response is not a page, botocore repeats the request, for its errors.
Pages in botocore's responses are parsed here too.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote

from .._documents.names import key_text
from .._documents.verify_compare import KEY, KIND
from .api import Answer, Api, fresh
from .direct import DirectRequests, Reply
from .errors import Call, Unreadable
from .version_pages import BEGINNING, Marker, Page, read_page

PAGE = 1000
#: Statuses with which servers and proxies request a slower pace.
SLOW_DOWN = (429, 503)
#: The body that botocore gets in place of a page that was parsed here.
_NOTHING = b"<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"


class VersionListing:
    """Lists all versions and delete markers with a prefix, page by page. Threads may share it.

    slowed: called after a SlowDown response. below: the prefix that the bucket adds to each key; pages and markers do
    not have it.
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
        self._requests: DirectRequests | None = DirectRequests(api, bucket)
        _watch(api.client)

    @property
    def _doing(self) -> str:
        return f"list the versions of the bucket {self.bucket}"

    def narrowed(self, prefix: str) -> VersionListing:
        """The listing of the same bucket with another prefix, over the same connections."""
        narrowed = copy.copy(self)
        narrowed._prefix = self._below.decode() + prefix
        return narrowed

    def page(self, after: Marker = BEGINNING, size: int = PAGE) -> Page:
        """The page after a marker, with at most `size` rows.

        Source: CloudServer's answers as measured. Raises the errors of errors.py; a missing bucket raises NotFound, and
        a page that leads to itself raises Unreadable.
        """
        page = self._read(after, size)
        beyond = page.following
        # A page without rows must lead to a later key: otherwise listers would go on forever and count it as progress.
        if beyond is not None and (beyond == after or (not page.rows and beyond.key <= after.key)):
            raise Unreadable(
                Call("ListObjectVersions", self._api.endpoint, self._doing),
                f"the listing does not end: the server returned the marker {key_text(beyond.key)!r} again",
                advice="Check the server's log, and whether a proxy answers instead of the server.",
            )
        return page

    def _read(self, after: Marker, size: int) -> Page:
        reply = self._ask(after, size)
        page = read_page(reply.body) if reply.status == 200 and reply.from_s3 else None
        if page is not None:
            return _without(page, self._below)
        if reply.status in SLOW_DOWN:
            self._slowed()
        page = self._by_botocore(after, size)
        if 300 <= reply.status < 500 and reply.status not in SLOW_DOWN:
            # This server refuses only direct requests: botocore differs in something, such as the signature.
            self._requests = None
        return page

    def _ask(self, after: Marker, size: int) -> Reply:
        requests = self._requests
        if requests is None:
            return Reply(0, {})
        names = {
            "encoding-type": b"url",
            "key-marker": after.key and self._below + after.key,
            "max-keys": b"%d" % size,
            "prefix": self._prefix.encode(),
            "version-id-marker": after.version_id,
        }
        # Sorted by name, which the signature requires.
        query = "&".join(
            f"{name}={quote(value, safe='~')}" for name, value in names.items() if value
        )
        return requests.list(f"{query}&versions=")

    def _by_botocore(self, after: Marker, size: int) -> Page:
        # Each request has its own time limit: a job may go on as long as it makes progress.
        api = fresh(self._api)
        markers: dict[str, Any] = {}
        if after.key:
            markers["KeyMarker"] = key_text(self._below + after.key)
        if after.version_id is not None:
            markers["VersionIdMarker"] = after.version_id.decode()
        _caught.wanted, _caught.page = self._slowed, None
        try:
            page = api.read(
                "list_object_versions",
                self._doing,
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
    """The page with this prefix removed from its keys."""
    if not below:
        return page
    rows = [(row[KIND], row[KEY].removeprefix(below), *row[2:]) for row in page.rows]
    after = page.following
    return Page(rows, after and replace(after, key=after.key.removeprefix(below)))


_caught = threading.local()


def _take(_answer: Answer) -> Page:
    """The page that was parsed here. Raises ValueError, which becomes Unreadable, if there is none."""
    page: Page | None = _caught.page
    if page is None:
        raise ValueError("it is not a listing of versions")
    return page


def _watch(client: Any) -> None:
    """Make this client parse listings with version_pages.py, in threads that request it."""
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

    # The unique id registers it only once for each client.
    client.meta.events.register(
        "before-send.s3.ListObjectVersions", before_send, unique_id="backbeat-version-listing"
    )
