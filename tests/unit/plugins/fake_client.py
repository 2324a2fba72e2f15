# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The common part of the fakes: an endpoint in memory in place of a botocore client.

They are used instead of the sandbox for two reasons: ansible-test runs the unit tests of modules without moto, and
tests of resources act between two of its calls (`before`, `after`) and read the state directly. They pass the contract
(tests/contract).
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3, SERVICES
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Backoff

ENDPOINT = "http://node1"


class Time:
    """A clock that only advances in sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def backoff(self, timeout: float, **options: float) -> Backoff:
        """A Backoff without randomness: each pause has the full length of its step."""
        return Backoff(
            timeout, **options, clock=self.clock, sleep=self.sleep, jitter=lambda _low, high: high
        )


class Names:
    """Maps botocore methods to operations, such as put_object to PutObject."""

    def __getitem__(self, method: str) -> str:
        return "".join(word.capitalize() for word in method.split("_"))


class FakeClient:
    """A client whose methods are operations; `calls`: the operations in order, `writes`: those that change
    something."""

    def __init__(self) -> None:
        self.meta = SimpleNamespace(method_to_api_mapping=Names())
        self.calls: list[str] = []
        self._faults: dict[str, list[tuple[str, Callable[[], object]]]] = {}

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith(("Get", "List", "Head"))]

    def before(self, method: str, does: Callable[[], object] | Exception) -> None:
        """Do this (or raise it) in the next call without a fault, before the server acts."""
        self._faults.setdefault(method, []).append(("before", _doing(does)))

    def after(self, method: str, does: Callable[[], object] | Exception) -> None:
        """Do this after the server acted; if it raises, the response is lost."""
        self._faults.setdefault(method, []).append(("after", _doing(does)))

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if name.startswith(("_", "before", "after", "api")) or not callable(value):
            return value

        def call(**parameters: Any) -> dict[str, Any]:
            self.calls.append(Names()[name])
            faults = self._faults.get(name)
            when, does = faults.pop(0) if faults else ("", lambda: None)
            if when == "before":
                does()
            answer = value(**parameters) or {}
            if when == "after":
                does()
            metadata = {"RequestId": "R1", "HTTPStatusCode": 200, "HTTPHeaders": {}}
            return {"ResponseMetadata": metadata, **answer}

        return call

    def api(self, timeout: float = 0.0, time: Time | None = None, endpoint: str = ENDPOINT) -> Api:
        service = type(self).__name__.removeprefix("Fake").lower()
        return Api(self, SERVICES.get(service, S3), endpoint, (time or Time()).backoff(timeout))


def lost() -> Exception:
    """botocore's exception for a missing response."""
    return ReadTimeoutError(endpoint_url=ENDPOINT)


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    """botocore's exception for a response with an error."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "RequestId": "R1",
                "HTTPStatusCode": status,
                "HTTPHeaders": {},
            },
        },
        "Operation",
    )


def _doing(does: Callable[[], object] | Exception) -> Callable[[], object]:
    if not isinstance(does, Exception):
        return does

    def fail() -> None:
        raise does

    return fail
