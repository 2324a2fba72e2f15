# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The setup playbook: its first run, a second run, check mode, and runs after manual changes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.plays import (
    Inventory,
    Plays,
    assert_run_as_predicted,
    assert_same_results,
)
from tests.integration.support.procedure import (
    ALL_CHANGES,
    KEY,
    REPEATED_PROOF,
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_POLICY,
    TARGET_ROLE,
    assert_replicated,
    set_up,
)

#: The calls of a run without changes, in their order on each side, preflight's first. All of them are reads.
CONVERGED = {
    "source": [
        *("ListBuckets", "GetUser", "GetBucketVersioning", "GetBucketReplication", "GetRole"),
        "GetRole",
        "GetPolicy",
        "GetPolicyVersion",
        "ListAttachedRolePolicies",
        "GetPolicy",  # for a second part of an earlier, larger document
        "GetBucketVersioning",
        "GetBucketReplication",
        *("HeadObject", "GetBucketReplication", "BackbeatMetadata"),
    ],
    "target": [
        *("ListBuckets", "GetUser", "GetBucketVersioning", "GetRole"),
        "GetRole",
        "GetPolicy",
        "GetPolicyVersion",
        "ListAttachedRolePolicies",
        "GetPolicy",
        "GetBucketVersioning",
        "HeadObject",
    ],
}
OTHER_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "audit"}, "Action": "sts:AssumeRole"}
        ],
    }
)
OTHER_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    }
)


def with_a_listed_rule(inventory: Inventory) -> Inventory:
    inventory["all"]["hosts"]["node1"]["replication_pairs"][0]["rules"] = [
        {"prefix": "", "enabled": True}
    ]
    return inventory


@pytest.mark.each_core
def test_run_matches_check_mode_and_a_second_run_changes_nothing(
    play: Plays, source: Side, target: Side
) -> None:
    check = play.check().ok()
    assert check.changes() == ALL_CHANGES
    assert check.changed() == {"node1": 5, "node6": 3}
    for shown in (
        "Service: backbeat",
        "s3:ReplicateDelete",
        "versioning: enabled",
        "enabled: true",
    ):
        assert check.has_diff_line(f"+{shown}"), check.output

    first = play("--diff").ok()
    assert first.changes() == ALL_CHANGES
    assert_run_as_predicted(check, first)
    proof = first.result("node1", "proof")["results"][0]
    assert proof["object"]["replication_status"] == "COMPLETED"
    assert proof["replica"]["replication_status"] == "REPLICA"
    assert source.s3.head_object(Bucket=SOURCE_BUCKET, Key=KEY)["ReplicationStatus"] == "COMPLETED"
    assert target.s3.head_object(Bucket=TARGET_BUCKET, Key=KEY)["ReplicationStatus"] == "REPLICA"

    play.sandbox.clear_calls()
    second = play("--diff").ok()
    assert second.changed() == {}
    assert {side.name: side.reads() for side in (source, target)} == CONVERGED
    assert source.writes() == target.writes() == []


def test_modules_return_the_same_in_process_and_as_processes(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    as_modules = play("-vvv", inventory=play.inventory(backbeat_in_process=False)).ok()
    in_process = play("-vvv").ok()
    assert "AnsiballZ_backbeat_policy" in as_modules.output
    assert "AnsiballZ_backbeat" not in in_process.output
    assert as_modules.changed() == {}
    assert_same_results(as_modules, in_process)


def test_drift_in_every_resource_is_shown_and_repaired(
    play: Plays, source: Side, target: Side
) -> None:
    inventory = with_a_listed_rule(play.inventory())
    assert not set_up(source, target)[-1].get("failed")
    source.iam.update_assume_role_policy(RoleName=SOURCE_ROLE, PolicyDocument=OTHER_TRUST)
    source.iam.create_policy_version(
        PolicyArn=source.arn("policy", SOURCE_POLICY), PolicyDocument=OTHER_POLICY, SetAsDefault=True
    )  # fmt: skip
    target.iam.detach_role_policy(
        RoleName=TARGET_ROLE, PolicyArn=target.arn("policy", TARGET_POLICY)
    )
    suspended = {"Status": "Suspended"}
    target.s3.put_bucket_versioning(Bucket=TARGET_BUCKET, VersioningConfiguration=suspended)
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    stored["Rules"][0].update(ID="by-hand", Status="Disabled")
    source.s3.put_bucket_replication(Bucket=SOURCE_BUCKET, ReplicationConfiguration=stored)
    source.s3.delete_object(Bucket=SOURCE_BUCKET, Key=KEY)
    drift = sorted(
        [
            f"UpdateAssumeRolePolicy {SOURCE_ROLE}",
            f"CreatePolicyVersion {SOURCE_POLICY}",
            f"AttachRolePolicy {TARGET_POLICY} to {TARGET_ROLE}",
            f"PutBucketVersioning {TARGET_BUCKET}",
            f"PutBucketReplication {SOURCE_BUCKET}",
            f"PutObject {SOURCE_BUCKET}/{KEY}",
        ]
    )

    check = play.check(inventory=inventory).ok()
    assert check.changes() == drift
    for shown in (
        "-Service: audit",
        "+Service: backbeat",
        "-versioning: suspended",
        "-enabled: false",
    ):
        assert check.has_diff_line(shown), check.output
    run = play("--diff", inventory=inventory).ok()
    assert run.changes() == drift
    assert_run_as_predicted(check, run)
    (rule,) = run.result("node1", "bucket_replication")["results"][0]["replication"]["rules"]
    assert (rule["id"], rule["enabled"]) == ("by-hand", True)
    assert play(inventory=inventory).ok().changed() == {}


def test_replication_set_up_as_in_the_guide_is_unchanged(
    play: Plays, source: Side, target: Side
) -> None:
    """Only policies differ: the guide's lack a permission that servers need since 2025, and grant unneeded ones."""
    inventory = play.inventory(replication_permissions="guide")
    guide: dict[str, Any] = {
        "permissions": "guide",
        "source_buckets": [SOURCE_BUCKET],
        "target_buckets": [TARGET_BUCKET],
    }
    play.sandbox.settings(generation=2024)
    set_up(source, target, but=("policies",))
    for side, policy, role in (
        (source, SOURCE_POLICY, SOURCE_ROLE),
        (target, TARGET_POLICY, TARGET_ROLE),
    ):
        side.do("policy", name=policy, side=side.name, roles=[role], **guide)
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key=KEY)
    assert play(inventory=inventory).ok().changed() == {}
    # The earlier proof of replication is not valid for the new policies.
    # What the guide's document grants on the other side's bucket stays, since another inventory may need it.
    assert play().ok().changes() == [f"CreatePolicyVersion {SOURCE_POLICY}", *REPEATED_PROOF]
    purged = play(inventory=play.inventory(replication_purge_statements=True)).ok()
    assert sorted(purged.changes()) == [
        f"CreatePolicyVersion {SOURCE_POLICY}",
        f"CreatePolicyVersion {TARGET_POLICY}",
        *REPEATED_PROOF,
    ]
