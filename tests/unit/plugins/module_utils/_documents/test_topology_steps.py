# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a host's plan in the form of module options."""

from __future__ import annotations

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.topology_steps import (
    Steps,
)


@pytest.mark.parametrize("purge", [True, False])
def test_statements_are_only_purged_on_request(purge: bool) -> None:
    plan = {"host": "here", "outgoing": [], "policies": [{"name": "P", "roles": ["known", "new"]}]}
    (policy,) = Steps(plan, arns={"here": {"known": "arn"}}).policies(purge_statements=purge)
    assert policy["roles"] == ["arn", "new"]
    assert policy.get("purge_statements", False) is purge
