# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as options: the same rule means the same in an inventory and in a module's arguments."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.scality.backbeat.plugins.module_utils._documents.replication import (
    Rule,
    Site,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.wanted_replication import (
    RULE_OPTIONS,
    WantedRule,
    find_rule,
    rule_options,
    wanted_rule,
    wanted_rules,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

SPEC = {"rules": {"type": "list", "elements": "dict", "options": RULE_OPTIONS}}
RAW: list[tuple[dict[str, Any], WantedRule]] = [
    ({}, WantedRule()),
    ({"prefix": "", "id": None, "enabled": None, "sites": None}, WantedRule(prefix="")),
    ({"prefix": 2026}, WantedRule(prefix="2026")),
    ({"id": "", "prefix": "a"}, WantedRule(prefix="a")),
    ({"sites": []}, WantedRule(sites=())),
    ({"sites": [{"name": "x"}]}, WantedRule(sites=(Site("x"),))),
    (
        {"sites": [{"name": "x", "preferred_read": "yes"}]},
        WantedRule(sites=(Site("x", True),)),
    ),
    *(
        ({"prefix": "a", "enabled": text}, WantedRule(prefix="a", enabled=meant))
        for text, meant in [
            *((text, False) for text in ("no", "No", "false", "off", "0", "n", "f", 0, False)),
            *((text, True) for text in ("yes", "TRUE", "on", "1", "y", "t", 1, True)),
        ]
    ),
]


@pytest.mark.parametrize(("raw", "meant"), RAW)
def test_an_inventory_and_a_module_read_the_same_rule(
    raw: dict[str, Any], meant: WantedRule
) -> None:
    checked = ArgumentSpecValidator(SPEC).validate({"rules": [raw]})
    assert checked.error_messages == []
    assert wanted_rule(raw, 1) == meant
    assert wanted_rules(checked.validated_parameters["rules"]) == (meant,)
    assert wanted_rule(rule_options(meant), 1) == meant


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([], "`rules` is an empty list"),
        ({"prefix": ""}, "`rules` is {'prefix': ''}: give a list of rules"),
        ("a/", "`rules` is 'a/': give a list"),
        (["a/"], "Rule 1 is 'a/': give a dictionary with id, prefix, enabled, sites"),
        ([{}, {"prefx": ""}], "Rule 2 has the unknown key 'prefx': use id, prefix"),
        ([{"prefix": ["a"]}], r"`prefix` of rule 1 is \['a'\]: give a text"),
        ([{"enabled": "never"}], "`enabled` of rule 1 is 'never': use true or false"),
        ([{"sites": "x"}], "`sites` of rule 1 is 'x': give a list of sites"),
        ([{"sites": ["nowhere"]}], "`sites` of rule 1 is 'nowhere': give a dictionary with name"),
        ([{"sites": [{}]}], "A site in `sites` of rule 1 has no name"),
        ([{"sites": [{"name": "x", "preferred_read": "x"}]}], "`preferred_read` of rule 1 is 'x'"),
    ],
)
def test_a_malformed_rule_is_refused_by_name(rules: Any, message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        wanted_rules(rules)


def test_without_rules_there_is_no_desired_state() -> None:
    assert wanted_rules(None) is None


def test_a_stored_rule_is_found_by_its_id_or_else_its_prefix() -> None:
    one, two = Rule("a/", id="A"), Rule("b/")
    assert find_rule(WantedRule("b/", id="A"), (one, two)) is one
    assert find_rule(WantedRule("b/"), (one, two)) is two
    assert find_rule(WantedRule("b/", id="B"), (one, two)) is None
    assert find_rule(WantedRule("c/"), (one, two)) is None
