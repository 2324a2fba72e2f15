# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of merging for any stored configuration and any desired state."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents.replication import (
    Rule,
    Site,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.wanted_replication import (
    Wanted,
    WantedRule,
    merge,
    same,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

from .configurations import BOTH, OTHER, PREDICTED, SOURCE, stored
from .generated import PROFILE

NAMES = ["A", "B", "C"]
PREFIXES = ["a/", "b/", "c/", "d/"]
SITES = st.lists(st.builds(Site, st.sampled_from("xy"), st.booleans()), max_size=2).map(tuple)


@st.composite
def stored_rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    """Rules as a server stores them: each with a unique prefix and a unique ID."""
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
