# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""V1 replication configurations: their parts, their form in the S3 API, and CloudServer's rules for them.

The collection writes V1 because all servers accept it. A V2 configuration is recognised and refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .._work import InvalidDocument, UnsupportedConfiguration, quote
from .names import bucket_arn, bucket_name, check_bucket_name, check_characters, check_role_arn

STORAGE_CLASSES = ("STANDARD", "STANDARD_IA", "REDUCED_REDUNDANCY")
KINDS = ("scality", "cloud")
#: The replication statuses of a version that are not final.
PENDING_STATUSES = ("PENDING", "PROCESSING")
#: The replication statuses of a version that has not been replicated although a rule selected it.
NOT_COMPLETED = (*PENDING_STATUSES, "FAILED")

_RULES = 1000
_PREFIX_LENGTH = 1024
_ID_LENGTH = 255

_PREFERRED = ":preferred_read"
_STATUS = {"Enabled": True, "Disabled": False}


@dataclass(frozen=True)
class Site:
    """The destination of a rule: the name of a site, or a storage class such as STANDARD."""

    name: str
    preferred_read: bool = False


@dataclass(frozen=True)
class Rule:
    """One rule. `id` None: the server chooses one. No sites: the server's default site."""

    prefix: str
    enabled: bool = True
    id: str | None = None
    sites: tuple[Site, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """A configuration: the ARNs of the roles, the source's first, and the name of the target bucket."""

    roles: tuple[str, ...]
    target_bucket: str
    rules: tuple[Rule, ...]


def label(rule: Rule, number: int | None = None) -> str:
    """A rule for a message: its number (from 1) if given, its id and its prefix."""
    name = "rule" if number is None else f"rule {number}"
    mark = f"id {quote(rule.id)}, " if rule.id else ""
    return f"{name} ({mark}prefix {quote(rule.prefix)})"


def covers(prefix: str, keys: str) -> bool:
    """Whether a rule with `prefix` applies to a key, or to every key with a longer prefix."""
    return keys.startswith(prefix)


def enabled_for(
    configuration: Configuration | None, target_bucket: str | None, site: str = ""
) -> list[bytes]:
    """The prefixes (UTF-8) of the enabled rules that replicate to a bucket, and to a site if one is given.

    target_bucket: None for any, because the bucket of a cloud is set in its location.
    """
    if configuration is None or target_bucket not in (None, configuration.target_bucket):
        return []
    return [
        rule.prefix.encode()
        for rule in configuration.rules
        if rule.enabled and (not site or not rule.sites or site in (one.name for one in rule.sites))
    ]


def join_roles(roles: Iterable[str]) -> str:
    """The Role element: ARNs with a comma and no blank between them."""
    return ",".join(roles)


def split_roles(role: str) -> tuple[str, ...]:
    """The ARNs of a Role element, unchanged: `validate` reports blanks."""
    return tuple(role.split(","))


def join_sites(sites: Iterable[Site]) -> str:
    """The StorageClass element: `a,b:preferred_read`."""
    return ",".join(
        f"{site.name}{_PREFERRED}" if site.preferred_read else site.name for site in sites
    )


def split_sites(storage_class: str) -> tuple[Site, ...]:
    """The sites of a StorageClass element, in order."""
    return tuple(
        Site(part.removesuffix(_PREFERRED), part.endswith(_PREFERRED))
        for part in storage_class.split(",")
    )


def from_api(payload: Mapping[str, Any]) -> Configuration:
    """Parse boto3's ReplicationConfiguration.

    {"Role", "Rules": [{"ID", "Prefix", "Status", "Destination": {"Bucket", "StorageClass"}}]}

    Raises UnsupportedConfiguration for anything beyond the V1 form, which could not be written back without loss, and
    InvalidDocument if a required element is missing. `validate` checks the rest.
    """
    _only({"Role", "Rules"}, payload, "the replication configuration")
    rules = payload.get("Rules") or ()
    if not payload.get("Role"):
        raise InvalidDocument(
            "The replication configuration has no Role: give the ARNs of its roles."
        )
    if not rules:
        raise InvalidDocument("The replication configuration has no rules: give at least one rule.")
    return Configuration(
        roles=split_roles(payload["Role"]),
        target_bucket=_target(rules),
        rules=tuple(_rule(rule, _name(rule, number)) for number, rule in enumerate(rules, 1)),
    )


def to_api(configuration: Configuration) -> dict[str, Any]:
    """The configuration as boto3's ReplicationConfiguration in the V1 form.

    It has no ID if the server chooses it, and no StorageClass for the server's default site.
    """
    return {
        "Role": join_roles(configuration.roles),
        "Rules": [_to_api(rule, configuration.target_bucket) for rule in configuration.rules],
    }


def describe(configuration: Configuration) -> dict[str, Any]:
    """The configuration as data for results.

    {"role": "a,b", "roles": [..], "target_bucket": name, "rules": [{"id": str or None, "prefix",
    "enabled", "sites": [{"name", "preferred_read"}], "storage_class": str or None}]}
    """
    return {
        "role": join_roles(configuration.roles),
        "roles": list(configuration.roles),
        "target_bucket": configuration.target_bucket,
        "rules": [
            {
                "id": rule.id,
                "prefix": rule.prefix,
                "enabled": rule.enabled,
                "sites": [
                    {"name": site.name, "preferred_read": site.preferred_read}
                    for site in rule.sites
                ],
                "storage_class": join_sites(rule.sites) or None,
            }
            for rule in configuration.rules
        ],
    }


def destinations(payload: Mapping[str, Any]) -> list[str]:
    """The names of the target buckets of boto3's ReplicationConfiguration, in V1 or V2 form, each once."""
    arns = [
        str((rule.get("Destination") or {}).get("Bucket", "")) for rule in payload.get("Rules", ())
    ]
    return list(dict.fromkeys(arn.rpartition(":")[2] for arn in arns))


def api_prefix(rule: Mapping[str, Any]) -> str:
    """The prefix of a rule of boto3's ReplicationConfiguration, in V1 or V2 form."""
    filtered: Mapping[str, Any] = rule.get("Filter") or {}
    both: Mapping[str, Any] = filtered.get("And") or {}
    return str(rule.get("Prefix") or filtered.get("Prefix") or both.get("Prefix") or "")


def _to_api(rule: Rule, target_bucket: str) -> dict[str, Any]:
    destination = {"Bucket": bucket_arn(target_bucket)}
    if rule.sites:
        destination["StorageClass"] = join_sites(rule.sites)
    written: dict[str, Any] = {
        "Prefix": rule.prefix,
        "Status": "Enabled" if rule.enabled else "Disabled",
        "Destination": destination,
    }
    return {"ID": rule.id, **written} if rule.id else written


def _rule(rule: Mapping[str, Any], name: str) -> Rule:
    _only({"ID", "Prefix", "Status", "Destination"}, rule, name)
    _only({"Bucket", "StorageClass"}, rule["Destination"], f"the Destination of {name}")
    if "Prefix" not in rule:
        raise UnsupportedConfiguration(
            f"The replication configuration's {name} has no Prefix: give it one, which may be "
            "empty."
        )
    if rule.get("Status") not in _STATUS:
        raise InvalidDocument(
            f"The replication configuration's {name} has the Status {quote(rule.get('Status'))}: "
            "use Enabled or Disabled."
        )
    storage_class = rule["Destination"].get("StorageClass")
    return Rule(
        prefix=rule["Prefix"],
        enabled=_STATUS[rule["Status"]],
        id=rule.get("ID") or None,
        sites=split_sites(storage_class) if storage_class else (),
    )


def _target(rules: Iterable[Mapping[str, Any]]) -> str:
    first = None
    for number, rule in enumerate(rules, 1):
        name = _name(rule, number)
        arn = (rule.get("Destination") or {}).get("Bucket")
        if not arn or not arn.startswith("arn:"):
            raise InvalidDocument(
                f"The replication configuration's {name} has {quote(arn)} as its "
                "target, which is not the ARN of a bucket: give arn:aws:s3:::<name>."
            )
        first = first or arn
        if arn != first:
            raise UnsupportedConfiguration(
                f"The replication configuration's {name} has the Destination {quote(arn)} and "
                f"another rule {quote(first)}: only one target bucket for all rules is supported."
            )
    return bucket_name(first or "")


def _only(known: set[str], element: Mapping[str, Any], name: str) -> None:
    for key in element:
        if key not in known:
            raise UnsupportedConfiguration(
                f"The element {key} of {name} is not part of the V1 form, so this configuration is never "
                "rewritten: remove it first, or continue with the tool that created it."
            )


def _name(rule: Mapping[str, Any], number: int) -> str:
    shown = f"id {quote(rule['ID'])}" if rule.get("ID") else f"prefix {quote(rule.get('Prefix'))}"
    return f"rule {number} ({shown})"


def validate(configuration: Configuration, known_sites: Mapping[str, str] | None = None) -> None:
    """Raise InvalidDocument for the first error that servers would report.

    `known_sites`: the server's replication sites, name to "scality" or "cloud". The names of sites and the number of
    roles can only be checked with them: two roles if any rule has a Scality site, else one.
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
    """The length in UTF-16 units, as the servers, written in JavaScript, count it."""
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

    In sorted order, texts that start with a prefix follow it directly, so checking neighbours is enough.
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
                "without a space, comma or colon."
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

    A rule without sites, or with a storage class, replicates to the server's default site, which is unknown here: it
    counts as a Scality site if there is any.
    """
    kind = known_sites.get(site.name)
    return "scality" in known_sites.values() if kind is None else kind == "scality"


def count_changes(before: Configuration | None, after: Configuration | None) -> dict[str, int]:
    """The number of rules that a change adds, changes and removes: {"add", "change", "remove"}.

    Rules are identified by their prefixes, because no two may overlap. Other roles or another target bucket change
    every rule.
    """
    old, new = ({rule.prefix: rule for rule in one.rules} if one else {} for one in (before, after))
    moved = (
        before is not None
        and after is not None
        and (before.roles, before.target_bucket) != (after.roles, after.target_bucket)
    )
    kept = old.keys() & new.keys()
    return {
        "add": len(new.keys() - old.keys()),
        "change": len([prefix for prefix in kept if moved or old[prefix] != new[prefix]]),
        "remove": len(old.keys() - new.keys()),
    }
