# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task as an Ansible module, in a process of its own."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from .task import Task


def run_module(task: Task) -> None:
    """Check the options, run the task, and answer Ansible."""
    module = AnsibleModule(**task.argument_spec(), supports_check_mode=True)
    result = task.run(module.params, check_mode=module.check_mode, diff=bool(module._diff))
    for warning in result.pop("warnings"):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
