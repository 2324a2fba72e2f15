# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls to IAM: the parameters that are sent, and the shapes of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import pytest
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils.clients import iam, session
from ansible_collections.scality.backbeat.plugins.module_utils.clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils.clients.errors import (
    Forbidden,
    NotFound,
)

from .conftest import Wire, options

MOMENT = datetime(2026, 11, 22, 17, 0, tzinfo=timezone.utc)
WHEN = "2026-11-22T17:00:00+00:00"
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Sid": "Grüße %20"}]}
TEXT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Sid":"Grüße %20"}]}'
ROLE_ARN = "arn:aws:iam::123456789012:role/p/my-role"
POLICY_ARN = "arn:aws:iam::123456789012:policy/my-policy"
BY_ARN = {"PolicyArn": POLICY_ARN}
BY_ROLE = {"RoleName": "my-role"}
ROLE = {
    "Path": "/p/",
    "RoleName": "my-role",
    "RoleId": "AROA1234567890123456",
    "Arn": ROLE_ARN,
    "CreateDate": MOMENT,
    "Description": "Copies",
    "AssumeRolePolicyDocument": quote(TEXT),
}
A_ROLE = iam.Role("my-role", ROLE_ARN, "/p/", ROLE["RoleId"], "Copies", WHEN, DOCUMENT)
POLICY = {
    "PolicyName": "my-policy",
    "PolicyId": "ANPA1234567890123456",
    "Arn": POLICY_ARN,
    "Path": "/",
    "DefaultVersionId": "v3",
    "AttachmentCount": 2,
    "Description": "Reads",
    "CreateDate": MOMENT,
    "UpdateDate": MOMENT,
}
A_POLICY = iam.Policy(
    "my-policy", POLICY_ARN, "/", POLICY["PolicyId"], "Reads", WHEN, WHEN, "v3", 2
)


@pytest.fixture
def api() -> Api:
    return session.open_api("iam", options("iam", retry_timeout=0))


@pytest.fixture
def stub(api: Api) -> Iterator[Stubber]:
    with Stubber(api.client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("call", "operation", "parameters", "answer", "shape"),
    [
        (lambda api: iam.get_role(api, "my-role"), "get_role", BY_ROLE, {"Role": ROLE}, A_ROLE),
        (
            lambda api: iam.create_role(api, "my-role", "/p/", DOCUMENT, None),
            "create_role",
            {**BY_ROLE, "Path": "/p/", "AssumeRolePolicyDocument": TEXT},
            {"Role": ROLE},
            A_ROLE,
        ),
        (
            lambda api: iam.create_role(api, "my-role", "/p/", DOCUMENT, ""),
            "create_role",
            {**BY_ROLE, "Path": "/p/", "AssumeRolePolicyDocument": TEXT, "Description": ""},
            {"Role": ROLE},
            A_ROLE,
        ),
        (
            lambda api: iam.update_trust_policy(api, "my-role", DOCUMENT),
            "update_assume_role_policy",
            {**BY_ROLE, "PolicyDocument": TEXT},
            {},
            None,
        ),
        (lambda api: iam.delete_role(api, "my-role"), "delete_role", BY_ROLE, {}, None),
        (
            lambda api: iam.attach_role_policy(api, "my-role", POLICY_ARN),
            "attach_role_policy",
            {**BY_ROLE, **BY_ARN},
            {},
            None,
        ),
        (
            lambda api: iam.detach_role_policy(api, "my-role", POLICY_ARN),
            "detach_role_policy",
            {**BY_ROLE, **BY_ARN},
            {},
            None,
        ),
        (
            lambda api: iam.get_policy(api, POLICY_ARN),
            "get_policy",
            BY_ARN,
            {"Policy": POLICY},
            A_POLICY,
        ),
        (
            lambda api: iam.create_policy(api, "my-policy", "/", DOCUMENT, "Reads"),
            "create_policy",
            {
                "PolicyName": "my-policy",
                "Path": "/",
                "PolicyDocument": TEXT,
                "Description": "Reads",
            },
            {"Policy": POLICY},
            A_POLICY,
        ),
        (
            lambda api: iam.create_policy(api, "my-policy", "/", DOCUMENT, None),
            "create_policy",
            {"PolicyName": "my-policy", "Path": "/", "PolicyDocument": TEXT},
            {"Policy": {"PolicyName": "my-policy", "Arn": POLICY_ARN}},
            iam.Policy("my-policy", POLICY_ARN, "/", None, None, None, None, "v1", None),
        ),
        (lambda api: iam.delete_policy(api, POLICY_ARN), "delete_policy", BY_ARN, {}, None),
        (
            lambda api: iam.policy_document(api, POLICY_ARN, "v3"),
            "get_policy_version",
            {**BY_ARN, "VersionId": "v3"},
            {"PolicyVersion": {"Document": quote(TEXT)}},
            DOCUMENT,
        ),
        (
            lambda api: iam.create_policy_version(api, POLICY_ARN, DOCUMENT),
            "create_policy_version",
            {**BY_ARN, "PolicyDocument": TEXT, "SetAsDefault": True},
            {"PolicyVersion": {"VersionId": "v4"}},
            "v4",
        ),
        (
            lambda api: iam.delete_policy_version(api, POLICY_ARN, "v1"),
            "delete_policy_version",
            {**BY_ARN, "VersionId": "v1"},
            {},
            None,
        ),
        (
            lambda api: iam.own_account(api),
            "get_user",
            {},
            {
                "User": {
                    "Path": "/",
                    "UserName": "u",
                    "UserId": "AIDA1234567890123456",
                    "Arn": "arn:aws:iam::123456789012:user/u",
                    "CreateDate": MOMENT,
                }
            },
            "123456789012",
        ),
    ],
)
def test_calls(
    api: Api,
    stub: Stubber,
    call: Callable[[Api], Any],
    operation: str,
    parameters: dict[str, Any],
    answer: dict[str, Any],
    shape: Any,
) -> None:
    # botocore decodes documents where they stand.
    stub.add_response(operation, deepcopy(answer), parameters)
    assert call(api) == shape


READS: dict[str, Callable[[Api], Any]] = {
    "get_role": lambda api: iam.get_role(api, "my-role"),
    "list_attached_role_policies": lambda api: iam.attached_policies(api, "my-role"),
    "get_policy": lambda api: iam.get_policy(api, POLICY_ARN),
    "list_policies": lambda api: iam.find_policy(api, "my-policy"),
    "get_policy_version": lambda api: iam.policy_document(api, POLICY_ARN, "v1"),
    "list_entities_for_policy": lambda api: iam.policy_entities(api, POLICY_ARN),
    "get_user": iam.own_account,
}


@pytest.mark.parametrize("operation", READS)
def test_absence_is_none(api: Api, stub: Stubber, operation: str) -> None:
    stub.add_client_error(operation, "NoSuchEntity", "", 404)
    assert READS[operation](api) is None


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize("code", ["AccessDenied", "InvalidClientTokenId"])
def test_forbidden_is_never_absence(api: Api, stub: Stubber, operation: str, code: str) -> None:
    stub.add_client_error(operation, code, "", 403)
    with pytest.raises(Forbidden):
        READS[operation](api)


def test_a_write_to_what_is_not_there_is_an_error(api: Api, stub: Stubber) -> None:
    stub.add_client_error("delete_role", "NoSuchEntity", "", 404)
    with pytest.raises(NotFound, match="Failed to delete the role my-role"):
        iam.delete_role(api, "my-role")


PLAIN = json.dumps({"Version": "2012-10-17", "Statement": []}, indent=1)


@pytest.mark.parametrize("sent", [PLAIN, quote(PLAIN), f" {PLAIN}"])
def test_documents_come_encoded_or_plain(api: Api, stub: Stubber, sent: str) -> None:
    stub.add_response("get_role", {"Role": {**ROLE, "AssumeRolePolicyDocument": sent}})
    role = iam.get_role(api, "my-role")
    assert role is not None
    assert role.trust_policy == {"Version": "2012-10-17", "Statement": []}


def test_a_role_without_what_servers_may_leave_out(iam: Wire) -> None:
    role = f"<Role><RoleName>my-role</RoleName><Arn>{ROLE_ARN}</Arn></Role>"
    iam.answer(200, f"<GetRoleResponse><GetRoleResult>{role}</GetRoleResult></GetRoleResponse>")
    found = READS["get_role"](iam.api)
    assert (found.arn, found.path, found.description, found.trust_policy) == (
        ROLE_ARN,
        "/",
        "",
        None,
    )


class TestPages:
    def entry(self, name: str) -> dict[str, Any]:
        return {"PolicyName": name, "PolicyArn": f"{POLICY_ARN}-{name}"}

    def test_of_attachments(self, api: Api, stub: Stubber) -> None:
        first = {"AttachedPolicies": [self.entry("a")], "IsTruncated": True, "Marker": "m"}
        stub.add_response("list_attached_role_policies", first, BY_ROLE)
        stub.add_response(
            "list_attached_role_policies",
            {"AttachedPolicies": [self.entry("b")], "IsTruncated": False},
            {**BY_ROLE, "Marker": "m"},
        )
        attached = iam.attached_policies(api, "my-role")
        assert attached == tuple(iam.Attached(name, f"{POLICY_ARN}-{name}") for name in "ab")

    def test_of_a_role_without_attachments(self, api: Api, stub: Stubber) -> None:
        stub.add_response("list_attached_role_policies", {"AttachedPolicies": []}, BY_ROLE)
        assert iam.attached_policies(api, "my-role") == ()

    def test_of_policies_until_the_name_is_found(self, api: Api, stub: Stubber) -> None:
        asked = {"Scope": "Local", "MaxItems": 1000}
        other = {**POLICY, "PolicyName": "my-policy-2"}
        page = {"Policies": [other], "IsTruncated": True, "Marker": "m"}
        stub.add_response("list_policies", page, asked)
        stub.add_response("list_policies", {"Policies": [POLICY]}, {**asked, "Marker": "m"})
        assert iam.find_policy(api, "my-policy") == A_POLICY

    def test_of_policies_without_the_name(self, api: Api, stub: Stubber) -> None:
        stub.add_response("list_policies", {"Policies": [POLICY]})
        assert iam.find_policy(api, "my") is None

    def test_of_versions(self, api: Api, stub: Stubber) -> None:
        one = {"VersionId": "v2", "IsDefaultVersion": True, "CreateDate": MOMENT}
        two = {"VersionId": "v1", "IsDefaultVersion": False}
        first = {"Versions": [one], "IsTruncated": True, "Marker": "m"}
        stub.add_response("list_policy_versions", first, BY_ARN)
        stub.add_response("list_policy_versions", {"Versions": [two]}, {**BY_ARN, "Marker": "m"})
        assert iam.policy_versions(api, POLICY_ARN) == (
            iam.PolicyVersion("v2", True, WHEN),
            iam.PolicyVersion("v1", False, None),
        )

    def test_of_entities(self, api: Api, stub: Stubber) -> None:
        first = {"PolicyRoles": [{"RoleName": "r"}], "IsTruncated": True, "Marker": "m"}
        second = {"PolicyRoles": [{"RoleName": "s"}], "PolicyUsers": [{"UserName": "u"}]}
        stub.add_response("list_entities_for_policy", first, BY_ARN)
        stub.add_response("list_entities_for_policy", second, {**BY_ARN, "Marker": "m"})
        assert iam.policy_entities(api, POLICY_ARN) == iam.Entities(("r", "s"), ("u",), ())
