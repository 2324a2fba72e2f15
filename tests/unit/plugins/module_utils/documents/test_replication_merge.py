# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What should be stored, from what is stored and what a task wants."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils.documents.errors import (
    InvalidDocument,
)
from ansible_collections.scality.backbeat.plugins.module_utils.documents.names import (
    UNKNOWN_ACCOUNT,
)
from ansible_collections.scality.backbeat.plugins.module_utils.documents.replication import (
    Configuration,
    Rule,
    Site,
    Wanted,
    WantedRule,
    merge,
    remove,
    same,
)

from .generated import PROFILE

SOURCE = "arn:aws:iam::123456789012:role/S"
TARGET = "arn:aws:iam::678901234567:role/T"
OTHER = "arn:aws:iam::678901234567:role/U"
PREDICTED = f"arn:aws:iam::{UNKNOWN_ACCOUNT}:role/T"
BOTH = (SOURCE, TARGET)

A = Rule("a/", id="A")
B = Rule("b/", enabled=False, id="B", sites=(Site("x"), Site("y", True)))


def stored(*rules: Rule) -> Configuration:
    return Configuration(BOTH, "target", rules)


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
        "its roles are needed: give `source_role` and `target_role`, or `role`",
    ),
    "no target": (nothing_asked(roles=BOTH), None, "its target is needed: give `target_bucket`"),
    "first rule without prefix": (
        wanted(WantedRule(id="C"), roles=BOTH, target_bucket="target"),
        None,
        "no rule with the id 'C' yet, so its prefix is needed: give `prefix`",
    ),
    "new rule without prefix": (
        wanted(WantedRule(id="C", enabled=False)),
        stored(A),
        "no rule with the id 'C' yet, so its prefix is needed: give `prefix`",
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
        ", which the task does not name: name all rules that shall change, or set `purge_rules`",
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
def test_a_task_that_cannot_be_followed(
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
def test_roles_and_target_change_where_no_rule_is_forgotten(
    want: Wanted, roles: tuple[str, ...], target: str, rules: tuple[Rule, ...]
) -> None:
    assert merge(want, stored(A, B)) == Configuration(roles, target, rules)


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


NAMES = ["A", "B", "C"]
PREFIXES = ["a/", "b/", "c/", "d/"]
SITES = st.lists(st.builds(Site, st.sampled_from("xy"), st.booleans()), max_size=2).map(tuple)


@st.composite
def stored_rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    """Rules as a server stores them: each with a prefix of its own, and an ID of its own."""
    prefixes = draw(st.lists(st.sampled_from(PREFIXES), unique=True, min_size=1))
    ids = draw(st.permutations(["A", "B", "made-up-1", "made-up-2"]))
    return tuple(
        Rule(prefix, draw(st.booleans()), name, draw(SITES))
        for prefix, name in zip(prefixes, ids, strict=False)
    )


@st.composite
def wants(draw: st.DrawFn) -> Wanted:
    unasked = st.none()
    rules = [
        WantedRule(prefix, name, draw(unasked | st.booleans()), draw(unasked | SITES))
        for prefix, name in zip(
            draw(st.permutations([*PREFIXES, None])),
            draw(st.permutations([*NAMES, None, None])),
            strict=True,
        )
        if prefix is not None or name is not None
    ]
    return Wanted(
        roles=draw(st.sampled_from([None, BOTH, (SOURCE, OTHER), (SOURCE, PREDICTED)])),
        target_bucket=draw(st.sampled_from([None, "target", "other"])),
        rules=draw(unasked | st.just(tuple(rules[: draw(st.integers(0, 4))]))),
        purge_rules=draw(st.booleans()),
    )


@settings(PROFILE, max_examples=120)
@given(wants(), stored_rules() | st.none())
def test_merging_twice_changes_nothing_more(want: Wanted, rules: tuple[Rule, ...] | None) -> None:
    current = stored(*rules) if rules else None
    try:
        once = merge(want, current)
    except InvalidDocument:
        return
    assert merge(want, once) == once
    if current is not None and not want.purge_rules:
        named = {rule.id for rule in want.rules or ()}
        prefixes = {rule.prefix for rule in want.rules or ()}
        unnamed = [r for r in current.rules if r.id not in named and r.prefix not in prefixes]
        assert [rule for rule in once.rules if rule in unnamed] == unnamed
        assert not unnamed or (once.roles, once.target_bucket) == (current.roles, "target")
    for rule in want.rules or ():
        assert any(
            (rule.prefix is None or found.prefix == rule.prefix)
            and (rule.id is None or found.id == rule.id)
            and (rule.enabled is None or found.enabled == rule.enabled)
            and (rule.sites is None or set(found.sites) == set(rule.sites))
            for found in once.rules
        )
    assert same(once, once)
