# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the source bucket's replication configuration: whether it works, and whether it is the expected one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ..._clients import s3_buckets
from ..._documents import names, replication
from ..._documents.replication import STORAGE_CLASSES, Configuration, Rule, label, validate
from ..._documents.wanted_replication import WantedRule, find_rule
from ..._work import InvalidDocument, UnsupportedConfiguration, quote
from .findings import ERROR, WARNING, FactReader, Findings, Kind, Place, Side

KINDS = (
    Kind(
        "configuration-missing",
        ERROR,
        "Objects that are put now get no replication status and are never sent.",
        "Set it with backbeat_bucket_replication.",
        made_by_setup=True,
    ),
    Kind(
        "configuration-beyond-v1",
        WARNING,
        "This collection reads and writes the first form of a configuration; its rules are not checked further.",
        "Continue with the tool that created it, or remove it and set it again with backbeat_bucket_replication.",
        blocks_setup=True,
    ),
    Kind(
        "configuration-invalid",
        ERROR,
        "Servers refuse such a configuration, or behave differently from what it says.",
        "Set it again with backbeat_bucket_replication.",
        made_by_setup=True,
    ),
    Kind(
        "no-rule-enabled",
        ERROR,
        "Objects that are put now get no replication status and are never sent.",
        "State enabled: true for a rule in rules, and set it with backbeat_bucket_replication.",
        made_by_setup=True,
    ),
    Kind(
        "rule-disabled",
        WARNING,
        "Objects that are put under its prefix now get no replication status and are never sent.",
        "State enabled for it in rules: with true, backbeat_bucket_replication enables it; with false, it is expected.",
        changed_by_hand=True,
    ),
    Kind(
        "target-bucket-unexpected",
        ERROR,
        "Servers never check the target: objects go to a bucket other than the one checked here.",
        "Correct target.bucket, or the configuration with backbeat_bucket_replication.",
        made_by_setup=True,
    ),
    Kind(
        "rule-missing",
        ERROR,
        "Objects under its prefix are never sent.",
        "Set it with backbeat_bucket_replication.",
        made_by_setup=True,
    ),
    Kind(
        "rule-differs",
        ERROR,
        "It was changed after it was set.",
        "Set it again with backbeat_bucket_replication, or correct what is expected.",
        made_by_setup=True,
    ),
    Kind(
        "rule-unexpected",
        WARNING,
        "It was added after the others were set, and its objects are sent too.",
        "List it in rules, or remove it with backbeat_bucket_replication.",
        changed_by_hand=True,
    ),
    Kind(
        "site-unknown",
        ERROR,
        "The server no longer knows the site, so its objects never arrive.",
        "Correct the rule's sites or known_sites; sites are named replicationEndpoints in the server's configuration.",
    ),
)


@dataclass(frozen=True)
class Expected:
    """The expected configuration; None: no expectation."""

    rules: tuple[WantedRule, ...] | None = None
    known_sites: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Live:
    """Facts for the other checks: the roles, the prefixes of the enabled rules, and the kind of their sites.

    clouds_only: there is one role, which only clouds use. clouds: an enabled rule sends to a cloud.
    """

    roles: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ("",)
    clouds_only: bool = False
    clouds: bool = False


def check(source: Side, target: Side, expected: Expected, facts: FactReader) -> Live:
    """Read and check the configuration. Returns those of its contents that could be parsed."""
    if not source.bucket_usable:
        return Live()
    stored = facts.try_read(
        source.s3,
        ("replication", source.bucket),
        partial(s3_buckets.replication, bucket=source.bucket),
        where=source.place,
        permission="s3:GetReplicationConfiguration",
    )
    if stored is None:
        return Live()
    findings, where = facts.findings, source.place
    if stored.fact is None:
        findings.add("configuration-missing", where, "It has no replication configuration.")
        return Live()
    roles = replication.split_roles(str(stored.fact.get("Role") or ""))
    try:
        configuration = replication.from_api(stored.fact)
    except UnsupportedConfiguration as error:
        findings.add("configuration-beyond-v1", where, str(error))
        _target(replication.destinations(stored.fact), target, findings, where)
        return Live(roles, clouds_only=len(roles) == 1, clouds=len(roles) == 1)
    except InvalidDocument as error:
        findings.add("configuration-invalid", where, str(error))
        return Live(roles, clouds_only=len(roles) == 1, clouds=len(roles) == 1)
    _target([configuration.target_bucket], target, findings, where)
    _validate(configuration, expected.known_sites, findings, where)
    _rules(configuration.rules, expected.rules, findings, where)
    return _live(configuration, expected.known_sites)


def _target(named: Sequence[str], target: Side, findings: Findings, where: Place) -> None:
    for name in named:
        if name != target.bucket:
            what = f"It is replicated to the bucket {name}, but {target.bucket} is expected."
            findings.add("target-bucket-unexpected", where, what)


def _validate(
    configuration: Configuration,
    known_sites: Mapping[str, str] | None,
    findings: Findings,
    where: Place,
) -> None:
    """Check the constraints of the servers; roles and sites have findings of their own."""
    unknown = {
        site.name: label(rule)
        for rule in configuration.rules
        for site in rule.sites
        if known_sites is not None and site.name not in (*STORAGE_CLASSES, *known_sites)
    }
    for site, rule in unknown.items():
        findings.add("site-unknown", where, f"The {rule} sends to the site {site}.")
    try:
        for role in configuration.roles:
            names.check_role_arn(role)
    except InvalidDocument:
        return
    try:
        validate(configuration, None if unknown else known_sites)
    except InvalidDocument as error:
        findings.add("configuration-invalid", where, str(error))


def _rules(
    stored: Sequence[Rule], wanted: Sequence[WantedRule] | None, findings: Findings, where: Place
) -> None:
    matched = [(rule, find_rule(rule, stored)) for rule in wanted or ()]
    for asked, found in matched:
        if found is None:
            findings.add("rule-missing", where, f"There is no rule with the {_name(asked)}.")
        elif differences := _differences(asked, found):
            what = f"The {label(found)} has {'; '.join(differences)}."
            findings.add("rule-differs", where, what)
    named = {found for _asked, found in matched}
    meant_off = {found for asked, found in matched if asked.enabled is False}
    for one in stored:
        if wanted is not None and one not in named:
            findings.add("rule-unexpected", where, f"There is also a {label(one)}.")
        if not one.enabled and one not in meant_off:
            findings.add("rule-disabled", where, f"The {label(one)} is disabled.")
    if not any(one.enabled for one in stored) and not meant_off.issuperset(stored):
        findings.add("no-rule-enabled", where, "All its replication rules are disabled.")


def _name(wanted: WantedRule) -> str:
    return f"id {quote(wanted.id)}" if wanted.id else f"prefix {quote(wanted.prefix)}"


def _differences(wanted: WantedRule, found: Rule) -> list[str]:
    differences = []
    if wanted.prefix is not None and wanted.prefix != found.prefix:
        differences.append(f"the prefix {found.prefix!r}, and {wanted.prefix!r} is expected")
    if wanted.enabled is not None and wanted.enabled != found.enabled:
        is_there, is_not = ("enabled", "disabled") if found.enabled else ("disabled", "enabled")
        differences.append(f"been {is_there}, but is expected to be {is_not}")
    if wanted.sites is not None and frozenset(wanted.sites) != frozenset(found.sites):
        stored_sites = replication.join_sites(found.sites) or "the server's default"
        expected_sites = replication.join_sites(wanted.sites) or "the server's default"
        differences.append(f"the sites {stored_sites}, but {expected_sites} is expected")
    return differences


def _live(configuration: Configuration, known_sites: Mapping[str, str] | None) -> Live:
    in_force = [rule for rule in configuration.rules if rule.enabled]
    kinds = {(known_sites or {}).get(site.name) for rule in in_force for site in rule.sites}
    alone = len(configuration.roles) == 1
    return Live(
        roles=configuration.roles,
        prefixes=tuple(rule.prefix for rule in in_force),
        clouds_only=alone,
        clouds=alone or "cloud" in kinds,
    )
