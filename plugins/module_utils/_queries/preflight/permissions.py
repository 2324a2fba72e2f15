# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the roles may do what Backbeat does as them, decided action by action from their policies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..._clients import iam_roles
from ..._documents.coverage import Resource
from ..._documents.evaluation import Outcome, Policy, Verdict, evaluate
from ..._documents.names import bucket_arn
from ..._documents.permissions import Permission, required_permissions
from . import policies
from .findings import Findings
from .policies import Held
from .sides import FactReader, Side

_NEWER = "source-permission-missing-on-newer-servers"
_SAYING = {
    "missing": "Its policies do not allow",
    "missing-on-newer-servers": "Its policies do not allow",
    "denied": "Its policies deny",
    "in-part": "Its policies allow only for some keys",
    "undecided": "It cannot be told here whether its policies allow",
}


@dataclass(frozen=True)
class Use:
    """What the roles are used for: the prefixes of the rules in force, and the servers.

    since_2025: None where it is not known. clouds: objects go to clouds too.
    """

    prefixes: Sequence[str]
    since_2025: bool | None
    clouds: bool


def examine(side: Side, other: Side, role: iam_roles.Role, use: Use, facts: FactReader) -> None:
    """Judge what a role may do with its side's bucket."""
    if side.iam is None:
        return
    where = f"role {role.arn} at {side.iam.url}"
    held = policies.held_by(role, side.iam, where, facts)
    if held is None:
        return
    judged = (*held.policies, *policies.of_bucket(side, role, facts))
    found: dict[str, list[str]] = {}
    for need in required_permissions(side.name, use.clouds):
        for resource in _resources(need, side.bucket, use.prefixes):
            verdict = evaluate(judged, need.action, resource)
            id = _finding(side, need, verdict.outcome, use.since_2025, held.complete)
            if id is not None:
                found.setdefault(id, []).append(_say(need.action, resource, verdict))
    for id, actions in found.items():
        saying = _SAYING[id.partition("permission-")[2]]
        facts.findings.add(id, where, f"{saying} {'; '.join(actions)}. It has {held}.")
    if side.bucket != other.bucket:
        _beyond(side, other, held, where, facts.findings)


def _resources(need: Permission, bucket: str, prefixes: Iterable[str]) -> list[Resource]:
    """The bucket, or all its keys below each of the prefixes."""
    arn = bucket_arn(bucket)
    if not need.on_objects:
        return [Resource(arn)]
    return [Resource(f"{arn}/{prefix}", below=True) for prefix in prefixes]


def _say(action: str, resource: Resource, verdict: Verdict) -> str:
    by = f" ({verdict.by})" if verdict.by else ""
    return f"{action} on {resource}{by}"


def _finding(
    side: Side, need: Permission, outcome: Outcome, since_2025: bool | None, complete: bool
) -> str | None:
    if outcome is Outcome.ALLOWED or not need.is_checked_by(since_2025):
        return None
    unread = not complete and outcome is not Outcome.DENIED
    if outcome is Outcome.UNKNOWN or unread:
        return "permission-undecided"
    if need.since_2025 and since_2025 is None:
        return _NEWER
    return {
        Outcome.NOT_ALLOWED: f"{side.name}-permission-missing",
        Outcome.DENIED: f"{side.name}-permission-denied",
        Outcome.IN_PART: "permission-in-part",
    }[outcome]


def _beyond(side: Side, other: Side, held: Held, where: str, findings: Findings) -> None:
    """What the role may do with a bucket of the other side's name, which is none of its business."""
    more = [
        _say(need.action, resource, Verdict(Outcome.ALLOWED))
        for need in required_permissions(other.name)
        for resource in _resources(need, other.bucket, [""])
        if _allows(held.policies, need.action, resource)
    ]
    if more:
        findings.add("permissions-of-the-other-side", where, f"It also allows {'; '.join(more)}.")


def _allows(policies: Iterable[Policy], action: str, resource: Resource) -> bool:
    return evaluate(policies, action, resource).outcome is Outcome.ALLOWED
