# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validation of a replication configuration: CloudServer's own rules, with messages that name the rule."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from .errors import InvalidDocument, quote
from .names import check_bucket_name, check_characters, check_role_arn
from .replication import Configuration, Rule, Site, join_roles, label

STORAGE_CLASSES = ("STANDARD", "STANDARD_IA", "REDUCED_REDUNDANCY")
KINDS = ("scality", "cloud")

_RULES = 1000
_PREFIX_LENGTH = 1024
_ID_LENGTH = 255


def validate(configuration: Configuration, known_sites: Mapping[str, str] | None = None) -> None:
    """Raise InvalidDocument for the first error that a server would report.

    `known_sites` are the server's replication sites: name to "scality" or "cloud". Only with them
    can the names of sites and the number of roles be checked: two if any rule has a Scality site,
    else one.
    """
    rules = configuration.rules
    if not rules:
        raise InvalidDocument(
            "The replication configuration would have no rules: give at least one, or remove the "
            "whole configuration with `state: absent`."
        )
    if len(rules) > _RULES:
        raise InvalidDocument(
            f"The replication configuration has {len(rules)} rules: use at most {_RULES}."
        )
    for number, rule in enumerate(rules, 1):
        _check_lengths(rule, number)
        _check_sites(rule, number, known_sites)
    _check_ids(rules)
    _check_prefixes(rules)
    check_bucket_name(configuration.target_bucket)
    _check_roles(configuration, known_sites)


def _check_lengths(rule: Rule, number: int) -> None:
    for what, value, longest in (
        ("prefix", rule.prefix, _PREFIX_LENGTH),
        ("id", rule.id, _ID_LENGTH),
    ):
        length = _length(value or "")
        if length > longest:
            raise InvalidDocument(
                f"The {what} of {label(rule, number)} has {length} characters: use at most "
                f"{longest}."
            )
        check_characters(value or "", f"{what} of {label(rule, number)}")


def _length(text: str) -> int:
    """The length as the servers, written in JavaScript, count it: in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _check_ids(rules: Sequence[Rule]) -> None:
    seen: dict[str, int] = {}
    for number, rule in enumerate(rules, 1):
        if not rule.id:
            continue
        if rule.id in seen:
            raise InvalidDocument(
                f"Rule {seen[rule.id]} and {label(rule, number)} have the same id: use every id "
                "once."
            )
        seen[rule.id] = number


def _check_prefixes(rules: Sequence[Rule]) -> None:
    """No prefix may start with another's, disabled rules included.

    In sorted order, whatever starts with a prefix follows it directly, so neighbours are enough.
    """
    numbered = sorted((rule.prefix, number, rule) for number, rule in enumerate(rules, 1))
    for (short, first, one), (long, second, other) in pairwise(numbered):
        if long.startswith(short):
            raise InvalidDocument(
                f"The prefixes of {label(one, first)} and {label(other, second)} overlap, and "
                "servers refuse that even for disabled rules: change one of the prefixes, or "
                "remove one of the rules."
            )


def _check_sites(rule: Rule, number: int, known_sites: Mapping[str, str] | None) -> None:
    name = label(rule, number)
    for site in rule.sites:
        if not site.name or re.search(r"[\s,:]", site.name):
            raise InvalidDocument(
                f"The site {quote(site.name)} of {name} is invalid: give the name of one site, "
                "without blank, comma or colon."
            )
        if known_sites is not None and site.name not in (*STORAGE_CLASSES, *known_sites):
            raise InvalidDocument(
                f"The site {quote(site.name)} of {name} is unknown: use {', '.join(known_sites)}, "
                f"or one of the storage classes {', '.join(STORAGE_CLASSES)} for the server's "
                "default site."
            )
    preferred = [site.name for site in rule.sites if site.preferred_read]
    if len(preferred) > 1:
        raise InvalidDocument(
            f"The sites {', '.join(preferred)} of {name} are all preferred for reading: choose one."
        )


def _check_roles(configuration: Configuration, known_sites: Mapping[str, str] | None) -> None:
    roles = configuration.roles
    shown = quote(join_roles(roles))
    if len(roles) not in (1, 2):
        raise InvalidDocument(
            f"The role {shown} names {len(roles)} roles: give the source's and the target's, or "
            "for cloud sites the source's alone."
        )
    for role in roles:
        check_role_arn(role)
    if known_sites is None:
        return
    scality = _has_scality_site(configuration.rules, known_sites)
    if scality and len(roles) != 2:
        raise InvalidDocument(
            f"The role {shown} names one role, but a Scality site needs exactly two, the source's "
            "and the target's: give both, or name only cloud sites in every rule."
        )
    if not scality and len(roles) != 1:
        raise InvalidDocument(
            f"The role {shown} names two roles, but cloud sites take exactly one: give the "
            "source's alone, or name a Scality site."
        )


def _has_scality_site(rules: Sequence[Rule], known_sites: Mapping[str, str]) -> bool:
    for name, kind in known_sites.items():
        if kind not in KINDS:
            raise InvalidDocument(
                f"The known site {quote(name)} is of the kind {quote(kind)}: use "
                f"{' or '.join(KINDS)}."
            )
    return any(
        _is_scality(site, known_sites) for rule in rules for site in rule.sites or (Site(""),)
    )


def _is_scality(site: Site, known_sites: Mapping[str, str]) -> bool:
    """Whether a site is a Scality one.

    A rule without sites, or with a storage class, goes to the server's default site. Which one that
    is, is unknown here: a Scality site if there is any.
    """
    kind = known_sites.get(site.name)
    return "scality" in known_sites.values() if kind is None else kind == "scality"
