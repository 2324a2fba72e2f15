# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_iam_role on a server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.support.modules import Side

NAME = "SourceRoleForS3Replication"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "backbeat"}, "Action": "sts:AssumeRole"}
    ],
}
OTHER_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "audit"}, "Action": "sts:AssumeRole"}
    ],
}
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}],
}


def create_by_hand(side: Side, trust: Any = TRUST, **options: Any) -> None:
    document = json.dumps(trust)
    side.iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=document, **options)


def create_policy(side: Side, name: str) -> str:
    made = side.iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(DOCUMENT))
    return str(made["Policy"]["Arn"])


def trust_of(side: Side, name: str = NAME) -> Any:
    return side.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]


def attached(side: Side) -> list[str]:
    answer = side.iam.list_attached_role_policies(RoleName=NAME)
    return [one["PolicyName"] for one in answer["AttachedPolicies"]]


def role_names(side: Side) -> list[str]:
    return [role["RoleName"] for role in side.iam.list_roles()["Roles"]]


def test_role_is_created_with_defaults(source: Side) -> None:
    result = source.run_idempotent("iam_role", name=NAME)
    assert result["changes"] == [f"CreateRole {NAME}"]
    assert result["iam_role"]["arn"] == source.arn("role", NAME)
    assert result["iam_role"]["assume_role_policy_document"] == TRUST
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["assume_role_policy_document"] == TRUST
    assert trust_of(source) == TRUST


def test_role_is_created_with_all_options(source: Side) -> None:
    arns = [create_policy(source, "First"), create_policy(source, "Second")]
    result = source.run_idempotent(
        "iam_role",
        name=NAME,
        path="/replication/",
        description="Reads what is replicated",
        assume_role_policy_document=json.dumps(OTHER_TRUST),
        managed_policies=[*arns, arns[0]],
    )
    assert result["changes"] == [
        f"CreateRole {NAME}",
        *(f"AttachRolePolicy {arn} to {NAME}" for arn in arns),
    ]
    role = source.iam.get_role(RoleName=NAME)["Role"]
    assert role["Path"] == "/replication/"
    assert role["Description"] == "Reads what is replicated"
    assert role["Arn"] == result["iam_role"]["arn"] == source.arn("role", f"replication/{NAME}")
    assert trust_of(source) == OTHER_TRUST
    assert attached(source) == ["First", "Second"]


@pytest.mark.lowest_boto3
def test_changed_trust_policy_is_repaired(source: Side) -> None:
    create_by_hand(source, OTHER_TRUST)
    result = source.run_idempotent("iam_role", name=NAME)
    assert result["changes"] == [f"UpdateAssumeRolePolicy {NAME}"]
    assert result["diff"]["before"]["assume_role_policy_document"] == OTHER_TRUST
    assert result["diff"]["after"]["assume_role_policy_document"] == TRUST
    assert trust_of(source) == TRUST


def test_equivalent_trust_policy_is_unchanged(source: Side) -> None:
    equivalent = {
        "Version": "2012-10-17",
        "Statement": {
            "Sid": "",
            "Action": ["sts:AssumeRole"],
            "Effect": "Allow",
            "Principal": {"Service": ["backbeat"]},
        },
    }
    create_by_hand(source, equivalent)
    assert not source.run_idempotent("iam_role", name=NAME)["changed"]
    assert trust_of(source) == equivalent


def test_new_policies_are_attached_and_unlisted_policies_kept(source: Side) -> None:
    create_by_hand(source)
    first, second = create_policy(source, "First"), create_policy(source, "Second")
    source.iam.attach_role_policy(RoleName=NAME, PolicyArn=first)
    result = source.run_idempotent("iam_role", name=NAME, managed_policies=[second])
    assert result["changes"] == [f"AttachRolePolicy {second} to {NAME}"]
    assert result["diff"]["before"]["managed_policies"] == [first]
    assert result["diff"]["after"]["managed_policies"] == [first, second]
    assert attached(source) == ["First", "Second"]


def test_purge_policies_detaches_unlisted_policies_after_attaching_new_ones(source: Side) -> None:
    create_by_hand(source)
    first, second = create_policy(source, "First"), create_policy(source, "Second")
    source.iam.attach_role_policy(RoleName=NAME, PolicyArn=first)
    result = source.run_idempotent(
        "iam_role", name=NAME, managed_policies=[second], purge_policies=True
    )
    assert result["changes"] == [
        f"AttachRolePolicy {second} to {NAME}",
        f"DetachRolePolicy {first} from {NAME}",
    ]
    assert attached(source) == ["Second"]


def test_purge_policies_with_an_empty_list_detaches_all(source: Side) -> None:
    create_by_hand(source)
    arn = create_policy(source, "First")
    source.iam.attach_role_policy(RoleName=NAME, PolicyArn=arn)
    result = source.run_idempotent("iam_role", name=NAME, managed_policies=[], purge_policies=True)
    assert result["changes"] == [f"DetachRolePolicy {arn} from {NAME}"]
    assert result["iam_role"]["attached_policies"] == []


def test_another_path_is_an_error(source: Side) -> None:
    create_by_hand(source, Path="/elsewhere/")
    result = source.run_idempotent("iam_role", name=NAME, path="/replication/")
    assert result["failed"]
    assert "has the path /elsewhere/, not /replication/" in result["msg"]
    assert source.side.iam_url in result["msg"]


def test_another_description_is_a_warning(source: Side) -> None:
    create_by_hand(source, Description="old")
    result = source.run_idempotent("iam_role", name=NAME, description="new")
    assert not result["changed"]
    assert len(result["warnings"]) == 1
    assert "'old'" in result["warnings"][0]
    assert "'new'" in result["warnings"][0]


def test_missing_policy_is_an_error_after_the_role_is_created(source: Side) -> None:
    arn = source.arn("policy", "Missing")
    result = source.run("iam_role", name=NAME, managed_policies=[arn])
    assert result["failed"]
    assert result["changed"]
    assert result["changes"] == [f"CreateRole {NAME}"]
    assert result["error"]["operation"] == "AttachRolePolicy"
    assert arn in result["msg"]


@pytest.mark.parametrize("state", ["bare", "with policies"])
def test_absent_detaches_policies_and_deletes_the_role(source: Side, state: str) -> None:
    create_by_hand(source)
    arns = (
        [create_policy(source, "First"), create_policy(source, "Second")] if state != "bare" else []
    )
    for arn in arns:
        source.iam.attach_role_policy(RoleName=NAME, PolicyArn=arn)
    result = source.run_idempotent("iam_role", name=NAME, state="absent")
    assert result["changes"] == [
        *(f"DetachRolePolicy {arn} from {NAME}" for arn in arns),
        f"DeleteRole {NAME}",
    ]
    assert result["iam_role"] is None
    assert result["diff"]["after"] == {}
    assert role_names(source) == []
    assert len(source.iam.list_policies(Scope="Local")["Policies"]) == len(arns)


def test_absent_without_a_role_changes_nothing(source: Side) -> None:
    assert not source.run_idempotent("iam_role", name=NAME, state="absent")["changed"]


def test_several_roles_in_one_task(source: Side) -> None:
    create_by_hand(source, OTHER_TRUST)
    items = [{"name": "New"}, {"name": NAME}, {"name": "Gone", "state": "absent"}]
    result = source.run_idempotent("iam_role", iam_roles=items)
    assert [one["changes"] for one in result["results"]] == [
        ["CreateRole New"],
        [f"UpdateAssumeRolePolicy {NAME}"],
        [],
    ]
    assert [one["before_header"] for one in result["diff"]] == [
        "iam_role New",
        f"iam_role {NAME}",
        "iam_role Gone",
    ]
    assert sorted(role_names(source)) == ["New", NAME]


def test_one_failed_role_of_several_does_not_stop_the_others(source: Side) -> None:
    create_by_hand(source, Path="/elsewhere/")
    items = [{"name": "First"}, {"name": NAME, "path": "/"}, {"name": "Last"}]
    result = source.run_idempotent("iam_role", iam_roles=items)
    assert result["failed"]
    assert result["changed"]
    assert result["msg"].startswith(f"1 of 3 IAM roles failed.\n{NAME}: The role {NAME} at ")
    assert [one.get("failed", False) for one in result["results"]] == [False, True, False]
    assert sorted(role_names(source)) == sorted(["First", "Last", NAME])


def test_info_returns_the_same_as_the_module(source: Side) -> None:
    arn = create_policy(source, "First")
    made = source.do("iam_role", name=NAME, managed_policies=[arn])
    read = source.run_idempotent("iam_role_info", name=NAME)
    assert read["iam_role"] == made["iam_role"]
    bare = source.run_idempotent("iam_role_info", name=NAME, include_policies=False)
    assert bare["iam_role"] == {**made["iam_role"], "attached_policies": None}


def test_info_of_an_existing_and_a_missing_role(source: Side) -> None:
    create_by_hand(source)
    result = source.run_idempotent("iam_role_info", iam_roles=[{"name": NAME}, {"name": "Missing"}])
    assert [bool(one["iam_role"]) for one in result["results"]] == [True, False]


@pytest.mark.parametrize("module", ["iam_role", "iam_role_info"])
def test_s3_endpoint_given_for_iam_is_an_error(source: Side, module: str) -> None:
    url = source.side.s3_url
    result = source.run(module, name=NAME, endpoint_url=url)
    assert result["failed"]
    assert url in result["msg"]
    assert result["error"]["operation"] == "GetRole"
    assert result["error"]["code"] == "MethodNotAllowed"
    assert "If it is an S3 endpoint, give the IAM one" in result["msg"]
