# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backbeat's API and the object metadata, both through CloudServer."""

from __future__ import annotations

import json

import pytest
import requests

from sandbox import Sandbox
from sandbox.tests.helpers import (
    SOURCE,
    TARGET,
    ask,
    make_bucket,
    roles_for,
    set_up,
    status,
    wait_for_status,
)

pytestmark = pytest.mark.sandbox


def test_metadata_contains_the_roles_of_the_object(sandbox: Sandbox) -> None:
    s3, _ = set_up(sandbox)
    put = s3.put_object(Bucket=SOURCE, Key="a/b", Body=b"123")
    wait_for_status(s3, "a/b", "COMPLETED")
    code, answer = ask(sandbox.source, f"metadata/{SOURCE}/a/b?versionId={put['VersionId']}")
    assert code == 200
    metadata = json.loads(answer["Body"])
    assert metadata["content-length"] == 3
    assert metadata["replicationInfo"] == {
        "status": "COMPLETED",
        "backends": [{"site": "node6", "status": "COMPLETED", "dataStoreVersionId": ""}],
        "content": ["DATA", "METADATA"],
        "destination": f"arn:aws:s3:::{TARGET}",
        "storageClass": "node6",
        "role": roles_for(sandbox),
        "storageType": "",
        "dataStoreVersionId": "",
    }
    code, answer = ask(sandbox.target, f"metadata/{TARGET}/a/b")
    assert json.loads(answer["Body"])["replicationInfo"]["status"] == "REPLICA"


def test_metadata_can_be_read_only_by_the_owner(sandbox: Sandbox) -> None:
    make_bucket(sandbox.source, SOURCE).put_object(Bucket=SOURCE, Key="k")
    path = f"metadata/{SOURCE}/k"
    assert ask(sandbox.source, path)[0] == 200
    assert ask(sandbox.source, path, keys=sandbox.source.other)[0] == 403
    assert ask(sandbox.source, f"metadata/{SOURCE}/other")[0] == 404
    assert requests.get(f"{sandbox.source.s3_url}/_/backbeat/{path}", timeout=5).status_code == 403


def test_failed_versions_are_listed_and_can_be_retried(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox)
    target.delete_bucket(Bucket=TARGET)
    version = s3.put_object(Bucket=SOURCE, Key="k", Body=b"12")["VersionId"]
    wait_for_status(s3, "k", "FAILED")
    nothing = {"IsTruncated": False, "Versions": []}
    assert ask(sandbox.source, "api/crr/failed") == (200, nothing)
    _, listed = ask(sandbox.source, "api/crr/failed?sitename=node6")
    entry = listed["Versions"][0]
    assert entry.items() >= {
        "Bucket": SOURCE, "Key": "k", "VersionId": version, "StorageClass": "node6", "Size": 2,
    }.items()  # fmt: skip
    one = ask(sandbox.source, f"api/crr/failed/{SOURCE}/k?versionId={version}")
    assert one == (200, {"IsTruncated": False, "Versions": [entry]})
    make_bucket(sandbox.target, TARGET)
    unknown = {**entry, "Key": "unknown"}
    code, taken = ask(sandbox.source, "api/crr/failed", "POST", [entry, unknown])
    assert (code, taken) == (200, [{**entry, "ReplicationStatus": "PENDING"}])
    wait_for_status(s3, "k", "COMPLETED")
    assert ask(sandbox.source, "api/crr/failed?sitename=node6") == (200, nothing)


def test_metrics_count_objects_and_bytes(sandbox: Sandbox) -> None:
    s3, _ = set_up(sandbox)
    s3.put_object(Bucket=SOURCE, Key="done", Body=b"123")
    wait_for_status(s3, "done", "COMPLETED")
    sandbox.settings("source", paused=True)
    s3.put_object(Bucket=SOURCE, Key="waiting", Body=b"12345")
    code, metrics = ask(sandbox.source, "api/metrics/crr/all")
    assert code == 200
    assert {name: metric["results"] for name, metric in metrics.items()} == {
        "backlog": {"count": 1, "size": 5},
        "completions": {"count": 1, "size": 3},
        "failures": {"count": 0, "size": 0},
        "throughput": {"count": "0.00", "size": "0.00"},
        "pending": {"count": 1, "size": 5},
    }
    code, one = ask(sandbox.source, "api/metrics/crr/node6/pending")
    assert one == {"pending": metrics["pending"]}
    assert ask(sandbox.source, "api/metrics/crr/us-east-2/pending")[1]["pending"]["results"] == {
        "count": 0,
        "size": 0,
    }


def test_site_can_be_paused_and_resumed(sandbox: Sandbox) -> None:
    s3, _ = set_up(sandbox)
    assert ask(sandbox.source, "api/crr/status/node6") == (200, {"node6": "enabled"})
    assert ask(sandbox.source, "api/crr/pause/node6", "POST") == (200, {})
    assert ask(sandbox.source, "api/crr/status")[1]["node6"] == "disabled"
    s3.put_object(Bucket=SOURCE, Key="k")
    assert status(s3, "k") == "PENDING"
    assert ask(sandbox.source, "api/crr/resume", "POST") == (200, {})
    wait_for_status(s3, "k", "COMPLETED")


def test_health_check_and_unknown_routes(sandbox: Sandbox) -> None:
    code, health = ask(sandbox.source, "api/healthcheck")
    assert code == 200
    assert health["internalConnections"]["isrHealth"] == "error"
    for path in ("api/nothing", "api/metrics/crr/no-site", "api/crr/status/no-site"):
        assert ask(sandbox.source, path) == (404, {"RouteNotFound": True})
    assert ask(sandbox.source, "api/crr/failed", "POST", {"no": "list"})[0] == 400
    sandbox.settings("source", backbeat=False)
    assert ask(sandbox.source, "api/healthcheck") == (405, {"MethodNotAllowed": True})
    assert ask(sandbox.source, "elsewhere")[0] == 405
