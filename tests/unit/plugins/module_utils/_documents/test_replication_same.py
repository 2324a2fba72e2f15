# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing rules, and equivalence of configurations."""

from __future__ import annotations

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.replication import (
    Configuration,
    Rule,
    Site,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.wanted_replication import (
    WantedRule,
    remove,
    same,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

from .configurations import BOTH, OTHER, PREDICTED, SOURCE, TARGET, A, B, stored


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ([], (A, B)),
        ([WantedRule(id="A")], (B,)),
        ([WantedRule(prefix="a/")], (B,)),
        ([WantedRule(prefix="z/", id="A")], (B,)),
        ([WantedRule(prefix="a/", id="unknown")], (A, B)),
        ([WantedRule(prefix="a")], (A, B)),
        ([WantedRule(prefix="")], (A, B)),
        ([WantedRule(id="unknown"), WantedRule(prefix="b/")], (A,)),
    ],
)
def test_rules_are_removed(rules: list[WantedRule], left: tuple[Rule, ...]) -> None:
    assert remove(rules, stored(A, B)) == stored(*left)


def test_the_last_rule_takes_the_configuration_with_it() -> None:
    assert remove([WantedRule(id="A"), WantedRule(prefix="b/")], stored(A, B)) is None
    assert remove([WantedRule(id="A")], None) is None


def test_a_rule_to_remove_needs_a_name() -> None:
    with pytest.raises(InvalidDocument, match="Rule 1 has neither an id nor a prefix"):
        remove([WantedRule(enabled=True)], stored(A))


SAME: dict[str, tuple[Configuration, Configuration]] = {
    "order of rules": (stored(A, B), stored(B, A)),
    "an id that was made up": (stored(Rule("a/"), B), stored(B, A)),
    "ids on different sides": (stored(Rule("a/"), B), stored(A, Rule("b/", False, None, B.sites))),
    "an empty id": (stored(Rule("a/", id="")), stored(A)),
    "order of sites": (stored(B), stored(Rule("b/", False, "B", B.sites[::-1]))),
    "a predicted role": (Configuration((SOURCE, PREDICTED), "target", (A,)), stored(A)),
    "equal rules": (
        stored(Rule("a/", id="1"), Rule("a/"), Rule("a/", id="2")),
        stored(Rule("a/"), Rule("a/", id="2"), Rule("a/", id="3")),
    ),
}
DIFFERENT: dict[str, tuple[Configuration, Configuration]] = {
    "id": (stored(A), stored(Rule("a/", id="B"))),
    "prefix": (stored(A), stored(Rule("b/", id="A"))),
    "enabled": (stored(A), stored(Rule("a/", False, "A"))),
    "sites": (stored(A), stored(Rule("a/", True, "A", (Site("STANDARD"),)))),
    "preferred site": (stored(B), stored(Rule("b/", False, "B", (Site("x", True), Site("y"))))),
    "one rule fewer": (stored(A, B), stored(A)),
    "target": (stored(A), Configuration(BOTH, "other", (A,))),
    "role": (stored(A), Configuration((SOURCE, OTHER), "target", (A,))),
    "order of roles": (stored(A), Configuration((TARGET, SOURCE), "target", (A,))),
    "one role fewer": (stored(A), Configuration((SOURCE,), "target", (A,))),
    "equal rules, ids that cannot be paired": (
        stored(Rule("a/", id="1"), Rule("a/", id="2")),
        stored(Rule("a/"), Rule("a/", id="3")),
    ),
    "equal rules, one more": (stored(A, A), stored(A)),
}


@pytest.mark.parametrize(("a", "b"), SAME.values(), ids=SAME)
def test_these_mean_the_same(a: Configuration, b: Configuration) -> None:
    assert same(a, b)
    assert same(b, a)


@pytest.mark.parametrize(("a", "b"), DIFFERENT.values(), ids=DIFFERENT)
def test_these_do_not(a: Configuration, b: Configuration) -> None:
    assert not same(a, b)
    assert not same(b, a)
    assert same(a, a)
    assert same(b, b)
