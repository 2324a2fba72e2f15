# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""backbeat_verify reports versions that are missing or differ at the target."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.contract.replicating import rows, wait
from tests.e2e.replication import REPLICATION_TIMEOUT, Replication
from tests.e2e.versions import (
    counts,
    put,
    put_stuck_object,
    status,
    verify,
    without_configuration,
)

NewReplication = Callable[[str], Replication]


def test_differences_are_reported(new_replication: NewReplication, tmp_path: Path) -> None:
    """Each key's name begins with its expected state."""
    replication = new_replication("losses")
    replication.setup(replication_verify=False).ok()
    source, target = replication.source.s3_client, replication.target.s3_client
    at_source, at_target = (
        {"Bucket": replication.source_bucket},
        {"Bucket": replication.target_bucket},
    )

    replicated = [
        "in_sync", "in_sync-deleted", "missing", "other_current-overwritten", "replica_without_source",
        "delete_marker_missing", "other_current-deleted", "missing-current",
    ]  # fmt: skip
    ids = {key: put(source, at_source, key) for key in replicated}
    newer = put(source, at_source, "missing-current")
    wait(
        lambda: all(status(source, at_source, key) == "COMPLETED" for key in replicated),
        REPLICATION_TIMEOUT,
    )
    wait(
        lambda: status(source, at_source, "missing-current", ids) == "COMPLETED",
        REPLICATION_TIMEOUT,
    )

    target.delete_object(**at_target, Key="missing", VersionId=ids["missing"])
    put(target, at_target, "other_current-overwritten", b"overwritten")
    put(target, at_target, "written_at_target")
    target.delete_object(**at_target, Key="missing-current", VersionId=newer)
    target.delete_object(**at_target, Key="other_current-deleted")
    lost = "replica_without_source"
    source.delete_object(**at_source, Key=lost, VersionId=ids[lost])
    for key in ("in_sync-deleted", "delete_marker_missing"):
        marker = source.delete_object(**at_source, Key=key)["VersionId"]
        wait(
            lambda sent=marker: sent in version_ids(target, replication.target_bucket),
            REPLICATION_TIMEOUT,
        )
    target.delete_object(**at_target, Key="delete_marker_missing", VersionId=marker)
    without_configuration(replication, lambda: put(source, at_source, "never_replicated"))
    put_stuck_object(replication)

    problems = tmp_path / "problems.jsonl"
    result = verify(replication, problems_file=str(problems))
    assert result["failed"]
    report = result["verification"]
    assert (report["complete"], report["verdict"], report["gaps"]) == (True, "failed", [])
    written = [json.loads(line) for line in problems.read_text().splitlines()]
    assert {(one["key"], one["state"]) for one in written} == {
        ("missing", "missing"),
        ("other_current-overwritten", "written_at_target"),
        ("other_current-overwritten", "other_current"),
        ("written_at_target", "written_at_target"),
        ("missing-current", "missing"),
        ("other_current-deleted", "delete_marker_extra"),
        ("other_current-deleted", "other_current"),
        (lost, lost),
        ("delete_marker_missing", "delete_marker_missing"),
        ("never_replicated", "never_replicated"),
        ("stuck", "stuck"),
    }
    assert len(written) == report["problems"] == 11
    # Two versions of in_sync-deleted, the older one of missing-current, and one each of the other replicated keys.
    assert report["states"]["in_sync"]["count"] == 7
    for text in ("missing although COMPLETED", "never replicated", "stuck"):
        assert text in result["msg"]


def test_failed_version_is_reported_and_can_be_accepted(new_replication: NewReplication) -> None:
    """There is no target bucket until Backbeat gives up and the object is FAILED."""
    replication = new_replication("failed")
    replication.setup(replication_verify=False).ok()
    replication.target.s3_client.delete_bucket(Bucket=replication.target_bucket)
    at_source = {"Bucket": replication.source_bucket}
    put(replication.source.s3_client, at_source, "failed")
    wait(
        lambda: status(replication.source.s3_client, at_source, "failed") == "FAILED",
        REPLICATION_TIMEOUT,
    )
    without_target = verify(replication)
    assert without_target["failed"]
    assert without_target["verification"]["verdict"] == "incomplete"
    replication.setup(replication_verify=False).ok()
    found = verify(replication)
    assert found["failed"]
    assert counts(found) == {"failed": 1}
    assert not verify(replication, accept={"failed": 1}).get("failed")


def version_ids(s3: Any, bucket: str) -> set[str]:
    return {one["VersionId"] for one in rows(s3, bucket)}
