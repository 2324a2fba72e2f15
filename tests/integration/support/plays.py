# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks, as a user does, and keeps what every task did on every host."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.names import (
    without_canary,
)
from devtools.places import ROOT
from sandbox import Sandbox
from sandbox.inventory import inventory
from tests.integration.support.preloaded import Preloaded
from tests.integration.support.promises import Result, assert_predicted, assert_same, check_only

SETUP = ROOT / "playbooks" / "setup-replication.yml"
TEARDOWN = ROOT / "playbooks" / "teardown_replication.yml"
CALLBACKS = Path(__file__).parent / "callback_plugins"
OWN = "scality.backbeat."
# Seconds that no run of a playbook takes, however busy the machine is.
LONGEST = 180
#: What a task returns beside the module's result, and what only check mode says of steps before that it did not take.
BESIDE = frozenset({"invocation", "_ansible_no_log", "warnings"})

Inventory = dict[str, Any]


@dataclass(frozen=True)
class Played:
    """A run of a playbook. Records: {"host", "task", "action", "status", "result"} in their order."""

    code: int
    output: str = field(repr=False)
    records: list[dict[str, Any]] = field(repr=False)

    def ok(self) -> Played:
        assert self.code == 0, self.output
        return self

    def failure(self) -> str:
        """The message of the only task that failed, or of the last if another was rescued; a list as lines."""
        failed = [one for one in self.records if one["status"] == "failed"]
        assert self.code == 2, self.output
        assert len(failed) == 1 + len(re.findall(r"rescued=1\b", self.output)), self.output
        message = failed[-1]["result"]["msg"]
        return "\n".join(message) if isinstance(message, list) else str(message)

    def changed(self) -> dict[str, int]:
        """How many tasks changed something, by host; hosts without any are left out."""
        return dict(Counter(one["host"] for one in self.records if one["result"].get("changed")))

    def changes(self) -> list[str]:
        """What the modules say that they did or would do, sorted; canaries, whose keys are random, as <key>-canary."""
        found = []
        for one in self.own():
            for item in one["result"].get("results", [one["result"]]):
                found += map(_nameless, item.get("changes", []))
        return sorted(found)

    def shows(self, line: str) -> bool:
        """Whether the output has such a line of a diff, "-name: value" or "+..", as YAML or as JSON."""
        plain = re.sub(r"^([-+ ])[ -]*", r"\1", self.output, flags=re.MULTILINE)
        return line in re.sub("[\",']", "", plain).splitlines()

    def own(self) -> list[dict[str, Any]]:
        """The records of this collection's modules that ran."""
        return [
            one
            for one in self.records
            if one["action"].startswith(OWN) and one["status"] != "skipped"
        ]

    def result(self, host: str, module: str) -> Result:
        """What backbeat_<module> returned on that host; it ran once there."""
        action = f"{OWN}backbeat_{module}"
        (found,) = [
            one["result"] for one in self.own() if (one["host"], one["action"]) == (host, action)
        ]
        return dict(found)


class Plays:
    """Runs playbooks on the sandbox."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        #: Further environment variables of the runs, and callback plugins beside that which keeps the records.
        self.environ: dict[str, str] = {}
        self.callbacks: list[str] = []
        #: Whether runs are forks of a process that has imported everything; else each is the program itself.
        self.preloaded = True
        self._numbers = itertools.count(1)

    def inventory(self, **variables: Any) -> Inventory:
        """The shipped inventory, with the sandbox for its servers and these variables for all hosts."""
        given = {"replication_verify_timeout": 30, **variables}
        return inventory(self.sandbox.describe(), **given)

    def start(
        self, *arguments: str, inventory: Inventory | None = None, playbook: Path = SETUP
    ) -> Playing:
        """Start ansible-playbook with these arguments."""
        number = next(self._numbers)
        hosts = self.folder / f"hosts-{number}.json"
        hosts.write_text(json.dumps(inventory or self.inventory()))
        records = self.folder / f"records-{number}"
        records.touch()
        environ = {
            **os.environ,
            **self.sandbox.environ,
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": ",".join(["records", *self.callbacks]),
            "RECORDS_FILE": str(records),
            **self.environ,
        }
        given = ["-i", hosts, playbook, *arguments]
        if self.preloaded:
            return Playing(Preloaded(given, environ), records)
        program = Path(sys.executable).with_name("ansible-playbook")
        process = subprocess.Popen(
            [program, *given],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return Playing(process, records)

    def __call__(
        self, *arguments: str, inventory: Inventory | None = None, playbook: Path = SETUP
    ) -> Played:
        """Run ansible-playbook to its end."""
        return self.start(*arguments, inventory=inventory, playbook=playbook).end()

    def check(self, *arguments: str, **options: Any) -> Played:
        """Run it in check mode, where nothing may even try to write."""
        played: list[Played] = []

        def run(_check_mode: bool) -> Result:
            played.append(self("--check", "--diff", *arguments, **options))
            return {}

        check_only(self.sandbox, run)
        return played[0]


@dataclass(frozen=True)
class Playing:
    """A run that has begun."""

    process: subprocess.Popen[str] | Preloaded
    records: Path

    def end(self, longest: float = LONGEST) -> Played:
        """Wait for its end; one that never comes fails the test with the output so far."""
        with self.process as process:
            try:
                output, _ = process.communicate(timeout=longest)
            except subprocess.TimeoutExpired:
                # Its workers too: they hold the output open.
                os.killpg(process.pid, signal.SIGKILL)
                output, _ = process.communicate()
                pytest.fail(f"ansible-playbook still ran after {longest} s:\n{output}")
        lines = self.records.read_text().splitlines()
        return Played(process.returncode, output, [json.loads(line) for line in lines])


def assert_run_as_predicted(check: Played, run: Played) -> None:
    """Asserts that check mode told what the run then did, task by task; of proofs, only what they put."""
    assert check.changes() == run.changes()
    predicted, made = _results(check), _results(run)
    assert predicted.keys() == made.keys()
    for task, result in predicted.items():
        assert_predicted(result, made[task])


def assert_same_results(one: Played, other: Played) -> None:
    """Asserts that two runs returned the same, task by task."""
    first, second = _results(one), _results(other)
    assert first.keys() == second.keys()
    for task, result in first.items():
        assert_same(result, second[task])


def _nameless(change: str) -> str:
    without = without_canary(change)
    return change if without == change else f"{without}-canary"


def _results(played: Played) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {
        (one["host"], one["task"]): {k: v for k, v in one["result"].items() if k not in BESIDE}
        for one in played.own()
        if not one["action"].endswith("proof")
    }
