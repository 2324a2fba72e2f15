# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs documented examples on the sandbox. The examples of each module, each filter and the guide are one play."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.scality.backbeat.plugins.module_utils._engine import options
from sandbox import Sandbox
from tests.docs.support.blocks import RST, blocks, is_tasks
from tests.integration.support.plays import PlaybookResult, Plays
from tests.unit.plugins.documented import COLLECTION, MODULES, module

Tasks = list[dict[str, Any]]

FILTERS = sorted((COLLECTION / "plugins" / "filter").glob("*.yml"))
GUIDE = "guide"
PREREQUISITE = "Prerequisite: "
RESET = "Reset the servers"
NODES = ("node1", "node6")
#: Endings of the names of modules that change nothing on the servers.
READS = ("_info", "_check", "_preflight", "_verify", "_plan")
ALL_STEPS = ("iam_role", "policy", "bucket", "bucket_replication")
#: Prerequisites of a module that changes something: the guide's tasks with these modules. Other modules need
#: those of ALL_STEPS.
PREREQUISITES: dict[str, tuple[str, ...]] = {
    "backbeat_bucket": (),
    "backbeat_bucket_replication": ("bucket",),
    "backbeat_iam_role": (),
    "backbeat_object": ("bucket",),
    "backbeat_policy": ("iam_role",),
    "backbeat_proof": ALL_STEPS,
    "backbeat_verify_merge": (*ALL_STEPS, "object"),
}

_TARGET = {"endpoint_url": "http://node6", "profile": "backbeat-target", "name": "target-bucket"}
_SOURCE = {"endpoint_url": "http://node1", "profile": "backbeat-source"}
_FAILING = [{"bucket": "source-bucket", "key": key} for key in ("reports/may", "other")]
_FAILED: Tasks = [
    {
        "name": "Remove the target bucket",
        "scality.backbeat.backbeat_bucket": {**_TARGET, "state": "absent"},
    },
    {
        "name": "Put objects",
        "scality.backbeat.backbeat_object": {**_SOURCE, "objects": _FAILING},
    },
    {
        "name": "Wait until they have failed",
        "scality.backbeat.backbeat_object_check": {
            **_SOURCE,
            "checks": [{**one, "status": "FAILED"} for one in _FAILING],
        },
    },
    {
        "name": "Create the target bucket",
        "scality.backbeat.backbeat_bucket": {**_TARGET, "versioning": "enabled"},
    },
]
#: Further prerequisites of a module's examples: objects that failed.
FURTHER_PREREQUISITES: dict[str, Tasks] = {"backbeat_backfill": _FAILED, "backbeat_retry": _FAILED}


def play_examples(plays: Plays, folder: Path) -> PlaybookResult:
    """Run all examples in one run of ansible-playbook. Each play runs on a host with the name of its module."""
    reset = task_that_resets(plays.sandbox)
    written: dict[str, Tasks] = {
        name: [reset, *prerequisites(name), *examples(name)]
        for name in MODULES
        if not name.endswith(READS)
    }
    written |= {file.stem: filter_examples(file) for file in FILTERS}
    written[GUIDE] = [reset, *guide()]
    # Modules that only read come last, after the guide has created everything that they need.
    written |= {name: examples(name) for name in MODULES if name.endswith(READS)}
    playbook = folder / "examples.json"
    playbook.write_text(
        json.dumps(
            [
                {
                    "name": f"Examples of {name}",
                    "hosts": name,
                    "gather_facts": False,
                    # Without it, a run ends when all hosts of a play have failed, and later plays would not run.
                    "ignore_errors": True,
                    "tasks": at_sandbox(plays.sandbox, tasks),
                }
                for name, tasks in written.items()
            ]
        )
    )
    local = {"ansible_connection": "local"}
    hosts = {"all": {"vars": local, "hosts": {name: {} for name in [*written, *NODES]}}}
    return plays(inventory=hosts, playbook=playbook)


def examples(name: str) -> Tasks:
    """The documented examples of a module."""
    return list(yaml.safe_load(module(name).EXAMPLES))


def documented_uses(name: str) -> Tasks:
    """The options of a module's documented examples, without its connection."""
    own = [
        task[f"scality.backbeat.{name}"]
        for task in examples(name)
        if f"scality.backbeat.{name}" in task
    ]
    return [
        {option: value for option, value in use.items() if option not in options.CONNECTION}
        for use in own
    ]


def filter_examples(file: Path) -> Tasks:
    return list(yaml.safe_load(filter_text(file)))


def filter_text(file: Path) -> str:
    """The documented examples of a filter, with the results in their comments."""
    return str(yaml.safe_load(file.read_text())["EXAMPLES"])


def guide() -> Tasks:
    """The tasks of the guide, in the guide's order."""
    found = (block.data for block in blocks(RST / "guide_replication.rst", "yaml"))
    return [task for data in found if is_tasks(data) for task in data]


def prerequisites(name: str) -> Tasks:
    """The guide's tasks that a module's examples require."""
    wanted = {f"scality.backbeat.backbeat_{step}" for step in PREREQUISITES.get(name, ALL_STEPS)}
    tasks = [task for task in guide() if wanted & task.keys()] + FURTHER_PREREQUISITES.get(name, [])
    return [{**task, "name": f"{PREREQUISITE}{task['name']}"} for task in tasks]


def task_that_resets(sandbox: Sandbox) -> dict[str, Any]:
    """A task that resets the servers; their control port accepts any method."""
    return {
        "name": RESET,
        "ansible.builtin.assert": {
            "that": "lookup('ansible.builtin.url', item, split_lines=false) is not none",
            "quiet": True,
        },
        "loop": [f"{side.control_url}/reset" for side in sandbox.environments()],
    }


def at_sandbox(sandbox: Sandbox, data: Any) -> Any:
    """Replace the guide's endpoints with the sandbox's. Its profiles have the same names as the guide's."""
    state = Path(sandbox.describe()["state"])
    endpoints = {
        "report.html.j2": str(
            COLLECTION / "roles" / "replication" / "templates" / "report.html.j2"
        ),
        "/srv/reports/replication.html": str(state / "replication.html"),
        "/srv/reports/replication.json": str(state / "replication.json"),
        "http://node1": sandbox.source.s3_url,
        "http://node1:8600": sandbox.source.iam_url,
        "http://node1:8900": sandbox.source.backbeat_url,
        "http://node6": sandbox.target.s3_url,
        "http://node6:8600": sandbox.target.iam_url,
    }

    def replaced(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: replaced(one) for key, one in value.items()}
        if isinstance(value, list):
            return [replaced(one) for one in value]
        return endpoints.get(value, value) if isinstance(value, str) else value

    return replaced(data)
