# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks return the same results in the controller's process and as a module, with all of Ansible's keywords."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import Sandbox
from tests.faults.support.processes import watching_processes
from tests.faults.support.vault import PASSWORD, vault_variables
from tests.integration.support.idempotency import assert_same
from tests.integration.support.plays import PlaybookResult, Plays

HERE = Path(__file__).parent
TASKS = yaml.safe_load((HERE / "data" / "both_ways.yml").read_text())[0]["tasks"]
# Secrets in the tasks, which must not be shown.
SECRETS = {
    "wrong": "planted-wrong-key",
    "in_url": "planted-in-a-url",
    "in_text": "planted-in-text",
    "proxy_password": "planted-for-a-proxy",
}
# Fields that differ from run to run.
VOLATILE = {
    "create_date",
    "update_date",
    "last_modified",
    "role_id",
    "policy_id",
    "version_id",
    "request_id",
    "elapsed",
    "replication_status",
    "id",
}
# Fields of asynchronous tasks: the job's name, times and output.
ASYNC = {
    "ansible_job_id",
    "results_file",
    "started",
    "finished",
    "stdout",
    "stderr",
    "stdout_lines",
    "stderr_lines",
}

pytestmark = [pytest.mark.only_end_cores, pytest.mark.playbook, pytest.mark.slow]


@pytest.fixture(scope="module")
def both(
    running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> dict[bool, dict[str, Any]]:
    """What each task returned, by whether it ran in process (True) or as a module (False)."""
    return {
        way: _run(running_sandbox, tmp_path_factory.mktemp("play"), way) for way in (True, False)
    }


def _run(sandbox: Sandbox, folder: Path, in_process: bool) -> dict[str, Any]:
    sandbox.reset()
    play = Plays(sandbox, folder)
    # The test reads the arguments and the log of the program, so it must be the real one.
    play.preloaded = False
    temporary = folder / "modules"
    source = sandbox.source
    inventory = play.inventory(
        backbeat_in_process=in_process,
        access_key=source.access_key,
        ansible_remote_tmp=str(temporary),
    )
    with pytest.MonkeyPatch.context() as patch:
        vault_variables(folder, patch, vaulted=source.secret_key, **SECRETS)
        patch.setenv("ANSIBLE_KEEP_REMOTE_FILES", "1")
        log = folder / "log"
        patch.setenv("ANSIBLE_LOG_PATH", str(log))
        with watching_processes() as arguments:
            played = play(
                "-vvvv", inventory=inventory, playbook=HERE / "data" / "both_ways.yml"
            ).ok()
    processes = {file.parent.name for file in temporary.glob("*/AnsiballZ_backbeat_*.py")}
    shown = [played.output, json.dumps(played.records), log.read_text(), *arguments]
    return {
        "played": played,
        "processes": len(processes),
        "watched": any("AnsiballZ_backbeat_" in one for one in arguments),
        "shown": "\n".join(shown),
    }


def test_tasks_run_in_process_or_as_a_module_as_configured(
    both: dict[bool, dict[str, Any]],
) -> None:
    always = sum(task["name"].startswith("As a module") for task in TASKS)
    assert both[True]["processes"] == always
    assert both[False]["processes"] >= len(TASKS) - always
    # Otherwise the search for secrets would not include the arguments of module processes.
    assert both[False]["watched"]


@pytest.mark.parametrize("task", [task["name"] for task in TASKS])
def test_in_process_and_module_results_are_equal(
    both: dict[bool, dict[str, Any]], task: str
) -> None:
    in_process, as_module = (_records(both[way]["played"], task) for way in (True, False))
    assert [one["status"] for one in in_process] == [one["status"] for one in as_module]
    for one, other in zip(in_process, as_module, strict=True):
        assert_same(
            _without_async_fields(one["result"]), _without_async_fields(other["result"]), VOLATILE
        )


@pytest.mark.parametrize("in_process", [True, False])
def test_secrets_are_not_shown(
    both: dict[bool, dict[str, Any]], running_sandbox: Sandbox, in_process: bool
) -> None:
    shown = both[in_process]["shown"]
    assert "Gathering" not in shown
    assert "task path: " in shown
    for secret in (running_sandbox.source.secret_key, PASSWORD, *SECRETS.values()):
        places = [line for line in shown.splitlines() if secret in line]
        assert not places, f"{secret} in {places[0][:500]}"


def test_only_the_expected_tasks_fail(both: dict[bool, dict[str, Any]]) -> None:
    """Otherwise the comparison would not cover the failures that the tasks' names describe."""
    statuses = {one["task"]: one["status"] for one in both[True]["played"].records}
    failed = {name for name, status in statuses.items() if status == "ignored"}
    names = [task["name"] for task in TASKS]
    start, end = names.index("A value that is not a number"), names.index("Remove a configuration")
    others = {
        "A list with one item that fails",
        "An object that is not replicated",
        "Conditions failed_when and changed_when",
    }
    assert failed == {*names[start:end], *others}


def _records(played: PlaybookResult, task: str) -> list[Mapping[str, Any]]:
    return [one for one in played.records if one["task"] == task]


def _without_async_fields(result: Any) -> Any:
    if isinstance(result, dict):
        return {k: _without_async_fields(v) for k, v in result.items() if k not in ASYNC}
    return [_without_async_fields(one) for one in result] if isinstance(result, list) else result
