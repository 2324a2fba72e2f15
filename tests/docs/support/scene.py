# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where messages are provoked: both sides of the sandbox, and servers of other kinds."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sandbox.certificates import SERVER_FILE, make_certificates
from tests.integration.support.modules import Result, Side


@dataclass(frozen=True)
class Scene:
    """What a provocation may use; the servers are as at their start."""

    source: Side
    target: Side
    folder: Path
    monkeypatch: pytest.MonkeyPatch


#: Provokes messages one after the other, each the result of a module.
Provocation = Callable[[Scene], Iterable[Result]]


def messages_of(result: Result) -> Iterator[str]:
    """What a result says: why it failed, and warnings."""
    if result.get("failed"):
        yield str(result["msg"])
    yield from result.get("warnings", ())


@contextmanager
def answering(status: int, headers: Mapping[str, str], body: bytes = b"") -> Iterator[str]:
    """A server that gives this answer to everything; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                return
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body if self.command != "HEAD" else b"")
            self.close_connection = True

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}"


class Quiet(ThreadingHTTPServer):
    """That a client refuses its certificate is what is wanted, and no news."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def speaking_tls(folder: Path) -> Iterator[str]:
    """A server whose certificate no authority has signed that this machine knows; its URL."""
    make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / SERVER_FILE)
    server = Quiet(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with _serving(server) as port:
        yield f"https://127.0.0.1:{port}"


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
