# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task as an Ansible module, in a process of its own."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .options import secrets
from .task import Task


class Module(AnsibleModule):  # type: ignore[misc]
    """An AnsibleModule that also hides the credentials in URLs, when it refuses options as well."""

    def fail_json(self, msg: str, **result: Any) -> None:
        self._hide()
        super().fail_json(msg, **result)

    def exit_json(self, **result: Any) -> None:
        self._hide()
        super().exit_json(**result)

    def _hide(self) -> None:
        self.no_log_values |= secrets(self.argument_spec, self.params)


def run_module(task: Task[Any]) -> None:
    """Check the options, run the task, and answer Ansible."""
    # Options are not logged to the system's journal, where nobody looks for them and many can read them.
    module = Module(**task.argument_spec(), supports_check_mode=True, no_log=True)
    result = task.run(module.params, check_mode=module.check_mode, diff=bool(module._diff))
    for warning in result.pop("warnings"):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
