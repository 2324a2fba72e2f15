# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted server, which returns prepared responses for Backbeat's routes.

Not the sandbox, because these tests define requests and unusual responses byte by byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import SERVICES
from ansible_collections.scality.backbeat.plugins.module_utils._clients.session import open_api
from tests.support.scripted import Request, http_response, scripted

JSON = "application/json"
OPTIONS: dict[str, Any] = {
    "profile": None,
    "access_key": "AKIA",
    "secret_key": "secret",
    "session_token": None,
    "region": "us-east-1",
    "validate_certs": True,
    "aws_ca_bundle": None,
    "aws_config": {"proxies": {}},
    "retry_timeout": 0,
}


@dataclass
class Backbeat:
    """answers: status, content type and body by "<METHOD> <path and query>"; requests: in order."""

    url: str
    answers: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    requests: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def answer(self, request: str, body: Any, status: int = 200, content_type: str = JSON) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers[request] = (status, content_type, data)

    @property
    def lines(self) -> list[str]:
        return [line for line, _body, _headers in self.requests]

    def api(self, service: str = "backbeat", **options: Any) -> Api:
        return open_api(SERVICES[service], {**OPTIONS, "endpoint_url": self.url, **options})


@contextmanager
def backbeat() -> Iterator[Backbeat]:
    """The server, which returns 404 RouteNotFound for requests without a prepared response."""
    with scripted() as server:
        stub = Backbeat(server.url)

        def answer(request: Request) -> bytes:
            stub.requests.append((request.line, request.body, request.headers))
            unknown = (404, JSON, b'{"RouteNotFound":true}')
            status, content_type, body = stub.answers.get(request.line, unknown)
            return http_response(f"{status} Status", {"Content-Type": content_type}, body)

        server.answer = answer
        yield stub
