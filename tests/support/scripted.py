# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted HTTP server: it sends the responses that a test sets, and records the requests.

For responses that no S3, IAM or Backbeat server sends (proxies, HTML pages, redirects, broken TLS, invalid bodies)
and that the sandbox therefore does not imitate.
"""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Answer = Callable[["Request"], bytes]


@dataclass(frozen=True)
class Request:
    """A request: its first line without the version ("GET /path?query"), its headers, its body and all of its bytes."""

    line: str
    headers: dict[str, str]
    body: bytes
    raw: bytes


def http_response(status: str, headers: dict[str, str], body: bytes) -> bytes:
    """A complete response, with the length of the body unless the headers contain another one."""
    lines = {"Content-Length": str(len(body)), "Connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


class Scripted:
    """The server's response, and the requests that it received."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _asked: b""
        self.received: list[Request] = []
        self.url = ""

    @property
    def requests(self) -> list[bytes]:
        """The bytes of all requests, headers and bodies."""
        return [one.raw for one in self.received]

    def respond_with(self, status: str, headers: dict[str, str], body: bytes) -> None:
        """Send this response to every following request."""
        raw = http_response(status, headers, body)
        self.answer = lambda _asked: raw


@contextmanager
def scripted(tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Run a server until the context ends."""
    scripted_server = Scripted()

    class Handler(socketserver.StreamRequestHandler):
        def setup(self) -> None:
            if tls is not None:
                self.request = tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            if tls is not None:
                self.request.close()

        def handle(self) -> None:
            received = self._read()
            if received is not None:
                scripted_server.received.append(received)
                self.wfile.write(scripted_server.answer(received))

        def _read(self) -> Request | None:
            lines = list(iter(self.rfile.readline, b"\r\n"))[:100]
            if not lines or not lines[0]:
                return None
            fields = [line.decode("latin-1").partition(":") for line in lines[1:]]
            headers = {name.strip().lower(): value.strip() for name, _, value in fields}
            if "expect" in headers:
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = self.rfile.read(int(headers.get("content-length", 0)))
            line = lines[0].decode("latin-1").rpartition(" ")[0]
            return Request(line, headers, body, b"".join([*lines, b"\r\n", body]))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore clients that close the connection, as some tests do."""

    with Server(("127.0.0.1", 0), Handler) as server:
        scripted_server.url = "{}://{}:{}".format(
            "https" if tls else "http", *server.server_address
        )
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield scripted_server
        finally:
            server.shutdown()
