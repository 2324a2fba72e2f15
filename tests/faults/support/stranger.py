# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one scripted server: it answers everything with the same bytes, or with what a function makes of the request.

For answers that no S3 or IAM server gives (proxies, pages, redirects, broken TLS), which the sandbox therefore does not
imitate. It claims no part of the contract.
"""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[bytes], bytes]


class Stranger:
    """What it answers, and the requests that it got, heads and bodies."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _request: b""
        self.requests: list[bytes] = []
        self.url = ""

    def say(self, status: str, headers: dict[str, str], body: bytes) -> None:
        """From now on the same answer, whose length is the body's unless the headers tell another."""
        lines = {"Content-Length": str(len(body)), "Connection": "close", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        raw = f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body
        self.answer = lambda _request: raw


@contextmanager
def stranger(tls: ssl.SSLContext | None = None) -> Iterator[Stranger]:
    """It listens as long as the `with` lasts."""
    here = Stranger()

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
            request = self._read()
            if request:
                here.requests.append(request)
                self.wfile.write(here.answer(request))

        def _read(self) -> bytes:
            lines = list(iter(self.rfile.readline, b"\r\n"))[:100]
            lengths = [line for line in lines if line.lower().startswith(b"content-length:")]
            if any(line.lower().startswith(b"expect:") for line in lines):
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            size = int(lengths[0].partition(b":")[2]) if lengths else 0
            return b"".join([*lines, b"\r\n", self.rfile.read(size)])

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Clients that hang up are part of the tests."""

    with Server(("127.0.0.1", 0), Handler) as server:
        here.url = "{}://{}:{}".format("https" if tls else "http", *server.server_address)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield here
        finally:
            server.shutdown()
