# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that use Backbeat's API, through CloudServer and at Backbeat's own port."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

pytestmark = pytest.mark.lowest_boto3

ENDPOINTS = pytest.mark.parametrize("endpoint", ["s3", "backbeat"])


def url(side: Side, endpoint: str) -> str:
    return str(getattr(side.side, f"{endpoint}_url"))


def service(side: Side, endpoint: str = "s3", **options: Any) -> dict[str, Any]:
    found = side.run_idempotent("service_info", backbeat_url=url(side, endpoint), **options)[
        "service"
    ]
    assert isinstance(found, dict)
    return found


def states(side: Side) -> dict[str, str]:
    return {one["name"]: one["state"] for one in service(side)["sites"]}


def put(side: Side, key: str, body: bytes = b"1234") -> str:
    return str(side.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=body)["VersionId"])


def assert_status(side: Side, key: str, status: str, **options: Any) -> None:
    side.do("object_check", bucket=SOURCE_BUCKET, key=key, status=[status], **options)


def wait_until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@ENDPOINTS
def test_service_info_of_a_working_backbeat(source: Side, target: Side, endpoint: str) -> None:
    set_up(source, target, but=("object",))
    version = put(source, "a b/\u00fc")
    assert_status(source, "a b/\u00fc", "COMPLETED")
    wanted = {"bucket": SOURCE_BUCKET, "key": "a b/\u00fc", "version_id": version}
    found = service(source, endpoint, object=wanted, site="node6")
    assert found["healthy"] is True
    assert found["health"]["isr_health"] == "error"
    assert [one["name"] for one in found["sites"]] == ["node6"]
    assert found["metrics"]["completions"] == {"count": 1, "size": 4}
    assert found["progress"] == [{"site": "node6", "pending": 0, "completed": 4, "percent": 100.0}]
    assert found["unsupported"] == []


def test_service_info_of_a_server_without_backbeat(source: Side) -> None:
    source.sandbox.settings("source", backbeat=False)
    found = service(source)
    assert found["healthy"] is None
    assert found["sites"] is None
    assert len(found["unsupported"]) > 2


def test_backbeat_that_is_down_is_an_error(source: Side) -> None:
    source.sandbox.outage("source", "backbeat")
    for endpoint, status in (("backbeat", None), ("s3", 503)):
        failed = source.run("service_info", backbeat_url=url(source, endpoint), retry_timeout=0)
        assert failed["failed"]
        assert failed["error"]["status"] == status


def test_unknown_access_key_is_an_error(source: Side) -> None:
    failed = source.run("service_info", backbeat_url=url(source, "s3"), access_key="UNKNOWN000")
    assert failed["error"]["status"] == 403
    assert "give credentials of an account" in failed["msg"]


@ENDPOINTS
def test_pause_stops_only_the_given_site(source: Side, target: Side, endpoint: str) -> None:
    set_up(source, target, but=("object",))
    there = {"backbeat_url": url(source, endpoint)}
    paused = source.run_idempotent("site", site="node6", state="paused", **there)
    assert paused["changes"] == ["PauseSite node6"]
    assert states(source)["node6"] == "paused"
    assert states(source)["us-east-2"] == "running"
    put(source, "k")
    assert_status(source, "k", "PENDING", wait=False)
    resumed = source.run_idempotent("site", site="node6", **there)
    assert resumed["changes"] == ["ResumeSite node6"]
    assert_status(source, "k", "COMPLETED")


def test_wait_flow_ends_once_an_object_is_replicated(source: Side, target: Side) -> None:
    set_up(source, target, but=("object",))
    source.sandbox.settings("source", resume_delay=1.0)
    there = {"backbeat_url": url(source, "s3"), "site": "node6"}
    source.do("site", state="paused", **there)
    put(source, "k")
    source.do("site", wait="flow", wait_max_delay=0.1, **there)
    assert_status(source, "k", "COMPLETED", wait=False)


def test_wait_flow_fails_at_its_timeout(source: Side, target: Side) -> None:
    set_up(source, target, but=("object",))
    source.sandbox.settings("source", resume_delay=30.0)
    there = {"backbeat_url": url(source, "s3"), "site": "node6"}
    source.do("site", state="paused", **there)
    put(source, "k")
    failed = source.run("site", wait="flow", wait_timeout=0.5, wait_max_delay=0.1, **there)
    assert failed["failed"]
    assert failed["changed"]
    assert "nothing was replicated within" in failed["msg"]


@pytest.mark.parametrize("wait", ["none", "status"])
def test_schedule_is_sent_after_the_pause_and_read_back(source: Side, wait: str) -> None:
    """Backbeat applies both requests with a delay, and ignores a schedule for a site that is not paused yet."""
    source.sandbox.settings("source", status_lag=0.4)
    there = {"backbeat_url": url(source, "s3"), "site": "node6", "state": "paused"}
    paused = source.do("site", hours=2, wait=wait, wait_max_delay=0.1, **there)
    first = paused["site"]["sites"][0]["resume_at"]
    assert first is not None
    later = source.do("site", hours=5, force=True, wait=wait, wait_max_delay=0.1, **there)
    assert later["site"]["sites"][0]["resume_at"] > first
    assert not source.do("site", hours=5, **there)["changed"]


def test_schedule_resumes_the_site(source: Side) -> None:
    there = {"backbeat_url": url(source, "s3"), "site": "node6"}
    paused = source.run_idempotent("site", state="paused", hours=2, **there)
    assert paused["site"]["sites"][0]["resume_at"] is not None
    assert len(paused["changes"]) == 2
    refused = source.run("site", state="running", **there)
    assert "set force to replace that schedule" in refused["msg"]
    source.sandbox.settings("source", hour=0.4)
    source.do("site", state="paused", hours=5, force=True, **there)
    # The site may resume between check mode and the run, so the sandbox's settings are read instead.
    assert wait_until(lambda: not source.sandbox.settings("source")["paused"])
    assert states(source)["node6"] == "running"


def test_failed_info_reads_all_pages(source: Side, target: Side) -> None:
    set_up(source, target, but=("object",))
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)
    keys = [f"k{number:03}" for number in range(120)]
    for key in keys:
        put(source, key)
    assert_status(source, keys[-1], "FAILED")
    found = source.run_idempotent(
        "failed_info", backbeat_url=url(source, "backbeat"), bucket=SOURCE_BUCKET
    )["failures"]
    assert sorted(one["key"] for one in found["versions"]) == keys
    assert found["bytes"] == 4 * len(keys)
