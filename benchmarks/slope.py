# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the cost of one more task with one API call, on a stub, compared with a `debug` task."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from devtools.places import environ

from .measure import Sample, run
from .plays import play
from .stub_process import running_stub

COUNTS = (1, 11, 21)
OURS = {
    "scality.backbeat.backbeat_iam_role_info": {
        "name": "SourceRoleForS3Replication",
        "include_policies": False,
    }
}
DEBUG = {"ansible.builtin.debug": {"msg": "One more task."}}


def measure_slope(rounds: int) -> Iterator[dict[str, Sample]]:
    """The samples of each round: "call_1", "debug_1" and so on."""
    with tempfile.TemporaryDirectory() as folder, running_stub() as stub:
        inventory = stub.write_inventory(Path(folder) / "inventory.json", 1)
        playbooks = {
            f"{name}_{count}": _write(Path(folder) / f"{name}_{count}.yml", task, count)
            for count in COUNTS
            for name, task in (("call", OURS), ("debug", DEBUG))
        }
        stub.make_role("SourceRoleForS3Replication")
        for number in range(rounds):
            print(f"slope, round {number + 1} of {rounds}", file=sys.stderr)
            yield {
                name: run([play(playbook, inventory)], environ())
                for name, playbook in playbooks.items()
            }


def slope(times: dict[str, float], name: str) -> float:
    """The seconds for one more task, by least squares."""
    mean = sum(COUNTS) / len(COUNTS)
    shares = {count: count - mean for count in COUNTS}
    over = sum(share * times[f"{name}_{count}"] for count, share in shares.items())
    return over / sum(share**2 for share in shares.values())


def _write(file: Path, task: dict[str, Any], count: int) -> Path:
    tasks = [{"name": f"Task {number + 1}", **task} for number in range(count)]
    defaults = {"group/scality.backbeat.iam": "{{ replication_iam }}"}
    head = {"hosts": "node1", "gather_facts": False, "module_defaults": defaults}
    file.write_text(json.dumps([{"name": "One more task", **head, "tasks": tasks}]))
    return file
