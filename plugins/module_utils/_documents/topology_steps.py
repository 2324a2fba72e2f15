# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a host's plan that need connections, or ARNs that earlier steps returned, as the modules take them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from .topology import SOURCE, TARGET, Items, enabled_prefixes
from .topology_comparisons import (
    backfill_files,
    comparisons,
    part_files,
    unsent,
    verify_files,
)

Connection = Mapping[str, Any]
Arns = Mapping[str, str]
Results = Sequence[Mapping[str, Any]]


def role_arns(*results: Mapping[str, Any]) -> dict[str, str]:
    """ARNs by role name, from results of backbeat_iam_role or its info module; skipped ones have none."""
    listed = [one for result in results for one in result.get("results") or [result]]
    roles = [one.get("iam_role") for one in listed if isinstance(one, Mapping)]
    return {role["role_name"]: role["arn"] for role in roles if role}


@dataclass(frozen=True)
class Found:
    """What teardown's earlier steps found.

    removed, policies: their results, one by one, for this host's pairs and policies. configurations: of all buckets in
    the account. received: configurations of other hosts that still replicate to this one.
    """

    removed: Results = ()
    policies: Results = ()
    configurations: Results = ()
    received: Results = ()


@dataclass(frozen=True)
class Steps:
    """A plan as HostPlan.describe() returns it, with what its later steps need.

    connections: "s3" and "iam" by host, for this host and its targets; arns: of the roles that were created or read so
    far, by host and name; ready: hosts whose buckets this run has created; changed: hosts whose roles or policies this
    run has changed, and buckets as (host, name); checked: hosts on which this run has taken all steps before the proof;
    findings: of preflight, for each outgoing pair, empty if it did not run; proved: what the proof of each pair says,
    in words, empty if none was asked for; plans: how each pair's verification is divided among workers;
    store: the bucket in which they keep it and their parts, None if they have a common folder;
    stuck: events of versions that are stuck.
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
        """Roles whose ARN is still to be read: {"host", "name"}."""
        return [
            {"host": host, "name": role["name"]}
            for host, role in self._used_roles()
            if not self._arn(host, role)
        ]

    def unchecked_targets(self) -> Items:
        """The target buckets of hosts that are not ready, as backbeat_bucket takes them: {"host", "buckets"}."""
        buckets: dict[str, dict[str, None]] = {}
        for pair in self.plan["outgoing"]:
            if pair["target_host"] not in self.ready:
                buckets.setdefault(pair["target_host"], {})[pair["target_bucket"]] = None
        return [
            {"host": host, "buckets": [{"name": name, "versioning": "enabled"} for name in names]}
            for host, names in buckets.items()
        ]

    def policies(self, purge_statements: bool = False) -> Items:
        """The policies, with ARNs for the names of their roles if these are known: this saves reading them."""
        known = self.arns.get(self.plan["host"], {})
        purge = {"purge_statements": True} if purge_statements else {}
        return [
            {**one, "roles": [known.get(name, name) for name in one["roles"]], **purge}
            for one in self.plan["policies"]
        ]

    def replications(self, options: Mapping[str, Any]) -> Items:
        """The replication configurations of the source buckets, with these options for all."""
        # What is left at its default is left out: with thousands of pairs each option counts.
        asked = {
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
                **asked,
            }
            for pair in self.plan["outgoing"]
        ]

    def removals(self, options: Mapping[str, Any]) -> Items:
        """The rules that teardown removes: those that set-up creates, from configurations as it creates them."""
        return [
            {
                "bucket": pair["source_bucket"],
                "target_bucket": pair["target_bucket"],
                **(
                    {"role": pair["role"]}
                    if pair.get("role")
                    else dict(
                        zip(("source_role", "target_role"), self._expected_roles(pair), strict=True)
                    )
                ),
                "rules": pair.get("rules") or [{"prefix": ""}],
                **options,
                "state": "absent",
            }
            for pair in self.plan["outgoing"]
        ]

    def users(self) -> dict[str, list[str]]:
        """The buckets whose configurations use a role of this environment, by the role's name."""
        still = self._still_configured()
        others = [one["replication"] for one in self.found.configurations if one.get("replication")]
        sources = [one for one in still.values() if one]
        sources += [one for one in others if one["bucket"] not in still]
        used: dict[str, list[str]] = {}
        for place, replications in enumerate((sources, self.found.received)):
            for one in replications:
                for arn in one["roles"][place : place + 1]:
                    used.setdefault(arn.rsplit("/", 1)[-1], []).append(one["bucket"])
        return used

    def _still_configured(self) -> dict[str, Any]:
        """What is left of the configuration of each bucket that this host replicates, None if nothing is."""
        buckets = [pair["source_bucket"] for pair in self.plan["outgoing"]]
        results = [one.get("replication") for one in self.found.removed]
        return dict(zip(buckets, results, strict=False))

    def absent_policies(self) -> Items:
        """The policies without the buckets that are no longer replicated; one whose role is still used stays."""
        used = self.users()
        items = []
        for one in self.plan["policies"]:
            (role,) = one["roles"]
            still = used.get(role, ())
            source = [name for name in one.get("source_buckets", ()) if name not in still]
            kept = {
                left["target_bucket"] for left in self.found.received if left["bucket"] in still
            }
            target = [name for name in one.get("target_buckets", ()) if name not in kept]
            # The guide's document cannot be written for one side only; then it stays as it is.
            if (source or target) and (one["permissions"] != "guide" or (source and target)):
                items.append(
                    {
                        "name": one["name"],
                        "side": one["side"],
                        "permissions": one["permissions"],
                        "source_buckets": source,
                        "target_buckets": target,
                        "roles": [] if still else [role],
                        "max_size": one["max_size"],
                        **({"cloud_targets": True} if one.get("cloud_targets") else {}),
                    }
                )
        return [{**item, "state": "absent"} for item in items]

    def absent_roles(self) -> Items:
        """The roles that no configuration uses; one with other policies than those that were removed stays."""
        used = self.users()
        policies = zip(self.absent_policies(), self.found.policies, strict=False)
        removed = [one["name"] for one, result in policies if result.get("policy") is None]
        return [
            {"name": one["name"], "managed_policies": removed, "state": "absent"}
            for one in self.plan["roles"]
            if one["name"] not in used
        ]

    def absent_buckets(self) -> Items:
        """The plan's buckets, to remove."""
        return [{"name": one["name"], "state": "absent"} for one in self.plan["buckets"]]

    def preflights(self, known_sites: Mapping[str, str]) -> Items:
        """Both sides of each pair, as the role would set them up."""
        return [
            {
                SOURCE: self._side(self.plan["host"], pair["source_bucket"], roles[0]),
                TARGET: self._side(pair["target_host"], pair["target_bucket"], roles[1]),
                "rules": pair.get("rules") or [{"prefix": ""}],
                "known_sites": dict(known_sites) or None,
            }
            for pair in self.plan["outgoing"]
            for roles in [self._expected_roles(pair)]
        ]

    def watched(self, options: Mapping[str, Any]) -> Items:
        """The pairs as the event source takes them."""
        return [
            {
                "host": self.plan["host"],
                **{name: value for name, value in one.items() if value is not None},
                "backbeat_url": options["backbeat_url"],
            }
            for one in self.preflights(options["known_sites"])
        ]

    def resends(self, options: Mapping[str, Any]) -> Items:
        """The pairs with versions that the event source found to be stuck, for a backfill of these alone.

        Its events have URL-encoded keys.
        """
        found: Items = []
        for pair in self.backfills({**options, "verify_folder": ""}):
            versions = [
                {"key": unquote(one["key"]), "version_id": one["version_id"]}
                for one in self.stuck
                if one["host"] == self.plan["host"] and one["bucket"] == pair[SOURCE]["bucket"]
            ]
            if versions:
                found.append({**pair, "versions": versions})
        return found

    def retries(self, options: Mapping[str, Any]) -> Items:
        """The source bucket of each comparison, its sites and its target, for a retry of what failed.

        Without a target, which clouds are not for this purpose, the module leaves out what the target would decide.
        """
        known = list(options["known_sites"]) or None
        return [
            {
                "name": one["name"],
                "bucket": one["source_bucket"],
                "sites": [one["site"]] if one.get("site") else known,
                TARGET: None
                if one.get("cloud")
                else {
                    "s3": self._connection(one["target_host"], "s3"),
                    "bucket": one["target_bucket"],
                },
            }
            for one in comparisons(self.plan["outgoing"])
        ]

    def verifications(self, options: Mapping[str, Any]) -> Items:
        """Both sides of each comparison; its files are in the folder of verification, none without one."""
        url = options["backbeat_url"]
        return [
            {
                SOURCE: self._compared(self.plan["host"], one["source_bucket"]),
                TARGET: self._compared(one["target_host"], one["target_bucket"]),
                # What is not set is left out: with thousands of pairs each option counts.
                **{name: one[name] for name in ("site", "cloud", "target_prefix") if one.get(name)},
                **({"backbeat_url": url} if url else {}),
                **verify_files(options["verify_folder"], self.plan["host"], one),
            }
            for one in comparisons(self.plan["outgoing"])
        ]

    def backfills(self, options: Mapping[str, Any]) -> Items:
        """Both sides of each comparison, for a backfill; its files are in the folder of verification.

        Clouds are left out, since the module cannot tell what they lack.
        """
        folder = options["verify_folder"]
        found: Items = []
        pairs = comparisons(self.plan["outgoing"])
        for pair, compared in zip(pairs, self.verifications(options), strict=True):
            if pair.get("cloud"):
                continue
            kept = (SOURCE, TARGET, "site", "backbeat_url")
            one = {name: compared[name] for name in kept if name in compared}
            if folder:
                one |= backfill_files(folder, self.plan["host"], pair)
                if options["backfill_from_verification"]:
                    one["verify_problems_file"] = compared["problems_file"]
            found.append(one)
        return found

    def repaired(self, options: Mapping[str, Any]) -> Items:
        """The same for a repair: of the keys that the verification before it found, where its files are kept."""
        return self.backfills({**options, "backfill_from_verification": True})

    def divisions(self, options: Mapping[str, Any]) -> Items:
        """The source bucket of each pair, to be divided among machines, and the file of its plan."""
        machines, shared = _machines(options), bool(options["verify_folder"])
        return [
            {
                "s3": one[SOURCE]["s3"],
                "bucket": one[SOURCE]["bucket"],
                "parts": machines * options["verify_ranges_per_worker"],
                "least_versions": options["verify_least_versions"],
                "plan_file": f"{one['report_file']}.{options['verify_run']}.plan",
                "store": self.store,
            }
            for one in (self.verifications(options) if shared and machines else [])
        ]

    def ranges(self, options: Mapping[str, Any]) -> Items:
        """The ranges of all pairs, each with its worker, the name of a host for it, and the files of its part.

        Of a slice, which has no workers, only those that are its own by their number.
        """
        workers, slices = options["verify_workers"], options["verify_slices"]
        found: Items = []
        number = 0
        for place, pair in enumerate(self.verifications(options)):
            for one in self.plans[place]["ranges"]:
                number += 1
                if slices and (number - 1) % slices != options["verify_slice"] - 1:
                    continue
                files = part_files(pair, options["verify_run"], one["number"])
                found.append(
                    {
                        "name": f"verify-{self.plan['host']}-{place}-{one['number']}",
                        "worker": "localhost" if slices else workers[(number - 1) % len(workers)],
                        SOURCE: pair[SOURCE],
                        TARGET: pair[TARGET],
                        "range": {"after": one["after"], "until": one["until"]},
                        "run": options["verify_run"],
                        "sent_file": pair["sent_file"],
                        "site": pair.get("site"),
                        "cloud": pair.get("cloud", False),
                        "target_prefix": pair.get("target_prefix", ""),
                        "backbeat_url": pair.get("backbeat_url"),
                        "store": self.store,
                        "objects": [
                            {"bucket": self.store["bucket"], "key": self._key(file), "src": file}
                            for file in (files["problems_file"], files["report_file"])
                        ]
                        if self.store
                        else [],
                        **files,
                    }
                )
        return found

    def parts(self, options: Mapping[str, Any]) -> Items:
        """The parts of each pair's verification, to be merged, and the files of the whole."""
        return [
            {
                "bucket": pair[SOURCE]["bucket"],
                "report_file": pair["report_file"],
                "problems_file": pair["problems_file"],
                "store": self.store,
                "parts": [
                    {
                        "after": one["after"],
                        "until": one["until"],
                        **{name: files[name] for name in ("report_file", "problems_file")},
                    }
                    for one in self.plans[place]["ranges"]
                    for files in [part_files(pair, options["verify_run"], one["number"])]
                ],
            }
            for place, pair in enumerate(self.verifications(options))
        ]

    def _key(self, file: str) -> str:
        """The key of a file in the bucket that machines share, as modules make it."""
        prefix = (self.store or {}).get("prefix") or ""
        return f"{prefix}{file.rpartition('/')[2]}"

    def _compared(self, host: str, bucket: str) -> dict[str, Any]:
        return {"bucket": bucket, "name": host, "s3": self._connection(host, "s3")}

    def report_pairs(self, folder: str) -> Items:
        """The host's comparisons as reports show them: with what they replicate in words, and their sites.

        folder: where verifications write their reports, of which the last one is shown. What was found of a pair by
        other means holds for its first target.
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

    def unsent(self) -> list[str]:
        """The comparisons that a backfill leaves out, in words."""
        return list(filter(None, map(unsent, comparisons(self.plan["outgoing"]))))

    def proofs(self, options: Mapping[str, Any]) -> Items:
        """The proof of each pair: an object below the prefix of its first enabled rule.

        One that exists proves nothing if this run has changed what it rests on, or has not checked that.
        """
        despite = {"despite_retention": True} if options["verify_despite_retention"] else {}
        return [
            {
                "bucket": pair["source_bucket"],
                "key": prefix + self.plan["verify_key"],
                "target": {
                    "s3": self._connection(pair["target_host"], "s3"),
                    "bucket": pair["target_bucket"],
                },
                **({"fresh": True} if self._is_doubtful(pair) else {}),
                **despite,
            }
            for pair in self.plan["outgoing"]
            for prefix in enabled_prefixes(pair.get("rules"))[:1]
        ]

    def _is_doubtful(self, pair: Mapping[str, Any]) -> bool:
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

    def _expected_roles(self, pair: Mapping[str, Any]) -> tuple[str, str | None]:
        """ARNs or names; a configuration for clouds has no target role."""
        if pair.get("role"):
            source, _comma, target = pair["role"].partition(",")
            return source, target or None
        ours, theirs = self.plan["source_role"], self.plan["target_roles"][pair["target_host"]]
        return ours["arn"] or ours["name"], theirs["arn"] or theirs["name"]

    def _side(self, host: str, bucket: str, role: str | None) -> dict[str, Any]:
        s3, iam = self._connection(host, "s3"), self._connection(host, "iam")
        return {"bucket": bucket, "role": role, "s3": s3, "iam": iam or None}

    def _connection(self, host: str, service: str) -> dict[str, Any]:
        return dict(self.connections.get(host, {}).get(service) or {})


def _in_words(prefixes: list[str]) -> str:
    if not prefixes:
        return "no objects"
    if "" in prefixes:
        return "all objects"
    return f"keys that begin with {', '.join(prefixes)}"


def _machines(options: Mapping[str, Any]) -> int:
    """How many machines share the work."""
    return options["verify_slices"] or len(options["verify_workers"])
