# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port by which tests rule a side, and by which the two sides reach each other."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from typing import Any

from .faults import Fault
from .listener import Listener
from .messages import Request, Response
from .side import Side
from .wire import post


class Control:
    """Answers POST /<command> with a JSON object in and out. A bad command gives 400 and {"error"}."""

    def __init__(self, peer: Peer, stop: Callable[[], None]) -> None:
        self.side: Side | None = None
        self.services: dict[str, Listener] = {}
        self._peer = peer
        self._stop = stop
        self._commands: dict[str, Callable[[Side, dict[str, Any]], Any]] = {
            "hello": self._hello,
            "peer": self._set_peer,
            "reset": self._reset,
            "outage": self._outage,
            "settings": self._settings,
            "fail": lambda side, given: side.faults.add(Fault(**given)),
            "faults": lambda side, _: side.faults.as_list(),
            "clear_faults": lambda side, _: side.faults.clear(),
            "calls": lambda side, _: side.log.entries(),
            "clear_calls": lambda side, _: side.log.clear(),
            "stop": lambda _side, _: threading.Timer(0.05, self._stop).start(),
        }

    def answer(self, request: Request) -> Response:
        name = request.path.lstrip("/")
        try:
            if self.side is None:
                raise ValueError("the side is still starting")
            if name == "replica":
                head, _, data = request.body.partition(b"\n")
                result: Any = self.side.receive(json.loads(head), data)
            elif name in self._commands:
                result = self._commands[name](self.side, json.loads(request.body or b"{}"))
            else:
                raise ValueError(f"no such command: {name}")
        except (ValueError, TypeError) as error:
            return _json(400, {"error": str(error)})
        return _json(200, result)

    def _hello(self, side: Side, _given: dict[str, Any]) -> dict[str, Any]:
        return {"side": side.name, "nonce": side.nonce, "pid": os.getpid()}

    def _set_peer(self, _side: Side, given: dict[str, Any]) -> None:
        self._peer.url = given["url"]

    def _reset(self, side: Side, _given: dict[str, Any]) -> None:
        side.reset()
        for service in self.services.values():
            service.run()

    def _outage(self, _side: Side, given: dict[str, Any]) -> None:
        for name, service in self.services.items():
            if given["service"] in (None, name):
                (service.refuse if given["down"] else service.run)()

    def _settings(self, side: Side, given: dict[str, Any]) -> dict[str, Any]:
        side.change(side.settings.changed(given))
        return side.settings.as_dict()


class Peer:
    """The other side, as this side's replicator sees it."""

    def __init__(self) -> None:
        self.url = ""

    def send(self, facts: dict[str, Any], data: bytes) -> str:
        """Returns why the version was not stored there, or ""."""
        try:
            return str(post(f"{self.url}/replica", json.dumps(facts).encode() + b"\n" + data))
        except (OSError, ValueError) as error:
            return f"the other side cannot be reached: {error}"


def _json(status: int, value: Any) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
