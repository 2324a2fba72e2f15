# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Teardown of each resource from every state, and resources that it must not change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.environments import SideName
from tests.integration.support.guide import replication_by_hand, unrelated_policy
from tests.integration.support.modules import Result, Side
from tests.integration.support.plays import TEARDOWN, Plays
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_POLICY,
    TARGET_ROLE,
    assert_replicated,
    set_up,
)

#: The writes of a complete teardown by side, including buckets.
WRITES: dict[SideName, list[str]] = {
    "source": [
        "DeleteBucketReplication",
        "DetachRolePolicy",
        "DeletePolicy",
        "DeleteRole",
        "DeleteBucket",
    ],
    "target": ["DetachRolePolicy", "DeletePolicy", "DeleteRole", "DeleteBucket"],
}
EACH_WRITE = [
    pytest.param(side, operation, id=f"{side}-{operation}")
    for side, operations in WRITES.items()
    for operation in operations
]


def tear_down(source: Side, target: Side, **options: Any) -> list[Result]:
    """The steps of the role's teardown in their order, until one fails."""
    steps: list[tuple[Side, str, dict[str, Any]]] = [
        (source, "bucket_replication", {"bucket": SOURCE_BUCKET}),
        (source, "policy", {"name": SOURCE_POLICY}),
        (target, "policy", {"name": TARGET_POLICY}),
        (source, "iam_role", {"name": SOURCE_ROLE}),
        (target, "iam_role", {"name": TARGET_ROLE}),
        (source, "bucket", {"name": SOURCE_BUCKET}),
        (target, "bucket", {"name": TARGET_BUCKET}),
    ]
    results = []
    for side, module, wanted in steps:
        results.append(side.run(module, **wanted, state="absent", **options))
        if results[-1].get("failed"):
            break
    return results


def remaining(side: Side) -> dict[str, list[str]]:
    return {
        "roles": [one["RoleName"] for one in side.iam.list_roles()["Roles"]],
        "policies": [
            one["PolicyName"] for one in side.iam.list_policies(Scope="Local")["Policies"]
        ],
        "buckets": [one["Name"] for one in side.s3.list_buckets()["Buckets"]],
    }


NOTHING: dict[str, list[str]] = {"roles": [], "policies": [], "buckets": []}


def configured(source: Side) -> bool:
    return bool(source.do("bucket_replication_info", bucket=SOURCE_BUCKET)["replication"])


@pytest.mark.lowest_boto3
def test_teardown_removes_all_resources_in_order(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    source.sandbox.clear_calls()
    assert all(result["changed"] for result in tear_down(source, target))
    assert {side.name: side.writes() for side in (source, target)} == WRITES
    assert remaining(source) == remaining(target) == NOTHING


@pytest.mark.parametrize(("side", "operation"), EACH_WRITE)
@pytest.mark.parametrize("how", ["error", "reset-after"])
def test_the_next_teardown_completes_one_that_failed_at_any_write(
    source: Side, target: Side, side: SideName, operation: str, how: str
) -> None:
    """The write is refused, or succeeds without an answer. A remaining rule keeps its roles and policies."""
    set_up(source, target, but=["object"])
    source.sandbox.fail(operation=operation, side=side, how=how)
    interrupted = tear_down(source, target, retry_timeout=0)[-1]
    assert interrupted["failed"]
    assert interrupted["error"]["operation"] == operation
    if configured(source):
        for one, role in ((source, SOURCE_ROLE), (target, TARGET_ROLE)):
            assert one.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    source.sandbox.clear_faults()
    for result in tear_down(source, target):
        assert not result.get("failed"), result
    assert remaining(source) == remaining(target) == NOTHING
    source.sandbox.clear_calls()
    assert not any(result["changed"] for result in tear_down(source, target))
    assert source.writes() == target.writes() == []


def test_a_write_whose_answer_was_lost_is_confirmed_by_the_same_run(
    source: Side, target: Side
) -> None:
    """Within retry_timeout, the run reads the result of the write and continues."""
    set_up(source, target, but=["object"])
    for side, operations in WRITES.items():
        for operation in operations:
            source.sandbox.fail(operation=operation, side=side, how="reset-after")
    for result in tear_down(source, target):
        assert not result.get("failed"), result
        assert result["changed"]
    assert remaining(source) == remaining(target) == NOTHING


def test_unrelated_resources_stay(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    arn = source.iam.create_policy(PolicyName="Others", PolicyDocument=unrelated_policy())[
        "Policy"
    ]["Arn"]
    source.do("iam_role", name="OtherRole", managed_policies=[arn])
    source.do("iam_role", name=SOURCE_ROLE, managed_policies=[arn])
    source.do("bucket", name="other-bucket")
    for result in tear_down(source, target):
        assert not result.get("failed"), result
    assert remaining(source) == {
        "roles": ["OtherRole"],
        "policies": ["Others"],
        "buckets": ["other-bucket"],
    }
    attached = source.iam.list_attached_role_policies(RoleName="OtherRole")["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [arn]


def test_an_absent_policy_is_detached_from_all_roles(source: Side, target: Side) -> None:
    """Servers do not delete policies that are attached."""
    set_up(source, target, but=["object"])
    arn = source.arn("policy", SOURCE_POLICY)
    source.do("iam_role", name="OtherRole", managed_policies=[arn])
    result = source.do("policy", name=SOURCE_POLICY, state="absent")
    assert sorted(result["changes"]) == [
        f"DeletePolicy {SOURCE_POLICY}",
        f"DetachRolePolicy {SOURCE_POLICY} from OtherRole",
        f"DetachRolePolicy {SOURCE_POLICY} from {SOURCE_ROLE}",
    ]


def test_removal_of_a_policy_attached_to_a_user_is_refused(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    source.iam.create_user(UserName="other-user")
    arn = source.arn("policy", SOURCE_POLICY)
    source.iam.attach_user_policy(UserName="other-user", PolicyArn=arn)
    result = source.run("policy", name=SOURCE_POLICY, state="absent")
    assert result["failed"]
    assert not result["changed"]
    assert f"{SOURCE_POLICY} at {source.side.iam_url} is attached to users" in result["msg"]
    assert "other-user): detach it there first" in result["msg"]
    assert remaining(source)["policies"] == [SOURCE_POLICY]


def test_a_policy_is_deleted_with_all_its_versions(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    for number in range(4):
        source.iam.create_policy_version(
            PolicyArn=source.arn("policy", SOURCE_POLICY),
            PolicyDocument=json.dumps(
                json.loads(unrelated_policy(f"s3:Get{'Object' * (number % 2)}*"))
            ),
            SetAsDefault=bool(number % 2),
        )
    source.do("policy", name=SOURCE_POLICY, state="absent")
    assert remaining(source)["policies"] == []


def test_only_listed_rules_are_removed(source: Side, target: Side) -> None:
    rules = [{"id": "one", "prefix": "one/"}, {"id": "two", "prefix": "two/"}]
    set_up(source, target, but=["object"], rules=rules)
    absent = {"bucket": SOURCE_BUCKET, "state": "absent"}
    result = source.run_idempotent("bucket_replication", **absent, rules=rules[:1])
    assert [rule["id"] for rule in result["replication"]["rules"]] == ["two"]
    unknown = [{"id": "three"}, {"prefix": "one/"}]
    assert not source.run_idempotent("bucket_replication", **absent, rules=unknown)["changed"]
    assert source.run_idempotent("bucket_replication", **absent, rules=rules)["replication"] is None


def test_replication_remove_buckets_deletes_empty_buckets_only(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    asked = play.inventory(replication_remove_buckets=True)
    refused = play(playbook=TEARDOWN, inventory=asked)
    assert refused.code != 0
    for side, bucket in ((source, SOURCE_BUCKET), (target, TARGET_BUCKET)):
        assert f"The bucket {bucket} at {side.side.s3_url} is not empty" in " ".join(
            refused.output.split()
        )
        assert remaining(side) == {"roles": [], "policies": [], "buckets": [bucket]}
        for one in side.s3.list_object_versions(Bucket=bucket)["Versions"]:
            side.s3.delete_object(Bucket=bucket, Key=KEY, VersionId=one["VersionId"])
    done = play(playbook=TEARDOWN, inventory=asked).ok()
    assert done.changes() == [f"DeleteBucket {SOURCE_BUCKET}", f"DeleteBucket {TARGET_BUCKET}"]
    assert remaining(source) == remaining(target) == NOTHING


def test_pending_objects_prevent_all_writes_unless_loss_is_allowed(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target, but=["object"])
    source.sandbox.settings("source", paused=True)
    source.do("object", bucket=SOURCE_BUCKET, key="pending")
    source.sandbox.clear_calls()
    played = play(playbook=TEARDOWN)
    assert "set replication_allow_pending_loss to make the change anyway" in " ".join(
        played.output.split()
    )
    assert played.code != 0
    assert source.writes() == target.writes() == []

    allowed = play(playbook=TEARDOWN, inventory=play.inventory(replication_allow_pending_loss=True))
    assert f"DeleteBucketReplication {SOURCE_BUCKET}" in allowed.ok().changes()
    assert "[WARNING]: Of the bucket" in allowed.output


def test_limit_to_the_target_is_refused_unless_loss_is_allowed(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target, but=["object"])
    source.sandbox.clear_calls()
    message = play("--limit", "node6", playbook=TEARDOWN).failure()
    assert "node1 replicates to node6 and is not part of this run" in message
    assert target.writes() == []

    loss_allowed = play.inventory(replication_allow_pending_loss=True)
    assert (
        f"DeleteRole {TARGET_ROLE}"
        in play("--limit", "node6", playbook=TEARDOWN, inventory=loss_allowed).ok().changes()
    )


def rules_of(side: Side, bucket: str) -> list[str]:
    stored = side.s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    return [one["Prefix"] for one in stored["Rules"]]


def statements(side: Side, policy: str) -> str:
    arn = side.arn("policy", policy)
    version = side.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = side.iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return json.dumps(answer["PolicyVersion"]["Document"])


@pytest.mark.parametrize("other", ["role", "target"])
def test_a_configuration_with_other_roles_or_another_target_stays(
    play: Plays, source: Side, target: Side, other: str
) -> None:
    """Set-up refuses to change it, so teardown does not remove it."""
    set_up(source, target, but=["replication", "object"])
    source.do("iam_role", name="OtherRole")
    role = "OtherRole" if other == "role" else SOURCE_ROLE
    replication_by_hand(
        source,
        SOURCE_BUCKET,
        "other-target" if other == "target" else TARGET_BUCKET,
        source.arn("role", role),
        target.arn("role", TARGET_ROLE),
    )
    check = play.check(playbook=TEARDOWN).ok()
    played = play(playbook=TEARDOWN).ok()
    assert rules_of(source, SOURCE_BUCKET) == [""]
    assert f"configuration of the bucket {SOURCE_BUCKET}" in played.output
    assert set(played.changes()) <= set(check.changes())
    assert (SOURCE_ROLE in remaining(source)["roles"]) is (other == "target")
    # The configuration has the target's role in both cases.
    assert remaining(target)["roles"] == [TARGET_ROLE]
    assert TARGET_BUCKET in statements(target, TARGET_POLICY)


def test_unlisted_rules_stay_with_their_roles_and_policies(
    play: Plays, source: Side, target: Side
) -> None:
    """Also if the pair lists no rules."""
    set_up(source, target, but=["object"], rules=[{"prefix": "own/"}])
    source.sandbox.clear_calls()
    played = play(playbook=TEARDOWN).ok()
    assert played.changes() == []
    assert "uses them" in " ".join(played.output.split())
    assert rules_of(source, SOURCE_BUCKET) == ["own/"]
    assert source.writes() == target.writes() == []


def set_up_other_pair(source: Side, target: Side) -> None:
    """Set up another pair with the same roles and policies, as a second inventory does."""
    for side, policy, role, buckets in (
        (source, SOURCE_POLICY, SOURCE_ROLE, {"source_buckets": [SOURCE_BUCKET, "second-source"]}),
        (target, TARGET_POLICY, TARGET_ROLE, {"target_buckets": [TARGET_BUCKET, "second-target"]}),
    ):
        arn = side.arn("role", role)
        side.do("policy", name=policy, side=side.name, roles=[arn], **buckets)
    for side, bucket in ((source, "second-source"), (target, "second-target")):
        side.do("bucket", name=bucket, versioning="enabled")


@pytest.mark.parametrize("configured_too", [True, False])
def test_roles_and_permissions_that_another_bucket_uses_stay(
    play: Plays, source: Side, target: Side, configured_too: bool
) -> None:
    set_up(source, target, but=["object"])
    set_up_other_pair(source, target)
    if configured_too:
        replication_by_hand(
            source,
            "second-source",
            "second-target",
            source.arn("role", SOURCE_ROLE),
            target.arn("role", TARGET_ROLE),
        )
    check = play.check(playbook=TEARDOWN).ok()
    played = play(playbook=TEARDOWN).ok()
    assert (
        played.changes()
        == check.changes()
        == [
            f"CreatePolicyVersion {SOURCE_POLICY}",
            f"CreatePolicyVersion {TARGET_POLICY}",
            f"DeleteBucketReplication {SOURCE_BUCKET}",
        ]
    )
    for side, policy, role, removed, kept in (
        (source, SOURCE_POLICY, SOURCE_ROLE, SOURCE_BUCKET, "second-source"),
        (target, TARGET_POLICY, TARGET_ROLE, TARGET_BUCKET, "second-target"),
    ):
        assert removed not in statements(side, policy)
        assert kept in statements(side, policy)
        attached = side.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        assert [one["PolicyName"] for one in attached] == [policy]
    assert "stays" in played.output
    assert play(playbook=TEARDOWN).ok().changed() == {}


def test_the_role_of_another_buckets_configuration_stays(
    play: Plays, source: Side, target: Side
) -> None:
    """The configuration uses the role although the policy grants nothing on that bucket."""
    set_up(source, target, but=["object"])
    source.do("bucket", name="second-source", versioning="enabled")
    roles = (source.arn("role", SOURCE_ROLE), target.arn("role", TARGET_ROLE))
    replication_by_hand(source, "second-source", "second-target", *roles)
    played = play(playbook=TEARDOWN).ok()
    assert remaining(source)["roles"] == [SOURCE_ROLE]
    assert remaining(source)["policies"] == [SOURCE_POLICY]
    text = " ".join(played.output.split())
    assert (
        f"node1: the role {SOURCE_ROLE} and its policy stay, because the replication of second-source"
        in text
    )


def test_policies_and_roles_with_unlisted_attachments_stay(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target, but=["object"])
    source.do("iam_role", name="OtherRole", managed_policies=[source.arn("policy", SOURCE_POLICY)])
    others = target.iam.create_policy(PolicyName="Others", PolicyDocument=unrelated_policy())[
        "Policy"
    ]["Arn"]
    target.do("iam_role", name=TARGET_ROLE, managed_policies=[others])
    check = play.check(playbook=TEARDOWN).ok()
    played = play(playbook=TEARDOWN).ok()
    assert set(played.changes()) <= set(check.changes())
    assert remaining(source)["policies"] == [SOURCE_POLICY]
    assert sorted(remaining(source)["roles"]) == ["OtherRole", SOURCE_ROLE]
    assert remaining(target) == {
        "roles": [TARGET_ROLE],
        "policies": ["Others"],
        "buckets": [TARGET_BUCKET],
    }
    text = " ".join(played.output.split())
    assert "stays, because it is attached to the role OtherRole" in text
    assert "stays, because it has other policies: Others" in text


def test_a_configuration_that_cannot_be_read_refuses_the_removal(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target, but=["object"])
    source.do("bucket", name="second-source", versioning="enabled")
    source.sandbox.fail(
        side="source",
        operation="GetBucketReplication",
        bucket="second-source",
        status=403,
        code="AccessDenied",
        times=0,
    )
    assert "AccessDenied" in play(playbook=TEARDOWN).failure()
    assert remaining(source)["roles"] == [SOURCE_ROLE]
    assert remaining(source)["policies"] == [SOURCE_POLICY]
    assert remaining(target)["roles"] == [TARGET_ROLE]
