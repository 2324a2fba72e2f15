# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter replication_plan: the plan of one host of an inventory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..plugin_utils._plan import plan_host
from ..plugin_utils._plan_steps import plan_step


def replication_plan(
    hostvars: Mapping[str, Mapping[str, Any]],
    host: str,
    variables: Mapping[str, Any],
    *,
    plan: Mapping[str, Any] | None = None,
    step: str = "",
    run: Mapping[str, Any] | None = None,
) -> Any:
    """See replication_plan.yml: the plan of a host, or with `plan` and `step` the module options for this step."""
    if plan is None:
        return plan_host(hostvars, host, variables, run or {})
    return plan_step(hostvars, host, variables, plan, step)


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"replication_plan": replication_plan}
