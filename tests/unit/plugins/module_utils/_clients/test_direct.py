# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests without botocore: their signature equals botocore's, and responses in every form are read."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._clients import direct
from ansible_collections.scality.backbeat.plugins.module_utils._clients.direct import (
    LARGEST_BODY,
    LARGEST_HEAD,
    Reply,
    Signer,
    _Connection,
    _host_header,
    md5,
)

from .._documents.generated import PROFILE

TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12)
HOST = "node1:8000"


def botocores(
    credentials: Credentials, method: str, target: str, body: bytes | None
) -> dict[str, str]:
    """The headers with which botocore signs the same request."""
    headers = {} if body is None else {"Content-MD5": md5(body)}
    request = AWSRequest(method, f"http://{HOST}{target}", data=body or b"", headers=headers)
    frozen: Any = credentials.get_frozen_credentials()
    S3SigV4Auth(frozen, "s3", "us-east-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@PROFILE
@given(
    key=TEXT,
    version=st.none() | st.text("0123abc-~", min_size=1),
    token=st.none() | st.just("t"),
    tagging=st.booleans(),
    body=st.none() | st.binary(min_size=1),
)
def test_signs_as_botocore_does(
    key: str, version: str | None, token: str | None, tagging: bool, body: bytes | None
) -> None:
    credentials = Credentials("KEY", "secret", token)
    method = "HEAD" if body is None else "PUT"
    path = f"/bucket/{quote(key, safe='/~')}"
    query = "&".join(
        [*(["tagging="] if tagging else []), *([f"versionId={version}"] if version else [])]
    )
    target = f"{path}?{query}" if query else path
    theirs = botocores(credentials, method, target, body)
    moment = datetime.strptime(theirs["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    signer: Any = SimpleNamespace(_credentials=credentials, region_name="us-east-1")
    request = Signer(SimpleNamespace(_request_signer=signer), HOST).request(
        method, path, query, moment.timestamp(), body
    )
    head, _end, sent = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    ours = dict(line.split(":", 1) for line in lines)
    found = {name: value.strip() for name, value in ours.items()}
    length = found.pop("content-length", None)
    assert first == f"{method} {target} HTTP/1.1"
    assert found == {**theirs, "host": HOST}
    assert (length, sent) == (None if body is None else str(len(body)), body or b"")


def test_each_request_has_its_own_credentials_and_time() -> None:
    signer: Any = SimpleNamespace(_credentials=Credentials("KEY", "one"), region_name="us-east-1")
    ours = Signer(SimpleNamespace(_request_signer=signer), HOST)

    def request(now: float) -> bytes:
        return ours.request("HEAD", "/bucket/key", "", now)

    first = request(0.0)
    assert request(0.9) == first
    assert b"x-amz-date:19700101T000001Z" in request(1.0)
    assert b"/19700102/us-east-1/" in request(86400.0)
    # Renewed within the same second.
    signer._credentials = Credentials("KEY", "other")
    assert request(0.0) != first
    signer._credentials = Credentials("KEY", "one")
    assert request(0.0) == first


def exchange(
    answer: bytes, *, body: bool = True, pieces: int = 1, hold: float = 0.0, **more: int
) -> tuple[Reply, bool]:
    """The result of a connection for a response in pieces; hold: seconds after the last one."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            accepted, _address = server.accept()
            # A client may end the connection early.
            with accepted, contextlib.suppress(OSError):
                accepted.recv(65536)
                for number in range(pieces):
                    begin, end = (len(answer) * one // pieces for one in (number, number + 1))
                    accepted.sendall(answer[begin:end])
                time.sleep(hold)

        thread = threading.Thread(target=serve)
        thread.start()
        connection = _Connection("127.0.0.1", server.getsockname()[1])
        try:
            return connection.exchange(b"GET", body=body, **more)
        finally:
            connection.close()
            thread.join()


@pytest.mark.parametrize("pieces", [1, 40])
@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
    ],
)
def test_reads_bodies_of_known_length_and_in_chunks(rest: bytes, pieces: int) -> None:
    reply, kept = exchange(b"HTTP/1.1 200 OK\r\nX-Amz-Request-Id: 1\r\n" + rest, pieces=pieces)
    assert (reply.status, reply.body, reply.from_s3, kept) == (200, b"hello", True, True)


def test_a_response_to_head_has_no_body_whatever_its_length_is() -> None:
    reply, kept = exchange(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", body=False)
    assert (reply.status, reply.from_s3, kept) == (200, False, True)


def test_a_connection_that_the_server_closes_is_not_kept() -> None:
    closed = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    assert not exchange(closed)[1]
    assert not exchange(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab")[1]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\n\r\nof unknown length",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnumber\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * LARGEST_HEAD,
    ],
)
def test_a_response_that_is_not_http_is_an_error(answer: bytes) -> None:
    with pytest.raises((OSError, ValueError)):
        exchange(answer)


@pytest.mark.parametrize("pieces", [1, 40])
@pytest.mark.parametrize("form", ["length", "chunks"])
def test_a_page_may_be_larger_than_a_response_about_an_object(form: str, pieces: int) -> None:
    content = b"x" * (LARGEST_BODY + 1)
    size = len(content)
    rest = {
        "length": b"Content-Length: %d\r\n\r\n%s" % (size, content),
        "chunks": b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (size, content),
    }
    answer = b"HTTP/1.1 200 OK\r\n" + rest[form]
    assert exchange(answer, pieces=pieces, most=size)[0].body == content
    with pytest.raises(OSError, match="too large"):
        exchange(answer, pieces=pieces)


def test_many_chunks_together_are_too_large() -> None:
    chunks = b"".join(b"5\r\nhello\r\n" for _ in range(3))
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    assert exchange(answer, most=15)[0].body == b"hello" * 3
    with pytest.raises(OSError, match="too large"):
        exchange(answer, most=14)


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"])
def test_a_missing_response_is_a_timeout(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "TIMEOUT", 1.0)
    with pytest.raises(OSError, match="temporarily unavailable"):
        exchange(begun, hold=3.0)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://node1", "node1"),
        ("http://node1:80", "node1"),
        ("https://node1:443", "node1"),
        ("https://node1:80", "node1:80"),
        ("http://node1:8000", "node1:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_the_host_header_has_a_port_that_is_not_the_default(url: str, host: str) -> None:
    assert _host_header(urlsplit(url)) == host
