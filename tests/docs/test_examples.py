# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every documented example does what it says: those of modules and filters, and the guide's tasks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.docs.support.examples import (
    AFRESH,
    BEFORE,
    FILTERS,
    GUIDE,
    NEEDS,
    READS,
    examples,
    filter_examples,
    filter_text,
    guide,
)
from tests.docs.support.returns import comparison_of
from tests.integration.support.plays import PlaybookResult
from tests.unit.plugins.documented import MODULES


def records(played: PlaybookResult, host: str) -> list[dict[str, Any]]:
    """What the example tasks of one play did; what had to be there before has worked."""
    own = [one for one in played.records if one["host"] == host]
    prepared = [one for one in own if one["task"].startswith((AFRESH, BEFORE))]
    assert all(one["status"] == "ok" for one in prepared), played.output
    return [one for one in own if one not in prepared]


def assert_all_worked(played: PlaybookResult, host: str, tasks: list[dict[str, Any]]) -> None:
    done = [(one["task"], one["status"]) for one in records(played, host)]
    assert done == [(task["name"], "ok") for task in tasks], played.output


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_a_module_work(examples_played: PlaybookResult, name: str) -> None:
    assert_all_worked(examples_played, name, examples(name))


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith(READS)])
def test_every_example_of_a_change_changes_something(
    examples_played: PlaybookResult, name: str
) -> None:
    own = [one for one in records(examples_played, name) if one["action"].endswith(name)]
    assert own
    assert [one["task"] for one in own if not one["result"]["changed"]] == []


@pytest.mark.parametrize("name", MODULES)
def test_examples_return_what_is_documented(examples_played: PlaybookResult, name: str) -> None:
    own = [one for one in records(examples_played, name) if one["action"].endswith(name)]
    comparison = comparison_of(name)
    for one in own:
        comparison.compare(one["result"], one["result"]["invocation"]["module_args"])
    assert comparison.wrong == []


def test_prerequisites_are_of_modules_that_exist() -> None:
    assert set(NEEDS) <= set(MODULES)


@pytest.mark.parametrize("file", FILTERS, ids=lambda file: file.stem)
def test_examples_of_a_filter_give_what_is_written_behind_them(
    examples_played: PlaybookResult, file: Path
) -> None:
    tasks = filter_examples(file)
    assert_all_worked(examples_played, file.stem, tasks)
    shown = [one["result"]["msg"] for one in records(examples_played, file.stem)]
    comments = re.findall(r"# -> (.*(?:\n *#    .*)*)", filter_text(file))
    assert shown == [meaning(re.sub(r"\n *#", "\n", text)) for text in comments]


def meaning(text: str) -> Any:
    """A result that is JSON, or else text."""
    return json.loads(text) if text[0] in "[{" else text


def test_the_guide_replicates(examples_played: PlaybookResult) -> None:
    assert_all_worked(examples_played, GUIDE, guide())
    proof = records(examples_played, GUIDE)[-1]["result"]
    assert proof["object"]["replication_status"] == "COMPLETED"
    assert proof["replica"]["replication_status"] == "REPLICA"


def test_the_guide_uses_each_module_of_the_procedure() -> None:
    used = {key for task in guide() for key in task if key.startswith("scality.backbeat.")}
    assert len(used) == 6
