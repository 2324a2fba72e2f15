# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 on a loopback port, with every response in one write, and with all faults on the wire."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .messages import Request, Response, Service

Answer = Callable[[Request], Response]
LOOPBACK = "127.0.0.1"


class Listener(ThreadingHTTPServer):
    """Listens on a port for one service. Raises OSError if a fixed port is in use."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self, port: int, service: Service, answer: Answer, tls: ssl.SSLContext | None = None
    ) -> None:
        self.service = service
        self.answer = answer
        self.tls = tls
        self.connections: set[socket.socket] = set()
        self._running = False
        self._thread = threading.Thread()
        super().__init__((LOOPBACK, port), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def run(self) -> None:
        """Serve in a separate thread; idempotent."""
        if not self._running:
            self._running = True
            self.server_activate()
            self._thread = threading.Thread(target=self._serve, daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        """Wait for connections without polling, because many sandboxes are idle most of the time."""
        while self._running:
            self.handle_request()

    def refuse(self) -> None:
        """Refuse connections, like a service that is down, and keep the port for `run`."""
        if not self._running:
            return
        self._running = False
        with socket.create_connection((LOOPBACK, self.port)):
            # Wake the thread, so that it ends.
            self._thread.join()
        self.socket.close()
        self.socket = socket.socket()
        self.server_bind()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        # The base class resolves the host's name, which may take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients that close connections, or do not use TLS, are part of the tests.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def setup(self) -> None:
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()
        if self.server.tls is not None:
            self.request.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log, because the sandbox has its own."""

    def _handle(self) -> None:
        request = Request(
            self.server.service, self.command, self.path, self.headers, self._read_body()
        )
        response = self.server.answer(request)
        if response.wire == "reset":
            self._reset()
        elif response.wire == "no-http":
            self.connection.sendall(b"\x15\x03\x01\x00\x02\x02\x16 this is no HTTP\r\n\r\n")
            self.close_connection = True
        else:
            self._send(response)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_OPTIONS = do_PATCH = _handle

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> Any:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _send(self, response: Response) -> None:
        headers = {"Server": "S3 Server", **response.headers}
        bare = self.command == "HEAD" or response.status in (204, 304)
        body = b"" if bare else response.body
        if response.status != 204 and "content-length" not in {name.lower() for name in headers}:
            headers["Content-Length"] = str(len(response.body))
        if response.wire == "huge":
            headers["Content-Length"] = str(len(response.body) + response.padding)
        if response.wire == "truncated":
            # Without a body, truncate the first line.
            self.close_connection = True
            headers["Content-Length"] = str(len(body) + 1000)
            body = body[: len(body) // 2]
        if self.close_connection:
            headers["Connection"] = "close"
        try:
            phrase = HTTPStatus(response.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {response.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if response.wire == "truncated" and bare:
            head = head[:7]
        if response.wire == "drip":
            self._drip(head + body, response.pause)
            return
        # One write: two would wait 40 ms for each other (delayed acknowledgement).
        self.connection.sendall(head + body)
        if response.wire == "huge" and not bare:
            self._pad(response.padding)

    def _drip(self, data: bytes, pause: float) -> None:
        """Send a byte at a time, until the client closes the connection."""
        for number in range(len(data)):
            self.connection.sendall(data[number : number + 1])
            time.sleep(pause)

    def _pad(self, size: int) -> None:
        block = b" " * 65536
        while size > 0:
            self.connection.sendall(block[:size])
            size -= len(block)

    def _reset(self) -> None:
        """Send a reset: close the descriptor without lingering, independently of Python's reference count."""
        self.close_connection = True
        connection = self.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())
