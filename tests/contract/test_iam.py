# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles and policies."""

from __future__ import annotations

import json

import pytest

from tests.contract.differences import DELETES_POLICIES_IN_USE
from tests.contract.replicating import (
    TRUST,
    attach,
    code_of,
    document,
    new_policy,
    new_role,
    signed,
)
from tests.contract.servers import Server

POLICY = document((["s3:GetObject"], "arn:aws:s3:::some-bucket/*"))
OTHER = document((["s3:ListBucket"], "arn:aws:s3:::some-bucket"))


@pytest.mark.contract("roles")
def test_a_role(server: Server) -> None:
    arn = new_role(server)
    name = arn.rpartition("/")[2]
    role = server.iam.get_role(RoleName=name)["Role"]
    assert (role["Arn"], role["Path"], role["RoleName"]) == (arn, "/", name)
    assert role["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert server.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []


@pytest.mark.contract("roles")
def test_a_role_that_does_not_exist(server: Server) -> None:
    assert code_of(server.iam.get_role, RoleName=server.named("no")) == (404, "NoSuchEntity")


@pytest.mark.contract("roles")
def test_a_role_twice(server: Server) -> None:
    name = new_role(server).rpartition("/")[2]
    given = {"RoleName": name, "Path": "/", "AssumeRolePolicyDocument": TRUST}
    assert code_of(server.iam.create_role, **given) == (409, "EntityAlreadyExists")


@pytest.mark.contract("policies")
def test_a_policy(server: Server) -> None:
    arn = new_policy(server, POLICY)
    found = server.iam.get_policy(PolicyArn=arn)["Policy"]
    assert (found["Arn"], found["DefaultVersionId"]) == (arn, "v1")
    version = server.iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(POLICY)


@pytest.mark.contract("policies")
def test_a_policy_that_does_not_exist(server: Server) -> None:
    arn = f"{new_policy(server, POLICY)}-not"
    assert code_of(server.iam.get_policy, PolicyArn=arn) == (404, "NoSuchEntity")


@pytest.mark.contract("policies")
def test_a_policy_twice(server: Server) -> None:
    name = new_policy(server, POLICY).rpartition("/")[2]
    given = {"PolicyName": name, "Path": "/", "PolicyDocument": POLICY}
    assert code_of(server.iam.create_policy, **given) == (409, "EntityAlreadyExists")


@pytest.mark.contract("attachments")
def test_attachments_are_shown_from_both_ends(server: Server) -> None:
    arn = new_policy(server, POLICY)
    name = new_role(server).rpartition("/")[2]
    # The second call is idempotent.
    for _ in range(2):
        attach(server, name, arn)
    attached = server.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [arn]
    roles = server.iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]
    assert [one["RoleName"] for one in roles] == [name]


@pytest.mark.contract("attachments")
def test_attachments_need_both(server: Server) -> None:
    arn = new_policy(server, POLICY)
    name = new_role(server).rpartition("/")[2]
    attach = server.iam.attach_role_policy
    missing_role = code_of(attach, RoleName=server.named("no"), PolicyArn=arn)
    missing_policy = code_of(attach, RoleName=name, PolicyArn=f"{arn}-not")
    assert missing_role == missing_policy == (404, "NoSuchEntity")


@pytest.mark.contract("policy versions")
def test_versions_of_a_policy(server: Server) -> None:
    arn = new_policy(server, POLICY)
    made = server.iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER, SetAsDefault=True)
    assert made["PolicyVersion"]["VersionId"] == "v2"
    assert server.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    versions = server.iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert {one["VersionId"]: one["IsDefaultVersion"] for one in versions} == {
        "v1": False,
        "v2": True,
    }
    delete = server.iam.delete_policy_version
    assert code_of(delete, PolicyArn=arn, VersionId="v2")[1] == "DeleteConflict"
    delete(PolicyArn=arn, VersionId="v1")
    assert code_of(delete, PolicyArn=arn, VersionId="v1")[1] == "NoSuchEntity"


@pytest.mark.contract("policy versions")
def test_a_policy_with_other_versions_cannot_be_deleted(server: Server) -> None:
    arn = new_policy(server, POLICY)
    server.iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER, SetAsDefault=True)
    if DELETES_POLICIES_IN_USE in server.differences:
        # If the server no longer has the difference, it has to be removed from the inventory.
        server.iam.delete_policy(PolicyArn=arn)
        return
    assert code_of(server.iam.delete_policy, PolicyArn=arn) == (409, "DeleteConflict")
    server.iam.delete_policy_version(PolicyArn=arn, VersionId="v1")


@pytest.mark.contract("policy versions")
def test_five_versions_of_a_policy(server: Server) -> None:
    arn = new_policy(server, POLICY)
    create = server.iam.create_policy_version
    made = [
        create(PolicyArn=arn, PolicyDocument=OTHER, SetAsDefault=False)["PolicyVersion"]
        for _ in range(4)
    ]
    given = {"PolicyArn": arn, "PolicyDocument": OTHER, "SetAsDefault": False}
    assert code_of(create, **given) == (409, "LimitExceeded")
    for one in made:
        server.iam.delete_policy_version(PolicyArn=arn, VersionId=one["VersionId"])


@pytest.mark.contract("policy versions")
def test_attached_policies_cannot_be_deleted(server: Server) -> None:
    arn = new_policy(server, POLICY)
    name = new_role(server).rpartition("/")[2]
    attach(server, name, arn)
    assert code_of(server.iam.delete_role, RoleName=name) == (409, "DeleteConflict")
    if DELETES_POLICIES_IN_USE not in server.differences:
        assert code_of(server.iam.delete_policy, PolicyArn=arn) == (409, "DeleteConflict")
    server.iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    detach = server.iam.detach_role_policy
    assert code_of(detach, RoleName=name, PolicyArn=arn) == (404, "NoSuchEntity")


@pytest.mark.contract("unknown calls")
def test_an_s3_endpoint_refuses_iam_calls(server: Server) -> None:
    body = b"Action=CreateRole&RoleName=R&Version=2010-05-08"
    status, answer, _ = signed(server, "/", "POST", body)
    assert status == 405
    assert b"<Code>MethodNotAllowed</Code>" in answer
    assert b"The specified method is not allowed against this resource." in answer


@pytest.mark.contract("policy versions")
def test_policies_are_listed_without_descriptions(server: Server) -> None:
    arn = new_policy(server, POLICY)
    found = server.iam.list_policies(Scope="Local", MaxItems=1000)["Policies"]
    (one,) = (policy for policy in found if policy["Arn"] == arn)
    assert "Description" not in one


@pytest.mark.contract("unknown calls")
def test_policies_come_in_pages(server: Server) -> None:
    made = {new_policy(server, POLICY) for _ in range(3)}
    found, marker = set(), {}
    while True:
        page = server.iam.list_policies(Scope="Local", MaxItems=1, **marker)
        assert len(page["Policies"]) <= 1
        found |= {one["Arn"] for one in page["Policies"]}
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert made <= found
