# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses that are planted on the servers, and the playbook that repairs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.replicating import rows, wait
from tests.e2e.story import ARRIVAL, Story
from tests.e2e.test_verify import counts, put, status, strand, verify, with_configuration_away
from tests.integration.support.plays import PlaybookResult

Begin = Callable[[str], Story]
STATES = ["never_replicated", "failed", "stuck", "missing"]
PLANTED = {"failed": 1, "missing": 1, "never_replicated": 3, "stuck": 1}


@pytest.mark.parametrize("by_api", [True, False], ids=["api", "tags"])
def test_planted_losses_are_repaired_once(story: Begin, tmp_path: Path, by_api: bool) -> None:
    own = story("repair-api" if by_api else "repair-tags")
    url = backbeat_url(own) if by_api else ""
    if by_api and not url:
        pytest.skip("the inventory names no API of Backbeat")
    own.setup(replication_verify=False).ok()
    plant(own)
    given = {
        "replication_backbeat_url": url,
        "replication_backfill_states": STATES,
        "replication_backfill_wait_timeout": ARRIVAL,
        "replication_verify_folder": str(tmp_path / "reports"),
        "replication_report_html": str(tmp_path / "reports" / "page.html"),
    }
    there = everything(own)
    assert repaired(own.repair("--check", **given).ok())["before"] == PLANTED
    assert everything(own) == there

    played = own.repair(**given)
    assert "2 versions: never replicated" in played.failure()
    report = repaired(played)
    assert report["before"] == PLANTED
    assert report["after"] == {"in_sync": 4, "never_replicated": 2}
    done = {one["action"]: one["completed"] for one in report["done"]}
    # What Backbeat lists as failed is soon forgotten there, and then sent again by its tags.
    assert sum(done.values()) == 4
    assert set(done) <= ({"retry", "tags"} if by_api else {"tags"})
    (file,) = (tmp_path / "reports").glob("*.skipped.jsonl")
    assert {json.loads(line)["key"] for line in file.read_text().splitlines()} == {"deleted"}
    target = own.target.s3_client
    assert rows(target, own.target_bucket, Prefix="deleted") == []

    given["replication_backfill_resend_deleted_keys"] = True
    assert repaired(own.repair(**given).ok())["after"] == {
        "in_sync": 6,
        "delete_marker_covered": 1,
    }
    listed = rows(target, own.target_bucket, Prefix="deleted")
    assert {one.get("marker"): one["IsLatest"] for one in listed} == {True: True, None: False}
    assert counts(verify(own)) == {"in_sync": 6, "delete_marker_covered": 1}

    there = everything(own)
    again = own.repair(**given).ok()
    assert [one["sent"] for one in repaired(again)["done"] if one["sent"]] == []
    assert everything(own) == there
    # A report tells its time.
    assert {one["action"] for one in again.module_records() if one["result"].get("changed")} <= {
        "scality.backbeat.backbeat_report"
    }


def plant(own: Story) -> None:
    """Each key begins with the state that it is brought to."""
    source, target = own.source.s3_client, own.target.s3_client
    at_source, at_target = {"Bucket": own.source_bucket}, {"Bucket": own.target_bucket}
    target.delete_bucket(**at_target)
    put(source, at_source, "failed")
    wait(lambda: status(source, at_source, "failed") == "FAILED", ARRIVAL)
    own.target.do("bucket", name=own.target_bucket, versioning="enabled")
    lost = put(source, at_source, "missing")
    wait(lambda: status(source, at_source, "missing") == "COMPLETED", ARRIVAL)
    target.delete_object(**at_target, Key="missing", VersionId=lost)

    def before_the_rule() -> None:
        put(source, at_source, "never_replicated")
        put(source, at_source, "deleted")
        source.delete_object(**at_source, Key="deleted")

    with_configuration_away(own, before_the_rule)
    strand(own, with_other_roles=True)


def backbeat_url(own: Story) -> str:
    sandbox = own.ground.sandbox
    return own.source.backbeat_url if sandbox is None else own.source.s3["endpoint_url"]


def everything(own: Story) -> list[Any]:
    """What both buckets hold, with the status of each version at the source."""
    source = own.source.s3_client
    held = rows(source, own.source_bucket)
    statuses = [
        source.head_object(
            Bucket=own.source_bucket, Key=one["Key"], VersionId=one["VersionId"]
        ).get("ReplicationStatus")
        for one in held
        if not one.get("marker")
    ]
    return [held, rows(own.target.s3_client, own.target_bucket), statuses]


def repaired(played: PlaybookResult) -> dict[str, Any]:
    """The report of the one pair."""
    (by_host,) = [
        one["result"]["ansible_stats"]["data"]["replication_repair"]
        for one in played.records
        if "replication_repair" in str(one["result"].get("ansible_stats"))
    ]
    ((report,),) = by_host.values()
    return dict(report)
