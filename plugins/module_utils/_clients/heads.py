# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many HEAD requests, without botocore, which takes twenty times as long for one.

Answers that are neither success nor absence are asked for once more by way of botocore, whose retries and errors then
hold.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from .._documents.verify_judge import Head
from .._waiting import Deadline
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
#: Seconds for connecting, and for an answer.
TIMEOUT = 60.0
#: Bytes of one answer's headers.
LARGEST_HEAD = 256 * 1024
_EMPTY = hashlib.sha256(b"").hexdigest()


class Signer:
    """Signs HEAD requests for one endpoint as AWS Signature Version 4 says, a tenth of the time that botocore takes.

    Source: Amazon's description of the signature; a test compares it with botocore's.
    """

    def __init__(self, client: Any, host: str) -> None:
        self._signer = client._request_signer
        self._host = host
        self._key: tuple[tuple[str, str], bytes] = (("", ""), b"")

    def head(self, path: str, query: str, now: datetime) -> str:
        """The request's lines, for a path and a query that are encoded."""
        credentials = self._signer._credentials.get_frozen_credentials()
        moment = now.strftime("%Y%m%dT%H%M%SZ")
        day, region, token = moment[:8], self._signer.region_name, credentials.token
        headers = f"host:{self._host}\nx-amz-content-sha256:{_EMPTY}\nx-amz-date:{moment}\n"
        names = "host;x-amz-content-sha256;x-amz-date"
        if token:
            headers += f"x-amz-security-token:{token}\n"
            names += ";x-amz-security-token"
        request = f"HEAD\n{path}\n{query}\n{headers}\n{names}\n{_EMPTY}"
        scope = f"{day}/{region}/s3/aws4_request"
        text = (
            f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        )
        key = self._signing_key(credentials.secret_key, day, region)
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        lines = headers.replace(":", ": ", 1).replace("\n", "\r\n")
        return (
            f"HEAD {path}{'?' if query else ''}{query} HTTP/1.1\r\n{lines}"
            f"authorization: AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}\r\n\r\n"
        )

    def _signing_key(self, secret: str, day: str, region: str) -> bytes:
        if self._key[0] != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, region, "s3", "aws4_request"):
                key = hmac.new(key, part.encode(), hashlib.sha256).digest()
            self._key = ((secret, day), key)
        return self._key[1]


class _Connection:
    """One kept connection without TLS, for answers that have no body."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> tuple[int, dict[str, str], bool]:
        """Status, headers with lower-case names, and whether the connection can be used again."""
        deadline = Deadline(TIMEOUT)
        self._socket.settimeout(TIMEOUT)
        self._socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self._socket.recv(65536)
            data += piece
            if not piece or len(data) > LARGEST_HEAD or deadline.expired:
                raise OSError("the answer ended early, or does not end")
        head, _end, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _colon, value = line.partition(":")
            headers[name.lower()] = value.strip()
        kept = not rest and headers.get("connection", "").lower() != "close"
        return int(first.split(" ", 2)[1]), headers, kept

    def close(self) -> None:
        self._socket.close()


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
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._signer = Signer(api.client, _host_header(parts))
        self._base = f"{parts.path.rstrip('/')}/{quote(bucket)}/"

    def head(self, key: bytes, version_id: bytes | None) -> Head | None:
        """One version, or with None the current one; None if it is not there or a delete marker.

        Raises the errors of errors.py, Forbidden too.
        """
        target = self._base + quote(key, safe="/~")
        if version_id is not None:
            target = f"{target}?versionId={quote(version_id, safe='~')}"
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
            return self._send_directly(target) if self._direct else self._send_signed(target)
        except (OSError, BotoCoreError, ValueError, IndexError):
            # A kept connection that the server has closed, or a trouble that botocore names better.
            self._forget()
            return 0, {}

    def _send_directly(self, target: str) -> tuple[int, Mapping[str, str]]:
        path, _mark, query = target.partition("?")
        request = self._signer.head(path, query, datetime.now(timezone.utc))
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = _Connection(self._host, self._port)
        status, headers, kept = connection.send(request.encode("latin-1"))
        if not kept:
            self._forget()
        return status, headers

    def _send_signed(self, target: str) -> tuple[int, Mapping[str, str]]:
        """By botocore's HTTP session, which knows certificates and proxies."""
        signer = self._api.client._request_signer
        request = AWSRequest("HEAD", f"{self._origin}{target}", data=b"")
        credentials = signer._credentials.get_frozen_credentials()
        S3SigV4Auth(credentials, "s3", signer.region_name).add_auth(request)
        response = self._session.send(request.prepare())
        return response.status_code, {
            name.lower(): value for name, value in response.headers.items()
        }

    def _forget(self) -> None:
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
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


def _host_header(parts: SplitResult) -> str:
    """The host as clients name it: the port only if it is not the usual one."""
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"
