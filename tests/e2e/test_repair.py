# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook repair_replication sends versions again that are missing at the target."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
from tests.integration.support.plays import PlaybookResult

NewReplication = Callable[[str], Replication]
STATES = ["never_replicated", "failed", "stuck", "missing"]
PROBLEMS = {"failed": 1, "missing": 1, "never_replicated": 3, "stuck": 1}


@pytest.mark.parametrize("by_api", [True, False], ids=["api", "tags"])
def test_repair_sends_missing_versions_once(
    new_replication: NewReplication, tmp_path: Path, by_api: bool
) -> None:
    replication = new_replication("repair-api" if by_api else "repair-tags")
    url = backbeat_url(replication) if by_api else ""
    if by_api and not url:
        pytest.skip("the inventory has no URL of Backbeat's API")
    replication.setup(replication_verify=False).ok()
    put_objects_with_problems(replication)
    given = {
        "replication_backbeat_url": url,
        "replication_backfill_states": STATES,
        "replication_backfill_wait_timeout": REPLICATION_TIMEOUT,
        "replication_verify_folder": str(tmp_path / "reports"),
        "replication_report_html": str(tmp_path / "reports" / "page.html"),
    }
    before = versions_and_statuses(replication)
    assert repaired(replication.repair("--check", **given).ok())["before"] == PROBLEMS
    assert versions_and_statuses(replication) == before

    played = replication.repair(**given)
    assert "2 versions: never replicated" in played.failure()
    report = repaired(played)
    assert report["before"] == PROBLEMS
    assert report["after"] == {"in_sync": 4, "never_replicated": 2}
    done = {one["action"]: one["completed"] for one in report["done"]}
    # Backbeat's list of failures expires soon. A version that is not in it any more is sent again by its tags.
    assert sum(done.values()) == 4
    assert set(done) <= ({"retry", "tags"} if by_api else {"tags"})
    (file,) = (tmp_path / "reports").glob("*.skipped.jsonl")
    assert {json.loads(line)["key"] for line in file.read_text().splitlines()} == {"deleted"}
    target = replication.target.s3_client
    assert rows(target, replication.target_bucket, Prefix="deleted") == []

    given["replication_backfill_resend_deleted_keys"] = True
    assert repaired(replication.repair(**given).ok())["after"] == {
        "in_sync": 6,
        "delete_marker_covered": 1,
    }
    listed = rows(target, replication.target_bucket, Prefix="deleted")
    assert {one.get("marker"): one["IsLatest"] for one in listed} == {True: True, None: False}
    assert counts(verify(replication)) == {"in_sync": 6, "delete_marker_covered": 1}

    before = versions_and_statuses(replication)
    again = replication.repair(**given).ok()
    assert [one["sent"] for one in repaired(again)["done"] if one["sent"]] == []
    assert versions_and_statuses(replication) == before
    # The report contains its time, so it always changes.
    assert {one["action"] for one in again.module_records() if one["result"].get("changed")} <= {
        "scality.backbeat.backbeat_report"
    }


def put_objects_with_problems(replication: Replication) -> None:
    """Put objects with problems. Each key's name begins with its expected state."""
    source, target = replication.source.s3_client, replication.target.s3_client
    at_source, at_target = (
        {"Bucket": replication.source_bucket},
        {"Bucket": replication.target_bucket},
    )
    target.delete_bucket(**at_target)
    put(source, at_source, "failed")
    wait(lambda: status(source, at_source, "failed") == "FAILED", REPLICATION_TIMEOUT)
    replication.target.do("bucket", name=replication.target_bucket, versioning="enabled")
    lost = put(source, at_source, "missing")
    wait(lambda: status(source, at_source, "missing") == "COMPLETED", REPLICATION_TIMEOUT)
    target.delete_object(**at_target, Key="missing", VersionId=lost)

    def before_the_rule() -> None:
        put(source, at_source, "never_replicated")
        put(source, at_source, "deleted")
        source.delete_object(**at_source, Key="deleted")

    without_configuration(replication, before_the_rule)
    put_stuck_object(replication, with_other_roles=True)


def backbeat_url(replication: Replication) -> str:
    sandbox = replication.environments.sandbox
    return (
        replication.source.backbeat_url
        if sandbox is None
        else replication.source.s3["endpoint_url"]
    )


def versions_and_statuses(replication: Replication) -> list[Any]:
    """The versions in both buckets, and the replication status of each version at the source."""
    source = replication.source.s3_client
    held = rows(source, replication.source_bucket)
    statuses = [
        source.head_object(
            Bucket=replication.source_bucket, Key=one["Key"], VersionId=one["VersionId"]
        ).get("ReplicationStatus")
        for one in held
        if not one.get("marker")
    ]
    return [held, rows(replication.target.s3_client, replication.target_bucket), statuses]


def repaired(played: PlaybookResult) -> dict[str, Any]:
    """The report of the only pair."""
    (by_host,) = [
        one["result"]["ansible_stats"]["data"]["replication_repair"]
        for one in played.records
        if "replication_repair" in str(one["result"].get("ansible_stats"))
    ]
    ((report,),) = by_host.values()
    return dict(report)
