# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backbeat's API, through CloudServer and on its own port, and the metadata that it uses."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.replicating import Replicated, new_bucket, signed
from tests.contract.servers import Server, only_in_sandbox

METRICS = {"backlog", "completions", "failures", "throughput", "pending"}


def through(server: Server, route: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    """Send a request through CloudServer. Returns status and JSON."""
    data = b"" if body is None else json.dumps(body).encode()
    status, answer, headers = signed(server, f"/_/backbeat/api/{route}", method, data)
    assert "x-amz-request-id" not in headers
    assert headers["content-type"].startswith("application/json")
    return status, json.loads(answer)


def site_of(server: Server) -> str:
    """The name of the first site."""
    status, states = through(server, "crr/status")
    assert status == 200
    return str(next(iter(states)))


@pytest.fixture
def backbeat(replicating: Replicated) -> Iterator[Replicated]:
    """A pair whose Backbeat is resumed afterwards."""
    yield replicating
    sandbox = replicating.source.sandbox
    if sandbox is not None:
        sandbox.settings(
            paused=False, resume_delay=0.0, status_lag=0.0, hour=3600.0, failures_kept=86400.0, failures_lag=0.0,
            backbeat=True, backbeat_down=False, backbeat_allows=True, backbeat_old=False,
        )  # fmt: skip


@pytest.mark.contract("backbeat")
def test_health(server: Server) -> None:
    status, health = through(server, "healthcheck")
    assert status == 200
    assert health["internalConnections"]["isrHealth"] in ("ok", "error")
    for topic in health["topics"].values():
        for partition in topic["partitions"]:
            assert set(partition) >= {"id", "leader", "replicas", "isrs"}


@pytest.mark.contract("backbeat")
def test_metrics(backbeat: Replicated) -> None:
    backbeat.arrived("measured", backbeat.put("measured", b"123"))
    for site in ("all", site_of(backbeat.source)):
        status, metrics = through(backbeat.source, f"metrics/crr/{site}")
        assert status == 200
        assert set(metrics) == METRICS
        for name, metric in metrics.items():
            kind = str if name == "throughput" else (int, float)
            assert isinstance(metric["results"]["count"], kind)
            assert isinstance(metric["results"]["size"], kind)
            one = through(backbeat.source, f"metrics/crr/{site}/{name}")
            assert (one[0], set(one[1])) == (200, {name})
    done = backbeat.wait(
        lambda: through(backbeat.source, "metrics/crr/all/completions")[1]["completions"][
            "results"
        ]["count"]
    )
    assert done >= 1


@pytest.mark.contract("backbeat")
@pytest.mark.parametrize(
    ("route", "method", "code"),
    [
        ("metrics/crr/nowhere", "GET", 404),
        ("crr/status/nowhere", "GET", 404),
        ("crr/pause/nowhere", "POST", 404),
        ("no/such/route", "GET", 404),
        ("crr/failed", "POST", 400),
    ],
)
def test_unknown_routes_are_refused(server: Server, route: str, method: str, code: int) -> None:
    status, answer = through(server, route, method)
    assert status == code
    assert list(answer.values()) == [True]


@pytest.mark.contract("backbeat")
@pytest.mark.parametrize(
    ("method", "route", "expected"),
    [
        ("DELETE", "crr/status", (404, {"RouteNotFound": True})),
        ("POST", "crr/status", (404, {"RouteNotFound": True})),
        ("GET", "crr/pause", (404, {"RouteNotFound": True})),
        ("DELETE", "crr/failed", (404, {"RouteNotFound": True})),
        ("POST", "metrics/crr/all", (404, {"RouteNotFound": True})),
        ("PUT", "crr/status", (405, {"MethodNotAllowed": True})),
        ("PATCH", "crr/status", (405, {"MethodNotAllowed": True})),
        ("PUT", "crr/failed", (405, {"MethodNotAllowed": True})),
        ("DELETE", "healthcheck", (405, {"MethodNotAllowed": True})),
        ("POST", "healthcheck", (405, {"MethodNotAllowed": True})),
    ],
)
def test_a_wrong_method_is_refused(
    server: Server, method: str, route: str, expected: tuple[int, Any]
) -> None:
    """Backbeat supports GET, POST and DELETE; with a wrong one, only the health check is a known route."""
    assert through(server, route, method) == expected


@pytest.mark.contract("backbeat")
def test_unsigned_requests_are_refused(server: Server) -> None:
    from dataclasses import replace

    unsigned = replace(server, keys={})
    status, body, _ = signed(unsigned, "/_/backbeat/api/healthcheck")
    assert status == 403
    assert b"AccessDenied" in body


@pytest.mark.contract("backbeat")
def test_any_account_may_read(server: Server) -> None:
    if not server.other_keys:
        pytest.skip("no second account is known on these servers")
    status, _, _ = signed(server, "/_/backbeat/api/crr/status", keys=server.other_keys)
    assert status == 200


@pytest.mark.contract("backbeat")
def test_without_a_site_no_failure_is_listed(backbeat: Replicated) -> None:
    assert through(backbeat.source, "crr/failed") == (200, {"IsTruncated": False, "Versions": []})
    site = site_of(backbeat.source)
    status, answer = through(backbeat.source, f"crr/failed?sitename={site}")
    assert status == 200
    assert isinstance(answer["Versions"], list)


@pytest.mark.contract("backbeat")
def test_progress(backbeat: Replicated) -> None:
    version = backbeat.put("progress", b"12345")
    backbeat.arrived("progress", version)
    site = site_of(backbeat.source)
    where = f"metrics/crr/{site}/progress/{backbeat.bucket}/progress?versionId={version}"

    def arrived() -> bool:
        status, answer = through(backbeat.source, where)
        assert status == 200
        counted: tuple[Any, ...] = tuple(
            answer[name] for name in ("pending", "completed", "progress")
        )
        return counted == (0, 5, "100%")

    # Backbeat counts with a separate queue, which may be later than the object.
    backbeat.wait(arrived)


@pytest.mark.contract("backbeat")
def test_a_pause_holds_back_later_versions(backbeat: Replicated) -> None:
    sandbox = only_in_sandbox(backbeat.source)
    site = site_of(backbeat.source)
    sandbox.settings("source", status_lag=0.3)
    assert through(backbeat.source, f"crr/pause/{site}", "POST") == (200, {})
    # The status changes later: Backbeat passes the request on without waiting.
    assert through(backbeat.source, f"crr/status/{site}") == (200, {site: "enabled"})
    state_becomes(backbeat, site, "disabled")
    others = through(backbeat.source, "crr/status")[1]
    assert [name for name, state in others.items() if state == "disabled"] == [site]
    backbeat.put("paused")
    time.sleep(0.3)
    assert backbeat.status("paused") == "PENDING"
    backlog = through(backbeat.source, f"metrics/crr/{site}/backlog")[1]["backlog"]["results"]
    assert backlog["count"] >= 1
    assert through(backbeat.source, f"crr/resume/{site}", "POST") == (200, {})
    state_becomes(backbeat, site, "enabled")
    backbeat.arrived("paused")


def state_becomes(backbeat: Replicated, site: str, state: str) -> None:
    backbeat.wait(lambda: through(backbeat.source, f"crr/status/{site}") == (200, {site: state}))


@pytest.mark.contract("backbeat")
def test_after_a_resume_replication_starts_later_than_the_status_shows(
    backbeat: Replicated,
) -> None:
    sandbox = only_in_sandbox(backbeat.source)
    sandbox.settings("source", resume_delay=0.6)
    through(backbeat.source, "crr/pause", "POST")
    backbeat.put("resumed")
    through(backbeat.source, "crr/resume", "POST")
    assert set(through(backbeat.source, "crr/status")[1].values()) == {"enabled"}
    time.sleep(0.3)
    assert backbeat.status("resumed") == "PENDING"
    backbeat.arrived("resumed")


@pytest.mark.contract("backbeat")
def test_a_scheduled_resume(backbeat: Replicated) -> None:
    sandbox = only_in_sandbox(backbeat.source)
    site = site_of(backbeat.source)
    source = backbeat.source
    schedule = f"crr/resume/{site}/schedule"
    assert through(source, f"crr/resume/{site}") == (200, {site: "none"})
    # Only paused sites accept a schedule.
    assert through(source, schedule, "POST", {"hours": 1}) == (200, {})
    assert through(source, f"crr/resume/{site}") == (200, {site: "none"})
    through(source, f"crr/pause/{site}", "POST")
    assert through(source, schedule, "POST", {"hours": 2}) == (200, {})
    assert through(source, "crr/resume/all")[1][site].endswith("Z")
    assert through(source, schedule, "DELETE") == (200, {})
    assert through(source, f"crr/resume/{site}") == (200, {site: "none"})
    assert through(source, schedule, "POST", {"hours": "soon"})[0] == 400
    sandbox.settings("source", status_lag=0.3)
    assert through(source, schedule, "POST", {"hours": 2}) == (200, {})
    assert through(source, f"crr/resume/{site}") == (200, {site: "none"})
    backbeat.wait(lambda: through(source, f"crr/resume/{site}")[1][site] != "none")
    sandbox.settings("source", status_lag=0.0, hour=0.3)
    through(source, schedule, "POST", {"hours": 1})
    backbeat.wait(lambda: through(source, f"crr/status/{site}")[1][site] == "enabled")
    assert through(source, f"crr/resume/{site}") == (200, {site: "none"})


def failed(backbeat: Replicated, key: str) -> tuple[str, dict[str, Any]]:
    """Create a failed version. Returns its id and its entry in the list."""
    site = site_of(backbeat.source)
    target, bucket = backbeat.target.s3, backbeat.target_bucket
    policy = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:ReplicateObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
    target.put_bucket_policy(Bucket=bucket, Policy=document)
    version = backbeat.put(key, b"12")
    backbeat.wait(lambda: backbeat.status(key) == "FAILED")
    target.delete_bucket_policy(Bucket=bucket)
    where = f"crr/failed/{backbeat.bucket}/{quote(key)}?versionId={version}"
    (entry,) = through(backbeat.source, where)[1]["Versions"]
    assert entry.items() >= {
        "Bucket": backbeat.bucket, "Key": key, "VersionId": version, "StorageClass": site, "Size": 2,
    }.items()  # fmt: skip
    listed = through(backbeat.source, f"crr/failed?sitename={site}")[1]["Versions"]
    assert entry in listed
    return version, entry


@pytest.mark.contract("backbeat")
def test_a_retry(backbeat: Replicated) -> None:
    only_in_sandbox(backbeat.source)
    version, entry = failed(backbeat, "failed/ü")
    unknown = {**entry, "Key": "unknown"}
    taken = through(backbeat.source, "crr/failed", "POST", [entry, unknown])
    assert taken == (200, [{**entry, "ReplicationStatus": "PENDING"}])
    backbeat.arrived("failed/ü", version)
    again = through(backbeat.source, "crr/failed", "POST", [entry])
    assert again == (200, [])


@pytest.mark.contract("backbeat")
def test_the_list_of_failures_is_delayed_and_expires(backbeat: Replicated) -> None:
    sandbox = only_in_sandbox(backbeat.source)
    sandbox.settings("source", failures_lag=60.0)
    version, entry = failed(backbeat, "lagging")
    through(backbeat.source, "crr/failed", "POST", [entry])
    backbeat.arrived("lagging", version)
    site = entry["StorageClass"]
    assert entry in through(backbeat.source, f"crr/failed?sitename={site}")[1]["Versions"]
    assert len(through(backbeat.source, "crr/failed", "POST", [entry])[1]) == 1
    backbeat.arrived("lagging", version)
    version, entry = failed(backbeat, "forgotten")
    sandbox.settings("source", failures_kept=0.0)
    assert through(backbeat.source, f"crr/failed?sitename={site}")[1]["Versions"] == []
    assert through(backbeat.source, "crr/failed", "POST", [entry]) == (200, [])
    forced = through(backbeat.source, "crr/failed", "POST", [{**entry, "ForceRetry": True}])
    assert len(forced[1]) == 1
    backbeat.arrived("forgotten", version)


@pytest.mark.contract("backbeat")
def test_stuck_versions_are_not_listed(backbeat: Replicated) -> None:
    only_in_sandbox(backbeat.source)
    through(backbeat.source, "crr/pause", "POST")
    version = backbeat.put("in-no-list")
    site = site_of(backbeat.source)
    listed = through(backbeat.source, f"crr/failed?sitename={site}")[1]["Versions"]
    assert "in-no-list" not in [one["Key"] for one in listed]
    where = f"crr/failed/{backbeat.bucket}/in-no-list?versionId={version}"
    assert through(backbeat.source, where)[1]["Versions"] == []


@pytest.mark.contract("backbeat")
def test_backbeat_is_missing_or_down(backbeat: Replicated) -> None:
    sandbox = only_in_sandbox(backbeat.source)
    for settings, code in (({"backbeat": False}, 405), ({"backbeat_down": True}, 503)):
        sandbox.settings("source", **settings)
        status, _, _ = signed(backbeat.source, "/_/backbeat/api/healthcheck")
        assert status == code
        with pytest.raises(OSError, match="refused"):
            direct(backbeat, "healthcheck")
        backbeat.put("unseen")
        time.sleep(0.2)
        assert backbeat.status("unseen") == "PENDING"
        sandbox.settings("source", backbeat=True, backbeat_down=False)
        backbeat.arrived("unseen")


def direct(backbeat: Replicated, route: str, method: str = "GET") -> tuple[int, Any]:
    """Send an unsigned request to Backbeat's own port. Returns status and JSON."""
    from http.client import HTTPConnection
    from urllib.parse import urlsplit

    assert backbeat.source.sandbox is not None
    where = urlsplit(backbeat.source.sandbox.source.backbeat_url)
    connection = HTTPConnection(where.netloc, timeout=10)
    try:
        connection.request(method, f"/_/{route}")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.contract("backbeat")
def test_backbeats_own_port_responds_alike_to_unsigned_requests(backbeat: Replicated) -> None:
    sandbox = only_in_sandbox(backbeat.source)
    for route in ("crr/status", "metrics/crr/all/backlog", "healthcheck", "no/such"):
        assert direct(backbeat, route) == through(backbeat.source, route)
    sandbox.settings("source", backbeat_allows=False)
    assert direct(backbeat, "crr/status")[0] == 403


@pytest.mark.contract("backbeat")
def test_keys_for_which_requests_fail(backbeat: Replicated) -> None:
    """A key with a colon cannot be retried; one with two slashes in a row is not found through CloudServer."""
    only_in_sandbox(backbeat.source)
    version, entry = failed(backbeat, "with:colon")
    assert through(backbeat.source, "crr/failed", "POST", [entry]) == (200, [])
    backbeat.tag("with:colon", version)
    backbeat.arrived("with:colon", version)
    where = f"crr/failed/{backbeat.bucket}/two//slashes?versionId={version}"
    assert through(backbeat.source, where)[0] == 404


@pytest.mark.contract("backbeat")
def test_older_releases_have_few_routes(backbeat: Replicated) -> None:
    sandbox = only_in_sandbox(backbeat.source)
    sandbox.settings("source", backbeat_old=True)
    for route in ("healthcheck", "metrics/crr/all", "metrics/crr/all/backlog", "crr/failed"):
        assert through(backbeat.source, route)[0] == 200, route
    for route in ("crr/status", "metrics/crr/node6", "crr/resume/all"):
        assert through(backbeat.source, route) == (404, {"RouteNotFound": True})


# The metadata route, which is CloudServer's own


def metadata(
    server: Server, bucket: str, key: str, version: str, keys: Any = None
) -> tuple[int, Any]:
    path = f"/_/backbeat/metadata/{bucket}/{quote(key)}?versionId={version}"
    status, body, _ = signed(server, path, keys=keys)
    return status, json.loads(json.loads(body)["Body"]) if status == 200 else body


@pytest.mark.contract("backbeat")
def test_metadata_has_the_stamped_role(backbeat: Replicated) -> None:
    version = backbeat.put("metadata/ü 1")
    backbeat.arrived("metadata/ü 1", version)
    status, found = metadata(backbeat.source, backbeat.bucket, "metadata/ü 1", version)
    assert status == 200
    info = found["replicationInfo"]
    assert (info["status"], info["role"]) == ("COMPLETED", backbeat.roles)
    assert info["destination"] == f"arn:aws:s3:::{backbeat.target_bucket}"
    assert {one["status"] for one in info["backends"]} == {"COMPLETED"}
    status, found = metadata(backbeat.target, backbeat.target_bucket, "metadata/ü 1", version)
    assert (status, found["replicationInfo"]["status"]) == (200, "REPLICA")


@pytest.mark.contract("backbeat")
def test_metadata_of_delete_markers_and_null_versions(backbeat: Replicated) -> None:
    backbeat.put("marked")
    where = {"Bucket": backbeat.bucket, "Key": "marked"}
    marker = backbeat.source.s3.delete_object(**where)["VersionId"]

    def info() -> Any:
        return metadata(backbeat.source, backbeat.bucket, "marked", marker)[1]["replicationInfo"]

    backbeat.wait(lambda: info()["status"] == "COMPLETED")
    assert info()["role"] == backbeat.roles
    bucket = new_bucket(backbeat.source, versioning=None)
    backbeat.source.s3.put_object(Bucket=bucket, Key="ü", Body=b"1")
    status, found = metadata(backbeat.source, bucket, "ü", "null")
    assert status == 200
    assert found["content-length"] == 1
    assert not found["replicationInfo"]["status"]


@pytest.mark.contract("backbeat")
def test_only_the_buckets_account_may_read_metadata(backbeat: Replicated) -> None:
    version = backbeat.put("private")
    if not backbeat.source.other_keys:
        pytest.skip("no second account is known on these servers")
    where = (backbeat.source, backbeat.bucket, "private", version)
    assert metadata(*where)[0] == 200
    assert metadata(*where, keys=backbeat.source.other_keys)[0] == 403
