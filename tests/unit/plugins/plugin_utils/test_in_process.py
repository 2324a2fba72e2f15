# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an action runs its module in the controller's process, and its clean-up if it does not."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.plugin_utils import _in_process
from ansible_collections.scality.backbeat.plugins.plugin_utils._in_process import (
    INTERPRETER,
    SWITCH,
    THIS_PYTHON,
    InProcess,
    scrubbed,
)


class Action(InProcess):
    """The action of a plain task on a local connection."""

    def __init__(self, **task: Any) -> None:
        nothing = {"async_val": 0, "timeout": 0, "environment": [], "delegate_to": None}
        self._task = SimpleNamespace(**nothing | task)
        self._templar = SimpleNamespace(template=lambda text: text)
        self._connection = SimpleNamespace(
            transport="local",
            become=None,
            has_native_async=False,
            _shell=SimpleNamespace(tmpdir="/tmp/of-the-task"),
        )
        self.removed: list[str] = []

    def _execute_module(self, **options: Any) -> dict[str, Any]:
        return {"asked": options["wrap_async"]}

    def _remove_tmp_path(self, path: str) -> None:
        self.removed.append(path)


HERE = {INTERPRETER: THIS_PYTHON}


@pytest.mark.parametrize(
    "variables",
    [
        HERE,
        {INTERPRETER: "auto_silent"},
        {INTERPRETER: "auto"},
        {**HERE, SWITCH: True},
        {**HERE, SWITCH: "yes"},
    ],
)
def test_it_runs_here_unless_another_process_is_required(variables: dict[str, Any]) -> None:
    assert Action(environment=[{}, None])._may_run_here(variables)


@pytest.mark.parametrize(
    ("variables", "task"),
    [
        ({**HERE, SWITCH: False}, {}),
        ({**HERE, SWITCH: "no"}, {}),
        ({INTERPRETER: "/usr/bin/of-another-host"}, {}),
        (HERE, {"async_val": 10}),
        (HERE, {"timeout": 10}),
        (HERE, {"environment": [{}, {"HTTPS_PROXY": "http://proxy"}]}),
        (
            {**HERE, "ansible_delegated_vars": {"other": {INTERPRETER: "/usr/bin/its-own"}}},
            {"delegate_to": "other"},
        ),
    ],
)
def test_it_runs_as_a_module_if_the_task_requires_it(
    variables: dict[str, Any], task: dict[str, Any]
) -> None:
    assert not Action(**task)._may_run_here(variables)


@pytest.mark.parametrize(("name", "value"), [("transport", "ssh"), ("become", "sudo")])
def test_it_runs_as_a_module_on_another_connection(name: str, value: str) -> None:
    action = Action()
    setattr(action._connection, name, value)
    assert not action._may_run_here(HERE)


def test_it_runs_as_a_module_without_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_in_process, "BOTOCORE_VERSION", None)
    assert not Action()._may_run_here(HERE)


@pytest.mark.parametrize(
    ("seconds", "native", "in_background"), [(0, False, False), (9, False, True), (9, True, False)]
)
def test_the_folder_of_a_module_is_removed_unless_it_still_runs(
    seconds: int, native: bool, in_background: bool
) -> None:
    action = Action(async_val=seconds)
    action._connection.has_native_async = native
    done = action._run_as_module({"kept": 1}, {})
    assert done == {"kept": 1, "asked": in_background}
    assert action.removed == ([] if in_background else ["/tmp/of-the-task"])


@pytest.mark.parametrize(
    "secret",
    [
        "hunter2",
        'with "quotes"',
        "back\\slash",
        "line\nbreak",
        "tail\r",
        "umläut",
        "\udcff",
        "€\x00",
    ],
)
def test_a_secret_is_masked_at_any_depth(secret: str) -> None:
    result = {"changed": True, "results": [{"msg": f"see {secret}!", "ok": [None, {"a": secret}]}]}
    shown = scrubbed(result, {"absent", secret})
    assert shown["results"][0]["msg"] == "see ********!"
    assert shown["results"][0]["ok"] == [None, {"a": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}]
    assert shown["changed"] is True


def test_numbers_that_are_secrets_are_masked_but_booleans_are_not() -> None:
    shown = scrubbed({"changed": True, "failed": False, "size": 3.25, "count": 1}, {"1", "3.25"})
    assert shown["changed"] is True
    assert shown["failed"] is False
    assert shown["size"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_values_without_json_are_searched_too() -> None:
    day = datetime.date(2026, 1, 1)
    result: dict[str, Any] = {"msg": "the hunter2", "when": day, "set": {"hunter2"}}
    shown = scrubbed(result, {"hunter2"})
    assert "hunter2" not in str(shown)


def test_without_a_secret_the_result_is_not_copied() -> None:
    result = {"changed": False, "results": [{"bucket": "a"}]}
    assert scrubbed(result, {"hunter2"}) is result
