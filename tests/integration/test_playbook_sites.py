# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks for a pair that replicates to two sites, one of them a cloud: each is compared and shown separately."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import Inventory, PlaybookResult, Plays
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_BUCKET,
    set_up,
)
from tests.integration.support.sites import CLOUD_BUCKET, SITE, configure, listed, wait
from tests.integration.support.versions import put, wait_for_status

PLAYBOOKS = ROOT / "playbooks"
VERIFY, REPAIR = PLAYBOOKS / "verify_replication.yml", PLAYBOOKS / "repair_replication.yml"


@pytest.fixture
def two_sites(source: Side, target: Side) -> Side:
    """The source; the second site is a bucket of a cloud."""
    source.sandbox.settings("source", retries=0)
    set_up(source, target, but=("object",))
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    configure(source, f"node6,{SITE}", stored["Role"])
    source.sandbox.settings("source", clouds={SITE: f"target/{CLOUD_BUCKET}"})
    role = [source.arn("role", SOURCE_ROLE)]
    rights = {"side": "source", "source_buckets": [SOURCE_BUCKET], "cloud_targets": True}
    source.do("policy", name=SOURCE_POLICY, roles=role, **rights)
    target.s3.create_bucket(Bucket=CLOUD_BUCKET)
    target.s3.put_bucket_versioning(
        Bucket=CLOUD_BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    return source


def inventory(play: Plays, folder: Path, **variables: Any) -> Inventory:
    found = play.inventory(
        replication_verify_folder=str(folder),
        replication_report_prometheus=str(folder / "replication.prom"),
        replication_known_sites={"node6": "scality", SITE: "cloud"},
        **variables,
    )
    hosts = found["all"]["hosts"]
    (pair,) = hosts["node1"]["replication_pairs"]
    pair["site"] = "node6"
    pair["rules"] = [{"prefix": "", "sites": [{"name": "node6"}, {"name": SITE}]}]
    pair["further_targets"] = [{"target_host": "aws", "target_bucket": CLOUD_BUCKET, "site": SITE}]
    hosts["aws"] = {"replication_s3": hosts["node6"]["replication_s3"]}
    return found


def report(folder: Path, target: str) -> dict[str, Any]:
    file = folder / f"node1__{SOURCE_BUCKET}__{target}.report.json"
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def counts(found: dict[str, Any]) -> dict[str, int]:
    return {name: one["count"] for name, one in found["states"].items() if one["count"]}


def delete_replica(target: Side, key: str) -> None:
    """Delete a replica in the cloud."""
    copies = [one for one in listed(target, CLOUD_BUCKET) if one["Key"] == key]
    target.s3.delete_object(Bucket=CLOUD_BUCKET, Key=key, VersionId=copies[0]["VersionId"])


def test_verify_compares_each_site_with_its_own_status(
    play: Plays, two_sites: Side, target: Side, tmp_path: Path
) -> None:
    put(two_sites, "k")
    put(two_sites, "lost")
    wait_for_status(two_sites, "k", "lost")
    wait(lambda: len(listed(target, CLOUD_BUCKET)) == 2)
    delete_replica(target, "lost")
    folder = tmp_path / "reports"
    played = play(inventory=inventory(play, folder), playbook=VERIFY)
    assert played.code != 0
    ours, cloud = (
        report(folder, name) for name in (f"node6__{TARGET_BUCKET}", f"aws__{CLOUD_BUCKET}")
    )
    assert (ours["site"], counts(ours)) == ("node6", {"in_sync": 2})
    assert (cloud["site"], counts(cloud)) == (SITE, {"in_sync": 1, "missing": 1})
    assert cloud["scope"]["cloud"]
    # No note that the rule's bucket is not the cloud's: their names may differ.
    assert cloud["notes"] == []
    missing = [
        line
        for line in (folder / "replication.prom").read_text().splitlines()
        if line.startswith("backbeat_verify_versions{") and 'state="missing"' in line
    ]
    assert {(f'site="{SITE}"' in line, float(line.split()[-1])) for line in missing} == {
        (True, 1.0),
        (False, 0.0),
    }


def repair_reports(played: PlaybookResult) -> dict[str, dict[str, Any]]:
    (facts,) = (
        found
        for one in played.records
        if one["host"] == "node1"
        for found in [one["result"].get("ansible_facts", {}).get("replication_repair_results")]
        if found
    )
    return {one["target"]: one for one in facts}


def fail_at_target(source: Side, target: Side, key: str) -> None:
    """Put an object while the target bucket at the Scality site does not exist."""
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)
    put(source, key)
    wait_for_status(source, key, status="FAILED")
    target.do("bucket", name=TARGET_BUCKET, versioning="enabled")


def test_repair_sends_a_version_again_to_the_scality_site_only(
    play: Plays, two_sites: Side, target: Side, tmp_path: Path
) -> None:
    """Versions that the cloud lacks are only reported."""
    fail_at_target(two_sites, target, "k")
    wait(lambda: len(listed(target, CLOUD_BUCKET)) == 1)
    given = inventory(play, tmp_path / "reports")
    found = repair_reports(play(inventory=given, playbook=REPAIR))
    assert found["node6"]["before"] == {"failed": 1}
    assert found["node6"]["after"] == {"in_sync": 1}
    assert [(one["action"], one["completed"]) for one in found["node6"]["done"]] == [("tags", 1)]
    assert found["aws"]["done"] == []
    assert any("nothing is sent again to a cloud" in one for one in found["aws"]["notes"])


def test_retry_and_status_report_each_site_separately(
    play: Plays, two_sites: Side, target: Side, tmp_path: Path
) -> None:
    fail_at_target(two_sites, target, "k")
    given = inventory(play, tmp_path / "reports", replication_backbeat_url=two_sites.side.s3_url)
    (tmp_path / "reports").mkdir()
    played = play(inventory=given, playbook=PLAYBOOKS / "retry_failed.yml").ok()
    (retried,) = (
        one["result"]["ansible_stats"]["data"]["replication_retry"]["node1"]
        for one in played.records
        if "replication_retry" in str(one["result"].get("ansible_stats"))
    )
    assert {name: one["asked"] for name, one in retried.items()} == {
        SOURCE_BUCKET: 1,
        f"{SOURCE_BUCKET} to {CLOUD_BUCKET} of aws": 0,
    }
    wait_for_status(two_sites, "k")
    shown = play(inventory=given, playbook=PLAYBOOKS / "status_replication.yml").ok()
    assert "2 pairs" in shown.output
