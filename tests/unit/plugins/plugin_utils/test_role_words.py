# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's words: its variables and playbooks in sentences, without other changes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.plugin_utils._role_variables import specs
from ansible_collections.scality.backbeat.plugins.plugin_utils._role_words import (
    PHRASES,
    PLAYBOOKS,
    VARIABLES,
    in_words_of_role,
)
from ansible_collections.scality.backbeat.plugins.plugin_utils._tags import STEPS
from devtools.places import ROOT
from tests.integration.support.modules import task_of

PLUGINS = ROOT / "plugins"
MODULES = sorted(file.stem for file in (PLUGINS / "modules").glob("backbeat_*.py"))
#: Options in messages with the same name in one of the role's variables.
SHARED = {
    "access_key": "replication_s3",
    "aws_ca_bundle": "replication_s3",
    "aws_config": "replication_s3",
    "endpoint_url": "replication_s3",
    "profile": "replication_s3",
    "retry_timeout": "replication_s3",
    "secret_key": "replication_s3",
    "session_token": "replication_s3",
    "preferred_read": "replication_pairs",
    "source_bucket": "replication_pairs",
    "target_bucket": "replication_pairs",
    "target_prefix": "replication_pairs",
}
#: Options in messages that only appear if the option is set, and why the role never sets it.
NEVER_OF_THE_ROLE = {
    "modified_before": "the role compares whole buckets",
    "modified_since": "the role compares whole buckets",
    "source_role": "the role always gives both roles, or `role`",
    "target_role": "the role always gives both roles, or `role`",
    "version_id": "a column of a table",
}

#: Modules without an equivalent playbook.
WITHOUT_PLAYBOOK = {"backbeat_site"}


def names(spec: Mapping[str, Any]) -> Iterator[str]:
    for name, option in spec.items():
        yield name
        yield from names(option.get("options") or {})


@cache
def options() -> frozenset[str]:
    """All options of all modules that cannot be confused with other words."""
    specs_of_modules = (task_of(name.removeprefix("backbeat_")).argument_spec() for name in MODULES)
    found = {name for spec in specs_of_modules for name in names(spec["argument_spec"])}
    return frozenset(name for name in found if "_" in name)


def sentences(file: Path) -> Iterator[str]:
    """The texts with blanks in a file, without docstrings."""
    docstrings = set()
    # Parents come before their children.
    for node in ast.walk(ast.parse(file.read_text())):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            docstrings.add(id(body[0].value))
        text = getattr(node, "value", None)
        if isinstance(text, str) and " " in text and id(node) not in docstrings:
            yield text


@cache
def texts() -> frozenset[str]:
    files = (PLUGINS / "module_utils").rglob("*.py")
    return frozenset(text for file in files for text in sentences(file))


def messages_with_names() -> list[str]:
    return sorted(text for text in texts() if re.search(r"[a-z]_[a-z]", text))


def test_no_message_of_the_role_names_an_option_or_a_module() -> None:
    wrong = {}
    for text in messages_with_names():
        shown = in_words_of_role({"msg": text})["msg"]
        words = set(re.findall(r"(?<![\w.])[a-z]\w+", shown))
        modules = words & set(MODULES) - WITHOUT_PLAYBOOK
        wrong[shown] = modules | words & options() - SHARED.keys() - NEVER_OF_THE_ROLE.keys()
    assert {shown: names for shown, names in wrong.items() if names} == {}


def test_there_are_such_messages() -> None:
    assert any("backbeat_policy" in text for text in messages_with_names())
    assert any("pending_scan_time" in text for text in messages_with_names())
    assert set(SHARED.values()) <= specs().keys()


@pytest.mark.parametrize("module", PLAYBOOKS)
def test_every_playbook_and_tag_exists(module: str) -> None:
    name, _blank, rest = PLAYBOOKS[module].partition(" ")
    assert (ROOT / "playbooks" / f"{name}.yml").is_file()
    assert not rest or set(rest.split()) & {*STEPS, "replication_permissions:"}


@pytest.mark.parametrize("phrase", [one for one in PLAYBOOKS if " " in one] + [*PHRASES])
def test_every_phrase_is_part_of_a_message(phrase: str) -> None:
    """A reworded message would be shown in the module's words."""
    assert any(phrase in text for text in texts())


@pytest.mark.parametrize("phrase", PHRASES)
def test_phrases_name_variables_of_the_role(phrase: str) -> None:
    named = set(re.findall(r"\breplication_\w+", PHRASES[phrase]))
    assert named <= specs().keys()
    assert named or "the pair's role" in PHRASES[phrase]


@pytest.mark.parametrize("option", VARIABLES)
def test_every_variable_is_one_of_the_role(option: str) -> None:
    assert VARIABLES[option] in specs()


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (
            {"msg": "Set allow_pending_loss, or `purge_rules`."},
            {"msg": "Set replication_allow_pending_loss, or `replication_purge_rules`."},
        ),
        (
            {"results": [{"msg": "See known_sites.", "findings": [{"remedy": "max_size"}]}]},
            {
                "results": [
                    {
                        "msg": "See replication_known_sites.",
                        "findings": [{"remedy": "replication_policy_max_size"}],
                    }
                ]
            },
        ),
        (
            {"msg": "replication_max_size, max_sizes and a.max_size"},
            {"msg": "replication_max_size, max_sizes and a.max_size"},
        ),
        (
            {"msg": "Enable it with backbeat_bucket and versioning: enabled."},
            {"msg": "Enable it with setup_replication --tags buckets."},
        ),
        ({"key": "purge_rules", "changed": True}, {"key": "purge_rules", "changed": True}),
    ],
)
def test_sentences(result: dict[str, Any], expected: dict[str, Any]) -> None:
    assert in_words_of_role(result) == expected
