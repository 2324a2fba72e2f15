# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and puts the tags of many versions.

Failed requests are repeated with botocore, for its errors. If a put may have been done, Unreachable is raised, and the
caller must read before it tries again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

from .._documents.names import key_text
from . import s3_objects
from .api import Api, fresh
from .direct import DirectRequests
from .errors import Call, Unreachable
from .listing import SLOW_DOWN
from .xml_body import local_name, root_of, texts

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class TagRequests:
    """Reads and puts tags of versions in one bucket. Threads may share it; each has its own connection.

    slowed: called after a SlowDown response. requests: to share the connections with other users of the bucket.
    """

    def __init__(
        self,
        api: Api,
        bucket: str,
        slowed: Callable[[], object] = lambda: None,
        requests: DirectRequests | None = None,
    ) -> None:
        self._api = api
        self._bucket = bucket
        self._slowed = slowed
        self._requests = requests or DirectRequests(api, bucket)

    def get(self, key: bytes, version_id: bytes) -> dict[str, str] | None:
        """The tags of a version in their order; None if it does not exist. Raises the errors of errors.py."""
        reply = self._requests.send("GET", key, version_id, tagging=True)
        if reply.status == 200 and reply.from_s3:
            tags = read_tags(reply.body)
            if tags is not None:
                return tags
        if reply.status in SLOW_DOWN:
            self._slowed()
        return s3_objects.object_tags(
            fresh(self._api), self._bucket, key_text(key), version_id.decode()
        )

    def put(self, key: bytes, version_id: bytes, tags: Mapping[str, str]) -> None:
        """Replace the tags of a version, once.

        Raises the errors of errors.py; after Unreachable it is unknown whether it was done.
        """
        reply = self._requests.send("PUT", key, version_id, tagging=True, body=tags_xml(tags))
        if reply.status == 200 and reply.from_s3:
            return
        if reply.status in SLOW_DOWN:
            self._slowed()
        name = key_text(key)
        if reply.status == 0 or reply.status >= 500 or reply.status in SLOW_DOWN:
            reason = f"the server answered {reply.status}" if reply.status else "no answer came"
            doing = f"set the tags of the object {self._bucket}/{name}"
            raise Unreachable(
                Call("PutObjectTagging", self._api.endpoint, doing),
                reason,
                status=reply.status or None,
            )
        # The server refused it: repeat it with botocore, for its error.
        s3_objects.put_object_tags(fresh(self._api), self._bucket, name, tags, version_id.decode())


def read_tags(body: bytes) -> dict[str, str] | None:
    """The tags in a response's body; None if it is not a set of tags."""
    tags = _tags_of(body)
    return None if tags is None else dict(tags)


@functools.lru_cache(maxsize=64)
def _tags_of(body: bytes) -> dict[str, str] | None:
    """The tags in a body; cached, because many objects have the same tags, and each is read twice."""
    root = root_of(body, "Tagging")
    if root is None:
        return None
    tags = {}
    for tag in root.iter():
        if local_name(tag) == "Tag":
            values = texts(tag)
            if "Key" not in values:
                return None
            tags[values["Key"]] = values.get("Value", "")
    return tags


def tags_xml(tags: Mapping[str, str]) -> bytes:
    """The body of a request to put the tags."""
    entries = "".join(
        f"<Tag><Key>{_escaped(name)}</Key><Value>{_escaped(value)}</Value></Tag>"
        for name, value in tags.items()
    )
    return f'<Tagging xmlns="{_NAMESPACE}"><TagSet>{entries}</TagSet></Tagging>'.encode()


def _escaped(text: str) -> str:
    # An XML parser would convert a carriage return to a line feed.
    return escape(text, {"\r": "&#13;"})
