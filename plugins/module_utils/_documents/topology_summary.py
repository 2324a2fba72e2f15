# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Summarises the changes of a run of the role on one host, as data and as lines of text.

The summary has only names from the inventory and numbers, but no text from servers, because older versions of Ansible
evaluate statistics as templates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .names import without_canary
from .replication import NOT_COMPLETED
from .topology import enabled_prefixes

Result = Mapping[str, Any]
ACTIONS = ("add", "change", "remove")
#: The kind of resource, and the kind of change, of each API operation.
OPERATIONS = {
    "CreateRole": ("role", "add"),
    "UpdateAssumeRolePolicy": ("role", "change"),
    "DeleteRole": ("role", "remove"),
    "CreatePolicy": ("policy", "add"),
    "CreatePolicyVersion": ("policy", "change"),
    "AttachRolePolicy": ("policy", "change"),
    "DeletePolicy": ("policy", "remove"),
    "CreateBucket": ("bucket", "add"),
    "PutBucketVersioning": ("bucket", "change"),
    "DeleteBucket": ("bucket", "remove"),
    "PutObject": ("object", "add"),
    "PutObjectTagging": ("object", "change"),
}
KINDS = ("role", "policy", "bucket", "rule", "object")
PLURALS = {"policy": "policies"}
#: The table's texts for results of backbeat_proof.
PROOFS = {
    "new": "new",
    "valid": "valid",
    "unverified": "valid, roles unverified",
    "withheld": "none, because of a default retention",
}
#: The text if the step did not run because of --tags or replication_verify.
NOT_RUN = "not run"


@dataclass(frozen=True)
class Summary:
    """The results of one host's tasks. `plan`: of HostPlan.describe(); `results`: of each task, by step.

    Steps: roles, policies, buckets, replication, proofs; of teardown removed, policies_removed,
    roles_removed, buckets_removed. Skipped steps are empty.
    """

    plan: Mapping[str, Any]
    results: Mapping[str, Result] = field(default_factory=dict)
    check_mode: bool = False

    def describe(self) -> dict[str, Any]:
        """{"check_mode", "add", "change", "remove": number by kind, "pairs": [..], "lines": [..]}"""
        counted = self._counted()
        pairs = list(self._pairs())
        return {
            "check_mode": self.check_mode,
            **{action: dict(counted[action]) for action in ACTIONS},
            "pairs": pairs,
            "lines": [*(() if self.check_mode else _table(pairs)), self._sentence(counted)],
        }

    def _counted(self) -> dict[str, Counter[str]]:
        actions = {action: Counter[str]() for action in ACTIONS}
        done: dict[tuple[str, str], str] = {}
        for operation, subject in self._changes():
            kind, action = OPERATIONS.get(operation, ("", ""))
            if kind:
                # A resource that is created and then configured counts once, as added.
                done.setdefault((kind, subject.split(" ")[0]), action)
        for (kind, _subject), action in done.items():
            actions[action][kind] += 1
        for step in ("replication", "removed"):
            for one in self._of(step):
                for action, number in (one.get("rule_counts") or {}).items():
                    actions[action]["rule"] += number
        return {action: +counted for action, counted in actions.items()}

    def _changes(self) -> Iterator[tuple[str, str]]:
        for result in self.results.values():
            for one in result.get("results") or ():
                for change in one.get("changes") or ():
                    operation, _blank, subject = change.partition(" ")
                    # A canary is removed again.
                    if subject == without_canary(subject):
                        yield operation, subject

    def _pairs(self) -> Iterator[dict[str, Any]]:
        replications = self._of("replication") or self._of("removed")
        proved = self._of("proofs")
        done = iter(proved)
        proofs: dict[str, Result] = {}
        for pair in self.plan["outgoing"]:
            if enabled_prefixes(pair.get("rules")):
                proofs[pair["source_bucket"]] = next(done, {})
        for number, pair in enumerate(self.plan["outgoing"]):
            bucket = pair["source_bucket"]
            seen = number < len(replications)
            stored = replications[number].get("replication") if seen else None
            proof = proofs.get(bucket, {})
            yield {
                "source_bucket": bucket,
                "target_host": pair["target_host"],
                "target_bucket": pair["target_bucket"],
                # Without this step, no configuration was read.
                "rules": len((stored or {}).get("rules") or ()) if seen else None,
                "roles": self._roles(pair),
                "proof": _proof(proof) if proved else NOT_RUN,
                "seconds": proof.get("elapsed"),
            }

    def _roles(self, pair: Mapping[str, Any]) -> list[str]:
        if pair.get("role"):
            return str(pair["role"]).split(",")
        both = (self.plan["source_role"], self.plan["target_roles"][pair["target_host"]])
        return [role["arn"] or role["name"] for role in both]

    def _of(self, step: str) -> Sequence[Result]:
        return (self.results.get(step) or {}).get("results") or ()

    def _sentence(self, counted: Mapping[str, Counter[str]]) -> str:
        words = {
            "add": "to add" if self.check_mode else "added",
            "change": "to change" if self.check_mode else "changed",
            "remove": "to remove" if self.check_mode else "removed",
        }
        parts = [f"{_numbers(counted[action])} {words[action]}" for action in ACTIONS]
        return f"{'Plan' if self.check_mode else 'Done'}: {'; '.join(parts)}."


def _proof(result: Result) -> str:
    """A text for the result of a proof: valid, the object's state otherwise, or none."""
    status = (result.get("object") or {}).get("replication_status")
    if not result or result.get("failed"):
        return "none"
    if result.get("proof") in PROOFS:
        return PROOFS[result["proof"]]
    return status if status in NOT_COMPLETED else "none"


def _numbers(counted: Mapping[str, int]) -> str:
    found = [
        f"{counted[kind]} {kind if counted[kind] == 1 else PLURALS.get(kind, f'{kind}s')}"
        for kind in KINDS
        if counted.get(kind)
    ]
    return ", ".join(found) or "0"


def _table(pairs: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    if not pairs:
        return []
    rows = [("Pair", "Rules", "Roles", "Proof", "Seconds")]
    for pair in pairs:
        roles = ", ".join(arn.rsplit("/", 1)[-1] for arn in pair["roles"])
        seconds = "" if pair["seconds"] is None else f"{pair['seconds']:.1f}"
        rows.append(
            (
                f"{pair['source_bucket']} -> {pair['target_host']}:{pair['target_bucket']}",
                "" if pair["rules"] is None else str(pair["rules"]),
                roles,
                pair["proof"],
                seconds,
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
