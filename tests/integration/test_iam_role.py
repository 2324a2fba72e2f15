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


def by_hand(side: Side, trust: Any = TRUST, **options: Any) -> None:
    document = json.dumps(trust)
    side.iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=document, **options)


def policy(side: Side, name: str) -> str:
    made = side.iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(DOCUMENT))
    return str(made["Policy"]["Arn"])


def trust_of(side: Side, name: str = NAME) -> Any:
    return side.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]


def attached(side: Side) -> list[str]:
    answer = side.iam.list_attached_role_policies(RoleName=NAME)
    return [one["PolicyName"] for one in answer["AttachedPolicies"]]


def role_names(side: Side) -> list[str]:
    return [role["RoleName"] for role in side.iam.list_roles()["Roles"]]


def test_create(source: Side) -> None:
    result = source.promised("iam_role", name=NAME)
    assert result["changes"] == [f"CreateRole {NAME}"]
    assert result["iam_role"]["arn"] == source.arn("role", NAME)
    assert result["iam_role"]["assume_role_policy_document"] == TRUST
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["assume_role_policy_document"] == TRUST
    assert trust_of(source) == TRUST


def test_create_with_all_options(source: Side) -> None:
    arns = [policy(source, "First"), policy(source, "Second")]
    result = source.promised(
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
def test_trust_policy_that_another_wrote_is_repaired(source: Side) -> None:
    by_hand(source, OTHER_TRUST)
    result = source.promised("iam_role", name=NAME)
    assert result["changes"] == [f"UpdateAssumeRolePolicy {NAME}"]
    assert result["diff"]["before"]["assume_role_policy_document"] == OTHER_TRUST
    assert result["diff"]["after"]["assume_role_policy_document"] == TRUST
    assert trust_of(source) == TRUST


def test_trust_policy_of_the_same_meaning_stays_as_it_is(source: Side) -> None:
    spelled_otherwise = {
        "Version": "2012-10-17",
        "Statement": {
            "Sid": "",
            "Action": ["sts:AssumeRole"],
            "Effect": "Allow",
            "Principal": {"Service": ["backbeat"]},
        },
    }
    by_hand(source, spelled_otherwise)
    assert not source.promised("iam_role", name=NAME)["changed"]
    assert trust_of(source) == spelled_otherwise


def test_policies_are_added_and_unnamed_ones_stay(source: Side) -> None:
    by_hand(source)
    first, second = policy(source, "First"), policy(source, "Second")
    source.iam.attach_role_policy(RoleName=NAME, PolicyArn=first)
    result = source.promised("iam_role", name=NAME, managed_policies=[second])
    assert result["changes"] == [f"AttachRolePolicy {second} to {NAME}"]
    assert result["diff"]["before"]["managed_policies"] == [first]
    assert result["diff"]["after"]["managed_policies"] == [first, second]
    assert attached(source) == ["First", "Second"]


def test_unnamed_policies_go_only_when_told_and_after_the_new_ones_came(source: Side) -> None:
    by_hand(source)
    first, second = policy(source, "First"), policy(source, "Second")
    source.iam.attach_role_policy(RoleName=NAME, PolicyArn=first)
    result = source.promised("iam_role", name=NAME, managed_policies=[second], purge_policies=True)
    assert result["changes"] == [
        f"AttachRolePolicy {second} to {NAME}",
        f"DetachRolePolicy {first} from {NAME}",
    ]
    assert attached(source) == ["Second"]


def test_purging_all_policies(source: Side) -> None:
    by_hand(source)
    arn = policy(source, "First")
    source.iam.attach_role_policy(RoleName=NAME, PolicyArn=arn)
    result = source.promised("iam_role", name=NAME, managed_policies=[], purge_policies=True)
    assert result["changes"] == [f"DetachRolePolicy {arn} from {NAME}"]
    assert result["iam_role"]["attached_policies"] == []


def test_another_path_is_an_error_that_says_so(source: Side) -> None:
    by_hand(source, Path="/elsewhere/")
    result = source.promised("iam_role", name=NAME, path="/replication/")
    assert result["failed"]
    assert "has the path /elsewhere/, not /replication/" in result["msg"]
    assert source.side.iam_url in result["msg"]


def test_another_description_is_a_warning(source: Side) -> None:
    by_hand(source, Description="old")
    result = source.promised("iam_role", name=NAME, description="new")
    assert not result["changed"]
    assert len(result["warnings"]) == 1
    assert "'old'" in result["warnings"][0]
    assert "'new'" in result["warnings"][0]


def test_a_policy_that_does_not_exist_leaves_the_role_and_says_what_was_done(source: Side) -> None:
    arn = source.arn("policy", "Missing")
    result = source.run("iam_role", name=NAME, managed_policies=[arn])
    assert result["failed"]
    assert result["changed"]
    assert result["changes"] == [f"CreateRole {NAME}"]
    assert result["error"]["operation"] == "AttachRolePolicy"
    assert arn in result["msg"]


@pytest.mark.parametrize("state", ["bare", "with policies"])
def test_absent(source: Side, state: str) -> None:
    by_hand(source)
    arns = [policy(source, "First"), policy(source, "Second")] if state != "bare" else []
    for arn in arns:
        source.iam.attach_role_policy(RoleName=NAME, PolicyArn=arn)
    result = source.promised("iam_role", name=NAME, state="absent")
    assert result["changes"] == [
        *(f"DetachRolePolicy {arn} from {NAME}" for arn in arns),
        f"DeleteRole {NAME}",
    ]
    assert result["iam_role"] is None
    assert result["diff"]["after"] == {}
    assert role_names(source) == []
    assert len(source.iam.list_policies(Scope="Local")["Policies"]) == len(arns)


def test_absent_from_nothing(source: Side) -> None:
    assert not source.promised("iam_role", name=NAME, state="absent")["changed"]


def test_several(source: Side) -> None:
    by_hand(source, OTHER_TRUST)
    items = [{"name": "New"}, {"name": NAME}, {"name": "Gone", "state": "absent"}]
    result = source.promised("iam_role", iam_roles=items)
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


def test_one_bad_item_of_several_stops_none_of_the_others(source: Side) -> None:
    by_hand(source, Path="/elsewhere/")
    items = [{"name": "First"}, {"name": NAME, "path": "/"}, {"name": "Last"}]
    result = source.promised("iam_role", iam_roles=items)
    assert result["failed"]
    assert result["changed"]
    assert result["msg"].startswith(f"1 of 3 IAM roles failed.\n{NAME}: The role {NAME} at ")
    assert [one.get("failed", False) for one in result["results"]] == [False, True, False]
    assert sorted(role_names(source)) == sorted(["First", "Last", NAME])


def test_info_reads_what_the_module_made(source: Side) -> None:
    arn = policy(source, "First")
    made = source.do("iam_role", name=NAME, managed_policies=[arn])
    read = source.promised("iam_role_info", name=NAME)
    assert read["iam_role"] == made["iam_role"]
    bare = source.promised("iam_role_info", name=NAME, include_policies=False)
    assert bare["iam_role"] == {**made["iam_role"], "attached_policies": None}


def test_info_of_several_and_of_none(source: Side) -> None:
    by_hand(source)
    result = source.promised("iam_role_info", iam_roles=[{"name": NAME}, {"name": "Missing"}])
    assert [bool(one["iam_role"]) for one in result["results"]] == [True, False]


@pytest.mark.parametrize("module", ["iam_role", "iam_role_info"])
def test_s3_endpoint_in_place_of_iam(source: Side, module: str) -> None:
    url = source.side.s3_url
    result = source.run(module, name=NAME, endpoint_url=url)
    assert result["failed"]
    assert url in result["msg"]
    assert result["error"]["operation"] == "GetRole"
    assert result["error"]["code"] == "MethodNotAllowed"
    assert "If it is an S3 endpoint, give the IAM one" in result["msg"]
