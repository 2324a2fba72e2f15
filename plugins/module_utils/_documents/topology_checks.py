# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds errors in the environments of an inventory, and names its hosts and variables in the messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

from .._work import InvalidDocument
from . import names, replication
from .replication import validate
from .topology import SIDES, SOURCE, TARGET, Environment, Pair, Topology, enabled_prefixes
from .wanted_replication import Wanted, check_wanted, merge, wanted_rules

#: Placeholders in the check of a configuration whose roles may not exist yet.
PLACEHOLDERS = tuple(names.iam_arn(names.UNKNOWN_ACCOUNT, "role", "/", side) for side in SIDES)
CONNECTION = (
    "a connection is a dictionary with endpoint_url, and profile or access_key and secret_key"
)


def refusals(
    topology: Topology, host: str, known_hosts: Collection[str], *, to_set_up: bool = True
) -> list[str]:
    """Sentences about why this host's plan cannot be set up, torn down or validated; empty if it can.

    known_hosts: all hosts of the inventory; to_set_up: False to allow what may be torn down although it must not be set
    up.
    """
    here = topology.environments[host]
    if not any(one.target_host or one.pairs for one in topology.environments.values()):
        return [
            "No host of the inventory has replication_pairs, so there is nothing to replicate: name the buckets "
            "in replication_pairs of a source, and the host to replicate to in replication_target_host."
        ]
    return [
        *_of_names(here, topology),
        *_of_pairs(here, known_hosts),
        *_of_connections(topology, here),
        *_of_environments(topology, here),
        *(_of_shared_targets(topology, here) if to_set_up else ()),
    ]


def _of_names(here: Environment, topology: Topology) -> Iterator[str]:
    """Errors for names, ARNs and rules that no server would accept."""
    if here.pairs or topology.incoming(here.name):
        for side in SIDES:
            role = here.roles[side]
            for variable, check, value in (
                (f"{side}_role_name", _check_role_name, role.name),
                (f"{side}_policy_name", _check_policy_name, role.policy),
                (f"{side}_role_arn", names.check_role_arn, role.arn),
            ):
                try:
                    # A role with an ARN already exists.
                    if value or not variable.endswith("_arn"):
                        check(value)
                except InvalidDocument as error:
                    yield f"replication_{variable} of {here.name}: {error}"
    for key in _proof_keys(here):
        try:
            names.check_object_key(key)
        except InvalidDocument as error:
            yield f"replication_verify_key of {here.name}: {error}"
            break
    for pair in here.pairs:
        try:
            _check_pair(pair, topology)
        except InvalidDocument as error:
            yield f"The pair with source_bucket {pair.source_bucket} in replication_pairs of {here.name}: {error}"


def _proof_keys(here: Environment) -> Iterator[str]:
    """Errors for the keys of objects that prove replication; canaries have the longest keys."""
    for pair in here.pairs:
        for prefix in enabled_prefixes(pair.rules)[:1]:
            yield here.verify_key
            yield names.canary_key(f"{prefix}{here.verify_key}-from-{here.name}")


def _check_role_name(name: str) -> None:
    names.check_iam_name(name, "role")
    if "," in name:
        raise InvalidDocument(
            f"The role name {name!r} has a comma, which separates the roles of a replication configuration: use a name "
            "without a comma."
        )


def _check_policy_name(name: str) -> None:
    names.check_iam_name(name, "policy")


def _check_pair(pair: Pair, topology: Topology) -> None:
    """Check the configuration that set-up would store for a pair in an unconfigured bucket."""
    for side in SIDES:
        names.check_bucket_name(pair.bucket(side))
    rules = wanted_rules(pair.rules or [{"prefix": ""}]) or ()
    check_wanted(rules)
    if any(rule.prefix is None for rule in rules):
        # The rule refers to a stored one.
        return
    roles = replication.split_roles(pair.role) if pair.role else PLACEHOLDERS
    wanted = Wanted(roles=roles, target_bucket=pair.target_bucket, rules=rules)
    validate(merge(wanted, None), topology.environments[pair.source_host].known_sites or None)


def _of_pairs(here: Environment, known_hosts: Collection[str]) -> Iterator[str]:
    if here.target_host and not here.pairs:
        yield (
            f"{here.name} has replication_target_host, but no pair of buckets in replication_pairs: name the "
            "buckets to replicate, or remove replication_target_host."
        )
    for pair in here.pairs:
        if not pair.target_host:
            yield (
                f"The pair with source_bucket {pair.source_bucket} in replication_pairs of {here.name} has no target: "
                f"set replication_target_host of {here.name}, or target_host of the pair."
            )
    for pair in here.pairs:
        for problem in _of_sites(pair, here):
            yield f"The pair with source_bucket {pair.source_bucket} in replication_pairs of {here.name}: {problem}"
    targets = [one.target_host for pair in here.pairs for one in pair.targets]
    for target in dict.fromkeys(filter(None, targets)):
        if target not in known_hosts:
            yield (
                f"{here.name} replicates to the host {target}, which is not in the inventory: correct "
                "replication_target_host or target_host of the pair, or add the host."
            )
    counted = Counter(pair.source_bucket for pair in here.pairs)
    for bucket in [name for name, times in counted.items() if times > 1]:
        yield (
            f"The source bucket {bucket} is in several pairs of replication_pairs of {here.name}, but a bucket has one "
            "replication configuration: name it once, with all its rules."
        )


def _of_sites(pair: Pair, here: Environment) -> Iterator[str]:
    """Errors for sites that are in no rule, and for indistinguishable targets."""
    targets = pair.targets
    named = {site.get("name") for rule in pair.rules for site in rule.get("sites") or ()}
    for one in targets:
        for known, where in ((named, "the sites of its rules"), (here.known_sites, "known sites")):
            if one.site and known and one.site not in known:
                shown = ", ".join(sorted(filter(None, known)))
                yield f"its site {one.site} is none of {where} ({shown}): correct one of the two."
        if one.target_prefix and not one.cloud:
            yield (
                f"target_prefix is set for {one.target_host}, which is not a cloud, and other targets have the "
                "same keys: remove it, or set cloud."
            )
    for further in pair.further:
        if not further.target_host:
            yield "a further target has no target_host: name a host of the inventory."
        try:
            names.check_bucket_name(further.target_bucket)
        except InvalidDocument as error:
            yield str(error)
    if pair.further and not all(one.site for one in targets):
        yield (
            "with further_targets, the pair and each further target need a site, because the status is read "
            "for each site."
        )
    places = Counter((one.target_host, one.target_bucket) for one in targets)
    for (host, bucket), times in places.items():
        if times > 1:
            yield f"the bucket {bucket} of {host} is named as a target more than once: name it once."


def _of_connections(topology: Topology, here: Environment) -> Iterator[str]:
    outgoing = topology.outgoing(here.name)
    incoming = topology.incoming(here.name)
    if (outgoing or incoming) and not here.s3:
        yield _lacks(here.name, "replication_s3")
    for side, directions in ((SOURCE, outgoing), (TARGET, incoming)):
        uses_role = any(not pair.role for direction in directions for pair in direction.pairs)
        if uses_role and not here.roles[side].arn and not here.iam:
            yield _lacks(here.name, "replication_iam")
            break
    further = [one.target_host for pair in here.pairs for one in pair.further]
    for name in dict.fromkeys([*(direction.target for direction in outgoing), *further]):
        environment = topology.environments.get(name)
        if environment is not None and not environment.s3:
            yield _lacks(name, "replication_s3")
    for direction in outgoing:
        there = topology.environments.get(direction.target)
        if there is None:
            continue
        uses_role = any(not pair.role for pair in direction.pairs)
        if uses_role and not there.roles[TARGET].arn and not there.iam:
            yield _lacks(there.name, "replication_iam")


def _of_environments(topology: Topology, here: Environment) -> Iterator[str]:
    """Errors for sides in the same environment, and for a bucket that two hosts would configure."""
    for direction in topology.outgoing(here.name):
        there = topology.environments.get(direction.target)
        if there is None or not here.s3 or not there.s3:
            continue
        if there.name == here.name or _account(here.s3) == _account(there.s3):
            yield (
                f"{here.name} and its target {there.name} are the same environment: replication_s3 has the same "
                "endpoint_url and the same credentials on both. Replicate to a host with a connection of its own."
            )
    buckets = {pair.source_bucket for pair in here.pairs}
    for other in topology.environments.values():
        if other.name == here.name or not other.pairs or _place(other.s3) != _place(here.s3):
            continue
        for bucket in sorted(buckets.intersection(pair.source_bucket for pair in other.pairs)):
            yield (
                f"The source bucket {bucket} is in replication_pairs of {here.name} and of {other.name}, which have "
                "the same S3 endpoint, but a bucket has one replication configuration: name it on one host only."
            )


def _of_shared_targets(topology: Topology, here: Environment) -> Iterator[str]:
    """Errors for pairs whose objects would overwrite each other in one target bucket."""
    groups: dict[tuple[Any, str], list[Pair]] = {}
    for environment in topology.environments.values():
        for pair in environment.pairs:
            there = topology.environments.get(pair.target_host)
            if there is not None:
                place = _place(there.s3) or there.name
                groups.setdefault((place, pair.target_bucket), []).append(pair)
    for group in groups.values():
        for one, other in combinations(group, 2):
            if here.name not in (one.source_host, other.source_host):
                continue
            if one.allow_shared_target and other.allow_shared_target:
                continue
            if _overlap(one, other):
                yield (
                    f"The pairs with source_bucket {one.source_bucket} of {one.source_host} and {other.source_bucket} "
                    f"of {other.source_host} replicate the same prefixes into {one.target_bucket} of "
                    f"{one.target_host}, so objects with the same key overwrite one another: give them other prefixes "
                    "or target buckets, or set allow_shared_target in both pairs."
                )


def _overlap(one: Pair, other: Pair) -> bool:
    return any(
        left.startswith(right) or right.startswith(left)
        for left in enabled_prefixes(one.rules)
        for right in enabled_prefixes(other.rules)
    )


def _place(s3: Mapping[str, Any]) -> tuple[Any, ...]:
    """The server of a connection, independent of the form of its URL; empty without a URL."""
    url = urlsplit(str(s3.get("endpoint_url") or ""))
    try:
        port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    except ValueError:
        port = None
    return (url.hostname, port) if url.hostname else ()


def _account(s3: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*_place(s3), s3.get("profile"), s3.get("access_key"))


def _lacks(host: str, variable: str) -> str:
    return f"The inventory lacks {variable} of {host}: {CONNECTION}."
