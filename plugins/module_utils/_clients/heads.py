# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends many HEAD requests.

If a response shows neither success nor absence, the request is repeated with botocore, for its retries and errors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from .._documents.names import key_text
from .._documents.verify_questions import Head
from . import s3_objects
from .api import Api, fresh
from .direct import DirectRequests
from .listing import SLOW_DOWN

#: Servers of 2026 may show the status of onward replication on a replica; this metadata still marks it as one.
REPLICA_MARKS = ("x-amz-meta-scal-replica", "x-amz-meta-scal-replication-status")
#: The metadata with the source's version id on a copy in a public cloud.
SOURCE_ID = "x-amz-meta-scal-version-id"
#: Headers of responses whose ETag is not the MD5 of the content.
ENCRYPTION = (
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-customer-algorithm",
)


class HeadRequests:
    """Sends HEAD requests for versions in one bucket. Threads may share it; each has its own connection.

    site: whose replication status is read, if the server has one per site; "" for the overall status. below: the prefix
    of all keys in the bucket. slowed: called after a SlowDown response. requests: to share the connections with other
    users of the bucket.
    """

    def __init__(
        self,
        api: Api,
        bucket: str,
        site: str = "",
        slowed: Callable[[], object] = lambda: None,
        below: str = "",
        requests: DirectRequests | None = None,
    ) -> None:
        self._below = below.encode()
        self._slowed = slowed
        self._api = api
        self._bucket = bucket
        self._site = f"x-amz-meta-{site.lower()}-replication-status" if site else ""
        self._copy = f"x-amz-meta-{site.lower()}-version-id" if site else ""
        self._requests = requests or DirectRequests(api, bucket)

    def head(self, key: bytes, version_id: bytes | None) -> Head | None:
        """HEAD of a version (None: the current one). Returns None if it does not exist or is a delete marker.

        Raises the errors of errors.py, including Forbidden.
        """
        key = self._below + key
        reply = self._requests.send("HEAD", key, version_id)
        if reply.from_s3:
            if reply.status == 200:
                return self._shown(reply.headers)
            if reply.status in (404, 405):
                return None
        if reply.status in SLOW_DOWN:
            self._slowed()
        return self._by_botocore(key, version_id)

    def _by_botocore(self, key: bytes, version_id: bytes | None) -> Head | None:
        name = key_text(key)
        version = version_id.decode() if version_id is not None else None
        head = s3_objects.head_object(fresh(self._api), self._bucket, name, version)
        if head is None:
            return None
        headers = {f"x-amz-meta-{name.lower()}": value for name, value in head.metadata.items()}
        if head.replication_status:
            headers["x-amz-replication-status"] = head.replication_status
        if head.version_id:
            headers["x-amz-version-id"] = head.version_id
        return self._shown(headers)

    def _shown(self, headers: Mapping[str, str]) -> Head:
        status = headers.get(self._site) or headers.get("x-amz-replication-status")
        if _has_any(headers, REPLICA_MARKS):
            status = "REPLICA"
        return Head(
            status or None,
            headers.get("x-amz-version-id") or "null",
            encrypted=_has_any(headers, ENCRYPTION),
            source_id=headers.get(SOURCE_ID) or None,
            copy_id=headers.get(self._copy) or None,
        )


def _has_any(headers: Mapping[str, str], names: Collection[str]) -> bool:
    # Few responses have any of them.
    return not headers.keys().isdisjoint(names) and any(headers.get(name) for name in names)
