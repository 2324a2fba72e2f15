# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls on managed policies: their parameters, and parsing of the responses."""

from __future__ import annotations

import pytest
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils._clients import iam_entities, session
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import IAM

from .conftest import Answered, Case, options
from .iam_samples import BY_ARN, DOCUMENT, MOMENT, POLICY_ARN, TEXT, WHEN

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
A_POLICY = iam_entities.Policy(
    "my-policy", POLICY_ARN, "/", POLICY["PolicyId"], "Reads", WHEN, WHEN, "v3", 2
)


@pytest.fixture
def api() -> Api:
    return session.open_api(IAM, options("iam", retry_timeout=0))


@pytest.mark.parametrize(
    "case",
    [
        (
            lambda api: iam_entities.get_policy(api, POLICY_ARN),
            "get_policy",
            BY_ARN,
            {"Policy": POLICY},
            A_POLICY,
        ),
        (
            lambda api: iam_entities.create_policy(api, "my-policy", "/", DOCUMENT, "Reads"),
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
            lambda api: iam_entities.create_policy(api, "my-policy", "/", DOCUMENT, None),
            "create_policy",
            {"PolicyName": "my-policy", "Path": "/", "PolicyDocument": TEXT},
            {"Policy": {"PolicyName": "my-policy", "Arn": POLICY_ARN}},
            iam_entities.Policy("my-policy", POLICY_ARN, "/", None, None, None, None, "v1", None),
        ),
        (
            lambda api: iam_entities.delete_policy(api, POLICY_ARN),
            "delete_policy",
            BY_ARN,
            {},
            None,
        ),
    ],
)
def test_calls(answered: Answered, case: Case) -> None:
    *asked, shape = case
    assert answered(*asked) == shape


class TestPages:
    def test_of_policies_until_the_name_is_found(self, api: Api, stub: Stubber) -> None:
        asked = {"Scope": "Local", "MaxItems": 1000}
        other = {**POLICY, "PolicyName": "my-policy-2"}
        page = {"Policies": [other], "IsTruncated": True, "Marker": "m"}
        stub.add_response("list_policies", page, asked)
        stub.add_response("list_policies", {"Policies": [POLICY]}, {**asked, "Marker": "m"})
        assert iam_entities.find_policy(api, "my-policy") == A_POLICY

    def test_of_policies_without_the_name(self, api: Api, stub: Stubber) -> None:
        stub.add_response("list_policies", {"Policies": [POLICY]})
        assert iam_entities.find_policy(api, "my") is None

    def test_of_entities(self, api: Api, stub: Stubber) -> None:
        first = {"PolicyRoles": [{"RoleName": "r"}], "IsTruncated": True, "Marker": "m"}
        second = {"PolicyRoles": [{"RoleName": "s"}], "PolicyUsers": [{"UserName": "u"}]}
        stub.add_response("list_entities_for_policy", first, BY_ARN)
        stub.add_response("list_entities_for_policy", second, {**BY_ARN, "Marker": "m"})
        assert iam_entities.policy_entities(api, POLICY_ARN) == iam_entities.Entities(
            ("r", "s"), ("u",), ()
        )
