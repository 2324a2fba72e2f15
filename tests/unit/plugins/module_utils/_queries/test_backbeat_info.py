# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results about Backbeat and its failed versions: unsupported routes, errors, and states that are not an outage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import Health
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    ApiError,
    Unreachable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.backbeat_info import (
    FailedInfo,
    FailedInfoRequest,
    ServiceInfo,
    ServiceInfoRequest,
    is_healthy,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import Unsatisfied

from ...backbeat_stub import Backbeat, backbeat

ROOT = "/_/backbeat/api"
AMOUNT = {"description": "", "results": {"count": 1, "size": 2}}
METRICS = dict.fromkeys(("backlog", "pending", "completions", "failures", "throughput"), AMOUNT)


def health(*, isr: str = "ok", brokers: int = 3, in_sync: int = 3, zookeeper: str = "ok") -> Any:
    partition = {"id": 0, "replicas": list(range(brokers)), "isrs": list(range(in_sync))}
    return {
        "topics": {"t": {"name": "t", "partitions": [partition]}},
        "internalConnections": {
            "isrHealth": isr,
            "zookeeper": {"status": zookeeper, "details": {"name": "SYNC_CONNECTED"}},
            "kafkaProducer": {"status": "ok"},
        },
    }


@pytest.fixture
def stub() -> Iterator[Backbeat]:
    with backbeat() as server:
        yield server


@pytest.fixture
def modern(stub: Backbeat) -> Backbeat:
    stub.answer(f"GET {ROOT}/healthcheck", health())
    stub.answer(f"GET {ROOT}/crr/status", {"node6": "enabled", "node7": "disabled"})
    schedule = {"node6": "none", "node7": "2026-11-22T17:21:14.718Z"}
    stub.answer(f"GET {ROOT}/crr/resume/all", schedule)
    for site in ("all", "node6", "node7"):
        stub.answer(f"GET {ROOT}/metrics/crr/{site}", METRICS)
    return stub


def service(stub: Backbeat, **options: Any) -> dict[str, Any]:
    found = ServiceInfo(ServiceInfoRequest(stub.url, **options), stub.api()).run()["service"]
    assert isinstance(found, dict)
    return found


def test_everything(modern: Backbeat) -> None:
    found = service(modern)
    assert found["healthy"] is True
    assert [(one["name"], one["state"], one["resume_at"]) for one in found["sites"]] == [
        ("node6", "running", None),
        ("node7", "paused", "2026-11-22T17:21:14Z"),
    ]
    assert found["sites"][0]["metrics"]["backlog"] == {"count": 1, "size": 2}
    assert found["metrics"]["throughput"] == {"count": 1.0, "size": 2.0}
    assert found["unsupported"] == []


def test_one_site_only(modern: Backbeat) -> None:
    assert [one["name"] for one in service(modern, site="node7")["sites"]] == ["node7"]
    assert f"GET {ROOT}/metrics/crr/node6" not in modern.lines
    with pytest.raises(Unsatisfied, match=r"no site node8: its sites are node6, node7\."):
        service(modern, site="node8")


def test_no_call_is_made_without_a_url() -> None:
    found = ServiceInfo(ServiceInfoRequest(None), None).run()["service"]
    assert (found["asked"], found["healthy"]) == (False, None)
    assert "backbeat_url is not set" in found["reason"]


def test_an_older_server_has_fewer_routes(stub: Backbeat) -> None:
    stub.answer(f"GET {ROOT}/healthcheck", health())
    stub.answer(f"GET {ROOT}/metrics/crr/all", METRICS)
    found = service(stub)
    assert found["sites"] is None
    assert found["metrics"]["backlog"]["count"] == 1
    assert [one["operation"] for one in found["unsupported"]] == ["GetLocationsStatus"]
    assert "does not support GetLocationsStatus" in found["unsupported"][0]["reason"]


@pytest.mark.parametrize(
    "route", ["healthcheck", "crr/status", "crr/resume/all", "metrics/crr/all"]
)
@pytest.mark.parametrize(("status", "name"), [(403, "AccessDenied"), (503, "ServiceUnavailable")])
def test_failures_are_errors(modern: Backbeat, route: str, status: int, name: str) -> None:
    modern.answer(f"GET {ROOT}/{route}", {name: True}, status)
    with pytest.raises(ApiError):
        service(modern)


@pytest.mark.parametrize(
    ("told", "healthy", "note"),
    [
        (health(), True, ""),
        (health(isr="error", brokers=1, in_sync=1), True, "alone is not an outage"),
        (health(isr="error", brokers=2, in_sync=1), False, "t/0"),
        (health(isr="error", brokers=3, in_sync=2), False, "Partitions with too few"),
        (health(zookeeper="error"), False, ""),
    ],
)
def test_health(modern: Backbeat, told: Any, healthy: bool, note: str) -> None:
    modern.answer(f"GET {ROOT}/healthcheck", told)
    found = service(modern)
    assert found["healthy"] is healthy
    assert note in " ".join(found["health"]["notes"])


def test_a_producer_that_is_not_ready_is_not_healthy() -> None:
    assert not is_healthy(Health("ok", "ok", "", "error", 3, ()))


def entry(key: str, bucket: str = "b", site: str = "node6") -> dict[str, Any]:
    return {"Bucket": bucket, "Key": key, "VersionId": "1", "StorageClass": site, "Size": 5}


def failed(stub: Backbeat, **options: Any) -> dict[str, Any]:
    found = FailedInfo(FailedInfoRequest(stub.url, **options), stub.api()).run()["failures"]
    assert isinstance(found, dict)
    return found


def list_failures(stub: Backbeat) -> None:
    page = f"GET {ROOT}/crr/failed?sitename="
    stub.answer(
        f"{page}node6", {"IsTruncated": False, "Versions": [entry("a/1"), entry("b/1", "other")]}
    )
    stub.answer(f"{page}node7", {"IsTruncated": False, "Versions": [entry("a/2", site="node7")]})


def test_failures_of_all_sites(modern: Backbeat) -> None:
    list_failures(modern)
    found = failed(modern)
    assert [one["key"] for one in found["versions"]] == ["a/1", "b/1", "a/2"]
    assert (found["count"], found["bytes"], found["by_bucket"]) == (3, 15, {"b": 2, "other": 1})
    assert found["sites"] == ["node6", "node7"]
    assert any("24 hours" in text for text in found["blind_spots"])
    assert any("PENDING" in text for text in found["blind_spots"])
    assert all("sitename=" in line for line in modern.lines if "crr/failed" in line)


def test_filters_and_limit(modern: Backbeat) -> None:
    list_failures(modern)
    assert [one["key"] for one in failed(modern, bucket="other")["versions"]] == ["b/1"]
    found = failed(modern, prefix="a/", limit=1)
    assert [one["key"] for one in found["versions"]] == ["a/1"]
    assert (found["count"], found["truncated"]) == (2, True)


def test_failures_of_an_older_server_need_a_named_site(stub: Backbeat) -> None:
    list_failures(stub)
    with pytest.raises(Unsatisfied, match="name the storage classes"):
        failed(stub)
    assert failed(stub, sites=("node7",))["count"] == 1


def test_a_server_without_a_list_of_failures(modern: Backbeat) -> None:
    found = failed(modern)
    assert found["versions"] is None
    assert found["count"] is None
    assert "does not support ListFailed" in found["reason"]


def test_an_error_on_a_later_page_is_an_error(modern: Backbeat) -> None:
    page = f"GET {ROOT}/crr/failed?sitename=node6"
    modern.answer(page, {"IsTruncated": True, "Versions": [entry("a")], "NextMarker": 1})
    modern.answer(f"{page}&marker=1", {"InternalError": True}, 500)
    with pytest.raises(Unreachable):
        failed(modern)
