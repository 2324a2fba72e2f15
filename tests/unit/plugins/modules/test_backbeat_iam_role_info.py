# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_iam_role_info."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._queries.iam_role_info import (
    IamRoleInfo,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_iam_role_info import TASK

from ..tasks import built, checked


@pytest.mark.parametrize(
    ("options", "policies"),
    [
        ({"name": "R"}, True),
        ({"name": "R", "include_policies": False}, False),
        ({"iam_roles": [{"name": "R"}]}, True),
    ],
)
def test_good_options(options: dict[str, Any], policies: bool) -> None:
    query = built(TASK, **options)
    assert isinstance(query, IamRoleInfo)
    assert (query.name, query.policies) == ("R", policies)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: name, iam_roles"),
        ({"name": "R", "state": "present"}, "Unsupported parameters|state"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)
