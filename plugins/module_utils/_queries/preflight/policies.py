# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies that bear on what a role may do: its own, and that of its side's bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..._clients import iam_policies, iam_policy_versions, iam_roles, s3_buckets
from ..._clients.api import Api
from ..._clients.errors import Unsupported
from ..._documents.errors import InvalidDocument
from ..._documents.evaluation import Policy, parse_principal
from ..._documents.policy import statements
from .sides import Endpoint, FactReader, Side


@dataclass(frozen=True)
class Held:
    """A role's own policies; `complete` is False where one of them, or the list of some, could not be read."""

    policies: tuple[Policy, ...]
    complete: bool

    def __str__(self) -> str:
        return ", ".join(policy.name for policy in self.policies) or "no policy at all"


def held_by(role: iam_roles.Role, endpoint: Endpoint, where: str, facts: FactReader) -> Held | None:
    """What the role has, attached and inline; None where not even the list of those attached could be read."""
    attached = facts.look(
        endpoint,
        ("attached", role.name),
        partial(iam_roles.attached_policies, role=role.name),
        where=where,
        needs="iam:ListAttachedRolePolicies",
    )
    if attached is None:
        return None
    documents: dict[str, Any] = {}
    complete = True
    for one in attached.fact or ():
        seen = facts.look(
            endpoint,
            ("policy", one.arn),
            partial(_document, arn=one.arn),
            where=where,
            needs="iam:GetPolicy and iam:GetPolicyVersion",
        )
        if seen is None:
            complete = False
        elif seen.fact is not None:
            documents[f"policy {one.name}"] = seen.fact
    inline = facts.look(
        endpoint,
        ("inline", role.name),
        partial(_inline, role=role.name),
        where=where,
        needs="iam:ListRolePolicies and iam:GetRolePolicy",
    )
    for name, document in (inline.fact if inline else {}).items():
        documents[f"inline policy {name}"] = document
    readable = _readable(documents, where, facts)
    return Held(readable, complete and inline is not None and len(readable) == len(documents))


def of_bucket(side: Side, role: iam_roles.Role, facts: FactReader) -> tuple[Policy, ...]:
    """The bucket's own policy, for what it says about the role; nothing where there is none."""
    if not side.bucket_usable:
        return ()
    seen = facts.look(
        side.s3,
        ("bucket policy", side.bucket),
        partial(s3_buckets.bucket_policy, bucket=side.bucket),
        where=side.where,
        needs="s3:GetBucketPolicy",
    )
    if seen is None or seen.fact is None:
        return ()
    found = _readable({f"policy of the bucket {side.bucket}": seen.fact}, side.where, facts)
    return tuple(Policy(one.name, one.document, parse_principal(role.arn)) for one in found)


def _readable(documents: Mapping[str, Any], where: str, facts: FactReader) -> tuple[Policy, ...]:
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
    """The document in force; None when the policy is gone since it was listed."""
    policy = iam_policies.get_policy(api, arn)
    return policy and iam_policy_versions.policy_document(api, arn, policy.default_version)


def _inline(api: Api, role: str) -> dict[str, Any]:
    """The role's inline policies by name; none where the server knows no such thing."""
    try:
        names = iam_roles.inline_policies(api, role) or ()
    except Unsupported:
        return {}
    return {name: iam_roles.inline_policy(api, role, name) for name in names}
