# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook repair_replication: the states before and after, its actions, and the reasons for what it skips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.plays import Inventory, PlaybookResult, Plays
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up
from tests.integration.support.repairs import REPAIR, inventory, repair_report
from tests.integration.support.versions import put, states, verify


@pytest.fixture
def broken(source: Side, target: Side) -> Side:
    """A version from before the rule, and one that is FAILED because the target bucket does not exist."""
    source.sandbox.settings("source", retries=0)
    set_up(source, target, but=("object", "replication"))
    put(source, "old")
    set_up(source, target, but=("object",))
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)
    put(source, "failed")
    source.do("object_check", bucket=SOURCE_BUCKET, key="failed", status=["FAILED"])
    return source


@pytest.mark.parametrize("by_api", [True, False])
def test_versions_are_repaired_and_a_second_run_is_idempotent(
    play: Plays, broken: Side, target: Side, tmp_path: Path, by_api: bool
) -> None:
    target.do("bucket", name=TARGET_BUCKET, versioning="enabled")
    url = {"replication_backbeat_url": broken.side.s3_url} if by_api else {}
    given = inventory(play, tmp_path / "reports", **url)
    written = broken.sandbox.calls(write=True)
    foreseen = repair_report(play("--check", inventory=given, playbook=REPAIR).ok())
    assert foreseen["before"] == {"failed": 1, "never_replicated": 1}
    assert broken.sandbox.calls(write=True) == written
    report = repair_report(play(inventory=given, playbook=REPAIR).ok())
    assert report["before"] == {"failed": 1, "never_replicated": 1}
    assert report["after"] == {"in_sync": 2}
    done = {one["action"]: one["completed"] for one in report["done"]}
    assert done == ({"retry": 1, "tags": 1} if by_api else {"tags": 2})
    assert not report["stopped"]
    assert states(verify(broken, target)) == {"in_sync": 2}
    page = (tmp_path / "reports" / "page.html").read_text()
    assert "Sent again by putting own tags back" in page
    assert ("Retried with Backbeat's API" in page.replace("&#39;", "'")) == by_api
    written = broken.sandbox.calls(write=True)
    again = play(inventory=given, playbook=REPAIR).ok()
    assert broken.sandbox.calls(write=True) == written
    # A report contains its time.
    assert {one["action"] for one in again.module_records() if one["result"].get("changed")} <= {
        "scality.backbeat.backbeat_report"
    }


def test_versions_that_stay_unrepaired_are_reported_with_a_reason(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    set_up(source, target, but=("object", "replication"))
    put(source, "gone")
    source.s3.delete_object(Bucket=SOURCE_BUCKET, Key="gone")
    put(source, "old")
    set_up(source, target, but=("object",))
    played = play(inventory=inventory(play, tmp_path), playbook=REPAIR)
    assert "2 versions: never replicated" in played.failure()
    report = repair_report(played)
    assert report["after"] == {"in_sync": 1, "never_replicated": 2}
    assert {one["key"] for one in report["skipped"]} == {"gone"}
    assert all(one["reason"] for one in report["skipped"])
    kept = json.loads(next(tmp_path.glob("*.backfill.json")).read_text())
    assert kept["sent_count"] == 1


def test_a_preflight_error_stops_the_repair_before_any_write(
    play: Plays, broken: Side, tmp_path: Path
) -> None:
    written = broken.sandbox.calls(write=True)
    played = play(inventory=inventory(play, tmp_path), playbook=REPAIR)
    assert "bucket-missing" in played.failure()
    assert broken.sandbox.calls(write=True) == written
    report = repair_report(played)
    assert "bucket-missing" in report["stopped"]
    assert report["done"] == []
    assert "bucket-missing" in (tmp_path / "page.html").read_text()


def test_replication_repair_configuration_sets_up_the_pair_first(
    play: Plays, broken: Side, target: Side, tmp_path: Path
) -> None:
    given = inventory(play, tmp_path, replication_repair_configuration="yes")
    report = repair_report(play(inventory=given, playbook=REPAIR).ok())
    assert report["after"]["in_sync"] >= 2
    assert set(report["after"]) == {"in_sync"}
    assert states(verify(broken, target)) == report["after"]


def with_failing_pair(given: Inventory) -> Inventory:
    """Insert a pair with a preflight error before the pair that can be repaired."""
    lost = {"source_bucket": "lost-bucket", "target_bucket": "lost-target"}
    node1 = given["all"]["hosts"]["node1"]
    node1["replication_pairs"] = [lost, *node1["replication_pairs"]]
    return given


def reports_by_source_bucket(played: PlaybookResult) -> dict[str, dict[str, Any]]:
    found = [
        facts
        for one in played.records
        if one["host"] == "node1"
        for facts in [one["result"].get("ansible_facts", {}).get("replication_repair_results")]
        if facts
    ][-1]
    return {one["source_bucket"]: one for one in found}


def test_an_error_of_one_pair_does_not_stop_the_repair_of_others(
    play: Plays, broken: Side, target: Side, tmp_path: Path
) -> None:
    target.do("bucket", name=TARGET_BUCKET, versioning="enabled")
    given = inventory(play, tmp_path, replication_backbeat_url=broken.side.s3_url)
    played = play(
        "-e",
        "replication_repair_configuration=no",
        inventory=with_failing_pair(given),
        playbook=REPAIR,
    )
    assert played.code == 2
    found = reports_by_source_bucket(played)
    assert "lost-bucket" in found["lost-bucket"]["stopped"]
    assert (found["lost-bucket"]["done"], found["lost-bucket"]["after"]) == ([], None)
    assert found[SOURCE_BUCKET]["after"] == {"in_sync": 2}
    assert not found[SOURCE_BUCKET]["stopped"]
    assert states(verify(broken, target)) == {"in_sync": 2}
    # The text "no" means false: set-up does not run.
    assert {
        call["operation"] for call in broken.sandbox.calls(write=True, bucket="lost-bucket")
    } == set()
