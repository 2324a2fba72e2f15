# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs playbooks as a user does, and keeps the result of every task on every host."""

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
from tests.integration.support.idempotency import (
    Result,
    assert_predicted,
    assert_same,
    run_in_check_mode,
)
from tests.integration.support.preloaded import Preloaded

SETUP = ROOT / "playbooks" / "setup-replication.yml"
TEARDOWN = ROOT / "playbooks" / "teardown_replication.yml"
VALIDATE = ROOT / "playbooks" / "validate_replication.yml"
CALLBACKS = Path(__file__).parent / "callback_plugins"
NAMESPACE = "scality.backbeat."
#: Timeout of a run in seconds: more than a run takes on a busy machine.
TIMEOUT = 180
#: Fields that are not compared: Ansible adds them, and only check mode warns of earlier steps that it did not take.
NOT_COMPARED = frozenset({"invocation", "_ansible_no_log", "warnings"})

Inventory = dict[str, Any]


@dataclass(frozen=True)
class PlaybookResult:
    """The result of a run. Records: {"host", "task", "action", "status", "result"} in their order."""

    code: int
    output: str = field(repr=False)
    records: list[dict[str, Any]] = field(repr=False)

    def ok(self) -> PlaybookResult:
        assert self.code == 0, self.output
        return self

    def failure(self) -> str:
        """The message of the only failed task, or of the last one if others were rescued. A list becomes lines."""
        failed = [one for one in self.records if one["status"] == "failed"]
        assert self.code == 2, self.output
        assert len(failed) == 1 + len(re.findall(r"rescued=1\b", self.output)), self.output
        message = failed[-1]["result"]["msg"]
        return "\n".join(message) if isinstance(message, list) else str(message)

    def changed(self) -> dict[str, int]:
        """Number of changed tasks by host; hosts without changes are omitted."""
        return dict(Counter(one["host"] for one in self.records if one["result"].get("changed")))

    def changes(self) -> list[str]:
        """The changes that the modules report, sorted. <key>-canary replaces the random keys of canaries."""
        found = []
        for one in self.module_records():
            for item in one["result"].get("results", [one["result"]]):
                found += map(_without_random_key, item.get("changes", []))
        return sorted(found)

    def has_diff_line(self, line: str) -> bool:
        """Whether a diff in the output has this line, "-name: value" or "+name: value", as YAML or as JSON."""
        plain = re.sub(r"^([-+ ])[ -]*", r"\1", self.output, flags=re.MULTILINE)
        return line in re.sub("[\",']", "", plain).splitlines()

    def module_records(self) -> list[dict[str, Any]]:
        """The records of this collection's modules, without skipped tasks."""
        return [
            one
            for one in self.records
            if one["action"].startswith(NAMESPACE) and one["status"] != "skipped"
        ]

    def result(self, host: str, module: str) -> Result:
        """The result of backbeat_<module> on that host, where it must have run once."""
        action = f"{NAMESPACE}backbeat_{module}"
        (found,) = [
            one["result"]
            for one in self.module_records()
            if (one["host"], one["action"]) == (host, action)
        ]
        return dict(found)


class Plays:
    """Runs playbooks on the sandbox."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        #: Further environment variables of the runs, and callback plugins besides `records`.
        self.environ: dict[str, str] = {}
        self.callbacks: list[str] = []
        #: Whether runs are forks of a process that has imported Ansible; if not, each run starts ansible-playbook.
        self.preloaded = True
        self._numbers = itertools.count(1)

    def inventory(self, **variables: Any) -> Inventory:
        """The shipped inventory, with the sandbox as its servers and these variables for all hosts."""
        given = {"replication_verify_timeout": 30, **variables}
        return inventory(self.sandbox.describe(), **given)

    def start(
        self, *arguments: str, inventory: Inventory | None = None, playbook: Path = SETUP
    ) -> RunningPlaybook:
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
            return RunningPlaybook(Preloaded(given, environ), records)
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
        return RunningPlaybook(process, records)

    def __call__(
        self, *arguments: str, inventory: Inventory | None = None, playbook: Path = SETUP
    ) -> PlaybookResult:
        """Run ansible-playbook and wait until it ends."""
        return self.start(*arguments, inventory=inventory, playbook=playbook).end()

    def check(self, *arguments: str, **options: Any) -> PlaybookResult:
        """Run it in check mode, and assert that it attempts no write."""
        played: list[PlaybookResult] = []

        def run(_check_mode: bool) -> Result:
            played.append(self("--check", "--diff", *arguments, **options))
            return {}

        run_in_check_mode(self.sandbox, run)
        return played[0]


@dataclass(frozen=True)
class RunningPlaybook:
    """A running ansible-playbook."""

    process: subprocess.Popen[str] | Preloaded
    records: Path

    def end(self, timeout: float = TIMEOUT) -> PlaybookResult:
        """Wait until it ends. After the timeout, fail the test with the output so far."""
        with self.process as process:
            try:
                output, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                # The workers must end too: they hold the output open.
                os.killpg(process.pid, signal.SIGKILL)
                output, _ = process.communicate()
                pytest.fail(f"ansible-playbook still ran after {timeout} s:\n{output}")
        lines = self.records.read_text().splitlines()
        return PlaybookResult(process.returncode, output, [json.loads(line) for line in lines])


def assert_run_as_predicted(check: PlaybookResult, run: PlaybookResult) -> None:
    """Assert that check mode predicted the run, task by task; of proofs, only their changes."""
    assert check.changes() == run.changes()
    predicted, made = _results(check), _results(run)
    assert predicted.keys() == made.keys()
    for task, result in predicted.items():
        assert_predicted(result, made[task])


def assert_same_results(one: PlaybookResult, other: PlaybookResult) -> None:
    """Assert that two runs returned the same results, task by task."""
    first, second = _results(one), _results(other)
    assert first.keys() == second.keys()
    for task, result in first.items():
        assert_same(result, second[task])


def _without_random_key(change: str) -> str:
    without = without_canary(change)
    return change if without == change else f"{without}-canary"


def _results(played: PlaybookResult) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {
        (one["host"], one["task"]): {
            k: v for k, v in one["result"].items() if k not in NOT_COMPARED
        }
        for one in played.module_records()
        if not one["action"].endswith("proof")
    }


def statistics(played: PlaybookResult) -> dict[str, Any]:
    """The statistics that the summary sets for AWX workflows."""
    found: dict[str, Any] = {}
    for one in played.records:
        found |= (
            one["result"].get("ansible_stats", {}).get("data", {}).get("replication_summary", {})
        )
    return found
