# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's variables get the types of its argument spec, whatever their form is."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from ansible_collections.scality.backbeat.plugins.plugin_utils._role_variables import (
    convert,
    specs,
    unknown_variables,
)
from devtools.places import ROOT

ROLE = ROOT / "roles" / "replication"
CONNECTION = {"endpoint_url": "http://node1"}


def converted(name: str, value: Any) -> Any:
    typed, wrong = convert("node1", {name: value})
    assert wrong == []
    return typed[name]


def complaint(name: str, value: Any) -> str:
    _typed, wrong = convert("node1", {name: value})
    (sentence,) = wrong
    return sentence


def test_missing_variables_have_their_defaults() -> None:
    nothing = {"replication_concurrency": None, "replication_servers_since_2025": ""}
    typed, wrong = convert("node1", nothing)
    assert wrong == []
    assert typed == {name: spec.get("default") for name, spec in specs().items()}
    assert typed["replication_concurrency"] == 8


def test_defaults_are_those_of_the_role() -> None:
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    documented = {name: spec["default"] for name, spec in specs().items() if "default" in spec}
    assert defaults == documented


@pytest.mark.parametrize("name", [name for name, spec in specs().items() if spec["type"] == "bool"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("false", False), ("no", False), ("OFF", False), (" False ", False), ("0", False), (0, False),
        ("true", True), ("yes", True), ("On", True), ("1", True), (1, True), (True, True),
    ],
)  # fmt: skip
def test_booleans(name: str, text: Any, value: bool) -> None:
    assert converted(name, text) is value


@pytest.mark.parametrize("value", ["", "perhaps", 2, [True], {}, "truee", "'true'"])
def test_an_invalid_boolean_is_refused_by_name(value: Any) -> None:
    assert complaint("replication_verify", value) == (
        f"replication_verify of node1 is {value!r}, but must be true or false."
    )


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("replication_concurrency", "4", 4),
        ("replication_concurrency", 4.0, 4),
        ("replication_verify_timeout", "1.5", 1.5),
        ("replication_verify_timeout", 30, 30.0),
        ("replication_source_role_name", 7, "7"),
        ("replication_preflight_ignore", "a, b", ["a", "b"]),
        ("replication_preflight_ignore", '["a"]', ["a"]),
        ("replication_preflight_ignore", "", []),
        ("replication_known_sites", '{"a": "cloud"}', {"a": "cloud"}),
        ("replication_known_sites", "{'a': 'cloud'}", {"a": "cloud"}),
    ],
)
def test_other_types(name: str, text: Any, value: Any) -> None:
    found = converted(name, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("concurrency", "many", "is 'many', but must be a number."),
        ("concurrency", 1.5, "is 1.5, but must be a whole number."),
        ("concurrency", True, "is True, but must be a number."),
        ("concurrency", 0, "is 0, but must be a number, 1 or more."),
        ("verify_timeout", -1, "is -1, but must be a number, 0 or more."),
        ("verify_timeout", "nan", "is 'nan', but must be a number, 0 or more."),
        ("verify_timeout", "inf", "is 'inf', but must be a number, 0 or more."),
        ("verify_key", False, "is False, but must be text: put it in quotes."),
        ("verify_key", ["a"], "is a list, but must be text."),
        ("permissions", "most", "is 'most', but must be one of least, guide."),
        ("known_sites", "node6", "is text, but must be a dictionary."),
        ("s3", "http://user:hunter@node1", "is text, but must be a dictionary."),
        ("pairs", "a:b", "is text, but must be a list."),
    ],
)
def test_values_that_cannot_be_converted_are_refused(name: str, value: Any, sentence: str) -> None:
    variable = f"replication_{name}"
    assert complaint(variable, value) == f"{variable} of node1 {sentence}"


def test_items_of_a_list_are_refused_by_their_number() -> None:
    assert complaint("replication_backfill_states", "failed,missin") == (
        "Item 2 of replication_backfill_states of node1 is 'missin', but must be one of "
        "never_replicated, failed, stuck, missing."
    )


def test_pairs_as_text() -> None:
    """In the form of `-e replication_pairs=..`."""
    rules = [{"prefix": "a", "enabled": "no", "sites": [{"name": "s", "preferred_read": "yes"}]}]
    pair = {"source_bucket": "a", "target_bucket": "b", "rules": rules}
    typed = [{**rules[0], "enabled": False, "sites": [{"name": "s", "preferred_read": True}]}]
    assert converted("replication_pairs", json.dumps([pair])) == [{**pair, "rules": typed}]


@pytest.mark.parametrize(
    ("pair", "sentences"),
    [
        (
            {"source_bucket": "a", "target_buket": "b"},
            [
                "Item 1 of replication_pairs of node1 has no option target_buket. Did you mean target_bucket?",
                "Item 1 of replication_pairs of node1 needs target_bucket.",
            ],
        ),
        ("a:b", ["Item 1 of replication_pairs of node1 is text, but must be a dictionary."]),
        (
            {"source_bucket": "a", "target_bucket": "b", "rules": [{"prefx": "a"}]},
            [
                "Item 1 of rules in item 1 of replication_pairs of node1 has no option prefx. "
                "Did you mean prefix?"
            ],
        ),
    ],
)
def test_errors_inside_a_pair(pair: Any, sentences: list[str]) -> None:
    assert convert("node1", {"replication_pairs": [pair]})[1] == sentences


def test_a_connection() -> None:
    given = {**CONNECTION, "validate_certs": "no", "retry_timeout": "5"}
    typed = {**CONNECTION, "validate_certs": False, "retry_timeout": 5.0}
    assert converted("replication_s3", given) == typed
    assert complaint("replication_iam", {**CONNECTION, "zone": 1}).startswith(
        "replication_iam of node1 has no option zone. Use endpoint_url, profile, "
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("replication_pair", "replication_pairs"),
        ("replication_purge_rule", "replication_purge_rules"),
        ("replication_host", "replication_hosts"),
        ("replication_adopt_bucket", "replication_adopt_buckets"),
        ("replication_adopt_folder", "replication_adopt_to"),
        ("replication_source_role_nane", "replication_source_role_name"),
    ],
)
def test_a_misspelt_variable_is_named(name: str, meant: str) -> None:
    assert unknown_variables([name, "ansible_host"]) == {name: meant}


def test_other_names_are_not_reported() -> None:
    """Registered variables of the role, and other variables of a user."""
    own = set()
    for file in [*ROLE.glob("tasks/*.yml"), *ROLE.glob("vars/*.yml"), *ROLE.glob("defaults/*.yml")]:
        own |= set(re.findall(r"\breplication_\w+", file.read_text()))
    assert len(own) > 30
    assert unknown_variables([*own, "replication_team", "replications_pairs", "pairs"]) == {}
