# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a host's plan that need connections, or ARNs from earlier steps, in the form of module options."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from .topology import SOURCE, TARGET, Items, enabled_prefixes
from .topology_comparisons import (
    comparisons,
    verify_files,
)

Connection = Mapping[str, Any]
Arns = Mapping[str, str]
Results = Sequence[Mapping[str, Any]]


def role_arns(*results: Mapping[str, Any]) -> dict[str, str]:
    """ARNs by role name, from results of backbeat_iam_role or its info module, except skipped ones."""
    listed = [one for result in results for one in result.get("results") or [result]]
    roles = [one.get("iam_role") for one in listed if isinstance(one, Mapping)]
    return {role["role_name"]: role["arn"] for role in roles if role}


@dataclass(frozen=True)
class Found:
    """The results of teardown's earlier steps.

    removed, policies: the results for this host's pairs and policies. configurations: of all buckets in the account.
    received: configurations of other hosts that still replicate to this one.
    """

    removed: Results = ()
    policies: Results = ()
    configurations: Results = ()
    received: Results = ()


@dataclass(frozen=True)
class Steps:
    """A plan as HostPlan.describe() returns it, with the data for its later steps.

    connections: "s3" and "iam" by host, for this host and its targets; arns: of the roles that were created or read so
    far, by host and name; ready: hosts whose buckets this run created; changed: hosts whose roles or policies this run
    changed, and buckets as (host, name); checked: hosts on which this run took all steps before the proof; findings: of
    preflight, for each outgoing pair, empty if it did not run; proved: the result of each pair's proof as text, empty
    without proofs; plans: how each pair's verification is divided among workers; store: the bucket for the plans and
    parts, None if the workers have a common folder; stuck: events of stuck versions.
    """

    plan: Mapping[str, Any]
    connections: Mapping[str, Mapping[str, Connection]] = field(default_factory=dict)
    arns: Mapping[str, Arns] = field(default_factory=dict)
    ready: Collection[str] = ()
    changed: Set[str | tuple[str, str]] = frozenset()
    checked: Set[str] = frozenset()
    found: Found = field(default_factory=Found)
    findings: Sequence[Items] = ()
    proved: Sequence[str] = ()
    plans: Sequence[Mapping[str, Any]] = ()
    stuck: Results = ()
    store: Mapping[str, Any] | None = None

    def unknown_roles(self) -> Items:
        """The roles with unknown ARNs: {"host", "name"}."""
        return [
            {"host": host, "name": role["name"]}
            for host, role in self._used_roles()
            if not self._arn(host, role)
        ]

    def unchecked_targets(self) -> Items:
        """The target buckets of hosts that are not ready: {"host", "buckets"}, with the latter as for
        backbeat_bucket."""
        buckets: dict[str, dict[str, None]] = {}
        for pair in self.plan["outgoing"]:
            if pair["target_host"] not in self.ready:
                buckets.setdefault(pair["target_host"], {})[pair["target_bucket"]] = None
        return [
            {"host": host, "buckets": [{"name": name, "versioning": "enabled"} for name in names]}
            for host, names in buckets.items()
        ]

    def policies(self, purge_statements: bool = False) -> Items:
        """The policies, with known ARNs in place of the names of their roles, which saves reading the roles."""
        known = self.arns.get(self.plan["host"], {})
        purge = {"purge_statements": True} if purge_statements else {}
        return [
            {**one, "roles": [known.get(name, name) for name in one["roles"]], **purge}
            for one in self.plan["policies"]
        ]

    def replications(self, options: Mapping[str, Any]) -> Items:
        """The replication configurations of the source buckets, with these options for all."""
        # Options with default values are left out: with thousands of pairs, each option counts.
        common = {
            name: value
            for name, value in options.items()
            if value is not False and value is not None and value != {}
        }
        return [
            {
                "bucket": pair["source_bucket"],
                "target_bucket": pair["target_bucket"],
                **self._configured_roles(pair),
                "rules": pair.get("rules") or [{"prefix": ""}],
                **common,
            }
            for pair in self.plan["outgoing"]
        ]

    def preflights(self, known_sites: Mapping[str, str]) -> Items:
        """Both sides of each pair, with the state after set-up as expected state."""
        return [
            {
                SOURCE: self._side(self.plan["host"], pair["source_bucket"], roles[0]),
                TARGET: self._side(pair["target_host"], pair["target_bucket"], roles[1]),
                "rules": pair.get("rules") or [{"prefix": ""}],
                "known_sites": dict(known_sites) or None,
            }
            for pair in self.plan["outgoing"]
            for roles in [self.expected_roles(pair)]
        ]

    def watched(self, options: Mapping[str, Any]) -> Items:
        """The pairs in the form of the event source's arguments."""
        return [
            {
                "host": self.plan["host"],
                **{name: value for name, value in one.items() if value is not None},
                "backbeat_url": options["backbeat_url"],
            }
            for one in self.preflights(options["known_sites"])
        ]

    def report_pairs(self, folder: str) -> Items:
        """The host's comparisons for reports: with the replicated objects as text, and their sites.

        folder: of the verifications' reports, of which the last one is shown. Findings and proofs of a pair are shown
        for its first target.
        """
        return [
            {
                "source": self.plan["host"],
                "source_bucket": pair["source_bucket"],
                "target": pair["target_host"],
                "target_bucket": pair["target_bucket"],
                "rules": _in_words(enabled_prefixes(pair.get("rules"))),
                "sites": [pair["site"]]
                if pair.get("site")
                else [
                    site["name"]
                    for rule in pair.get("rules") or ()
                    for site in rule.get("sites") or ()
                ],
                "findings": self.findings[place] if place < len(self.findings) else [],
                "proof": self.proved[place] if place < len(self.proved) else "",
                "report_file": verify_files(folder, self.plan["host"], pair).get("report_file"),
            }
            for place, pair in enumerate(comparisons(self.plan["outgoing"]))
        ]

    def proofs(self, options: Mapping[str, Any]) -> Items:
        """The proof of each pair: an object with the prefix of its first enabled rule.

        An existing object is no proof if this run changed its preconditions, or did not check them.
        """
        despite = {"despite_retention": True} if options["verify_despite_retention"] else {}
        return [
            {
                "bucket": pair["source_bucket"],
                "key": prefix + self.plan["verify_key"],
                "target": {
                    "s3": self.connection(pair["target_host"], "s3"),
                    "bucket": pair["target_bucket"],
                },
                **({"fresh": True} if self._needs_fresh_proof(pair) else {}),
                **despite,
            }
            for pair in self.plan["outgoing"]
            for prefix in enabled_prefixes(pair.get("rules"))[:1]
        ]

    def _needs_fresh_proof(self, pair: Mapping[str, Any]) -> bool:
        here, there = self.plan["host"], pair["target_host"]
        parts = {here, there, (here, pair["source_bucket"]), (there, pair["target_bucket"])}
        return not (parts.isdisjoint(self.changed) and {here, there} <= self.checked)

    def _used_roles(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        if self.plan["target_roles"]:
            yield self.plan["host"], self.plan["source_role"]
        yield from self.plan["target_roles"].items()

    def _arn(self, host: str, role: Mapping[str, str]) -> str:
        return role["arn"] or self.arns.get(host, {}).get(role["name"], "")

    def _configured_roles(self, pair: Mapping[str, Any]) -> dict[str, str]:
        if pair.get("role"):
            return {"role": pair["role"]}
        there = pair["target_host"]
        return {
            "source_role": self._arn(self.plan["host"], self.plan["source_role"]),
            "target_role": self._arn(there, self.plan["target_roles"][there]),
        }

    def expected_roles(self, pair: Mapping[str, Any]) -> tuple[str, str | None]:
        """The ARNs or names of both roles; None for the target in a configuration for clouds."""
        if pair.get("role"):
            source, _comma, target = pair["role"].partition(",")
            return source, target or None
        ours, theirs = self.plan["source_role"], self.plan["target_roles"][pair["target_host"]]
        return ours["arn"] or ours["name"], theirs["arn"] or theirs["name"]

    def _side(self, host: str, bucket: str, role: str | None) -> dict[str, Any]:
        s3, iam = self.connection(host, "s3"), self.connection(host, "iam")
        return {"bucket": bucket, "role": role, "s3": s3, "iam": iam or None}

    def connection(self, host: str, service: str) -> dict[str, Any]:
        return dict(self.connections.get(host, {}).get(service) or {})


def _in_words(prefixes: list[str]) -> str:
    if not prefixes:
        return "no objects"
    if "" in prefixes:
        return "all objects"
    return f"keys that begin with {', '.join(prefixes)}"
