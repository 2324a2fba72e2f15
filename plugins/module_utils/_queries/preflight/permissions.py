# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the permissions of the roles: every action that Backbeat performs, evaluated from the policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..._clients import iam_entities, s3_buckets
from ..._clients.api import Api
from ..._clients.errors import Unsupported
from ..._documents.evaluation import Outcome, Policy, Resource, Verdict, evaluate, parse_principal
from ..._documents.names import bucket_arn
from ..._documents.permissions import Permission, required_permissions
from ..._documents.policy import statements
from ..._work import InvalidDocument
from .findings import ERROR, INFO, WARNING, Endpoint, FactReader, Findings, Kind, Place, Side

KINDS = (
    Kind(
        "source-permission-missing",
        ERROR,
        "Objects stay PENDING for ever, and are in no list of failures.",
        "Grant it with backbeat_policy and side: source.",
        changed_by_hand=True,
    ),
    Kind(
        "source-permission-missing-on-newer-servers",
        WARNING,
        "Servers since 2025 (S3C 9.5.2) check it, and objects then stay PENDING for ever; older servers do not.",
        "Grant it with backbeat_policy and side: source before the servers are upgraded. Set servers_since_2025 to "
        "state which servers these are.",
    ),
    Kind(
        "source-permission-denied",
        ERROR,
        "An explicit Deny overrides every Allow: objects stay PENDING for ever.",
        "Remove or narrow the statement that the message names.",
    ),
    Kind(
        "target-permission-missing",
        ERROR,
        "Every object, or every delete marker, ends as FAILED.",
        "Grant it with backbeat_policy and side: target.",
        changed_by_hand=True,
    ),
    Kind(
        "target-permission-denied",
        ERROR,
        "An explicit Deny overrides every Allow: every object, or every delete marker, ends as FAILED.",
        "Remove or narrow the statement that the message names.",
    ),
    Kind(
        "permission-in-part",
        ERROR,
        "Some objects under the rule's prefix are replicated, and others are not.",
        "Widen the Allow or narrow the Deny that the message names, or the rule's prefix.",
    ),
    Kind(
        "permission-undecided",
        WARNING,
        "Only the server can tell whether the statement that the message names applies to Backbeat's requests.",
        "Use policies without conditions and variables (backbeat_policy), or prove replication with canary.",
    ),
    Kind(
        "policy-unreadable",
        ERROR,
        "What it permits is unknown, and the server may read it differently.",
        "Set the policy again with backbeat_policy.",
    ),
    Kind(
        "permissions-of-the-other-side",
        INFO,
        "It grants access to a bucket of that name in the role's own environment, which replication does not require.",
        "Use backbeat_policy with permissions: least.",
    ),
)

_NEWER = "source-permission-missing-on-newer-servers"
_SAYING = {
    "missing": "Its policies do not allow",
    "missing-on-newer-servers": "Its policies do not allow",
    "denied": "Its policies deny",
    "in-part": "Its policies allow, for some keys only,",
    "undecided": "Only the server can tell whether its policies allow",
}


@dataclass(frozen=True)
class Use:
    """The use of the roles: the prefixes of the enabled rules, and the servers.

    since_2025: None if it is unknown. clouds: objects are sent to clouds too.
    """

    prefixes: Sequence[str]
    since_2025: bool | None
    clouds: bool


def check(
    side: Side, other: Side, role: iam_entities.Role, use: Use, facts: FactReader
) -> Held | None:
    """Check a role's permissions for its side's bucket. Returns its policies, None if they cannot be read."""
    if side.iam is None:
        return None
    where = side.role_place(role.arn)
    held = _held_by(role, side.iam, where, facts)
    if held is None:
        return None
    judged = (*held.policies, *_of_bucket(side, role, facts))
    found: dict[str, list[str]] = {}
    for need, resource in required_resources(side.name, side.bucket, use.prefixes, use.clouds):
        verdict = evaluate(judged, need.action, resource)
        id = _finding(side, need, verdict.outcome, use.since_2025, held.complete)
        if id is not None:
            found.setdefault(id, []).append(_describe(need.action, resource, verdict))
    for id, actions in found.items():
        saying = _SAYING[id.partition("permission-")[2]]
        facts.findings.add(id, where, f"{saying} {'; '.join(actions)}. It has {held}.")
    if side.bucket != other.bucket:
        _report_excess(side, other, held, where, facts.findings)
    return held


def required_resources(
    side: str, bucket: str, prefixes: Iterable[str], clouds: bool = False
) -> Iterator[tuple[Permission, Resource]]:
    """Each permission that a side's role requires, with the bucket or the keys with one of the prefixes."""
    arn = bucket_arn(bucket)
    below = [Resource(f"{arn}/{prefix}", below=True) for prefix in prefixes]
    for need in required_permissions(side, clouds):
        for resource in below if need.on_objects else [Resource(arn)]:
            yield need, resource


def _describe(action: str, resource: Resource, verdict: Verdict) -> str:
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


def _report_excess(side: Side, other: Side, held: Held, where: Place, findings: Findings) -> None:
    """Report permissions for a bucket with the other side's name, which replication does not require."""
    more = [
        _describe(need.action, resource, Verdict(Outcome.ALLOWED))
        for need, resource in required_resources(other.name, other.bucket, [""])
        if _allows(held.policies, need.action, resource)
    ]
    if more:
        findings.add("permissions-of-the-other-side", where, f"It also allows {'; '.join(more)}.")


def _allows(policies: Iterable[Policy], action: str, resource: Resource) -> bool:
    return evaluate(policies, action, resource).outcome is Outcome.ALLOWED


@dataclass(frozen=True)
class Held:
    """The policies of a role; the role is identified by its ARN.

    complete: False if one of them, or a list of them, could not be read.
    """

    role: str
    policies: tuple[Policy, ...]
    complete: bool

    def __str__(self) -> str:
        return ", ".join(policy.name for policy in self.policies) or "no policy"


def _held_by(
    role: iam_entities.Role, endpoint: Endpoint, where: Place, facts: FactReader
) -> Held | None:
    """The role's policies, attached and inline; None if the list of attached policies could not be read."""
    attached = facts.try_read(
        endpoint,
        ("attached", role.name),
        partial(iam_entities.attached_policies, role=role.name),
        where=where,
        permission="iam:ListAttachedRolePolicies",
    )
    if attached is None:
        return None
    documents: dict[str, Any] = {}
    complete = True
    for one in attached.fact or ():
        seen = facts.try_read(
            endpoint,
            ("policy", one.arn),
            partial(_document, arn=one.arn),
            where=where,
            permission="iam:GetPolicy and iam:GetPolicyVersion",
        )
        if seen is None:
            complete = False
        elif seen.fact is not None:
            documents[f"policy {one.name}"] = seen.fact
    inline = facts.try_read(
        endpoint,
        ("inline", role.name),
        partial(_inline, role=role.name),
        where=where,
        permission="iam:ListRolePolicies and iam:GetRolePolicy",
    )
    for name, document in (inline.fact if inline else {}).items():
        documents[f"inline policy {name}"] = document
    readable = _readable(documents, where, facts)
    return Held(
        role.arn, readable, complete and inline is not None and len(readable) == len(documents)
    )


def _of_bucket(side: Side, role: iam_entities.Role, facts: FactReader) -> tuple[Policy, ...]:
    """The bucket's own policy as it applies to the role; empty if there is none."""
    if not side.bucket_usable:
        return ()
    seen = facts.try_read(
        side.s3,
        ("bucket policy", side.bucket),
        partial(s3_buckets.bucket_policy, bucket=side.bucket),
        where=side.place,
        permission="s3:GetBucketPolicy",
    )
    if seen is None or seen.fact is None:
        return ()
    found = _readable({f"policy of the bucket {side.bucket}": seen.fact}, side.place, facts)
    return tuple(Policy(one.name, one.document, parse_principal(role.arn)) for one in found)


def _readable(documents: Mapping[str, Any], where: Place, facts: FactReader) -> tuple[Policy, ...]:
    found = []
    for name, document in documents.items():
        try:
            statements(document)
        except InvalidDocument as error:
            facts.findings.add("policy-unreadable", where, f"In its {name}: {error}")
        else:
            found.append(Policy(name, document))
    return tuple(found)


def _document(api: Api, arn: str) -> Any:
    """The default version's document; None if the policy was deleted after it was listed."""
    policy = iam_entities.get_policy(api, arn)
    return policy and iam_entities.policy_document(api, arn, policy.default_version)


def _inline(api: Api, role: str) -> dict[str, Any]:
    """The role's inline policies by name; empty if the server does not support them."""
    try:
        names = iam_entities.inline_policies(api, role) or ()
    except Unsupported:
        return {}
    return {name: iam_entities.inline_policy(api, role, name) for name in names}
