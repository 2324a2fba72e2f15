# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bucket policies: refused, stored compactly, and evaluated for users and assumed roles, not for the owner's keys."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult

from .messages import Refused


def compact(body: bytes) -> bytes:
    """The policy as GET returns it. Raises Refused for one that this server does not take."""
    try:
        document = json.loads(body)
        statements = _statements(document)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise _malformed("Policies must be valid JSON and the first byte must be '{'") from None
    for statement in statements:
        if "NotPrincipal" in statement or "Principal" not in statement:
            raise _malformed("Policy has invalid resource")
    return json.dumps(document, separators=(",", ":")).encode()


def verdict(policy: bytes | None, principal: str, action: str, resource: str) -> PermissionResult:
    """What a bucket's policy says of this principal, an ARN of a user or role of the bucket's account."""
    if policy is None:
        return PermissionResult.NEUTRAL
    results = set()
    for statement in _statements(json.loads(policy)):
        if _names(statement["Principal"], principal):
            own = {name: value for name, value in statement.items() if name != "Principal"}
            document = {"Version": "2012-10-17", "Statement": [own]}
            results.add(IAMPolicy(json.dumps(document)).is_action_permitted(action, resource))
    for result in (PermissionResult.DENIED, PermissionResult.PERMITTED):
        if result in results:
            return result
    return PermissionResult.NEUTRAL


def _statements(document: Any) -> list[dict[str, Any]]:
    found = document["Statement"]
    return [dict(one) for one in ([found] if isinstance(found, dict) else found)]


def _names(stated: Any, principal: str) -> bool:
    """Whether a Principal element means that ARN: by itself, by its account, or by an asterisk."""
    named = stated.get("AWS", []) if isinstance(stated, dict) else stated
    account = principal.split(":")[4]
    meant = {"*", principal, account, f"arn:aws:iam::{account}:root"}
    return bool(meant & set([named] if isinstance(named, str) else named))


def _malformed(message: str) -> Refused:
    return Refused(400, "MalformedPolicy", message)
