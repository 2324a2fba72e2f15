# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes botocore's HTTP layer: limits for a call, and adaptations to these servers.

botocore's timeouts count from the last byte, so a response that arrives byte by byte never ends. It reads a response of
any size into memory, and reuses kept connections that a server or a proxy has closed.
"""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from xml.etree.ElementTree import ParseError

from .._waiting import Deadline
from .service import name_backbeat_error

# The maximum size of a response that is not an object: ten times that of 1,000 versions with the longest keys.
LARGEST_ANSWER = 64 * 1024**2


class TooLarge(Exception):
    """A response with more bytes than any valid one."""


@dataclass
class Limits:
    """The limits of a call: `size` in bytes, None for object bodies; `reconnect`: use a new connection."""

    deadline: Deadline = field(default_factory=Deadline)
    size: int | None = None
    reconnect: bool = False
    received: int = 0

    def timeout(self, usual: float | None) -> float:
        """The time limit in seconds of the next socket operation. Raises TimeoutError after the deadline."""
        remaining = self.deadline.remaining
        if remaining <= 0:
            raise TimeoutError(f"the time limit of {self.deadline.seconds:.0f} s is over")
        return remaining if usual is None else min(usual, remaining)

    def count(self, received: int) -> None:
        """Count received bytes. Raises TooLarge."""
        self.received += received
        if self.size is not None and self.received > self.size:
            raise TooLarge(f"the answer has more than {self.size // 1024**2} MiB")


_current = threading.local()


@contextmanager
def limited(limits: Limits) -> Iterator[None]:
    """Apply these limits to everything that this thread sends and receives."""
    before = getattr(_current, "limits", None)
    _current.limits = limits
    try:
        yield
    finally:
        _current.limits = before


def _limits() -> Limits:
    return getattr(_current, "limits", None) or Limits()


class _Limited:
    """Socket operations within the limits of the current call."""

    def recv(self: Any, *arguments: Any) -> bytes:
        with _timed(self) as limits:
            data: bytes = super().recv(*arguments)  # type: ignore[misc]
        limits.count(len(data))
        return data

    def recv_into(self: Any, *arguments: Any) -> int:
        with _timed(self) as limits:
            received: int = super().recv_into(*arguments)  # type: ignore[misc]
        limits.count(received)
        return received

    def send(self: Any, *arguments: Any) -> int:
        with _timed(self):
            sent: int = super().send(*arguments)  # type: ignore[misc]
        return sent


@contextmanager
def _timed(sock: Any) -> Iterator[Limits]:
    limits, usual = _limits(), sock.gettimeout()
    sock.settimeout(limits.timeout(usual))
    try:
        yield limits
    finally:
        sock.settimeout(usual)


class LimitedSocket(_Limited, socket.socket):
    """A socket within the limits of the current call."""

    def sendall(self, *arguments: Any) -> None:
        with _timed(self):
            super().sendall(*arguments)


class LimitedTLSSocket(_Limited, ssl.SSLSocket):
    """The same with TLS."""


class _LimitedConnection:
    """The parts of urllib3's connections that open sockets and begin a request."""

    used = False

    def _new_conn(self: Any) -> socket.socket:
        # The time limit for connecting, which urllib3 sets for each request.
        self.timeout = _limits().timeout(self.timeout)
        opened = super()._new_conn()  # type: ignore[misc]
        timeout = opened.gettimeout()
        limited_socket = LimitedSocket(
            opened.family, opened.type, opened.proto, fileno=opened.detach()
        )
        limited_socket.settimeout(timeout)
        return limited_socket

    def connect(self: Any) -> None:
        context = getattr(self, "ssl_context", None)
        if context is not None:
            context.sslsocket_class = LimitedTLSSocket
        self.used = False
        super().connect()  # type: ignore[misc]

    def request(self: Any, *arguments: Any, **named: Any) -> None:
        if self.used and _limits().reconnect:
            self.close()
        try:
            super().request(*arguments, **named)  # type: ignore[misc]
        finally:
            # Set it after this: the request may open the connection.
            self.used = True


try:
    from botocore.awsrequest import (
        AWSHTTPConnection,
        AWSHTTPConnectionPool,
        AWSHTTPSConnection,
        AWSHTTPSConnectionPool,
    )
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError
except ImportError:
    CALL_ERRORS: tuple[type[Exception], ...] = ()
else:
    # Exceptions of calls: botocore's own errors, those of the connection, and others for values that botocore cannot
    # encode or parse (such as ParseError for a bucket's location).
    CALL_ERRORS = (
        BotoCoreError,
        ClientError,
        ResponseParserError,
        HTTPError,
        HTTPException,
        OSError,
        ParseError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    )

    class Connection(_LimitedConnection, AWSHTTPConnection):  # type: ignore[misc]
        """A connection without TLS."""

    class TLSConnection(_LimitedConnection, AWSHTTPSConnection):  # type: ignore[misc]
        """A connection with TLS."""

    class Pool(AWSHTTPConnectionPool):
        """Kept connections without TLS."""

        ConnectionCls = Connection

    class TLSPool(AWSHTTPSConnectionPool):
        """Kept connections with TLS."""

        ConnectionCls = TLSConnection


#: Names without special rules, unlike ARNs, directory buckets (--x-s3) and Outposts (--op-s3).
ORDINARY = re.compile(r"(?!.*--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
STAND_IN = "bucket"


class BucketEndpoints:
    """Resolves the URLs of buckets in path style, in place of an S3 client's `EndpointProvider`.

    botocore evaluates about sixteen rules for each bucket that is not in its cache, a fifth of the CPU time of a call.
    With path style, all results differ only in the bucket's name.
    """

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def resolve_endpoint(self, **parameters: Any) -> Any:
        """botocore's RuleSetEndpoint for these parameters of its rules. Raises botocore's errors."""
        bucket = parameters.get("Bucket")
        if not parameters.get("ForcePathStyle") or not ORDINARY.fullmatch(bucket or ""):
            return self._provider.resolve_endpoint(**parameters)
        # botocore caches the result for the same parameters.
        found = self._provider.resolve_endpoint(**{**parameters, "Bucket": STAND_IN})
        return found._replace(url=f"{found.url.removesuffix(STAND_IN)}{bucket}")


def adapt(client: Any) -> None:
    """Make a botocore client respect the limits, and adapt it to CloudServer, Vault and Backbeat."""
    # botocore has no public interface for choosing the connection classes.
    session = client._endpoint.http_session
    pools = {"http": Pool, "https": TLSPool}
    session._pool_classes_by_scheme = pools
    session._manager.pool_classes_by_scheme = pools
    # Nor for resolving endpoints.
    resolver = client._ruleset_resolver
    if resolver is not None:
        resolver._provider = BucketEndpoints(resolver._provider)
    events = client.meta.events
    events.register("before-call.s3", _content_md5)
    events.register("before-call.s3", _follow_no_redirect)
    events.register("before-parse", _drop_proxy_page)
    events.register("before-parse.iam", _require_iam_response)
    events.register("before-parse.backbeat", name_backbeat_error)


def _content_md5(params: dict[str, Any], **_event: Any) -> None:
    """Send Content-MD5 if S3 requires a checksum.

    botocore sends CRC32, for which CloudServer releases in use return BadDigest.
    """
    checksum = params["context"].get("checksum", {})
    if not checksum.pop("request_algorithm", None):
        return
    checksum.pop("request_algorithm_header", None)
    body = params["body"]
    if isinstance(body, str):
        body = body.encode()
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


def _follow_no_redirect(params: dict[str, Any], **_event: Any) -> None:
    """Prevent botocore from looking for another AWS region.

    It would read the bucket's region by HEAD, and repeat this without end if the response is a redirect too.
    """
    params["context"].setdefault("s3_redirect", {})["redirected"] = True


_IAMS_OWN = re.compile(rb"\s*(<\?xml[^>]*>)?\s*<(\w+:)?\w+Response[\s>]")


def _require_iam_response(response_dict: dict[str, Any], **_event: Any) -> None:
    """Raise an error for a response that is not from IAM: for calls without a result, botocore accepts any XML."""
    if response_dict["status_code"] < 300 and not _IAMS_OWN.match(response_dict["body"]):
        raise ResponseParserError("it is not a response of IAM")


def _drop_proxy_page(response_dict: dict[str, Any], **_event: Any) -> None:
    """Remove the body of an HTML page with an error status: botocore's parse error would hide the status."""
    html = "html" in response_dict["headers"].get("content-type", "")
    if html and response_dict["status_code"] in (502, 503, 504):
        response_dict["body"] = b""
