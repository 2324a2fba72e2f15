# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules as tasks and inventories give them: their options, their types, and the stored rule they refer to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import InvalidDocument, quote
from .replication import Rule, Site

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

# The words that Ansible accepts as booleans.
_BOOLEANS = {
    **dict.fromkeys(("yes", "on", "true", "y", "t", "1", "1.0"), True),
    **dict.fromkeys(("no", "off", "false", "n", "f", "0", "0.0"), False),
}


@dataclass(frozen=True)
class WantedRule:
    """What a task asks of one rule. None: not asked for."""

    prefix: str | None = None
    id: str | None = None
    enabled: bool | None = None
    sites: tuple[Site, ...] | None = None


@dataclass(frozen=True)
class Wanted:
    """What a task asks of a configuration. None: not asked for. purge_rules: remove unlisted rules."""

    roles: tuple[str, ...] | None
    target_bucket: str | None
    rules: tuple[WantedRule, ...] | None
    purge_rules: bool = False


def wanted_rules(options: Any) -> tuple[WantedRule, ...] | None:
    """Read the option `rules`: None if it is not given, else a list of rules (see `wanted_rule`).

    An empty list is refused: "no rule" is not a configuration, and it could mean both "all rules"
    and "nothing". InvalidDocument for anything else that is not a list of rules.
    """
    if options is None:
        return None
    if not isinstance(options, (list, tuple)):
        raise InvalidDocument(f"`rules` is {quote(options)}: give a list of rules.")
    if not options:
        raise InvalidDocument("`rules` is an empty list: give at least one rule, or omit `rules`.")
    return tuple(wanted_rule(rule, number) for number, rule in enumerate(options, 1))


def wanted_rule(options: Any, number: int = 1) -> WantedRule:
    """Read one rule: {"id", "prefix", "enabled", "sites": [{"name", "preferred_read"}]}, each optional.

    Text becomes a boolean and a number becomes text as in a module's arguments, so that a rule
    means the same everywhere. `number` (from 1) names the rule in messages. InvalidDocument for
    unknown keys and wrong types.
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
    """The rule as an option again, without what is not asked for; the inverse of `wanted_rule`."""
    sites = rule.sites and [
        {"name": site.name, "preferred_read": site.preferred_read} for site in rule.sites
    ]
    options = {"id": rule.id, "prefix": rule.prefix, "enabled": rule.enabled, "sites": sites}
    return {name: value for name, value in options.items() if value is not None}


def find_rule(wanted: WantedRule, stored: Iterable[Rule]) -> Rule | None:
    """The stored rule that a wanted rule refers to: by its id if it has one, else by its prefix."""
    if wanted.id:
        return next((rule for rule in stored if rule.id == wanted.id), None)
    return next((rule for rule in stored if rule.prefix == wanted.prefix), None)


def check_wanted(rules: Sequence[WantedRule]) -> None:
    """InvalidDocument unless each rule has an id or a prefix, and no two rules have the same."""
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
