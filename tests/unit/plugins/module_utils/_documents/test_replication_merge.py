# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration to store, from the stored one and the desired state."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.replication import (
    Configuration,
    Rule,
    Site,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.wanted_replication import (
    Wanted,
    WantedRule,
    merge,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

from .configurations import BOTH, OTHER, PREDICTED, SOURCE, TARGET, A, B, stored


def wanted(*rules: WantedRule, purge: bool = False, **other: Any) -> Wanted:
    return Wanted(**{"roles": None, "target_bucket": None, **other}, rules=rules, purge_rules=purge)


def nothing_asked(**other: Any) -> Wanted:
    return Wanted(**{"roles": None, "target_bucket": None, "rules": None, **other})


MERGED: dict[str, tuple[Wanted, tuple[Rule, ...], tuple[Rule, ...]]] = {
    "nothing asked": (nothing_asked(), (A, B), (A, B)),
    "nothing asked, purge": (nothing_asked(purge_rules=True), (A, B), (A, B)),
    "an empty list": (wanted(), (A, B), (A, B)),
    "an empty list, purge": (wanted(purge=True), (A, B), ()),
    "named by id": (wanted(WantedRule(id="B")), (A, B), (A, B)),
    "named by prefix": (wanted(WantedRule(prefix="b/")), (A, B), (A, B)),
    "named by both": (wanted(WantedRule(prefix="b/", id="B")), (A, B), (A, B)),
    "named by prefix and an empty id": (wanted(WantedRule(prefix="b/", id="")), (A, B), (A, B)),
    "enabled": (
        wanted(WantedRule(prefix="b/", enabled=True)),
        (A, B),
        (A, Rule("b/", True, "B", B.sites)),
    ),
    "disabled": (wanted(WantedRule(id="A", enabled=False)), (A, B), (Rule("a/", False, "A"), B)),
    "other sites": (
        wanted(WantedRule(prefix="b/", sites=(Site("z"),))),
        (A, B),
        (A, Rule("b/", False, "B", (Site("z"),))),
    ),
    "no sites": (wanted(WantedRule(prefix="b/", sites=())), (A, B), (A, Rule("b/", False, "B"))),
    "the same sites in another order": (
        wanted(WantedRule(prefix="b/", sites=(Site("y", True), Site("x")))),
        (A, B),
        (A, B),
    ),
    "another site to prefer": (
        wanted(WantedRule(prefix="b/", sites=(Site("x", True), Site("y")))),
        (A, B),
        (A, Rule("b/", False, "B", (Site("x", True), Site("y")))),
    ),
    "another prefix for an id": (
        wanted(WantedRule(prefix="c/", id="B")),
        (A, B),
        (A, Rule("c/", False, "B", B.sites)),
    ),
    "a new one comes last": (wanted(WantedRule(prefix="0/")), (A, B), (A, B, Rule("0/"))),
    "a new one with everything": (
        wanted(WantedRule("c/", "C", False, (Site("x"),))),
        (A,),
        (A, Rule("c/", False, "C", (Site("x"),))),
    ),
    "stored order is kept": (
        wanted(WantedRule(prefix="c/"), WantedRule(prefix="b/"), WantedRule(id="A")),
        (A, B),
        (A, B, Rule("c/")),
    ),
    "purge keeps what is named": (wanted(WantedRule(prefix="b/"), purge=True), (A, B), (B,)),
    "purge and a new one": (
        wanted(WantedRule(prefix="c/"), WantedRule(id="A"), purge=True),
        (B, A),
        (A, Rule("c/")),
    ),
    "purge replaces a rule of that prefix in its place": (
        wanted(WantedRule("a/", "new"), WantedRule(id="B"), purge=True),
        (A, B),
        (Rule("a/", id="new"), B),
    ),
    "what is replaced leaves nothing behind": (
        wanted(WantedRule("b/", "new"), purge=True),
        (A, B),
        (Rule("b/", id="new"),),
    ),
    "a prefix that another rule gives up": (
        wanted(WantedRule("c/", "A"), WantedRule("a/", "new")),
        (A, B),
        (Rule("c/", id="A"), B, Rule("a/", id="new")),
    ),
    "the same without the new id": (
        wanted(WantedRule("a/"), WantedRule("c/", "A")),
        (A, B),
        (Rule("c/", id="A"), B, Rule("a/")),
    ),
    "the prefix of a rule that goes": (
        wanted(WantedRule("b/", "A"), purge=True),
        (A, B),
        (Rule("b/", id="A"),),
    ),
    "two rules swap their prefixes": (
        wanted(WantedRule("b/", "A"), WantedRule("a/", "B")),
        (A, B),
        (Rule("b/", id="A"), Rule("a/", False, "B", B.sites)),
    ),
}


@pytest.mark.parametrize(("want", "before", "after"), MERGED.values(), ids=MERGED)
def test_rules_are_merged(want: Wanted, before: tuple[Rule, ...], after: tuple[Rule, ...]) -> None:
    merged = merge(want, stored(*before))
    assert merged == stored(*after)
    assert merge(want, merged) == merged


FIRST: dict[str, tuple[Wanted, Configuration]] = {
    "no rules asked": (
        nothing_asked(roles=BOTH, target_bucket="target"),
        stored(Rule("", enabled=True)),
    ),
    "rules": (
        wanted(WantedRule("a/"), WantedRule("b/", "B", False), roles=BOTH, target_bucket="target"),
        stored(Rule("a/"), Rule("b/", False, "B")),
    ),
    "purge": (
        wanted(WantedRule("a/"), purge=True, roles=BOTH, target_bucket="target"),
        stored(Rule("a/")),
    ),
    "target by ARN": (
        wanted(WantedRule("a/"), roles=BOTH, target_bucket="arn:aws:s3:::target"),
        stored(Rule("a/")),
    ),
    "a predicted role": (
        wanted(WantedRule("a/"), roles=(SOURCE, PREDICTED), target_bucket="target"),
        Configuration((SOURCE, PREDICTED), "target", (Rule("a/"),)),
    ),
}


@pytest.mark.parametrize(("want", "expected"), FIRST.values(), ids=FIRST)
def test_the_first_configuration(want: Wanted, expected: Configuration) -> None:
    merged = merge(want, None)
    assert merged == expected
    assert merge(want, merged) == merged


IMPOSSIBLE: dict[str, tuple[Wanted, Configuration | None, str]] = {
    "no roles": (
        nothing_asked(target_bucket="target"),
        None,
        "its roles are required: give `source_role` and `target_role`, or `role`",
    ),
    "no target": (nothing_asked(roles=BOTH), None, "its target is required: give `target_bucket`"),
    "first rule without prefix": (
        wanted(WantedRule(id="C"), roles=BOTH, target_bucket="target"),
        None,
        "no rule with the id 'C' yet, so its prefix is required: give `prefix`",
    ),
    "new rule without prefix": (
        wanted(WantedRule(id="C", enabled=False)),
        stored(A),
        "no rule with the id 'C' yet, so its prefix is required: give `prefix`",
    ),
    "neither id nor prefix": (
        wanted(WantedRule(prefix="a/"), WantedRule(enabled=True, id="")),
        stored(A),
        "Rule 2 has neither an id nor a prefix",
    ),
    "id twice": (
        wanted(WantedRule("a/", "A"), WantedRule("b/", "A")),
        None,
        "2 of the rules given have the id 'A'",
    ),
    "prefix twice": (
        wanted(WantedRule("a/", "A"), WantedRule("b/"), WantedRule("a/")),
        stored(A),
        "2 of the rules given have the prefix 'a/'",
    ),
    "prefix of another rule": (
        wanted(WantedRule("a/", "new")),
        stored(A, B),
        "no rule with the id 'new', and its prefix 'a/' already belongs to the stored rule "
        r"\(id 'A', prefix 'a/'\): give that rule's id or leave the id out .*`purge_rules`",
    ),
    "other target": (
        wanted(WantedRule("a/"), target_bucket="other"),
        stored(A, B),
        r"target bucket 'target' to 'other' would also change the stored rule \(id 'B', prefix 'b/'\)"
        ", which the task does not list: list all rules that are to change, or set `purge_rules`",
    ),
    "other target, nothing named": (
        nothing_asked(target_bucket="other"),
        stored(A, B),
        r"change the stored rule \(id 'A', prefix 'a/'\) and 1 more",
    ),
    "other role": (
        wanted(WantedRule("a/"), roles=(SOURCE, OTHER)),
        stored(A, B),
        f"Changing the roles '{SOURCE},{TARGET}' to '{SOURCE},",
    ),
    "one role fewer": (
        wanted(WantedRule("a/"), roles=(SOURCE,)),
        stored(A, B),
        "Changing the roles",
    ),
    "roles swapped": (wanted(roles=(TARGET, SOURCE)), stored(A), "Changing the roles"),
    "predicted role of another name": (
        wanted(roles=(SOURCE, PREDICTED.replace("role/T", "role/U"))),
        stored(A),
        "Changing the roles",
    ),
    "other target and role": (
        wanted(roles=(SOURCE, OTHER), target_bucket="other"),
        stored(A),
        "target bucket 'target' to 'other' and the roles",
    ),
    "invalid target": (wanted(target_bucket="T_T"), stored(A), "The bucket name 'T_T' is invalid"),
}


@pytest.mark.parametrize(("want", "current", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_task_that_cannot_be_satisfied(
    want: Wanted, current: Configuration | None, message: str
) -> None:
    with pytest.raises(InvalidDocument, match=message):
        merge(want, current)


MOVED: dict[str, tuple[Wanted, tuple[str, ...], str, tuple[Rule, ...]]] = {
    "all rules named": (
        wanted(WantedRule("a/"), WantedRule(id="B"), roles=(SOURCE, OTHER), target_bucket="other"),
        (SOURCE, OTHER),
        "other",
        (A, B),
    ),
    "purge": (
        wanted(WantedRule("a/"), purge=True, target_bucket="other"),
        BOTH,
        "other",
        (A,),
    ),
    "purge without rules": (
        nothing_asked(target_bucket="other", purge_rules=True),
        BOTH,
        "other",
        (A, B),
    ),
    "the same role, predicted": (wanted(roles=(SOURCE, PREDICTED)), BOTH, "target", (A, B)),
    "predicted and another": (
        wanted(WantedRule("a/"), WantedRule("b/"), roles=(OTHER, PREDICTED)),
        (OTHER, TARGET),
        "target",
        (A, B),
    ),
    "the same target by ARN": (wanted(target_bucket="arn:aws:s3:::target"), BOTH, "target", (A, B)),
}


@pytest.mark.parametrize(("want", "roles", "target", "rules"), MOVED.values(), ids=MOVED)
def test_roles_and_target_change_if_all_rules_are_listed(
    want: Wanted, roles: tuple[str, ...], target: str, rules: tuple[Rule, ...]
) -> None:
    assert merge(want, stored(A, B)) == Configuration(roles, target, rules)
