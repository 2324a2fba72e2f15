# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of replication configurations: what should be stored, and which pending objects a change affects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .errors import InvalidDocument, quote
from .names import UNKNOWN_ACCOUNT, bucket_name, same_arn
from .replication import Configuration, Rule, Site, covers, label
from .wanted_rules import Wanted, WantedRule, check_wanted, find_rule


def merge(wanted: Wanted, current: Configuration | None) -> Configuration:
    """The configuration that should be stored; equal to `current` if nothing has to change.

    A rule is matched by its id if it has one, else by its prefix. What was not asked for stays, and
    so does the stored order; new rules come last. Unlisted rules stay unless `purge_rules` is set;
    without a list of rules nothing is purged. InvalidDocument if the task does not say enough, or
    if role or target changes would also affect unlisted rules. `validate` checks the result.
    """
    check_wanted(wanted.rules or ())
    if current is None:
        return _first(wanted)
    roles = _roles(wanted.roles, current.roles)
    target = (
        current.target_bucket if wanted.target_bucket is None else bucket_name(wanted.target_bucket)
    )
    matched = _match(wanted.rules or (), current.rules, wanted.purge_rules)
    unnamed = [rule for place, rule in enumerate(current.rules) if place not in matched.values()]
    if unnamed and not wanted.purge_rules:
        _refuse_to_move(unnamed, current, roles, target)
    if wanted.rules is None:
        return Configuration(roles, target, current.rules)
    return Configuration(roles, target, _rules(wanted, matched, current.rules))


def remove(
    wanted_rules: Iterable[WantedRule], current: Configuration | None
) -> Configuration | None:
    """`current` without these rules, found by id, else by prefix; unknown ones are ignored.

    None if no rule is left: then the whole configuration is to be removed.
    """
    if current is None:
        return None
    wanted = tuple(wanted_rules)
    check_wanted(wanted)
    removed = {find_rule(rule, current.rules) for rule in wanted}
    left = tuple(rule for rule in current.rules if rule not in removed)
    return Configuration(current.roles, current.target_bucket, left) if left else None


def different(wanted: Wanted, current: Configuration) -> str:
    """Why `current` is not the configuration to remove, as a clause; empty if it is.

    It has the target bucket and the roles of `wanted`, if these are given. A role may be given by its name.
    """
    if wanted.target_bucket not in (None, current.target_bucket):
        return f"it replicates to {current.target_bucket}, not to {wanted.target_bucket}"
    roles = wanted.roles
    if roles is None:
        return ""
    if len(roles) != len(current.roles) or not all(map(_is_role, roles, current.roles)):
        return f"its roles are {', '.join(current.roles)}, not {', '.join(roles)}"
    return ""


def _is_role(name_or_arn: str, arn: str) -> bool:
    if name_or_arn.startswith("arn:"):
        return same_arn(name_or_arn, arn)
    return name_or_arn == arn.rsplit("/", 1)[-1]


def same(a: Configuration, b: Configuration) -> bool:
    """Whether two configurations mean the same.

    The order of rules and of sites does not matter, nor an ID that only one side has: the server
    chooses the IDs of rules without one anew at every put.
    """
    if (len(a.roles), a.target_bucket) != (len(b.roles), b.target_bucket):
        return False
    if not all(same_arn(left, right) for left, right in zip(a.roles, b.roles, strict=True)):
        return False
    left_rules, right_rules = _ids_by_meaning(a.rules), _ids_by_meaning(b.rules)
    return left_rules.keys() == right_rules.keys() and all(
        _same_ids(left_rules[meaning], right_rules[meaning]) for meaning in left_rules
    )


def stranding(current: Configuration | None, after: Configuration | None) -> tuple[str, ...]:
    """The prefixes of rules whose pending objects would never arrive after the change.

    Source: measured on Backbeat. An object keeps the roles and the destination that it was put
    with. If other roles are set while it is PENDING, it stays PENDING for ever; another destination,
    or a rule that is removed or disabled, makes it FAILED.
    """
    if current is None:
        return ()
    in_force = [rule for rule in current.rules if rule.enabled]
    if (
        after is None
        or after.roles != current.roles
        or after.target_bucket != current.target_bucket
    ):
        return tuple(rule.prefix for rule in in_force)
    return tuple(rule.prefix for rule in in_force if not _covered(rule, after))


def _first(wanted: Wanted) -> Configuration:
    nothing = "There is no replication configuration yet"
    if wanted.roles is None:
        raise InvalidDocument(
            f"{nothing}, so its roles are required: give `source_role` and `target_role`, or `role`."
        )
    if wanted.target_bucket is None:
        raise InvalidDocument(f"{nothing}, so its target is required: give `target_bucket`.")
    rules = (WantedRule(prefix=""),) if wanted.rules is None else wanted.rules
    return Configuration(
        wanted.roles, bucket_name(wanted.target_bucket), tuple(_new(rule) for rule in rules)
    )


def _roles(wanted: tuple[str, ...] | None, current: tuple[str, ...]) -> tuple[str, ...]:
    if wanted is None:
        return current
    if len(wanted) != len(current):
        return wanted
    return tuple(
        stored if UNKNOWN_ACCOUNT in asked and same_arn(asked, stored) else asked
        for asked, stored in zip(wanted, current, strict=True)
    )


def _match(
    wanted: Sequence[WantedRule], stored: Sequence[Rule], purge_rules: bool
) -> dict[int, int]:
    """Wanted rules and the stored rules they refer to, both by position."""
    by_id = {rule.id: place for place, rule in enumerate(stored) if rule.id}
    by_prefix = {rule.prefix: place for place, rule in enumerate(stored)}
    matched = {place: by_id[rule.id] for place, rule in enumerate(wanted) if rule.id in by_id}
    taken = set(matched.values())
    for place, rule in enumerate(wanted):
        if place in matched or rule.prefix is None:
            continue
        there = by_prefix.get(rule.prefix)
        if there is None or there in taken:
            continue
        if rule.id and not purge_rules:
            raise InvalidDocument(
                f"There is no rule with the id {quote(rule.id)}, and its prefix "
                f"{quote(rule.prefix)} already belongs to the stored {label(stored[there])}: give "
                "that rule's id or leave the id out to change it, or set `purge_rules` to replace "
                "it."
            )
        matched[place] = there
        taken.add(there)
    return matched


def _refuse_to_move(
    unnamed: Sequence[Rule], current: Configuration, roles: tuple[str, ...], target: str
) -> None:
    changes = []
    if target != current.target_bucket:
        changes.append(f"target bucket {quote(current.target_bucket)} to {quote(target)}")
    if roles != current.roles:
        changes.append(f"roles {quote(','.join(current.roles))} to {quote(','.join(roles))}")
    if changes:
        others = len(unnamed) - 1
        raise InvalidDocument(
            f"Changing the {' and the '.join(changes)} would also change the stored "
            f"{label(unnamed[0])}{f' and {others} more' if others else ''}, which the task does "
            "not list: list all rules that are to change, or set `purge_rules`."
        )


def _rules(wanted: Wanted, matched: Mapping[int, int], stored: Sequence[Rule]) -> tuple[Rule, ...]:
    asked = wanted.rules or ()
    asked_of = {there: asked[place] for place, there in matched.items()}
    kept = [
        _changed(rule, asked_of[place]) if place in asked_of else rule
        for place, rule in enumerate(stored)
        if place in asked_of or not wanted.purge_rules
    ]
    return (*kept, *(_new(rule) for place, rule in enumerate(asked) if place not in matched))


def _changed(stored: Rule, asked: WantedRule) -> Rule:
    if asked.id and asked.id != stored.id:
        return _new(asked)
    keep_sites = asked.sites is None or frozenset(asked.sites) == frozenset(stored.sites)
    return Rule(
        prefix=stored.prefix if asked.prefix is None else asked.prefix,
        enabled=stored.enabled if asked.enabled is None else asked.enabled,
        id=stored.id,
        sites=stored.sites if keep_sites else asked.sites or (),
    )


def _new(asked: WantedRule) -> Rule:
    if asked.prefix is None:
        raise InvalidDocument(
            f"There is no rule with the id {quote(asked.id)} yet, so its prefix is required: give "
            "`prefix`, which may be empty."
        )
    return Rule(
        prefix=asked.prefix,
        enabled=True if asked.enabled is None else asked.enabled,
        id=asked.id or None,
        sites=asked.sites or (),
    )


_Meaning = tuple[str, bool, frozenset[Site]]


def _ids_by_meaning(rules: Iterable[Rule]) -> dict[_Meaning, list[str | None]]:
    found: dict[_Meaning, list[str | None]] = defaultdict(list)
    for rule in rules:
        found[rule.prefix, rule.enabled, frozenset(rule.sites)].append(rule.id or None)
    return found


def _same_ids(left: Sequence[str | None], right: Sequence[str | None]) -> bool:
    """Whether rules that differ only in their IDs can be paired, None with any ID."""
    if len(left) != len(right):
        return False
    only_left = Counter(left) - Counter(right)
    named = sum(count for name, count in only_left.items() if name is not None)
    return named <= Counter(right)[None]


def _covered(rule: Rule, after: Configuration) -> bool:
    return any(
        new.enabled and covers(new.prefix, rule.prefix) and new.sites == rule.sites
        for new in after.rules
    )
