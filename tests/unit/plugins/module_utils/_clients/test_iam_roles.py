# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls on roles: their parameters, and parsing of the responses."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils._clients import iam_entities, session
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    NotFound,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import IAM

from .conftest import Answered, Case, Wire, options
from .iam_samples import BY_ARN, DOCUMENT, MOMENT, POLICY_ARN, TEXT, WHEN

ROLE_ARN = "arn:aws:iam::123456789012:role/p/my-role"
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
A_ROLE = iam_entities.Role("my-role", ROLE_ARN, "/p/", ROLE["RoleId"], "Copies", WHEN, DOCUMENT)


@pytest.fixture
def api() -> Api:
    return session.open_api(IAM, options("iam", retry_timeout=0))


@pytest.mark.parametrize(
    "case",
    [
        (
            lambda api: iam_entities.get_role(api, "my-role"),
            "get_role",
            BY_ROLE,
            {"Role": ROLE},
            A_ROLE,
        ),
        (
            lambda api: iam_entities.create_role(api, "my-role", "/p/", DOCUMENT, None),
            "create_role",
            {**BY_ROLE, "Path": "/p/", "AssumeRolePolicyDocument": TEXT},
            {"Role": ROLE},
            A_ROLE,
        ),
        (
            lambda api: iam_entities.create_role(api, "my-role", "/p/", DOCUMENT, ""),
            "create_role",
            {**BY_ROLE, "Path": "/p/", "AssumeRolePolicyDocument": TEXT, "Description": ""},
            {"Role": ROLE},
            A_ROLE,
        ),
        (
            lambda api: iam_entities.update_trust_policy(api, "my-role", DOCUMENT),
            "update_assume_role_policy",
            {**BY_ROLE, "PolicyDocument": TEXT},
            {},
            None,
        ),
        (lambda api: iam_entities.delete_role(api, "my-role"), "delete_role", BY_ROLE, {}, None),
        (
            lambda api: iam_entities.attach_role_policy(api, "my-role", POLICY_ARN),
            "attach_role_policy",
            {**BY_ROLE, **BY_ARN},
            {},
            None,
        ),
        (
            lambda api: iam_entities.detach_role_policy(api, "my-role", POLICY_ARN),
            "detach_role_policy",
            {**BY_ROLE, **BY_ARN},
            {},
            None,
        ),
    ],
)
def test_calls(answered: Answered, case: Case) -> None:
    *asked, shape = case
    assert answered(*asked) == shape


def test_a_write_to_a_missing_resource_is_an_error(api: Api, stub: Stubber) -> None:
    stub.add_client_error("delete_role", "NoSuchEntity", "", 404)
    with pytest.raises(NotFound, match="Failed to delete the role my-role"):
        iam_entities.delete_role(api, "my-role")


PLAIN = json.dumps({"Version": "2012-10-17", "Statement": []}, indent=1)


@pytest.mark.parametrize("sent", [PLAIN, quote(PLAIN), f" {PLAIN}"])
def test_documents_come_encoded_or_plain(api: Api, stub: Stubber, sent: str) -> None:
    stub.add_response("get_role", {"Role": {**ROLE, "AssumeRolePolicyDocument": sent}})
    role = iam_entities.get_role(api, "my-role")
    assert role is not None
    assert role.trust_policy == {"Version": "2012-10-17", "Statement": []}


def test_a_role_without_optional_elements(iam: Wire) -> None:
    role = f"<Role><RoleName>my-role</RoleName><Arn>{ROLE_ARN}</Arn></Role>"
    iam.answer(200, f"<GetRoleResponse><GetRoleResult>{role}</GetRoleResult></GetRoleResponse>")
    found = iam_entities.get_role(iam.api, "my-role")
    assert found is not None
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
        attached = iam_entities.attached_policies(api, "my-role")
        assert attached == tuple(
            iam_entities.Attached(name, f"{POLICY_ARN}-{name}") for name in "ab"
        )

    def test_of_a_role_without_attachments(self, api: Api, stub: Stubber) -> None:
        stub.add_response("list_attached_role_policies", {"AttachedPolicies": []}, BY_ROLE)
        assert iam_entities.attached_policies(api, "my-role") == ()
