# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Teardown of each resource from every state, and what it never touches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.environments import SideName
from tests.integration.support.guide import foreign, replication_by_hand
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
    set_up,
)
from tests.integration.test_half_done import arrives

#: The writes of the whole teardown, side by side, buckets included.
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


def left(side: Side) -> dict[str, list[str]]:
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
def test_the_writes_of_a_teardown(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    source.sandbox.clear_calls()
    assert all(result["changed"] for result in tear_down(source, target))
    assert {side.name: side.writes() for side in (source, target)} == WRITES
    assert left(source) == left(target) == NOTHING


@pytest.mark.parametrize(("side", "operation"), EACH_WRITE)
@pytest.mark.parametrize("how", ["error", "reset-after"])
def test_cut_at_each_write_and_again(
    source: Side, target: Side, side: SideName, operation: str, how: str
) -> None:
    """Before the write, or after it with its answer lost: the next run finishes, and no rule lacks its roles."""
    set_up(source, target, but=["object"])
    source.sandbox.fail(operation=operation, side=side, how=how)
    cut = tear_down(source, target, retry_timeout=0)[-1]
    assert cut["failed"]
    assert cut["error"]["operation"] == operation
    if configured(source):
        for one, role in ((source, SOURCE_ROLE), (target, TARGET_ROLE)):
            assert one.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    source.sandbox.clear_faults()
    for result in tear_down(source, target):
        assert not result.get("failed"), result
    assert left(source) == left(target) == NOTHING
    source.sandbox.clear_calls()
    assert not any(result["changed"] for result in tear_down(source, target))
    assert source.writes() == target.writes() == []


def test_an_answer_that_was_lost_is_looked_for(source: Side, target: Side) -> None:
    """With time left a run gets over it by itself."""
    set_up(source, target, but=["object"])
    for side, operations in WRITES.items():
        for operation in operations:
            source.sandbox.fail(operation=operation, side=side, how="reset-after")
    for result in tear_down(source, target):
        assert not result.get("failed"), result
        assert result["changed"]
    assert left(source) == left(target) == NOTHING


def test_things_of_others_stay(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    arn = source.iam.create_policy(PolicyName="Others", PolicyDocument=foreign())["Policy"]["Arn"]
    source.do("iam_role", name="OtherRole", managed_policies=[arn])
    source.do("iam_role", name=SOURCE_ROLE, managed_policies=[arn])
    source.do("bucket", name="other-bucket")
    for result in tear_down(source, target):
        assert not result.get("failed"), result
    assert left(source) == {
        "roles": ["OtherRole"],
        "policies": ["Others"],
        "buckets": ["other-bucket"],
    }
    attached = source.iam.list_attached_role_policies(RoleName="OtherRole")["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [arn]


def test_a_policy_that_other_roles_have_too_goes_from_all(source: Side, target: Side) -> None:
    """It was asked to be absent, and no server removes one that is attached."""
    set_up(source, target, but=["object"])
    arn = source.arn("policy", SOURCE_POLICY)
    source.do("iam_role", name="OtherRole", managed_policies=[arn])
    result = source.do("policy", name=SOURCE_POLICY, state="absent")
    assert sorted(result["changes"]) == [
        f"DeletePolicy {SOURCE_POLICY}",
        f"DetachRolePolicy {SOURCE_POLICY} from OtherRole",
        f"DetachRolePolicy {SOURCE_POLICY} from {SOURCE_ROLE}",
    ]


def test_a_policy_that_a_user_has_is_refused(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    source.iam.create_user(UserName="operator-of-others")
    arn = source.arn("policy", SOURCE_POLICY)
    source.iam.attach_user_policy(UserName="operator-of-others", PolicyArn=arn)
    result = source.run("policy", name=SOURCE_POLICY, state="absent")
    assert result["failed"]
    assert not result["changed"]
    assert f"{SOURCE_POLICY} at {source.side.iam_url} is attached to users" in result["msg"]
    assert "operator-of-others): detach it there first" in result["msg"]
    assert left(source)["policies"] == [SOURCE_POLICY]


def test_a_policy_with_all_its_versions(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    for number in range(4):
        source.iam.create_policy_version(
            PolicyArn=source.arn("policy", SOURCE_POLICY),
            PolicyDocument=json.dumps(json.loads(foreign(f"s3:Get{'Object' * (number % 2)}*"))),
            SetAsDefault=bool(number % 2),
        )
    source.do("policy", name=SOURCE_POLICY, state="absent")
    assert left(source)["policies"] == []


def test_one_rule_of_two(source: Side, target: Side) -> None:
    rules = [{"id": "one", "prefix": "one/"}, {"id": "two", "prefix": "two/"}]
    set_up(source, target, but=["object"], rules=rules)
    gone = {"bucket": SOURCE_BUCKET, "state": "absent"}
    result = source.promised("bucket_replication", **gone, rules=rules[:1])
    assert [rule["id"] for rule in result["replication"]["rules"]] == ["two"]
    unknown = [{"id": "three"}, {"prefix": "one/"}]
    assert not source.promised("bucket_replication", **gone, rules=unknown)["changed"]
    assert source.promised("bucket_replication", **gone, rules=rules)["replication"] is None


def test_buckets_go_when_asked_and_empty(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target)
    arrives(source, target)
    asked = play.inventory(replication_remove_buckets=True)
    refused = play(playbook=TEARDOWN, inventory=asked)
    assert refused.code != 0
    for side, bucket in ((source, SOURCE_BUCKET), (target, TARGET_BUCKET)):
        assert f"The bucket {bucket} at {side.side.s3_url} is not empty" in " ".join(
            refused.output.split()
        )
        assert left(side) == {"roles": [], "policies": [], "buckets": [bucket]}
        for one in side.s3.list_object_versions(Bucket=bucket)["Versions"]:
            side.s3.delete_object(Bucket=bucket, Key=KEY, VersionId=one["VersionId"])
    done = play(playbook=TEARDOWN, inventory=asked).ok()
    assert done.changes() == [f"DeleteBucket {SOURCE_BUCKET}", f"DeleteBucket {TARGET_BUCKET}"]
    assert left(source) == left(target) == NOTHING


def test_while_objects_are_on_their_way_nothing_goes_on_either_side(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target, but=["object"])
    source.sandbox.settings("source", paused=True)
    source.do("object", bucket=SOURCE_BUCKET, key="on-its-way")
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


def test_a_target_alone_keeps_what_its_sources_need(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target, but=["object"])
    source.sandbox.clear_calls()
    message = play("--limit", "node6", playbook=TEARDOWN).failure()
    assert "node1 replicates to node6 and is not part of this run" in message
    assert target.writes() == []

    gone = play.inventory(replication_allow_pending_loss=True)
    assert (
        f"DeleteRole {TARGET_ROLE}"
        in play("--limit", "node6", playbook=TEARDOWN, inventory=gone).ok().changes()
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
    assert (SOURCE_ROLE in left(source)["roles"]) is (other == "target")
    # The target's role is in that configuration either way.
    assert left(target)["roles"] == [TARGET_ROLE]
    assert TARGET_BUCKET in statements(target, TARGET_POLICY)


def test_rules_that_a_pair_does_not_name_stay_with_what_they_need(
    play: Plays, source: Side, target: Side
) -> None:
    """Also if it names none."""
    set_up(source, target, but=["object"], rules=[{"prefix": "own/"}])
    source.sandbox.clear_calls()
    played = play(playbook=TEARDOWN).ok()
    assert played.changes() == []
    assert "uses them" in " ".join(played.output.split())
    assert rules_of(source, SOURCE_BUCKET) == ["own/"]
    assert source.writes() == target.writes() == []


def other_pair(source: Side, target: Side) -> None:
    """A second inventory set up another pair with the same roles and policies."""
    for side, policy, role, buckets in (
        (source, SOURCE_POLICY, SOURCE_ROLE, {"source_buckets": [SOURCE_BUCKET, "second-source"]}),
        (target, TARGET_POLICY, TARGET_ROLE, {"target_buckets": [TARGET_BUCKET, "second-target"]}),
    ):
        arn = side.arn("role", role)
        side.do("policy", name=policy, side=side.name, roles=[arn], **buckets)
    for side, bucket in ((source, "second-source"), (target, "second-target")):
        side.do("bucket", name=bucket, versioning="enabled")


@pytest.mark.parametrize("configured_too", [True, False])
def test_what_another_bucket_uses_stays(
    play: Plays, source: Side, target: Side, configured_too: bool
) -> None:
    set_up(source, target, but=["object"])
    other_pair(source, target)
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
    for side, policy, role, gone, kept in (
        (source, SOURCE_POLICY, SOURCE_ROLE, SOURCE_BUCKET, "second-source"),
        (target, TARGET_POLICY, TARGET_ROLE, TARGET_BUCKET, "second-target"),
    ):
        assert gone not in statements(side, policy)
        assert kept in statements(side, policy)
        attached = side.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        assert [one["PolicyName"] for one in attached] == [policy]
    assert "stays" in played.output
    assert play(playbook=TEARDOWN).ok().changed() == {}


def test_a_configuration_of_another_bucket_keeps_the_role_that_it_uses(
    play: Plays, source: Side, target: Side
) -> None:
    """Although the policy does not tell: it grants nothing on that bucket."""
    set_up(source, target, but=["object"])
    source.do("bucket", name="second-source", versioning="enabled")
    roles = (source.arn("role", SOURCE_ROLE), target.arn("role", TARGET_ROLE))
    replication_by_hand(source, "second-source", "second-target", *roles)
    played = play(playbook=TEARDOWN).ok()
    assert left(source)["roles"] == [SOURCE_ROLE]
    assert left(source)["policies"] == [SOURCE_POLICY]
    text = " ".join(played.output.split())
    assert (
        f"node1: the role {SOURCE_ROLE} and its policy stay, because the replication of second-source"
        in text
    )


def test_foreign_attachments_keep_policy_and_role(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    source.do("iam_role", name="OtherRole", managed_policies=[source.arn("policy", SOURCE_POLICY)])
    others = target.iam.create_policy(PolicyName="Others", PolicyDocument=foreign())["Policy"][
        "Arn"
    ]
    target.do("iam_role", name=TARGET_ROLE, managed_policies=[others])
    check = play.check(playbook=TEARDOWN).ok()
    played = play(playbook=TEARDOWN).ok()
    assert set(played.changes()) <= set(check.changes())
    assert left(source)["policies"] == [SOURCE_POLICY]
    assert sorted(left(source)["roles"]) == ["OtherRole", SOURCE_ROLE]
    assert left(target) == {
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
    assert left(source)["roles"] == [SOURCE_ROLE]
    assert left(source)["policies"] == [SOURCE_POLICY]
    assert left(target)["roles"] == [TARGET_ROLE]
