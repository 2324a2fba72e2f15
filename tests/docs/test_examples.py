# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All documented examples of modules and filters, and the guide's tasks, run without an error."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.docs.support.examples import (
    FILTERS,
    GUIDE,
    PREREQUISITE,
    PREREQUISITES,
    READS,
    RESET,
    examples,
    filter_examples,
    filter_text,
    guide,
)
from tests.docs.support.returns import comparison_of
from tests.integration.support.plays import PlaybookResult
from tests.unit.plugins.documented import MODULES


def records(played: PlaybookResult, host: str) -> list[dict[str, Any]]:
    """The records of one play's example tasks. Checks that the tasks of its prerequisites have succeeded."""
    own = [one for one in played.records if one["host"] == host]
    prepared = [one for one in own if one["task"].startswith((RESET, PREREQUISITE))]
    assert all(one["status"] == "ok" for one in prepared), played.output
    return [one for one in own if one not in prepared]


def assert_all_succeeded(played: PlaybookResult, host: str, tasks: list[dict[str, Any]]) -> None:
    done = [(one["task"], one["status"]) for one in records(played, host)]
    assert done == [(task["name"], "ok") for task in tasks], played.output


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_succeed(examples_played: PlaybookResult, name: str) -> None:
    assert_all_succeeded(examples_played, name, examples(name))


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith(READS)])
def test_every_example_of_a_change_is_changed(examples_played: PlaybookResult, name: str) -> None:
    own = [one for one in records(examples_played, name) if one["action"].endswith(name)]
    assert own
    assert [one["task"] for one in own if not one["result"]["changed"]] == []


@pytest.mark.parametrize("name", MODULES)
def test_results_of_examples_match_the_documentation(
    examples_played: PlaybookResult, name: str
) -> None:
    own = [one for one in records(examples_played, name) if one["action"].endswith(name)]
    comparison = comparison_of(name)
    for one in own:
        comparison.compare(one["result"], one["result"]["invocation"]["module_args"])
    assert comparison.wrong == []


def test_prerequisites_are_for_existing_modules() -> None:
    assert set(PREREQUISITES) <= set(MODULES)


@pytest.mark.parametrize("file", FILTERS, ids=lambda file: file.stem)
def test_examples_of_a_filter_return_the_results_in_their_comments(
    examples_played: PlaybookResult, file: Path
) -> None:
    tasks = filter_examples(file)
    assert_all_succeeded(examples_played, file.stem, tasks)
    shown = [one["result"]["msg"] for one in records(examples_played, file.stem)]
    comments = re.findall(r"# -> (.*(?:\n *#    .*)*)", filter_text(file))
    assert shown == [parsed(re.sub(r"\n *#", "\n", text)) for text in comments]


def parsed(text: str) -> Any:
    """The value of a result: parsed JSON, or text."""
    return json.loads(text) if text[0] in "[{" else text


def test_tasks_of_the_guide_replicate_an_object(examples_played: PlaybookResult) -> None:
    assert_all_succeeded(examples_played, GUIDE, guide())
    proof = records(examples_played, GUIDE)[-1]["result"]
    assert proof["object"]["replication_status"] == "COMPLETED"
    assert proof["replica"]["replication_status"] == "REPLICA"


def test_guide_uses_every_module_of_the_procedure() -> None:
    used = {key for task in guide() for key in task if key.startswith("scality.backbeat.")}
    assert len(used) == 6
