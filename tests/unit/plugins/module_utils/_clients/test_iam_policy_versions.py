# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls on versions of policies: their parameters, and parsing of the responses."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils._clients import iam_entities, session
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import IAM

from .conftest import Answered, Case, options
from .iam_samples import BY_ARN, DOCUMENT, MOMENT, POLICY_ARN, TEXT, WHEN


@pytest.fixture
def api() -> Api:
    return session.open_api(IAM, options("iam", retry_timeout=0))


@pytest.mark.parametrize(
    "case",
    [
        (
            lambda api: iam_entities.policy_document(api, POLICY_ARN, "v3"),
            "get_policy_version",
            {**BY_ARN, "VersionId": "v3"},
            {"PolicyVersion": {"Document": quote(TEXT)}},
            DOCUMENT,
        ),
        (
            lambda api: iam_entities.create_policy_version(api, POLICY_ARN, DOCUMENT),
            "create_policy_version",
            {**BY_ARN, "PolicyDocument": TEXT, "SetAsDefault": True},
            {"PolicyVersion": {"VersionId": "v4"}},
            "v4",
        ),
        (
            lambda api: iam_entities.delete_policy_version(api, POLICY_ARN, "v1"),
            "delete_policy_version",
            {**BY_ARN, "VersionId": "v1"},
            {},
            None,
        ),
    ],
)
def test_calls(answered: Answered, case: Case) -> None:
    *asked, shape = case
    assert answered(*asked) == shape


def test_all_pages(api: Api, stub: Stubber) -> None:
    one = {"VersionId": "v2", "IsDefaultVersion": True, "CreateDate": MOMENT}
    two = {"VersionId": "v1", "IsDefaultVersion": False}
    first = {"Versions": [one], "IsTruncated": True, "Marker": "m"}
    stub.add_response("list_policy_versions", first, BY_ARN)
    stub.add_response("list_policy_versions", {"Versions": [two]}, {**BY_ARN, "Marker": "m"})
    assert iam_entities.policy_versions(api, POLICY_ARN) == (
        iam_entities.PolicyVersion("v2", True, WHEN),
        iam_entities.PolicyVersion("v1", False, None),
    )
