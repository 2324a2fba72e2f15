# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that are none of S3's or IAM's, to every call that is made: a clear error, no success and no absence."""

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
XML = {"Content-Type": "application/xml"}
PAGE = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head><body><br>Hello</body></html>"
ROLE = (
    b'<?xml version="1.0"?><GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>'
    b"<Path>/</Path><Arn>arn:aws:iam::123456789012:role/N</Arn><RoleName>N</RoleName><RoleId>AROA</RoleId>"
    b"<CreateDate>2026-11-22T17:21:14Z</CreateDate><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>"
    b"</Role></GetRoleResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetRoleResponse>"
)
ERROR = b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>"

STRANGE: dict[str, tuple[str, dict[str, str], bytes]] = {
    "a page": ("200 OK", {"Content-Type": "text/html"}, PAGE),
    "a page that says it is XML": ("200 OK", XML, PAGE),
    "nothing at all": ("200 OK", {}, b""),
    "no content": ("204 No Content", {}, b""),
    "JSON": ("200 OK", {"Content-Type": "application/json"}, b'{"status": "ok"}'),
    "other XML": ("200 OK", XML, b"<ok/>"),
    "plain text": ("200 OK", {"Content-Type": "text/plain"}, b"It works!"),
    "bytes": ("200 OK", XML, bytes(range(256))),
    "another encoding": ("200 OK", XML, '<?xml version="1.0"?><ok>é</ok>'.encode("utf-16")),
    "a wrong encoding": ("200 OK", XML, b'<?xml version="1.0" encoding="utf-8"?><ok>\xe9</ok>'),
    "an unknown encoding": ("200 OK", XML, b'<?xml version="1.0" encoding="x-none"?><ok/>'),
    "an entity": ("200 OK", XML, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    "half of an answer": ("200 OK", XML, ROLE[:300]),
    "less than announced": ("200 OK", {**XML, "Content-Length": "5000"}, ROLE[:300]),
    "no gzip": ("200 OK", {**XML, "Content-Encoding": "gzip"}, b"this is no gzip"),
    "a page not found": ("404 Not Found", {"Content-Type": "text/html"}, PAGE),
    "nothing not found": ("404 Not Found", {}, b""),
    "JSON not found": ("404 Not Found", {"Content-Type": "application/json"}, b'{"message": "no"}'),
    "a forbidden page": ("403 Forbidden", {"Content-Type": "text/html"}, PAGE),
    "a login": ("302 Found", {"Location": "http://127.0.0.1:9/login"}, b""),
    "who are you": ("407 Proxy Authentication Required", {"Content-Type": "text/html"}, PAGE),
    "a bad gateway": ("502 Bad Gateway", {"Content-Type": "text/html"}, PAGE),
    "a teapot": ("418 I'm a teapot", {"Content-Type": "text/plain"}, b"short and stout"),
    "an unknown status": ("799 What", {}, b""),
    "no status": ("abc", {}, b""),
    "a negative length": ("200 OK", {"Content-Length": "-5"}, b""),
}  # fmt: skip


CLIENTS: dict[str, tuple[ModuleType, ...]] = {
    "iam": (iam_entities,),
    "s3": (s3_buckets, s3_objects),
}


def calls(service: str) -> dict[str, Callable[..., Any]]:
    """Every function that makes a call, by name."""
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
    with scripted() as here:
        yield here


def outcome(server: Scripted, service: str, name: str) -> Any:
    """What the function answers, or the ApiError that it raises."""
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
    """What is wrong with the message, if anything."""
    text = str(error)
    if not text.startswith("Failed to ") or " at http://127.0.0.1:" not in text:
        return f"does not say what failed and where: {text}"
    if "\n" in text or len(text) > 900 or "Traceback" in text or "the-secret" in text:
        return f"is no sentence: {text!r}"
    json.dumps(error.details)
    return ""


@pytest.mark.parametrize("strange", STRANGE)
def test_what_is_no_answer_is_an_error(server: Scripted, strange: str) -> None:
    server.say(*STRANGE[strange])
    problems = []
    for service, name in CALLS:
        found = outcome(server, service, name)
        if not isinstance(found, ApiError):
            problems.append(f"{service}.{name} answers {found!r}")
        elif unclear(found):
            problems.append(f"{service}.{name} {unclear(found)}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("raw", [b"", b"\x15\x03\x01\x00\x02\x02\x16", b"SSH-2.0-OpenSSH_9.2\r\n"])
def test_what_is_no_http_is_an_error(server: Scripted, raw: bytes) -> None:
    server.answer = lambda _request: raw
    for service, name in CALLS:
        found = outcome(server, service, name)
        assert isinstance(found, ApiError), f"{service}.{name}"
        assert not unclear(found)


def test_an_answer_that_goes_on_for_ever(server: Scripted) -> None:
    """Ended by the server, as the client cannot tell it from a long one."""
    server.say("200 OK", XML, b"<a>" * 200_000)
    started = time.monotonic()
    assert isinstance(outcome(server, "iam", "get_role"), ApiError)
    assert time.monotonic() - started < 10


def test_the_samples_are_answers(server: Scripted) -> None:
    """What is spoiled below is good as it is."""
    server.say("200 OK", XML, ROLE)
    assert outcome(server, "iam", "get_role").name == "N"
    server.say("404 Not Found", {**XML, "x-amz-request-id": "1"}, ERROR)
    assert outcome(server, "s3", "object_tags") is None


@pytest.mark.parametrize(
    "removed", [b"Arn", b"RoleName", b"Role", b"GetRoleResult", b"GetRoleResponse"]
)
def test_fields_that_are_missing(server: Scripted, removed: bytes) -> None:
    start, end = ROLE.index(b"<" + removed), ROLE.rindex(b"</" + removed + b">")
    server.say("200 OK", XML, ROLE[:start] + ROLE[end + len(removed) + 3 :])
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
def test_anything(
    server: Scripted, call: tuple[str, str], status: str, headers: dict[str, str], body: bytes
) -> None:
    """Whatever comes without a name for the request: nothing that can be taken for an answer."""
    server.say(status, headers, body)
    found = outcome(server, *call)
    assert isinstance(found, ApiError), found
    assert not unclear(found)


@QUICK
@given(data=st.data(), sample=st.sampled_from([ROLE, ERROR]), status=STATUS)
def test_spoiled_answers(server: Scripted, data: Any, sample: bytes, status: str) -> None:
    """A part of a good answer is replaced: it may still be one, but is never the end of the program."""
    start = data.draw(st.integers(0, len(sample)))
    end = data.draw(st.integers(start, len(sample)))
    spoiled = sample[:start] + data.draw(st.binary(max_size=20)) + sample[end:]
    server.say(status, {**XML, "x-amz-request-id": "1"}, spoiled)
    for service, name in (("iam", "get_role"), ("s3", "replication"), ("s3", "versions")):
        found = outcome(server, service, name)
        if isinstance(found, ApiError):
            assert not unclear(found)
