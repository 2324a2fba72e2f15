# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many HEAD requests: signed by botocore, sent without the rest of it, which takes ten times as long.

Answers that are neither success nor absence are asked for once more by way of botocore, whose retries and errors then
hold.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from .._documents.verify_judge import Head
from . import s3_objects
from .api import Api
from .listing import SLOW_DOWN, fresh

try:
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError
except ImportError:
    # open_api tells the user.
    pass

#: Servers of 2026 may show an onward status on a replica; this metadata still says what it is.
REPLICA_MARKS = ("x-amz-meta-scal-replica", "x-amz-meta-scal-replication-status")
#: How an answer shows that its ETag is not the MD5 of the content.
ENCRYPTION = (
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-customer-algorithm",
)
#: Seconds for connecting, and without a byte of an answer.
TIMEOUT = 60.0


class HeadRequests:
    """HEAD of versions in one bucket. Threads may share it; each has a connection of its own.

    site: whose replication status counts, if the server names sites; "" for the overall one.
    `slowed` is called when the server asks for fewer requests.
    """

    def __init__(
        self,
        api: Api,
        bucket: str,
        site: str = "",
        slowed: Callable[[], object] = lambda: None,
    ) -> None:
        self._slowed = slowed
        self._api = api
        self._bucket = bucket
        self._site = f"x-amz-meta-{site.lower()}-replication-status" if site else ""
        self._local = threading.local()
        session = api.client._endpoint.http_session
        parts = urlsplit(api.endpoint)
        proxied = session._proxy_config.proxy_url_for(api.endpoint)
        # Anything but plain HTTP without a proxy goes through botocore's HTTP session, which knows certificates.
        self._direct = parts.scheme == "http" and not proxied
        self._session = session
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._base = f"{parts.path.rstrip('/')}/{quote(bucket)}/"

    def head(self, key: bytes, version_id: bytes | None) -> Head | None:
        """One version, or with None the current one; None if it is not there or a delete marker.

        Raises the errors of errors.py, Forbidden too.
        """
        target = self._base + quote(key, safe="/~")
        if version_id is not None:
            target = f"{target}?versionId={quote(version_id)}"
        status, headers = self._send(target)
        if "x-amz-request-id" in headers:
            if status == 200:
                return self._shown(headers)
            if status in (404, 405):
                return None
        if status in SLOW_DOWN:
            self._slowed()
        return self._by_botocore(key, version_id)

    def _send(self, target: str) -> tuple[int, Mapping[str, str]]:
        """Status and headers, with lower-case names; status 0 if there was no answer."""
        try:
            request = self._signed(target)
            if not self._direct:
                response = self._session.send(request.prepare())
                named = {name.lower(): value for name, value in response.headers.items()}
                return response.status_code, named
            connection = self._connection()
            connection.request("HEAD", target, headers=dict(request.headers.items()))
            answer = connection.getresponse()
            answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}
        except (OSError, http.client.HTTPException, BotoCoreError, ValueError):
            # A kept connection that the server has closed, or a trouble that botocore names better.
            self._forget()
            return 0, {}

    def _signed(self, target: str) -> Any:
        request = AWSRequest("HEAD", f"{self._origin()}{target}", data=b"")
        self._auth().add_auth(request)
        return request

    def _auth(self) -> Any:
        signer = self._api.client._request_signer
        credentials = signer._credentials.get_frozen_credentials()
        return S3SigV4Auth(credentials, "s3", signer.region_name)

    def _origin(self) -> str:
        parts = urlsplit(self._api.endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    def _connection(self) -> http.client.HTTPConnection:
        known: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if known is None:
            known = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT)
            self._local.connection = known
        return known

    def _forget(self) -> None:
        known: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if known is not None:
            known.close()
            self._local.connection = None

    def _by_botocore(self, key: bytes, version_id: bytes | None) -> Head | None:
        name = key.decode("utf-8", "surrogateescape")
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
        if any(headers.get(mark) for mark in REPLICA_MARKS):
            status = "REPLICA"
        return Head(
            status or None,
            headers.get("x-amz-version-id") or "null",
            encrypted=any(headers.get(name) for name in ENCRYPTION),
        )
