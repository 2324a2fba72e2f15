# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backbeat's API: requests, parsed responses, and which responses are errors."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients import backbeat as client
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import (
    Amount,
    FailedVersion,
    Health,
    Metrics,
    NoRoute,
    ObjectProgress,
    Rate,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    ApiError,
    Forbidden,
    Unreachable,
    Unreadable,
)

from ...backbeat_stub import Backbeat, backbeat

FORWARDED = "/_/backbeat/api"


@pytest.fixture
def stub() -> Iterator[Backbeat]:
    with backbeat() as server:
        yield server


def amount(count: Any, size: Any) -> dict[str, Any]:
    return {"description": "..", "results": {"count": count, "size": size}}


def entry(key: str, **more: Any) -> dict[str, Any]:
    return {
        "Bucket": "b",
        "Key": key,
        "VersionId": "1",
        "StorageClass": "node6",
        "Size": 5,
        "LastModified": "2026-11-22T17:21:14.718Z",
        **more,
    }


def failed(key: str) -> FailedVersion:
    return FailedVersion("b", key, "1", "node6", 5, "2026-11-22T17:21:14.718Z")


def test_through_cloudserver_requests_are_signed(stub: Backbeat) -> None:
    stub.answer(f"GET {FORWARDED}/crr/status", {"node6": "enabled", "node7": "disabled"})
    assert client.sites(stub.api()) == {"node6": True, "node7": False}
    headers = stub.requests[0][2]
    assert "/us-east-1/s3/aws4_request" in headers["authorization"]
    assert "x-amz-content-sha256" in headers


def test_backbeats_own_port_gets_no_credentials(stub: Backbeat) -> None:
    stub.answer("GET /_/crr/status", {"node6": "enabled"})
    assert client.sites(stub.api("backbeat-direct", access_key=None, secret_key=None)) == {
        "node6": True
    }
    assert "Authorization" not in stub.requests[0][2]


def test_health(stub: Backbeat) -> None:
    partitions = [
        {"id": 0, "leader": 0, "replicas": [0, 1], "isrs": [0, 1]},
        {"id": 1, "leader": 0, "replicas": [0, 2], "isrs": [0]},
    ]
    body = {
        "topics": {"t": {"name": "t", "partitions": partitions}},
        "internalConnections": {
            "isrHealth": "error",
            "zookeeper": {"status": "ok", "details": {"name": "SYNC_CONNECTED", "code": 3}},
            "kafkaProducer": {"status": "ok"},
        },
    }
    stub.answer(f"GET {FORWARDED}/healthcheck", body)
    assert client.health(stub.api()) == Health("error", "ok", "SYNC_CONNECTED", "ok", 3, ("t/1",))


def test_metrics(stub: Backbeat) -> None:
    body = {name: amount(1, 2) for name in ("backlog", "pending", "completions", "failures")}
    stub.answer(f"GET {FORWARDED}/metrics/crr/all", {**body, "throughput": amount("0.02", "1.50")})
    one = Amount(1, 2)
    assert client.metrics(stub.api()) == Metrics(one, one, one, one, Rate(0.02, 1.5))


def test_progress_of_an_object_with_an_odd_key(stub: Backbeat) -> None:
    key = "a b/\u00fc?&"
    path = f"{FORWARDED}/metrics/crr/node6/progress/b/a%20b/%C3%BC%3F%26?versionId=1"
    stub.answer(f"GET {path}", {"description": "", "pending": 3, "completed": 1, "progress": "25%"})
    assert client.object_progress(stub.api(), "node6", "b", key, "1") == ObjectProgress(3, 1, 25.0)


def test_all_pages_of_failures(stub: Backbeat) -> None:
    path = f"GET {FORWARDED}/crr/failed?sitename=node6"
    stub.answer(path, {"IsTruncated": True, "Versions": [entry("x")], "NextMarker": 17})
    stub.answer(f"{path}&marker=17", {"IsTruncated": False, "Versions": [entry("y")]})
    assert list(client.failed_versions(stub.api(), "node6")) == [failed("x"), failed("y")]


@pytest.mark.parametrize("back", [{17: 17}, {17: 18, 18: 17}])
def test_pages_that_repeat(stub: Backbeat, back: dict[int, int]) -> None:
    path = f"GET {FORWARDED}/crr/failed?sitename=node6"
    stub.answer(path, {"IsTruncated": True, "Versions": [], "NextMarker": 17})
    for marker, following in back.items():
        page = {"IsTruncated": True, "Versions": [], "NextMarker": following}
        stub.answer(f"{path}&marker={marker}", page)
    with pytest.raises(Unreadable, match=r"does not end.*'17'.* again"):
        list(client.failed_versions(stub.api(), "node6"))


@pytest.mark.parametrize("force", [False, True])
def test_retry_returns_the_accepted_versions(stub: Backbeat, force: bool) -> None:
    taken = [entry("x", ReplicationStatus="PENDING")]
    stub.answer(f"POST {FORWARDED}/crr/failed", taken)
    accepted = client.retry(stub.api(), [failed("x"), failed("y")], force=force)
    assert accepted == [("b", "x", "1", "node6")]
    sent = json.loads(stub.requests[0][1])
    assert [one["Key"] for one in sent] == ["x", "y"]
    assert all(one.get("ForceRetry", False) is force for one in sent)


@pytest.mark.parametrize(
    ("call", "line", "body"),
    [
        (lambda api: client.pause(api, "a"), "POST {}/crr/pause/a", b""),
        (lambda api: client.resume(api, "a"), "POST {}/crr/resume/a", b""),
        (lambda api: client.cancel_resume(api, "a"), "DELETE {}/crr/resume/a/schedule", b""),
        (
            lambda api: client.schedule_resume(api, "a", 7),
            "POST {}/crr/resume/a/schedule",
            b'{"hours": 7}',
        ),
    ],
)
def test_sites_are_paused_and_resumed(
    stub: Backbeat, call: Callable[[Api], None], line: str, body: bytes
) -> None:
    line = line.format(FORWARDED)
    stub.answer(line, {})
    api = stub.api()
    call(api)
    assert [(one, sent) for one, sent, _headers in stub.requests] == [(line, body)]
    assert api.writes == 1


def test_a_failure_with_status_200_is_an_error(stub: Backbeat) -> None:
    stub.answer(f"POST {FORWARDED}/crr/pause/a", {"InternalError": True})
    with pytest.raises(Unreadable, match="InternalError"):
        client.pause(stub.api(), "a")


def test_scheduled_resumes(stub: Backbeat) -> None:
    body = {"a": "2026-11-22T17:21:14.718Z", "b": "none"}
    stub.answer(f"GET {FORWARDED}/crr/resume/all", body)
    when = datetime(2026, 11, 22, 17, 21, 14, 718000, tzinfo=timezone.utc)
    assert client.resume_times(stub.api()) == {"a": when, "b": None}


@pytest.mark.parametrize(
    ("status", "body"), [(404, {"RouteNotFound": True}), (405, {"MethodNotAllowed": True})]
)
def test_a_route_that_the_server_lacks(stub: Backbeat, status: int, body: Any) -> None:
    stub.answer(f"GET {FORWARDED}/healthcheck", body, status)
    with pytest.raises(NoRoute, match="does not support CheckConnection"):
        client.health(stub.api())


XML = b"<Error><Code>SignatureDoesNotMatch</Code><Message>no</Message></Error>"


@pytest.mark.parametrize(
    ("status", "body", "content_type", "kind", "code"),
    [
        (403, {"AccessDenied": True}, "application/json", Forbidden, "AccessDenied"),
        (403, XML, "application/xml", Forbidden, "SignatureDoesNotMatch"),
        (503, {"ServiceUnavailable": True}, "application/json", Unreachable, "ServiceUnavailable"),
        (500, {"InternalError": True}, "application/json", Unreachable, "InternalError"),
        (404, b"<html>no</html>", "text/html", Unreadable, "404"),
        (404, b"not here", "text/plain", ApiError, "404"),
        (501, b"", "text/plain", ApiError, "501"),
        (200, b"<html>hello</html>", "text/html", Unreadable, None),
        (200, b'{"something": "else"}', "application/json", Unreadable, None),
    ],
)
def test_responses_that_do_not_mean_a_missing_route(
    stub: Backbeat, status: int, body: Any, content_type: str, kind: type[ApiError], code: str
) -> None:
    stub.answer(f"GET {FORWARDED}/healthcheck", body, status, content_type)
    with pytest.raises(kind) as raised:
        client.health(stub.api())
    assert not isinstance(raised.value, NoRoute)
    if code:
        assert raised.value.status == status
        assert raised.value.code in (code, "Unsupported")


def test_a_refused_connection_is_an_error() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        api = Backbeat(f"http://127.0.0.1:{closed.getsockname()[1]}").api()
        with pytest.raises(Unreachable):
            client.health(api)
