# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module replication_plan, which only exists in the controller's own process."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ansible import context
from ansible.plugins.action import ActionBase

from ..plugin_utils._plan import check_names, plan_host
from ..plugin_utils._role_variables import specs
from ..plugin_utils._tags import Tags

# The role's first task: modules that this loads are shared by all workers.
import_module("..plugin_utils._in_process", __package__)


class ActionModule(ActionBase):  # type: ignore[misc]
    """Plans the work of this host from the variables of all hosts."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Any:
        """Return the plan, or a failure with all errors in its message if this host is refused."""
        variables = task_vars or {}
        result = super().run(tmp, variables)
        _result, options = self.validate_argument_spec(
            {
                "to_set_up": {"type": "bool", "default": True},
                "to_adopt": {"type": "bool", "default": False},
            }
        )
        run = {
            "hosts": variables["ansible_play_hosts_all"],
            "playbooks": context.CLIARGS.get("args"),
            "tags": variables["ansible_run_tags"],
            "skip_tags": variables["ansible_skip_tags"],
            "task_tags": self._task.tags,
            **options,
        }
        host = variables["inventory_hostname"]
        tags = Tags.of(run)
        if options["to_adopt"] or (tags.select_nothing and not tags.only_ours):
            # Runs of a playbook's other tasks must not depend on the inventory's variables for this role.
            refused = check_names(variables["hostvars"], host, run)
            return {**result, "changed": False, "failed": bool(refused), "msg": " ".join(refused)}
        given = {
            name: self._templar.template(variables[name]) for name in specs() if name in variables
        }
        planned = plan_host(variables["hostvars"], host, given, run)
        if planned["refused"]:
            return {**result, "failed": True, "msg": " ".join(planned["refused"])}
        return {**result, **planned, "changed": False}
