# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays in guides and README files work; the inventories, commands, variables and modules that they name exist."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

import dev
from devtools.places import ROOT
from tests.docs.support.blocks import PAGES, RST, Block, blocks, is_play, is_tasks
from tests.docs.support.examples import at_sandbox
from tests.integration.support.plays import Plays
from tests.unit.plugins.documented import MODULES

ROLE = ROOT / "roles" / "replication"
SPECS = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
OPTIONS = {name: option for spec in SPECS.values() for name, option in spec["options"].items()}
PLAYBOOKS = {file.stem: file.read_text() for file in (ROOT / "playbooks").glob("*.yml")}
#: Variables that only playbooks use.
PLAYBOOK_VARIABLES = {
    "replication_hosts",
    "replication_adopt_to",
    "replication_adopt_buckets",
}
#: Variables that only rulebooks use.
RULEBOOK_VARIABLES = {
    name
    for file in (ROOT / "extensions" / "eda" / "rulebooks").glob("*.yml")
    for name in re.findall(r"replication_\w+", file.read_text())
}
#: Names that the role sets as statistics of a run or as facts.
STATISTICS = {
    "replication_summary",
    "replication_validation",
    "replication_verification",
    "replication_status",
    "replication_retry",
    "replication_resend",
    "replication_backfill",
}
TAGS = {"roles", "policies", "buckets", "replication", "verify", "preflight"}
#: Names that begin like a module's name and are not modules.
NOT_MODULES = {"backbeat_in_process", "backbeat_url"}

YAML = [block for page in PAGES for block in blocks(page, "yaml")]
CONSOLE = [block for page in PAGES for block in blocks(page, "console")]


def test_pages_have_blocks_of_each_kind() -> None:
    assert {block.page for block in YAML} >= {"README.md", "roles/replication/README.md"}
    assert len(CONSOLE) > 5
    assert any(is_play(block.data) for block in YAML)
    assert any(is_tasks(block.data) for block in YAML)
    assert any(list(host_variables(block.data)) for block in YAML)


def test_plays_succeed(play: Plays, tmp_path: Path) -> None:
    """Run all plays of all pages, with the guide's inventory, in order: later plays use what earlier ones set up."""
    plays = [one for block in YAML if is_play(block.data) for one in block.data]
    assert len(plays) > 2
    (hosts,) = (
        block.data
        for block in blocks(RST / "guide_replication.rst", "yaml")
        if isinstance(block.data, dict) and "all" in block.data
    )
    playbook = tmp_path / "plays.json"
    playbook.write_text(json.dumps(at_sandbox(play.sandbox, plays)))
    played = play(inventory=at_sandbox(play.sandbox, hosts), playbook=playbook).ok()
    proofs = [one for one in played.module_records() if one["action"].endswith("proof")]
    (last,) = proofs[-1]["result"]["results"]
    assert last["object"]["replication_status"] == "COMPLETED"


@pytest.mark.parametrize("block", YAML, ids=str)
def test_variables_match_the_argument_specs_of_the_role(block: Block) -> None:
    for variables in host_variables(block.data):
        known = {name: OPTIONS[name] for name in variables}
        result = ArgumentSpecValidator(known).validate(dict(variables))
        assert not result.error_messages


def host_variables(data: Any) -> Iterator[Mapping[str, Any]]:
    """The variables of the role in each dictionary of a block."""
    if isinstance(data, Mapping):
        own = {name: value for name, value in data.items() if name.startswith("replication_")}
        if own:
            yield own
        for value in data.values():
            yield from host_variables(value)


@pytest.mark.parametrize("block", CONSOLE, ids=str)
def test_programs_and_arguments_of_commands_exist(block: Block) -> None:
    lines = [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ ")]
    assert lines
    for command in itertools.chain.from_iterable(map(commands, lines)):
        program, *arguments = command
        if program == "ansible-playbook":
            check_playbook(arguments)
        elif program == "python3":
            assert arguments[0] == "dev.py"
            # It exits with a message if the command or option does not exist.
            assert dev.parse(arguments[1:])
        elif program == "ansible-rulebook":
            check_rulebook(arguments)
        elif program == "ansible":
            assert arguments[arguments.index("-m") + 1].removeprefix("scality.backbeat.") in MODULES
        elif program == "pip":
            assert set(arguments[1:]) <= lowest_versions()
        else:
            assert program in (".", "ansible-galaxy", "cd", "git")


def commands(line: str) -> Iterator[list[str]]:
    words = shlex.split(line, comments=True)
    for end, group in itertools.groupby(words, lambda word: word == "&&"):
        if not end:
            yield list(group)


def lowest_versions() -> set[str]:
    """The requirements of users, in pip's form."""
    core = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    libraries = (ROOT / "meta" / "ee-requirements.txt").read_text().split("\n")
    return {
        f"ansible-core{core}".removesuffix(".0"),
        *(one.removesuffix(".0") for one in libraries),
    }


def test_readme_shows_the_shipped_inventory() -> None:
    (shown,) = (block.data for block in YAML if block.page == "README.md" and "all" in block.data)
    shipped = yaml.safe_load((ROOT / "inventory" / "hosts.yml").read_text())
    for host in shipped["all"]["hosts"].values():
        for connection in ("replication_s3", "replication_iam"):
            # The default, which the README leaves out.
            assert host[connection].pop("region") == "us-east-1"
    assert shown == shipped


def check_playbook(arguments: list[str]) -> None:
    name = arguments[0].removeprefix("scality.backbeat.")
    assert name in PLAYBOOKS or (ROOT / arguments[0]).is_file()
    for option, value in itertools.pairwise(arguments):
        if option == "--tags":
            assert set(value.split(",")) <= TAGS
        if option == "-e":
            assert value.split("=")[0] in OPTIONS.keys() | PLAYBOOK_VARIABLES


def check_rulebook(arguments: list[str]) -> None:
    name = arguments[arguments.index("--rulebook") + 1].removeprefix("scality.backbeat.")
    assert (ROOT / "extensions" / "eda" / "rulebooks" / f"{name}.yml").is_file()


def test_known_tags_are_those_of_the_role() -> None:
    tasks = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text())[0]["block"]
    assert {tag for task in tasks for tag in task["tags"]} == TAGS | {"always"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_variables_modules_and_playbooks_exist(page: Path) -> None:
    text = page.read_text()
    variables = set(re.findall(r"\breplication_(?!adopted\b)\w+", text))
    known = OPTIONS.keys() | PLAYBOOK_VARIABLES | RULEBOOK_VARIABLES | STATISTICS | {*PLAYBOOKS}
    assert variables - known == set()
    modules = set(re.findall(r"\bbackbeat_[a-z]\w+", text))
    assert modules - set(MODULES) - NOT_MODULES == set()
    assert set(re.findall(r"scality\.backbeat\.(\w+_replication)\b", text)) <= {
        *PLAYBOOKS,
        *MODULES,
    }


def test_playbook_variables_are_used_by_playbooks() -> None:
    assert {
        name for name in PLAYBOOK_VARIABLES if not any(name in text for text in PLAYBOOKS.values())
    } == set()


def test_readme_lists_every_module_and_playbook() -> None:
    text = (ROOT / "README.md").read_text()
    assert [name for name in MODULES if f"`{name}`" not in text] == []
    playbooks = {name for name in PLAYBOOKS if "-" not in name}
    assert [name for name in playbooks if f"`scality.backbeat.{name}`" not in text] == []


def test_role_readme_lists_every_variable_and_its_default() -> None:
    text = (ROLE / "README.md").read_text()
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    assert [name for name in OPTIONS if f"`{name}`" not in text] == []
    for name, default in defaults.items():
        shown = next(
            line for line in text.splitlines() if line.startswith("|") and f"`{name}`" in line
        )
        cells = [cell.strip().strip("`") for cell in shown.strip("|").split("|")]
        if default not in ("", [], {}) and len(cells) == 3:
            assert yaml.safe_load(cells[1]) == default, name


def test_every_guide_is_in_the_table_of_contents() -> None:
    sections = yaml.safe_load((RST.parent / "extra-docs.yml").read_text())["sections"]
    listed = [page for section in sections for page in section["toctree"]]
    assert sorted(listed) == sorted(page.stem for page in RST.glob("*.rst"))
