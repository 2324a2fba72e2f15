# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers are read as http.client reads them."""

from __future__ import annotations

import http.client
import io
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import Sandbox
from sandbox.messages import Headers, read_headers

NAMES = st.sampled_from(["Host", "X-Amz-Date", "x-amz-meta-a_b", "Content-Length", "host"])
LATIN = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f\x85\xa0")
VALUES = st.text(LATIN, max_size=9)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=8)


@given(fields=FIELDS, end=st.sampled_from(["\r\n", "\n"]))
def test_as_http_client_reads_them(fields: list[tuple[str, str]], end: str) -> None:
    lines = [f"{name}: {value}" for name, value in fields]
    data = end.join([*lines, "", "body"]).encode("latin-1")
    theirs, ours = io.BytesIO(data), io.BytesIO(data)
    message, headers = http.client.parse_headers(theirs), read_headers(ours)
    assert list(headers.items()) == message.items() == fields
    assert headers.get("HOST", "none") == message.get("HOST", "none")
    assert headers.get_all("hOST") == message.get_all("hOST", [])
    assert ("x-AMZ-date" in headers) == ("x-AMZ-date" in message)
    assert ours.read() == theirs.read() == b"body"


def test_a_value_that_goes_on_in_the_next_line() -> None:
    headers = read_headers(io.BytesIO(b"A: one\r\n  two\r\nB: three\r\n\r\n"))
    assert list(headers.items()) == [("A", "one two"), ("B", "three")]


def test_a_field_in_place_of_others() -> None:
    headers = Headers([("A", "1"), ("b", "2"), ("a", "3")])
    assert list(headers.having("a", "4").items()) == [("b", "2"), ("a", "4")]
    assert headers.get_all("a") == ["1", "3"]


@pytest.mark.sandbox
@pytest.mark.parametrize("line", [b"A: %s" % (b"x" * 70_000), b"\r\n".join([b"A: b"] * 101)])
def test_more_than_a_client_may_send(sandbox: Sandbox, line: bytes) -> None:
    assert exchange(sandbox, b"GET / HTTP/1.1\r\n%s\r\n\r\n" % line).startswith(b"HTTP/1.1 431 ")


@pytest.mark.sandbox
def test_clients_of_another_kind(sandbox: Sandbox) -> None:
    """An old one is answered, and one that speaks no HTTP is told so."""
    old = exchange(sandbox, b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
    assert old.startswith(b"HTTP/1.1 403 ")
    assert b"Connection: close" in old
    assert b"Bad request version" in exchange(sandbox, b"what is this\r\n\r\n")


def exchange(sandbox: Sandbox, data: bytes) -> bytes:
    """The answer to these bytes, up to the end of the connection."""
    port = int(sandbox.source.s3_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        return b"".join(iter(lambda: connection.recv(65536), b""))
