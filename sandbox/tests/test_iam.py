# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM with the behaviour of Vault."""

from __future__ import annotations

import copy
import json
import time

import pytest

from sandbox import Sandbox
from sandbox.tests.helpers import (
    GUIDE_POLICY,
    TRUST,
    allow,
    make_bucket,
    make_role,
    refusal,
)

pytestmark = pytest.mark.sandbox


def test_operator_belongs_to_the_account(sandbox: Sandbox) -> None:
    user = sandbox.source.client("iam").get_user()["User"]
    assert user["Arn"] == f"arn:aws:iam::{sandbox.source.account_id}:user/operator"
    temporary = sandbox.target.client("iam", sandbox.target.temporary).get_user()["User"]
    assert temporary["Arn"] == f"arn:aws:iam::{sandbox.target.account_id}:user/operator"


def test_role_with_backbeats_trust_policy_is_created(sandbox: Sandbox) -> None:
    iam = sandbox.target.client("iam")
    made = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Path="/some/path/")
    arn = f"arn:aws:iam::{sandbox.target.account_id}:role/some/path/r"
    assert made["Role"]["Arn"] == arn
    role = iam.get_role(RoleName="r")["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(TRUST)
    again = refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=TRUST)
    assert again[:2] == (409, "EntityAlreadyExists")
    assert refusal(iam.get_role, RoleName="other")[:2] == (404, "NoSuchEntity")


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        '{"Version": "2012-10-17"}',
        allow((["sts:AssumeRole"], "*")),
        TRUST.replace("sts:AssumeRole", "s3:GetObject"),
    ],
)
def test_malformed_trust_policy_is_refused(sandbox: Sandbox, document: str) -> None:
    iam = sandbox.source.client("iam")
    answer = refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=document)
    assert answer[:2] == (400, "MalformedPolicyDocument")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    answer = refusal(iam.update_assume_role_policy, RoleName="r", PolicyDocument=document)
    assert answer[:2] == (400, "MalformedPolicyDocument")


def test_malformed_policy_is_refused(sandbox: Sandbox) -> None:
    iam = sandbox.source.client("iam")
    answer = refusal(iam.create_policy, PolicyName="p", PolicyDocument="no json")
    assert answer[:2] == (400, "MalformedPolicyDocument")


def test_policy_above_the_size_limit_is_refused(sandbox: Sandbox) -> None:
    iam = sandbox.source.client("iam")
    sandbox.settings("source", policy_size_limit=len("".join(GUIDE_POLICY.split())))
    arn = iam.create_policy(PolicyName="p", PolicyDocument=GUIDE_POLICY)["Policy"]["Arn"]
    larger = GUIDE_POLICY.replace("source-bucket", "source-bucket2")
    for call, name in (
        (iam.create_policy, {"PolicyName": "q"}),
        (iam.create_policy_version, {"PolicyArn": arn}),
    ):
        assert refusal(call, PolicyDocument=larger, **name)[:2] == (409, "LimitExceeded")


def test_sixth_policy_version_is_refused(sandbox: Sandbox) -> None:
    iam = sandbox.source.client("iam")
    arn = iam.create_policy(PolicyName="p", PolicyDocument=GUIDE_POLICY)["Policy"]["Arn"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=GUIDE_POLICY, SetAsDefault=True)
    sixth = refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=GUIDE_POLICY)
    assert sixth[:2] == (409, "LimitExceeded")
    default = refusal(iam.delete_policy_version, PolicyArn=arn, VersionId="v5")
    assert default[:2] == (409, "DeleteConflict")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert {one["VersionId"]: one["IsDefaultVersion"] for one in versions} == {
        "v2": False,
        "v3": False,
        "v4": False,
        "v5": True,
    }
    assert refusal(iam.delete_policy, PolicyArn=arn)[:2] == (409, "DeleteConflict")


def test_attached_role_and_policy_cannot_be_deleted(sandbox: Sandbox) -> None:
    iam = sandbox.source.client("iam")
    make_role(sandbox.source, "r", GUIDE_POLICY)
    policy = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"][0]["PolicyArn"]
    assert iam.list_entities_for_policy(PolicyArn=policy)["PolicyRoles"][0]["RoleName"] == "r"
    assert refusal(iam.delete_role, RoleName="r")[:2] == (409, "DeleteConflict")
    assert refusal(iam.delete_policy, PolicyArn=policy)[:2] == (409, "DeleteConflict")
    iam.detach_role_policy(RoleName="r", PolicyArn=policy)
    gone = refusal(iam.detach_role_policy, RoleName="r", PolicyArn=policy)
    assert gone[:2] == (404, "NoSuchEntity")
    iam.delete_policy(PolicyArn=policy)
    iam.delete_role(RoleName="r")


def test_policies_are_listed_in_pages(sandbox: Sandbox) -> None:
    iam = sandbox.source.client("iam")
    for number in range(5):
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=GUIDE_POLICY)
    pages = iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 2})
    sizes = [len(page["Policies"]) for page in pages]
    assert sizes == [2, 2, 1]


def test_unsupported_call_is_refused(sandbox: Sandbox) -> None:
    iam = sandbox.source.client("iam")
    make_role(sandbox.source, "r", None)
    sandbox.settings("source", unsupported_calls=["UpdateAssumeRolePolicy"])
    assert refusal(iam.update_assume_role_policy, RoleName="r", PolicyDocument=TRUST) == (
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
    )
    assert refusal(iam.create_instance_profile, InstanceProfileName="x")[0] == 405
    simulation = {"PolicySourceArn": "arn:aws:iam::123456789012:role/r", "ActionNames": ["s3:a"]}
    assert refusal(iam.simulate_principal_policy, **simulation)[1] == "MethodNotAllowed"
    assert iam.get_role(RoleName="r")


def test_new_role_and_policy_are_visible_after_the_lag(sandbox: Sandbox) -> None:
    iam = sandbox.source.client("iam")
    sandbox.settings("source", iam_lag=1.0)
    made = time.monotonic()
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    arn = iam.create_policy(PolicyName="p", PolicyDocument=GUIDE_POLICY)["Policy"]["Arn"]
    answers = {
        refusal(iam.get_role, RoleName="r")[1],
        refusal(iam.get_policy, PolicyArn=arn)[1],
        refusal(iam.attach_role_policy, RoleName="r", PolicyArn=arn)[1],
    }
    assert iam.list_roles()["Roles"] == []
    again = refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=TRUST)[1]
    assert time.monotonic() - made < 1.0, "the machine is too slow for this test"
    assert answers == {"NoSuchEntity"}
    assert again == "EntityAlreadyExists"
    time.sleep(max(0.0, made + 1.1 - time.monotonic()))
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["r"]


def test_s3_endpoint_refuses_iam_calls(sandbox: Sandbox) -> None:
    side = copy.copy(sandbox.source)
    side.iam_url = side.s3_url
    create = side.client("iam").create_role
    assert refusal(create, RoleName="r", AssumeRolePolicyDocument=TRUST) == (
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
    )
    assert sandbox.source.client("iam").list_roles()["Roles"] == []


def test_iam_endpoint_refuses_s3_calls(sandbox: Sandbox) -> None:
    side = copy.copy(sandbox.source)
    side.s3_url = side.iam_url
    s3 = side.client("s3")
    assert refusal(s3.get_bucket_versioning, Bucket="abc")[:2] == (400, "InvalidAction")
    assert refusal(s3.head_bucket, Bucket="abc")[0] == 400
    assert refusal(s3.list_buckets)[:2] == (400, "InvalidAction")


def test_user_has_only_the_permissions_of_its_policies(sandbox: Sandbox) -> None:
    make_bucket(sandbox.source, "mine")
    make_bucket(sandbox.source, "not-mine")
    policy = json.loads(
        allow(
            (["s3:GetBucketVersioning", "s3:PutReplicationConfiguration"], "arn:aws:s3:::mine"),
            (["s3:PutObject"], "arn:aws:s3:::mine/in/*"),
            (["iam:CreateRole", "iam:GetRole"], "arn:aws:iam::*:role/ours-*"),
        )
    )
    user = sandbox.source.create_user("limited", policy)
    s3, iam = (sandbox.source.client(service, user) for service in ("s3", "iam"))
    assert s3.get_bucket_versioning(Bucket="mine")["Status"] == "Enabled"
    assert refusal(s3.get_bucket_versioning, Bucket="not-mine")[:2] == (403, "AccessDenied")
    assert refusal(s3.head_bucket, Bucket="mine")[0] == 403
    assert refusal(s3.list_buckets)[:2] == (403, "AccessDenied")
    s3.put_object(Bucket="mine", Key="in/here")
    assert refusal(s3.put_object, Bucket="mine", Key="out")[:2] == (403, "AccessDenied")
    assert refusal(s3.get_object, Bucket="mine", Key="in/here")[:2] == (403, "AccessDenied")
    copy = {"Bucket": "mine", "Key": "in/copy", "CopySource": "mine/in/here"}
    assert refusal(s3.copy_object, **copy)[:2] == (403, "AccessDenied")
    gone = {"Objects": [{"Key": "in/here"}]}
    assert refusal(s3.delete_objects, Bucket="mine", Delete=gone)[:2] == (403, "AccessDenied")
    iam.create_role(RoleName="ours-1", AssumeRolePolicyDocument=TRUST)
    assert iam.get_role(RoleName="ours-1")
    code, name, message = refusal(iam.create_role, RoleName="x", AssumeRolePolicyDocument=TRUST)
    assert (code, name) == (403, "AccessDenied")
    assert "iam:CreateRole" in message
    assert refusal(iam.delete_role, RoleName="ours-1")[:2] == (403, "AccessDenied")
    assert refusal(iam.list_policies)[:2] == (403, "AccessDenied")
    assert {one["user"] for one in sandbox.calls(operation="PutObject")} == {"limited"}
