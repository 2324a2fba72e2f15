# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_policy_info."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._queries.policy_info import (
    PolicyInfo,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_policy_info import TASK

from ..tasks import built, checked


@pytest.mark.parametrize(
    "options", [{"name": "P", "path": "/p/"}, {"policies": [{"name": "P", "path": "/p/"}]}]
)
def test_good_options(options: dict[str, Any]) -> None:
    query = built(TASK, **options)
    assert isinstance(query, PolicyInfo)
    assert (query.policy.name, query.policy.path) == ("P", "/p/")


def test_a_name_is_needed() -> None:
    with pytest.raises(ValueError, match="one of the following is required: name, policies"):
        checked(TASK)
