# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bucket policies: refused, stored compactly, and evaluated for users and assumed roles, not for the owner's keys."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult

from .messages import Refused

#: Actions on objects without "Object" in their names.
_OBJECT_ACTIONS = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")

_INVALID = "This policy contains invalid Json"


def compact(body: bytes, bucket: str) -> bytes:
    """The bucket's policy as GET returns it. Raises Refused for a policy that the server does not accept."""
    try:
        document = json.loads(body)
        statements = _statements(document)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise _malformed(_INVALID) from None
    if any("Principal" not in statement for statement in statements):
        # In addition to a Principal, NotPrincipal and unknown elements are accepted, stored and ignored.
        raise _malformed(_INVALID)
    if not any(_is_applicable(statement) for statement in statements):
        raise _malformed("Action does not apply to any resource(s) in statement")
    arn = f"arn:aws:s3:::{bucket}"
    resources = [one for statement in statements for one in _listed(statement["Resource"])]
    if any(one != arn and not one.startswith(f"{arn}/") for one in resources):
        raise _malformed("Policy has invalid resource")
    return json.dumps(document, separators=(",", ":")).encode()


def _is_applicable(statement: dict[str, Any]) -> bool:
    """Whether an action of the statement can apply to its resources, as CloudServer decides by their text."""
    actions = _listed(statement["Action"])
    on_objects = any("Object" in one or one in _OBJECT_ACTIONS for one in actions)
    on_all = any("*" in one and "Bucket" not in one for one in actions)
    if any("/" in one for one in _listed(statement["Resource"])):
        return on_objects or on_all
    return not on_objects


def _listed(stated: Any) -> list[str]:
    """A string or a list of strings, as a list."""
    return [stated] if isinstance(stated, str) else [str(one) for one in stated]


def verdict(policy: bytes | None, principal: str, action: str, resource: str) -> PermissionResult:
    """The result of a bucket's policy for this principal, the ARN of a user or role of the bucket's account."""
    if policy is None:
        return PermissionResult.NEUTRAL
    results = set()
    for statement in _statements(json.loads(policy)):
        if _names(statement["Principal"], principal):
            own = {name: value for name, value in statement.items() if "Principal" not in name}
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
    """Whether a Principal element matches this ARN: by the ARN, by its account, or by an asterisk."""
    named = stated.get("AWS", []) if isinstance(stated, dict) else stated
    account = principal.split(":")[4]
    meant = {"*", principal, account, f"arn:aws:iam::{account}:root"}
    return bool(meant & set(_listed(named)))


def _malformed(message: str) -> Refused:
    return Refused(400, "MalformedPolicy", message)
