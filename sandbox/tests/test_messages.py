# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers of requests, and requests that are not valid HTTP/1.1."""

from __future__ import annotations

import socket
from email.message import Message

import pytest

from sandbox import Sandbox
from sandbox.messages import with_header


def test_header_replaces_all_headers_of_its_name() -> None:
    headers = Message()
    for name, value in (("A", "1"), ("b", "2"), ("a", "3")):
        headers[name] = value
    assert with_header(headers, "a", "4").items() == [("b", "2"), ("a", "4")]
    assert headers.get_all("a") == ["1", "3"]


@pytest.mark.sandbox
@pytest.mark.parametrize("line", [b"A: %s" % (b"x" * 70_000), b"\r\n".join([b"A: b"] * 101)])
def test_too_long_or_too_many_headers_are_refused(sandbox: Sandbox, line: bytes) -> None:
    assert exchange(sandbox, b"GET / HTTP/1.1\r\n%s\r\n\r\n" % line).startswith(b"HTTP/1.1 431 ")


@pytest.mark.sandbox
def test_http_1_0_is_accepted_and_other_protocols_are_refused(sandbox: Sandbox) -> None:
    """An HTTP/1.0 client gets a response, and a client without HTTP an error."""
    old = exchange(sandbox, b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert old.startswith(b"HTTP/1.1 403 ")
    assert b"Connection: close" in old
    assert b"Bad request version" in exchange(sandbox, b"what is this\r\n\r\n")


def exchange(sandbox: Sandbox, data: bytes) -> bytes:
    """Send these bytes; returns the response up to the end of the connection."""
    port = int(sandbox.source.s3_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65536), b""))
