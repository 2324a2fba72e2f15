# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Responses that never end or are too large, and connections that were closed without notice."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients import (
    s3_buckets,
    s3_objects,
    session,
    wire,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Unreachable,
    Unreadable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3
from ansible_collections.scality.backbeat.plugins.module_utils._queries.object_check import (
    ObjectCheck,
    ObjectCheckRequest,
    Replica,
)
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Deadline
from ansible_collections.scality.backbeat.plugins.module_utils._work import Unsatisfied

from .conftest import options

OK = b"HTTP/1.1 200 OK\r\nx-amz-request-id: R\r\n"
BODY = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
WHOLE = OK + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY

Behaviour = Callable[[socket.socket], object]


@contextmanager
def server(behave: Behaviour) -> Iterator[str]:
    """The URL of a server with this behaviour for each connection, in a separate thread."""
    listener = socket.create_server(("127.0.0.1", 0))

    def treat(connection: socket.socket) -> None:
        with connection:
            try:
                behave(connection)
            except OSError:
                return

    def listen() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=treat, args=(connection,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def api_at(url: str, seconds: float, retry_timeout: float = 0.0) -> Api:
    given = options(endpoint_url=url, retry_timeout=retry_timeout)
    return session.open_api(S3, given, deadline=Deadline(seconds))


def drip(start: bytes, piece: bytes = b"x") -> Behaviour:
    """Send the start, then one piece at a time, endlessly."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(start)
        while True:
            connection.sendall(piece)
            time.sleep(0.02)

    return behave


@pytest.mark.parametrize(
    "behave",
    [
        drip(b""),
        drip(OK + b"x-long: "),
        drip(OK + b"Content-Length: 1000000\r\n\r\n"),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(OK + b"\r\n"),
        lambda connection: time.sleep(5),
    ],
    ids=["status", "header", "body", "chunks", "no length", "silence"],
)
def test_an_endless_response_ends_at_the_deadline(behave: Behaviour) -> None:
    with server(behave) as url:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            s3_buckets.versioning(api_at(url, 0.5), "b")
        assert time.monotonic() - began < 2


def test_retries_end_at_the_deadline_with_a_message() -> None:
    with server(lambda connection: None) as url:
        began = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            s3_buckets.versioning(api_at(url, 0.5, retry_timeout=60.0), "b")
        assert 0.4 < time.monotonic() - began < 3
    assert caught.value.call.operation == "GetBucketVersioning"


def test_no_call_is_made_after_the_deadline() -> None:
    api = api_at("http://127.0.0.1:9", 0.0)
    with pytest.raises(Unreachable, match="time limit of 0 s is over") as caught:
        s3_buckets.put_versioning(api, "b", "Enabled")
    assert (caught.value.sent, caught.value.unsure) == (False, False)


def large(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(OK + b"Content-Length: 100000000\r\n\r\n" + b"<a>")
    while True:
        connection.sendall(b"x" * 65536)


def test_a_response_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wire.LARGEST_ANSWER == 64 * 1024**2
    monkeypatch.setattr(f"{Api.__module__}.LARGEST_ANSWER", 1024**2)
    with (
        server(large) as url,
        pytest.raises(Unreadable, match="the answer has more than 1 MiB") as caught,
    ):
        s3_buckets.versioning(api_at(url, 30.0), "b")
    assert "proxy" in str(caught.value)


def test_the_body_of_an_object_may_be_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{Api.__module__}.LARGEST_ANSWER", 1024)
    size = 100_000

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(OK + b"Content-Length: %d\r\n\r\n" % size)
        time.sleep(0.2)
        connection.sendall(b"x" * size)

    with server(behave) as url:
        pieces = list(s3_objects.object_body(api_at(url, 30.0), "b", "k", None))
    assert sum(map(len, pieces)) == size


def test_the_body_of_an_object_ends_at_the_deadline() -> None:
    with server(drip(OK + b"Content-Length: 1000\r\n\r\n")) as url:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            list(s3_objects.object_body(api_at(url, 0.5), "b", "k", None))
        assert time.monotonic() - began < 2


def test_a_call_after_a_lost_response_uses_a_new_connection() -> None:
    """Servers and proxies may drop a kept connection, and only reject it when it is used."""
    served: list[int] = []

    def once_each(connection: socket.socket) -> None:
        connection.recv(65536)
        served.append(1)
        connection.sendall(WHOLE)
        # The connection stays open until the next request on it.
        connection.recv(65536)

    with server(once_each) as url:
        api = api_at(url, 30.0)
        assert s3_buckets.versioning(api, "b") == "Enabled"
        with pytest.raises(Unreachable) as caught:
            s3_buckets.put_versioning(api, "b", "Enabled")
        assert caught.value.unsure
        assert s3_buckets.versioning(api, "b") == "Enabled"
        s3_buckets.put_versioning(api, "b", "Enabled")
    assert len(served) == 3


@pytest.mark.parametrize("both", [True, False])
def test_waiting_for_an_object_ends_in_time(both: bool) -> None:
    """Also if the server does not respond at the first poll or at a later one, whatever the time for retries is."""
    request = ObjectCheckRequest("bucket", "k", replica=Replica("other", "k"), timeout=1.0)

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        if both:
            connection.sendall(OK + b'ETag: "e"\r\nContent-Length: 0\r\n\r\n')
        time.sleep(20)

    with server(behave) as url, server(drip(OK + b"x-slow: ")) as other:
        here, there = (api_at(one, 600.0, retry_timeout=60.0) for one in (url, other))
        began = time.monotonic()
        with pytest.raises((Unsatisfied, Unreachable)):
            ObjectCheck(request, here, there).run()
        assert time.monotonic() - began < 6
