# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replications between environments, and the set-up that each environment needs.

An environment is a host of the inventory. It is described by the variables of the role, typed and with their
defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Items = list[dict[str, Any]]
Variables = Mapping[str, Any]

SOURCE, TARGET = "source", "target"
SIDES = (SOURCE, TARGET)


@dataclass(frozen=True)
class Target:
    """The place of a pair's objects on a site; the attributes are those of Pair."""

    target_host: str
    target_bucket: str
    site: str
    cloud: bool = False
    target_prefix: str = ""


@dataclass(frozen=True)
class Pair:
    """A bucket and the bucket that it is replicated to. Without `rules`: existing rules, or one for all objects.

    role: the pair's own roles in the form of the configuration, or empty for those of the two hosts. site: the target's
    replication site; cloud: whether it is a public cloud, which adds target_prefix to each key. further: the other
    targets of the same bucket, on other sites.
    """

    source_host: str
    source_bucket: str
    target_host: str
    target_bucket: str
    rules: tuple[Mapping[str, Any], ...] = ()
    role: str = ""
    allow_shared_target: bool = False
    site: str = ""
    cloud: bool = False
    target_prefix: str = ""
    further: tuple[Target, ...] = ()

    @property
    def targets(self) -> tuple[Target, ...]:
        """All targets, the pair's own first."""
        own = Target(
            self.target_host, self.target_bucket, self.site, self.cloud, self.target_prefix
        )
        return (own, *self.further)

    def bucket(self, side: str) -> str:
        """The name of the source or target bucket."""
        return self.source_bucket if side == SOURCE else self.target_bucket

    def describe(self) -> dict[str, Any]:
        """The pair as a dictionary; unset values are left out, because there may be thousands of pairs."""
        optional = {
            "rules": list(self.rules),
            "role": self.role,
            "site": self.site,
            "cloud": self.cloud,
            "target_prefix": self.target_prefix,
            "further_targets": [asdict(one) for one in self.further],
        }
        return {
            "source_bucket": self.source_bucket,
            "target_bucket": self.target_bucket,
            "target_host": self.target_host,
            **{name: value for name, value in optional.items() if value},
        }


@dataclass(frozen=True)
class Role:
    """The role that Backbeat assumes on one side. A role with an ARN already exists and is not managed."""

    name: str
    policy: str
    arn: str = ""


@dataclass(frozen=True)
class Environment:
    """A host of the inventory: its connections, its roles by side, and its outgoing pairs."""

    name: str
    s3: Mapping[str, Any]
    iam: Mapping[str, Any]
    roles: Mapping[str, Role]
    target_host: str = ""
    pairs: tuple[Pair, ...] = ()
    known_sites: Mapping[str, str] = field(default_factory=dict)
    location: str = ""
    permissions: str = "least"
    policy_max_size: int = 6144
    verify_key: str = ""

    @classmethod
    def of(cls, name: str, variables: Variables) -> Environment:
        """Build it from the host's typed variables."""

        def variable(key: str) -> Any:
            return variables.get(f"replication_{key}")

        return cls(
            name=name,
            s3=variable("s3") or {},
            iam=variable("iam") or {},
            roles={
                side: Role(
                    variable(f"{side}_role_name") or "",
                    variable(f"{side}_policy_name") or "",
                    variable(f"{side}_role_arn") or "",
                )
                for side in SIDES
            },
            target_host=variable("target_host") or "",
            pairs=tuple(pairs_of(name, variables)),
            known_sites=variable("known_sites") or {},
            location=variable("location") or "",
            permissions=variable("permissions") or cls.permissions,
            policy_max_size=variable("policy_max_size") or cls.policy_max_size,
            verify_key=variable("verify_key") or "",
        )


def enabled_prefixes(rules: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """The prefixes of a pair's enabled rules, in order; the empty prefix (all objects) without rules."""
    return [rule.get("prefix") or "" for rule in rules or ({},) if rule.get("enabled") is not False]


def pairs_of(host: str, variables: Variables) -> Iterator[Pair]:
    """The pairs that this host replicates; `target_host` is empty if neither the pair nor the host has one."""
    usual = variables.get("replication_target_host") or ""
    for pair in variables.get("replication_pairs") or ():
        if not (pair.get("source_bucket") and pair.get("target_bucket")):
            # This host's plan is refused, but those of other hosts are not.
            continue
        yield Pair(
            source_host=host,
            source_bucket=pair["source_bucket"],
            target_host=pair.get("target_host") or usual,
            target_bucket=pair["target_bucket"],
            rules=tuple(pair.get("rules") or ()),
            role=pair.get("role") or "",
            allow_shared_target=bool(pair.get("allow_shared_target")),
            site=pair.get("site") or "",
            cloud=_is_cloud(pair, variables),
            target_prefix=pair.get("target_prefix") or "",
            further=tuple(
                Target(
                    target_host=one.get("target_host") or "",
                    target_bucket=one.get("target_bucket") or pair["target_bucket"],
                    site=one.get("site") or "",
                    cloud=_is_cloud(one, variables),
                    target_prefix=one.get("target_prefix") or "",
                )
                for one in pair.get("further_targets") or ()
            ),
        )


def _is_cloud(target: Mapping[str, Any], variables: Variables) -> bool:
    """Whether a target is a cloud, by its own option or by the type of its site."""
    if target.get("cloud") is not None:
        return bool(target["cloud"])
    return (variables.get("replication_known_sites") or {}).get(target.get("site")) == "cloud"


@dataclass(frozen=True)
class Direction:
    """The pairs that one environment replicates to another."""

    source: str
    target: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Topology:
    """The environments by name, and the replications between them."""

    environments: Mapping[str, Environment]

    def outgoing(self, host: str) -> list[Direction]:
        """The directions from this host, one for each of its targets."""
        pairs = self.environments[host].pairs
        targets = dict.fromkeys(pair.target_host for pair in pairs if pair.target_host)
        return [
            Direction(host, target, tuple(one for one in pairs if one.target_host == target))
            for target in targets
        ]

    def incoming(self, host: str) -> list[Direction]:
        """The directions to this host, one for each of its sources."""
        return [
            direction
            for source in self.environments
            for direction in self.outgoing(source)
            if direction.target == host
        ]


@dataclass(frozen=True)
class HostPlan:
    """The work of one host. Lists of dictionaries are in the form of module options.

    outgoing: its pairs; targets: the hosts to which it replicates; sources: the hosts that replicate to it. source_role
    and target_roles (by host): {"name", "arn"} of the roles in its configurations, with an empty ARN if it is not in
    the inventory; without the roles of pairs that have their own. verify_key: the key of the object that proves
    replication; proof_keys: the same with the prefixes of all pairs.
    """

    host: str
    outgoing: tuple[Pair, ...] = ()
    targets: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    source_role: Mapping[str, str] = field(default_factory=dict)
    target_roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    roles: Items = field(default_factory=list)
    policies: Items = field(default_factory=list)
    buckets: Items = field(default_factory=list)
    verify_key: str = ""
    proof_keys: tuple[str, ...] = ()

    def describe(self) -> dict[str, Any]:
        """The plan as a dictionary of plain values; `source` and `target`: whether the host is one."""
        return {
            "host": self.host,
            "source": bool(self.outgoing),
            "target": bool(self.sources),
            "outgoing": [pair.describe() for pair in self.outgoing],
            "targets": list(self.targets),
            "sources": list(self.sources),
            "source_role": dict(self.source_role),
            "target_roles": {host: dict(role) for host, role in self.target_roles.items()},
            "roles": self.roles,
            "policies": self.policies,
            "buckets": self.buckets,
            "verify_key": self.verify_key,
            "proof_keys": list(self.proof_keys),
        }


def plan(topology: Topology, host: str) -> HostPlan:
    """The plan of one host. Its targets must be known environments."""
    here = topology.environments[host]
    outgoing = [pair for direction in topology.outgoing(host) for pair in direction.pairs]
    incoming = [pair for direction in topology.incoming(host) for pair in direction.pairs]
    # Pairs with their own roles do not need this host's.
    served = {SOURCE: _without_role(outgoing), TARGET: _without_role(incoming)}
    key = _verify_key(here, outgoing, incoming)
    managed = [side for side in SIDES if served[side] and not here.roles[side].arn]
    return HostPlan(
        host=host,
        outgoing=tuple(outgoing),
        targets=tuple(dict.fromkeys(pair.target_host for pair in outgoing)),
        sources=tuple(dict.fromkeys(pair.source_host for pair in incoming)),
        source_role=_name_and_arn(here.roles[SOURCE]),
        target_roles={
            target: _name_and_arn(topology.environments[target].roles[TARGET])
            for target in dict.fromkeys(pair.target_host for pair in served[SOURCE])
        },
        roles=_each_once({"name": here.roles[side].name} for side in managed),
        policies=[_policy(here, side, served[side]) for side in managed],
        buckets=_each_once(
            _bucket(pair.bucket(side), here.location)
            for side, pairs in ((SOURCE, outgoing), (TARGET, incoming))
            for pair in pairs
        ),
        verify_key=key,
        proof_keys=tuple(
            dict.fromkeys(
                prefix + key for pair in outgoing for prefix in enabled_prefixes(pair.rules)[:1]
            )
        ),
    )


def _name_and_arn(role: Role) -> dict[str, str]:
    return {"name": role.name, "arn": role.arn}


def _without_role(pairs: Iterable[Pair]) -> list[Pair]:
    return [pair for pair in pairs if not pair.role]


def _policy(here: Environment, side: str, pairs: Sequence[Pair]) -> dict[str, Any]:
    # The guide's policy grants permissions for the buckets of both sides; ours only for those of its own side.
    named = SIDES if here.permissions == "guide" else (side,)
    # Only replication to clouds reads tags.
    clouds = side == SOURCE and any(_has_cloud(pair, here.known_sites) for pair in pairs)
    return {
        "name": here.roles[side].policy,
        "side": side,
        **{
            f"{each}_buckets": list(dict.fromkeys(pair.bucket(each) for pair in pairs))
            for each in named
        },
        "roles": [here.roles[side].name],
        "permissions": here.permissions,
        "max_size": here.policy_max_size,
        **({"cloud_targets": True} if clouds else {}),
    }


def _has_cloud(pair: Pair, known_sites: Mapping[str, str]) -> bool:
    """Whether a pair is replicated to a cloud, according to its targets or the sites of its rules."""
    sites = (site.get("name") for rule in pair.rules for site in rule.get("sites") or ())
    return any(one.cloud for one in pair.targets) or any(
        known_sites.get(site or "") == "cloud" for site in sites
    )


def _bucket(name: str, location: str) -> dict[str, Any]:
    place = {"location": location} if location else {}
    return {"name": name, "versioning": "enabled", **place}


def _verify_key(here: Environment, outgoing: Iterable[Pair], incoming: Iterable[Pair]) -> str:
    """The key of the proof; with the host if buckets replicate both ways, to differ from the other side's key."""
    received = {pair.target_bucket for pair in incoming}
    if any(pair.source_bucket in received for pair in outgoing):
        return f"{here.verify_key}-from-{here.name}"
    return here.verify_key


def _each_once(items: Iterable[dict[str, Any]]) -> Items:
    """The items without duplicate names, so that two threads never create the same resource."""
    return list({item["name"]: item for item in items}.values())
