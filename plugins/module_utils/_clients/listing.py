# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads listings of versions fast: direct.py requests the pages, and version_pages.py parses them.

botocore's parser takes about 90 us for each version, which makes a listing of millions of versions take hours
of CPU, and its other layers 1.3 ms for each page. What is no page is asked for once more by botocore: an error
must stay an error. Pages that come that way are read here too.
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
#: How servers and what is before them ask for fewer requests.
SLOW_DOWN = (429, 503)
#: What is handed to botocore in place of a page that was read here.
_NOTHING = b"<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"


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
        self._requests: DirectRequests | None = DirectRequests(api, bucket)
        _watch(api.client)

    @property
    def _doing(self) -> str:
        return f"list the versions of the bucket {self.bucket}"

    def narrowed(self, prefix: str) -> VersionListing:
        """The listing of the same bucket below another prefix, by the same connections."""
        narrowed = copy.copy(self)
        narrowed._prefix = self._below.decode() + prefix
        return narrowed

    def page(self, after: Marker = BEGINNING, size: int = PAGE) -> Page:
        """The page after a marker, at most `size` rows.

        Source: CloudServer's answers as measured. Raises the errors of errors.py; a missing bucket is NotFound,
        and a page that leads to itself is Unreadable.
        """
        page = self._read(after, size)
        beyond = page.following
        # A page without rows leads to a later key, or listers would go on without end and take that for progress.
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
            # What this server refuses is a way of asking that only botocore has, such as another signature.
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
        # In the order of the names, which the signature needs.
        query = "&".join(
            f"{name}={quote(value, safe='~')}" for name, value in names.items() if value
        )
        return requests.list(f"{query}&versions=")

    def _by_botocore(self, after: Marker, size: int) -> Page:
        # Each request has a time limit of its own: a job goes on for as long as it makes progress.
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
    """The page with its keys without this prefix."""
    if not below:
        return page
    rows = [(row[KIND], row[KEY].removeprefix(below), *row[2:]) for row in page.rows]
    after = page.following
    return Page(rows, after and replace(after, key=after.key.removeprefix(below)))


_caught = threading.local()


def _take(_answer: Answer) -> Page:
    """The page that was read instead of botocore. ValueError, and so Unreadable, if there is none."""
    page: Page | None = _caught.page
    if page is None:
        raise ValueError("it is not a listing of versions")
    return page


def _watch(client: Any) -> None:
    """Parse this client's listings here, in threads that ask for it."""
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
