# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state of a replication configuration in tasks and inventories, and the configuration to store for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._work import InvalidDocument, quote
from .names import UNKNOWN_ACCOUNT, bucket_name, same_arn
from .replication import Configuration, Rule, Site, label

SITE_OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "preferred_read": {"type": "bool", "default": False},
}
RULE_OPTIONS: dict[str, dict[str, Any]] = {
    "id": {"type": "str"},
    "prefix": {"type": "str"},
    "enabled": {"type": "bool"},
    "sites": {"type": "list", "elements": "dict", "options": SITE_OPTIONS},
}
"""The argument spec of a rule, for every module that takes rules."""

# The texts that Ansible accepts as booleans.
_BOOLEANS = {
    **dict.fromkeys(("yes", "on", "true", "y", "t", "1", "1.0"), True),
    **dict.fromkeys(("no", "off", "false", "n", "f", "0", "0.0"), False),
}
_Meaning = tuple[str, bool, frozenset[Site]]


@dataclass(frozen=True)
class WantedRule:
    """The desired state of one rule. None: not specified."""

    prefix: str | None = None
    id: str | None = None
    enabled: bool | None = None
    sites: tuple[Site, ...] | None = None


@dataclass(frozen=True)
class Wanted:
    """The desired state of a configuration. None: not specified. purge_rules: remove unlisted rules."""

    roles: tuple[str, ...] | None
    target_bucket: str | None
    rules: tuple[WantedRule, ...] | None
    purge_rules: bool = False


def wanted_rules(options: Any) -> tuple[WantedRule, ...] | None:
    """Parse the option `rules`: None if it is not given, else a list of rules (see `wanted_rule`).

    Raises InvalidDocument if it is not a list of rules, and for an empty list: that is not a configuration, and could
    mean both "all objects" and "nothing".
    """
    if options is None:
        return None
    if not isinstance(options, (list, tuple)):
        raise InvalidDocument(f"`rules` is {quote(options)}: give a list of rules.")
    if not options:
        raise InvalidDocument("`rules` is an empty list: give at least one rule, or omit `rules`.")
    return tuple(wanted_rule(rule, number) for number, rule in enumerate(options, 1))


def wanted_rule(options: Any, number: int) -> WantedRule:
    """Parse one rule: {"id", "prefix", "enabled", "sites": [{"name", "preferred_read"}]}, each optional.

    Types are converted as in a module's arguments (text to booleans, numbers to text), so that a rule means the same
    everywhere. `number` (from 1) names the rule in messages. Raises InvalidDocument for unknown keys and wrong types.
    """
    where = f"rule {number}"
    rule = _known(options, RULE_OPTIONS, where)
    sites = rule.get("sites")
    if sites is not None and not isinstance(sites, (list, tuple)):
        raise InvalidDocument(
            f"`sites` of {where} is {quote(sites)}: give a list of sites, each with a name."
        )
    return WantedRule(
        prefix=_text(rule.get("prefix"), f"`prefix` of {where}"),
        id=_text(rule.get("id"), f"`id` of {where}") or None,
        enabled=_boolean(rule.get("enabled"), f"`enabled` of {where}"),
        sites=None if sites is None else tuple(_site(site, where) for site in sites),
    )


def rule_options(rule: WantedRule) -> dict[str, Any]:
    """The rule as an option, without unspecified keys; the inverse of `wanted_rule`."""
    sites = rule.sites and [
        {"name": site.name, "preferred_read": site.preferred_read} for site in rule.sites
    ]
    options = {"id": rule.id, "prefix": rule.prefix, "enabled": rule.enabled, "sites": sites}
    return {name: value for name, value in options.items() if value is not None}


def find_rule(wanted: WantedRule, stored: Iterable[Rule]) -> Rule | None:
    """The stored rule for a wanted rule: by its id if it has one, else by its prefix."""
    if wanted.id:
        return next((rule for rule in stored if rule.id == wanted.id), None)
    return next((rule for rule in stored if rule.prefix == wanted.prefix), None)


def check_wanted(rules: Sequence[WantedRule]) -> None:
    """Raise InvalidDocument unless each rule has an id or a prefix, and no two rules have the same."""
    for number, rule in enumerate(rules, 1):
        if rule.prefix is None and not rule.id:
            raise InvalidDocument(
                f"Rule {number} has neither an id nor a prefix: give one of them. The prefix may "
                "be empty."
            )
    ids = Counter(rule.id for rule in rules if rule.id)
    prefixes = Counter(rule.prefix for rule in rules if rule.prefix is not None)
    for what, counts in (("id", ids), ("prefix", prefixes)):
        for value, count in counts.items():
            if count > 1:
                raise InvalidDocument(
                    f"{count} of the rules given have the {what} {quote(value)}: "
                    f"give every rule {what} once."
                )


def _site(options: Any, where: str) -> Site:
    site = _known(options, SITE_OPTIONS, f"`sites` of {where}")
    name = _text(site.get("name"), f"the name of a site in `sites` of {where}")
    if name is None:
        raise InvalidDocument(f"A site in `sites` of {where} has no name: give `name`.")
    preferred = _boolean(site.get("preferred_read"), f"`preferred_read` of {where}")
    return Site(name, bool(preferred))


def _known(options: Any, known: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    if not isinstance(options, Mapping):
        raise InvalidDocument(
            f"{_capital(where)} is {quote(options)}: give a dictionary with {', '.join(known)}."
        )
    for name in options:
        if name not in known:
            raise InvalidDocument(
                f"{_capital(where)} has the unknown key {quote(name)}: use {', '.join(known)}."
            )
    return options


def _text(value: Any, what: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return str(value)
    raise InvalidDocument(f"{_capital(what)} is {quote(value)}: give a text.")


def _boolean(value: Any, what: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    found = _BOOLEANS.get(str(value).strip().lower())
    if found is None:
        raise InvalidDocument(f"{_capital(what)} is {quote(value)}: use true or false.")
    return found


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def merge(wanted: Wanted, current: Configuration | None) -> Configuration:
    """The configuration to store; equal to `current` if no change is needed.

    A rule is matched by its id if it has one, else by its prefix. Unspecified values and the stored order stay; new
    rules come last. Unlisted rules stay unless `purge_rules` is set; without a list of rules, none is purged. Raises
    InvalidDocument if required values are missing, or if role or target changes would also affect unlisted rules.
    `validate` checks the result.
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
    """`current` without these rules, matched by id, else by prefix; unknown ones are ignored.

    None if no rule is left: the whole configuration has to be removed then.
    """
    if current is None:
        return None
    wanted = tuple(wanted_rules)
    check_wanted(wanted)
    removed = {find_rule(rule, current.rules) for rule in wanted}
    left = tuple(rule for rule in current.rules if rule not in removed)
    return Configuration(current.roles, current.target_bucket, left) if left else None


def different(wanted: Wanted, current: Configuration) -> str:
    """A clause about why `current` is not the configuration to remove; empty if it is.

    It must have the target bucket and the roles of `wanted`, if they are given. A role may be given by its name.
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
    """Whether two configurations are equivalent.

    The order of rules and of sites does not matter, nor does an ID that only one side has: at every put, the server
    chooses new IDs for rules without one.
    """
    if (len(a.roles), a.target_bucket) != (len(b.roles), b.target_bucket):
        return False
    if not all(same_arn(left, right) for left, right in zip(a.roles, b.roles, strict=True)):
        return False
    left_rules, right_rules = _ids_by_meaning(a.rules), _ids_by_meaning(b.rules)
    return left_rules.keys() == right_rules.keys() and all(
        _same_ids(left_rules[meaning], right_rules[meaning]) for meaning in left_rules
    )


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
    """The positions of wanted rules, with the positions of the stored rules that they match."""
    by_id = {rule.id: place for place, rule in enumerate(stored) if rule.id}
    by_prefix = {rule.prefix: place for place, rule in enumerate(stored)}
    matched = {place: by_id[rule.id] for place, rule in enumerate(wanted) if rule.id in by_id}
    taken = set(matched.values())
    for place, rule in enumerate(wanted):
        if place in matched or rule.prefix is None:
            continue
        position = by_prefix.get(rule.prefix)
        if position is None or position in taken:
            continue
        if rule.id and not purge_rules:
            raise InvalidDocument(
                f"There is no rule with the id {quote(rule.id)}, and its prefix "
                f"{quote(rule.prefix)} already belongs to the stored {label(stored[position])}: give "
                "that rule's id or leave the id out to change it, or set `purge_rules` to replace "
                "it."
            )
        matched[place] = position
        taken.add(position)
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
    rules = wanted.rules or ()
    wanted_at = {position: rules[place] for place, position in matched.items()}
    kept = [
        _changed(rule, wanted_at[place]) if place in wanted_at else rule
        for place, rule in enumerate(stored)
        if place in wanted_at or not wanted.purge_rules
    ]
    return (*kept, *(_new(rule) for place, rule in enumerate(rules) if place not in matched))


def _changed(stored: Rule, wanted: WantedRule) -> Rule:
    if wanted.id and wanted.id != stored.id:
        return _new(wanted)
    keep_sites = wanted.sites is None or frozenset(wanted.sites) == frozenset(stored.sites)
    return Rule(
        prefix=stored.prefix if wanted.prefix is None else wanted.prefix,
        enabled=stored.enabled if wanted.enabled is None else wanted.enabled,
        id=stored.id,
        sites=stored.sites if keep_sites else wanted.sites or (),
    )


def _new(wanted: WantedRule) -> Rule:
    if wanted.prefix is None:
        raise InvalidDocument(
            f"There is no rule with the id {quote(wanted.id)} yet, so its prefix is required: give "
            "`prefix`, which may be empty."
        )
    return Rule(
        prefix=wanted.prefix,
        enabled=True if wanted.enabled is None else wanted.enabled,
        id=wanted.id or None,
        sites=wanted.sites or (),
    )


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
