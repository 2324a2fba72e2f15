# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""botocore clients that get their responses from the test."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils._clients import session
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import SERVICES
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import CONNECTION

from ...fake_client import Time

HERE = Path(__file__).parent
#: The function that makes the call, the operation, its parameters, the response, and the expected result.
Case = tuple[Callable[[Api], Any], str, dict[str, Any], dict[str, Any], Any]
Answered = Callable[..., Any]
ENDPOINTS = {"s3": "http://node1", "iam": "http://node1:8600"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lowest_boto3)


@pytest.fixture(autouse=True)
def _no_other_settings(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own settings have no effect."""
    for name in [
        name for name in os.environ if name.startswith("AWS_") or name == "REQUESTS_CA_BUNDLE"
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def options(service: str = "s3", **differences: Any) -> dict[str, Any]:
    """Connection options as passed by Ansible."""
    defaults = {name: option.get("default") for name, option in CONNECTION.items()}
    keys = {"access_key": "AK", "secret_key": "the-secret"}
    return {**defaults, **keys, "endpoint_url": ENDPOINTS[service], **differences}


class Wire:
    """Records a client's requests, and returns responses in order; the last one repeatedly."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.api.backoff = Time().backoff(0.0)
        self.requests: list[AWSPreparedRequest] = []
        self.answers: list[Exception | tuple[int, bytes, Mapping[str, str]]] = []

    def answer(self, status: int = 200, body: str | bytes = "", **headers: str) -> None:
        named = {"x-amz-request-id": "R1", **{k.replace("_", "-"): v for k, v in headers.items()}}
        kept = {name: value for name, value in named.items() if value}
        self.answers.append((status, body.encode() if isinstance(body, str) else body, kept))

    def fail(self, error: Exception) -> None:
        self.answers.append(error)

    def send(self, request: AWSPreparedRequest, **_event: Any) -> AWSResponse:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = answer
        return AWSResponse(request.url, status, _Headers(headers), _Raw(body))


class _Headers(dict[str, str]):
    """Headers as in urllib3: case-insensitive."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in headers.items()})

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


class _Raw(io.BytesIO):
    def stream(self, *_arguments: Any, **_options: Any) -> Iterator[bytes]:
        yield self.read()


def sent(request: AWSPreparedRequest, name: str) -> str:
    """A header that was sent."""
    value = request.headers[name]
    return value.decode() if isinstance(value, bytes) else str(value)


@contextmanager
def wire(service: str, **differences: Any) -> Iterator[Wire]:
    """A real client connected to the test; it is restored afterwards, because clients are shared."""
    link = Wire(session.open_api(SERVICES[service], options(service, **differences)))
    events = link.api.client.meta.events
    events.register("before-send", link.send)
    try:
        yield link
    finally:
        events.unregister("before-send", link.send)


@pytest.fixture
def s3() -> Iterator[Wire]:
    with wire("s3") as link:
        yield link


@pytest.fixture
def iam() -> Iterator[Wire]:
    with wire("iam") as link:
        yield link


@pytest.fixture
def stub(api: Api) -> Iterator[Stubber]:
    """Responses for the `api` of the test's file, in the order of its calls."""
    with Stubber(api.client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def answered(api: Api, stub: Stubber) -> Answered:
    """Make a call that must send this operation and these parameters. Returns its result."""

    def ask(
        call: Callable[[Api], Any],
        operation: str,
        parameters: dict[str, Any],
        answer: dict[str, Any],
    ) -> Any:
        # botocore decodes documents in place.
        stub.add_response(operation, deepcopy(answer), parameters)
        return call(api)

    return ask
