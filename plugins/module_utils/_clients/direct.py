# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends signed requests for many objects without botocore, which takes twenty times as long for each.

There are no retries, redirects or named errors here; callers fall back to botocore for these.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import socket
import struct
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

from .._waiting import Deadline
from .api import Api
from .wire import LARGEST_ANSWER, Limits, TooLarge, limited

try:
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError
except ImportError:
    # open_api reports the missing library.
    pass

#: Seconds for connecting, and for a response.
TIMEOUT = 60.0
#: The maximum size of a response's headers, and of its body if it is an error or a set of ten tags.
LARGEST_HEAD = LARGEST_BODY = 256 * 1024


class Reply(NamedTuple):
    """A response; status 0 if there was none. Headers have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def from_s3(self) -> bool:
        """Whether the response is from an S3 server, not from a proxy."""
        return "x-amz-request-id" in self.headers


class _Stamp:
    """The common parts of all signatures within one second: time, credentials, and the derived key."""

    def __init__(self, second: int, credentials: Any, region: str, host: str) -> None:
        self.second = second
        self.credentials = credentials
        self.moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        day = self.moment[:8]
        scope = f"{day}/{region}/s3/aws4_request"
        self.begin = f"AWS4-HMAC-SHA256\n{self.moment}\n{scope}\n"
        self.authorization = (
            f"authorization: AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}"
        )
        self._host = host
        key = f"AWS4{credentials.secret_key}".encode()
        for part in (day, region, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._key = key
        #: For requests without a body.
        self.empty = self.headers(None)

    def headers(self, body: bytes | None) -> tuple[str, str, str]:
        """The signed headers in the form of the request, their names, and the end of the text to sign."""
        digest = hashlib.sha256(body or b"").hexdigest()
        headers = f"host:{self._host}\nx-amz-content-sha256:{digest}\nx-amz-date:{self.moment}\n"
        names = "host;x-amz-content-sha256;x-amz-date"
        if body is not None:
            headers, names = f"content-md5:{md5(body)}\n{headers}", f"content-md5;{names}"
        if self.credentials.token:
            headers += f"x-amz-security-token:{self.credentials.token}\n"
            names += ";x-amz-security-token"
        return headers.replace("\n", "\r\n"), names, f"{headers}\n{names}\n{digest}"

    def signature(self, canonical: str) -> str:
        """The signature of a request that is given in canonical form."""
        text = f"{self.begin}{hashlib.sha256(canonical.encode()).hexdigest()}"
        return hmac.digest(self._key, text.encode(), "sha256").hex()


class Signer:
    """Signs requests for one endpoint with AWS Signature Version 4, in a fraction of botocore's time.

    Source: Amazon's documentation of the signature. A test compares the result with botocore's.
    """

    def __init__(self, client: Any, host: str) -> None:
        self._signer = client._request_signer
        self._host = host
        self._stamp: _Stamp | None = None

    def request(
        self, method: str, path: str, query: str, now: float, body: bytes | None = None
    ) -> bytes:
        """The bytes of the request, for an encoded path and an encoded, sorted query; now: in seconds since 1970."""
        stamp = self._stamped(int(now))
        headers, names, end = stamp.empty if body is None else stamp.headers(body)
        signature = stamp.signature(f"{method}\n{path}\n{query}\n{end}")
        length = "" if body is None else f"content-length: {len(body)}\r\n"
        request = (
            f"{method} {path}{'?' if query else ''}{query} HTTP/1.1\r\n{headers}{length}"
            f"{stamp.authorization}, SignedHeaders={names}, Signature={signature}\r\n\r\n"
        ).encode("latin-1")
        return request + body if body else request

    def _stamped(self, second: int) -> _Stamp:
        # The credentials may have been renewed since the last request.
        credentials = self._signer._credentials.get_frozen_credentials()
        stamp = self._stamp
        if stamp is None or stamp.second != second or stamp.credentials != credentials:
            stamp = _Stamp(second, credentials, self._signer.region_name, self._host)
            self._stamp = stamp
        return stamp


def md5(body: bytes) -> str:
    """The value of Content-MD5."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


class _Connection:
    """One persistent connection without TLS."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # With the kernel's time limit, a page is read with one system call, which returns when all bytes are there: the
        # thread waits for the interpreter's lock only once, not for each piece.
        self._socket.settimeout(None)
        limit = struct.pack("ll", int(TIMEOUT), 0)
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._socket.setsockopt(socket.SOL_SOCKET, option, limit)
        self._data = b""
        self._ends = 0.0
        self._most = LARGEST_BODY

    def exchange(
        self, request: bytes, *, body: bool, most: int = LARGEST_BODY
    ) -> tuple[Reply, bool]:
        """The response, and whether the connection can be reused. body: whether responses have one; most: its size.

        Raises OSError or ValueError if the response is incomplete, endless or not HTTP.
        """
        self._ends = time.monotonic() + TIMEOUT
        self._most = most
        self._socket.sendall(request)
        # Nearly always the first piece is complete.
        self._data = self._piece(65536)
        first, *lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _colon, value = line.partition(":")
            headers[name.lower()] = value.strip()
        status = int(first.split(" ", 2)[1])
        content = self._body(headers) if body and status not in (204, 304) else b""
        kept = not self._data and headers.get("connection", "").lower() != "close"
        return Reply(status, headers, content), kept

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            if "content-length" not in headers:
                raise ValueError("the length of the response is unknown")
            return self._take(int(headers["content-length"]))
        content = b""
        while True:
            size = int(self._until(b"\r\n").partition(b";")[0], 16)
            if not size:
                while self._until(b"\r\n"):
                    pass
                return content
            content += self._take(size)
            self._take(2)
            if len(content) > self._most:
                raise OSError("the response is too large")

    def _until(self, end: bytes) -> bytes:
        while end not in self._data:
            self._more(LARGEST_HEAD)
        found, _end, self._data = self._data.partition(end)
        return found

    def _take(self, size: int) -> bytes:
        if size > self._most:
            raise OSError("the response is too large")
        pieces, missing = [self._data], size - len(self._data)
        while missing > 0:
            pieces.append(self._piece(missing, socket.MSG_WAITALL))
            missing -= len(pieces[-1])
        data = b"".join(pieces)
        found, self._data = data[:size], data[size:]
        return found

    def _more(self, most: int) -> None:
        self._data += self._piece(65536)
        if len(self._data) > most:
            raise OSError("the response does not end")

    def _piece(self, size: int, flags: int = 0) -> bytes:
        piece = self._socket.recv(size, flags)
        if not piece or time.monotonic() >= self._ends:
            raise OSError("the response ended early, or does not end")
        return piece

    def close(self) -> None:
        self._socket.close()


class DirectRequests:
    """Sends requests for the objects of one bucket. Threads may share it; each has its own connection."""

    def __init__(self, api: Api, bucket: str) -> None:
        self._api = api
        self._local = threading.local()
        session = api.client._endpoint.http_session
        parts = urlsplit(api.endpoint)
        proxied = session._proxy_config.proxy_url_for(api.endpoint)
        # TLS and proxies need botocore's HTTP session, which handles certificates.
        self._direct = parts.scheme == "http" and not proxied
        self._session = session
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._signer = Signer(api.client, _host_header(parts))
        self._base = f"{parts.path.rstrip('/')}/{quote(bucket)}/"

    def send(
        self,
        method: str,
        key: bytes,
        version_id: bytes | None,
        *,
        tagging: bool = False,
        body: bytes | None = None,
    ) -> Reply:
        """Send a request for a version (None: the current one) or its tags. Returns the response."""
        path = self._base + _quoted(key, "/~")
        query = "tagging=" if tagging else ""
        if version_id is not None:
            query += f"{'&' if query else ''}versionId={_quoted(version_id, '~')}"
        return self._exchange(method, path, query, body)

    def list(self, query: str) -> Reply:
        """Send a request for a listing of the bucket, with an encoded, sorted query. Returns the response."""
        return self._exchange("GET", self._base.removesuffix("/"), query, None, LARGEST_ANSWER)

    def _exchange(
        self, method: str, path: str, query: str, body: bytes | None, most: int = LARGEST_BODY
    ) -> Reply:
        try:
            if self._direct:
                return self._send_directly(method, path, query, body, most)
            return self._send_by_session(method, f"{path}?{query}" if query else path, body, most)
        except (OSError, BotoCoreError, ValueError, IndexError, TooLarge):
            # The server may have closed a kept connection; botocore's message for other errors is better.
            self._forget()
            return Reply(0, {})

    def _send_directly(
        self, method: str, path: str, query: str, body: bytes | None, most: int
    ) -> Reply:
        request = self._signer.request(method, path, query, time.time(), body)
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = _Connection(self._host, self._port)
        reply, kept = connection.exchange(request, body=method != "HEAD", most=most)
        if not kept:
            self._forget()
        return reply

    def _send_by_session(self, method: str, target: str, body: bytes | None, most: int) -> Reply:
        """Send it with botocore's HTTP session, which supports certificates and proxies."""
        signer = self._api.client._request_signer
        headers = {} if body is None else {"Content-MD5": md5(body)}
        request = AWSRequest(method, f"{self._origin}{target}", data=body or b"", headers=headers)
        credentials = signer._credentials.get_frozen_credentials()
        S3SigV4Auth(credentials, "s3", signer.region_name).add_auth(request)
        with limited(Limits(Deadline(TIMEOUT), most)):
            response = self._session.send(request.prepare())
        found = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, found, response.content)

    def _forget(self) -> None:
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


@functools.lru_cache(maxsize=1024)
def _quoted(text: bytes, safe: str) -> str:
    """The text URL-encoded; cached, because there are several requests in a row for one version."""
    return quote(text, safe=safe)


def _host_header(parts: SplitResult) -> str:
    """The value of the Host header: with the port only if it is not the default."""
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"
