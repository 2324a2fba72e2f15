# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every call gets responses that are not valid for S3 or IAM: a clear error, and neither success nor "absent"."""

from __future__ import annotations

import inspect
import io
import json
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._clients import (
    iam_entities,
    s3_buckets,
    s3_objects,
    session,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import ApiError
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import SERVICES
from tests.faults.support.responses import PAGE, ROLE, XML
from tests.support.scripted import Scripted, scripted

ARGUMENTS: dict[str, Any] = {
    "api": None,
    "arn": "arn:aws:iam::123456789012:policy/P",
    "bucket": "bucket",
    "configuration": {"Role": "r", "Rules": []},
    "content_type": "text/plain",
    "description": "d",
    "document": {"Version": "2012-10-17"},
    "key": "k",
    "limit": 10,
    "location": "us-east-1",
    "metadata": {},
    "name": "N",
    "part": (0, 9),
    "path": "/",
    "policy_arn": "arn:aws:iam::123456789012:policy/P",
    "prefix": "",
    "role": "R",
    "size": 10,
    "status": "Enabled",
    "tags": {"a": "b"},
    "trust_policy": {"Version": "2012-10-17"},
    "version_id": "v1",
}
ERROR = b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>"

INVALID: dict[str, tuple[str, dict[str, str], bytes]] = {
    "an HTML page": ("200 OK", {"Content-Type": "text/html"}, PAGE),
    "an HTML page labelled as XML": ("200 OK", XML, PAGE),
    "an empty response": ("200 OK", {}, b""),
    "no content": ("204 No Content", {}, b""),
    "JSON": ("200 OK", {"Content-Type": "application/json"}, b'{"status": "ok"}'),
    "other XML": ("200 OK", XML, b"<ok/>"),
    "plain text": ("200 OK", {"Content-Type": "text/plain"}, b"It works!"),
    "every byte": ("200 OK", XML, bytes(range(256))),
    "another encoding": ("200 OK", XML, '<?xml version="1.0"?><ok>é</ok>'.encode("utf-16")),
    "a wrong encoding": ("200 OK", XML, b'<?xml version="1.0" encoding="utf-8"?><ok>\xe9</ok>'),
    "an unknown encoding": ("200 OK", XML, b'<?xml version="1.0" encoding="x-none"?><ok/>'),
    "an entity": ("200 OK", XML, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    "half of a response": ("200 OK", XML, ROLE[:300]),
    "less than Content-Length": ("200 OK", {**XML, "Content-Length": "5000"}, ROLE[:300]),
    "invalid gzip": ("200 OK", {**XML, "Content-Encoding": "gzip"}, b"this is no gzip"),
    "404 with an HTML page": ("404 Not Found", {"Content-Type": "text/html"}, PAGE),
    "404 without a body": ("404 Not Found", {}, b""),
    "404 with JSON": ("404 Not Found", {"Content-Type": "application/json"}, b'{"message": "no"}'),
    "403 with an HTML page": ("403 Forbidden", {"Content-Type": "text/html"}, PAGE),
    "a redirect to a login page": ("302 Found", {"Location": "http://127.0.0.1:9/login"}, b""),
    "407 with an HTML page": ("407 Proxy Authentication Required", {"Content-Type": "text/html"}, PAGE),
    "502 with an HTML page": ("502 Bad Gateway", {"Content-Type": "text/html"}, PAGE),
    "418 with text": ("418 I'm a teapot", {"Content-Type": "text/plain"}, b"short and stout"),
    "an unknown status code": ("799 What", {}, b""),
    "an invalid status code": ("abc", {}, b""),
    "a negative Content-Length": ("200 OK", {"Content-Length": "-5"}, b""),
}  # fmt: skip


CLIENTS: dict[str, tuple[ModuleType, ...]] = {
    "iam": (iam_entities,),
    "s3": (s3_buckets, s3_objects),
}


def calls(service: str) -> dict[str, Callable[..., Any]]:
    """Every client function that makes a call, by name."""
    return {
        name: function
        for module in CLIENTS[service]
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_")
        and function.__module__ == module.__name__
        and "api" in inspect.signature(function).parameters
    }


CALLS = [(service, name) for service in CLIENTS for name in calls(service)]


@pytest.fixture(scope="module")
def server() -> Iterator[Scripted]:
    with scripted() as scripted_server:
        yield scripted_server


def outcome(server: Scripted, service: str, name: str) -> Any:
    """What the function returns, or the ApiError that it raises."""
    options = {
        "endpoint_url": server.url,
        "access_key": "A",
        "secret_key": "the-secret",
        "region": "us-east-1",
        "aws_config": {"connect_timeout": 2, "read_timeout": 5},
        "retry_timeout": 0.0,
    }
    api: Api = session.open_api(SERVICES[service], options)
    function = calls(service)[name]
    known = {**ARGUMENTS, "api": api, "body": io.BytesIO(b"content")}
    wanted = {one: known[one] for one in inspect.signature(function).parameters}
    try:
        answer = function(**wanted)
        return list(answer) if inspect.isgenerator(answer) else answer
    except ApiError as error:
        return error


def unclear(error: ApiError) -> str:
    """What is wrong with the message; "" if nothing."""
    text = str(error)
    if not text.startswith("Failed to ") or " at http://127.0.0.1:" not in text:
        return f"does not say what failed and where: {text}"
    if "\n" in text or len(text) > 900 or "Traceback" in text or "the-secret" in text:
        return f"is not one short line: {text!r}"
    json.dumps(error.details)
    return ""


@pytest.mark.parametrize("response", INVALID)
def test_invalid_response_is_an_error(server: Scripted, response: str) -> None:
    server.respond_with(*INVALID[response])
    problems = []
    for service, name in CALLS:
        found = outcome(server, service, name)
        if not isinstance(found, ApiError):
            problems.append(f"{service}.{name} returns {found!r}")
        elif unclear(found):
            problems.append(f"{service}.{name} {unclear(found)}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("raw", [b"", b"\x15\x03\x01\x00\x02\x02\x16", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_response_that_is_not_http_is_an_error(server: Scripted, raw: bytes) -> None:
    server.answer = lambda _request: raw
    for service, name in CALLS:
        found = outcome(server, service, name)
        assert isinstance(found, ApiError), f"{service}.{name}"
        assert not unclear(found)


def test_very_long_response_is_an_error(server: Scripted) -> None:
    """The server closes the connection: a client cannot tell an endless response from a long one."""
    server.respond_with("200 OK", XML, b"<a>" * 200_000)
    started = time.monotonic()
    assert isinstance(outcome(server, "iam", "get_role"), ApiError)
    assert time.monotonic() - started < 10


def test_undamaged_samples_are_valid_responses(server: Scripted) -> None:
    """The tests below damage these responses; without damage they are valid."""
    server.respond_with("200 OK", XML, ROLE)
    assert outcome(server, "iam", "get_role").name == "N"
    server.respond_with("404 Not Found", {**XML, "x-amz-request-id": "1"}, ERROR)
    assert outcome(server, "s3", "object_tags") is None


@pytest.mark.parametrize(
    "removed", [b"Arn", b"RoleName", b"Role", b"GetRoleResult", b"GetRoleResponse"]
)
def test_response_without_a_required_field_is_an_error(server: Scripted, removed: bytes) -> None:
    start, end = ROLE.index(b"<" + removed), ROLE.rindex(b"</" + removed + b">")
    server.respond_with("200 OK", XML, ROLE[:start] + ROLE[end + len(removed) + 3 :])
    assert isinstance(outcome(server, "iam", "get_role"), ApiError)


STATUS = st.sampled_from(
    ["200 OK", "201 Created", "400 Bad Request", "403 Forbidden", "404 Not Found", "500 Oops"]
)
HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "x-amz-version-id", "ETag", "Last-Modified", "Date", "Location"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
)  # fmt: skip
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUICK
@given(
    call=st.sampled_from(CALLS),
    status=STATUS,
    headers=HEADERS,
    body=st.one_of(st.binary(max_size=300), st.text(max_size=100).map(str.encode)),
)
def test_response_without_a_request_id_is_an_error(
    server: Scripted, call: tuple[str, str], status: str, headers: dict[str, str], body: bytes
) -> None:
    """A response without a request ID is never accepted, whatever its status, headers and body are."""
    server.respond_with(status, headers, body)
    found = outcome(server, *call)
    assert isinstance(found, ApiError), found
    assert not unclear(found)


@QUICK
@given(data=st.data(), sample=st.sampled_from([ROLE, ERROR]), status=STATUS)
def test_damaged_response_raises_nothing_but_api_error(
    server: Scripted, data: Any, sample: bytes, status: str
) -> None:
    """A part of a valid response is replaced. It may still be valid; no exception but ApiError is raised."""
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, len(sample)))
    damaged = sample[:start] + data.draw(st.binary(max_size=20)) + sample[end:]
    server.respond_with(status, {**XML, "x-amz-request-id": "1"}, damaged)
    for service, name in (("iam", "get_role"), ("s3", "replication"), ("s3", "versions")):
        found = outcome(server, service, name)
        if isinstance(found, ApiError):
            assert not unclear(found)
