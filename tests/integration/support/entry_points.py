# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that runs several entry points of the role, since a run for each would be slow."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from devtools.places import ROOT


def entry_points(folder: Path, names: Sequence[str], hosts: str = "node1:node6") -> Path:
    """Writes the playbook, which shows the message of a failed entry point and continues with the next one."""
    tasks = [
        {
            "name": f"Run {name}",
            "block": [
                {
                    "name": f"Include {name}",
                    "ansible.builtin.include_role": {
                        "name": "scality.backbeat.replication",
                        "tasks_from": name,
                        "rolespec_validate": False,
                    },
                }
            ],
            "rescue": [
                {
                    "name": f"Show what failed in {name}",
                    "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"},
                }
            ],
        }
        for name in names
    ]
    file = folder / "entries.yml"
    play = {"name": "All", "hosts": hosts, "gather_facts": False, "tasks": tasks}
    file.write_text(json.dumps([play]))
    return file


def playbook(folder: Path, names: Iterable[str]) -> Path:
    """A playbook that imports these: starting each separately takes longer than its tasks."""
    file = folder / "all.yml"
    plays = [
        {
            "import_playbook": str(ROOT / "playbooks" / f"{name}.yml"),
            "vars": {"replication_hosts": "node1:node6"},
        }
        for name in names
    ]
    file.write_text(json.dumps(plays))
    return file
