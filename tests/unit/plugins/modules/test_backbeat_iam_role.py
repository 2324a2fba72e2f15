# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_iam_role."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.permissions import (
    trust_policy,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.iam_role import (
    IamRole,
    RoleRequest,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_iam_role import TASK

from ..tasks import built, checked, requested

ARN = "arn:aws:iam::123456789012:policy/P"


@pytest.mark.parametrize("options", [{"name": "R"}, {"iam_roles": [{"name": "R"}]}])
def test_defaults(options: dict[str, Any]) -> None:
    assert requested(TASK, **options) == RoleRequest("R", trust=trust_policy())
    assert isinstance(built(TASK, **options), IamRole)


@pytest.mark.parametrize(
    "document",
    [trust_policy("audit"), '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}'],
)
def test_the_trust_policy_is_an_object_or_text(document: Any) -> None:
    assert (
        requested(TASK, name="R", assume_role_policy_document=document).trust["Version"]
        == "2012-10-17"
    )


def test_everything() -> None:
    role = requested(
        TASK,
        name="R",
        path="/p/",
        description="d",
        managed_policies=ARN,
        purge_policies="yes",
        state="absent",
    )
    assert (role.path, role.description, role.policies) == ("/p/", "d", (ARN,))
    assert (role.purge, role.present) == (True, False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: name, iam_roles"),
        ({"name": "R", "iam_roles": []}, "mutually exclusive: name.iam_roles"),
        ({"name": "R", "state": "gone"}, "value of state must be one of: present, absent"),
        ({"name": "R", "purge_policies": "perhaps"}, "purge_policies"),
        ({"iam_roles": [{"path": "/"}]}, "missing required arguments: name found in iam_roles"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)
