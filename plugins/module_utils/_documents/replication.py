# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""V1 replication configurations: their parts, and the form that the S3 API gives them.

The collection writes V1 because all servers accept it. A V2 configuration is recognised and refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import InvalidDocument, UnsupportedConfiguration, quote
from .names import bucket_arn, bucket_name

_PREFERRED = ":preferred_read"
_STATUS = {"Enabled": True, "Disabled": False}


@dataclass(frozen=True)
class Site:
    """Where a rule replicates to: the name of a site, or a storage class such as STANDARD."""

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
    """A rule in a message: its number (from 1) if given, its id and its prefix."""
    name = "rule" if number is None else f"rule {number}"
    mark = f"id {quote(rule.id)}, " if rule.id else ""
    return f"{name} ({mark}prefix {quote(rule.prefix)})"


def covers(prefix: str, keys: str) -> bool:
    """Whether a rule with `prefix` applies to a key, or to every key with a longer prefix."""
    return keys.startswith(prefix)


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
    """The sites of a StorageClass element, in its order."""
    return tuple(
        Site(part.removesuffix(_PREFERRED), part.endswith(_PREFERRED))
        for part in storage_class.split(",")
    )


def from_api(payload: Mapping[str, Any]) -> Configuration:
    """Read boto3's ReplicationConfiguration.

    {"Role", "Rules": [{"ID", "Prefix", "Status", "Destination": {"Bucket", "StorageClass"}}]}

    UnsupportedConfiguration for anything beyond the V1 form, which could not be written back
    without loss. InvalidDocument if a required element is missing. `validate` checks the rest.
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
    """Write boto3's ReplicationConfiguration in the V1 form.

    There is no ID if the server chooses it, and no StorageClass for the server's default site.
    """
    return {
        "Role": join_roles(configuration.roles),
        "Rules": [_to_api(rule, configuration.target_bucket) for rule in configuration.rules],
    }


def describe(configuration: Configuration) -> dict[str, Any]:
    """The configuration as results show it, as data.

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
