# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port with which tests control an environment, and over which environments send to each other."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from typing import Any

from .faults import Fault
from .installation import Installation
from .listener import Listener
from .messages import Request, Response
from .wire import post


class Control:
    """Serves POST /<command> with JSON objects as input and output. A bad command returns 400 and {"error"}."""

    def __init__(self, peers: Peers, stop: Callable[[], None]) -> None:
        self.installation: Installation | None = None
        self.services: dict[str, Listener] = {}
        self._peers = peers
        self._stop = stop
        self._commands: dict[str, Callable[[Installation, dict[str, Any]], Any]] = {
            "hello": self._hello,
            "peers": self._set_peers,
            "reset": self._reset,
            "outage": self._outage,
            "settings": self._settings,
            "seed": lambda here, given: here.seed(**given),
            "fail": lambda here, given: here.faults.add(Fault(**given)),
            "faults": lambda here, _: here.faults.as_list(),
            "clear_faults": lambda here, _: here.faults.clear(),
            "calls": lambda here, _: here.log.entries(),
            "wait_for_call": lambda here, given: here.log.wait(given["wanted"], given["seconds"]),
            "clear_calls": lambda here, _: here.log.clear(),
            "stop": lambda _here, _: threading.Timer(0.05, self._stop).start(),
        }

    def answer(self, request: Request) -> Response:
        name = request.path.lstrip("/")
        try:
            if self.installation is None:
                raise ValueError("the environment is still starting")
            if name == "replica":
                head, _, data = request.body.partition(b"\n")
                result: Any = self.installation.receive(json.loads(head), data)
            elif name in self._commands:
                result = self._commands[name](self.installation, json.loads(request.body or b"{}"))
            else:
                raise ValueError(f"no such command: {name}")
        except (ValueError, TypeError, KeyError) as error:
            return _json(400, {"error": str(error)})
        return _json(200, result)

    def _hello(self, here: Installation, _given: dict[str, Any]) -> dict[str, Any]:
        return {"environment": here.name, "nonce": here.nonce, "pid": os.getpid()}

    def _set_peers(self, _here: Installation, given: dict[str, Any]) -> None:
        self._peers.urls = given["urls"]

    def _reset(self, here: Installation, _given: dict[str, Any]) -> None:
        here.reset()
        for name, service in self.services.items():
            if name != "backbeat":
                service.run()
        self.serve_backbeat()

    def _outage(self, here: Installation, given: dict[str, Any]) -> None:
        for name, service in self.services.items():
            if given["service"] not in (None, name):
                continue
            if name == "backbeat":
                # Not only its own port is down then.
                self._settings(here, {"backbeat_down": given["down"]})
            else:
                (service.refuse if given["down"] else service.run)()

    def _settings(self, here: Installation, given: dict[str, Any]) -> dict[str, Any]:
        here.change(here.settings.changed(given))
        self.serve_backbeat()
        return here.settings.as_dict()

    def serve_backbeat(self) -> None:
        """Open Backbeat's own port, or close it while Backbeat is absent or down."""
        settings = self.installation.settings if self.installation else None
        up = settings is not None and settings.backbeat and not settings.backbeat_down
        (self.services["backbeat"].run if up else self.services["backbeat"].refuse)()


class Peers:
    """The other environments, for this one's replicator."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}

    def send(self, environment: str, facts: dict[str, Any], data: bytes) -> str:
        """Returns why the version was not stored there, or ""."""
        body = json.dumps(facts).encode() + b"\n" + data
        if environment not in self.urls:
            return f"there is no environment {environment}"
        try:
            return str(post(f"{self.urls[environment]}/replica", body))
        except (OSError, ValueError) as error:
            return f"{environment} cannot be reached: {error}"


def _json(status: int, value: Any) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
