# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks permissions with moto's evaluation of the policies in moto."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from moto.iam.access_control import IAMPolicy, IAMUserAccessKey, PermissionResult
from moto.iam.models import Role

from .store import Principal, Store

SERVICE = "backbeat"


def user_may(principal: Principal, action: str, resource: str) -> bool:
    """Whether the policies of this IAM user, its own and its groups', allow the action."""
    if principal.is_operator:
        return True
    key = IAMUserAccessKey(principal.account_id, "aws", principal.access_key, {})
    return _allowed(key.collect_policies(), action, resource)


def user_denied(principal: Principal, action: str, resource: str) -> bool:
    """Whether a policy of this IAM user denies the action."""
    key = IAMUserAccessKey(principal.account_id, "aws", principal.access_key, {})
    results = [
        IAMPolicy(one).is_action_permitted(action, resource) for one in key.collect_policies()
    ]
    return PermissionResult.DENIED in results


def role_may(store: Store, role: Role, action: str, resource: str) -> bool:
    """Whether the role's inline and attached policies allow the action."""
    backend = store.iam(role.account_id)
    inline = [backend.get_role_policy(role.name, name)[1] for name in role.policies]
    return _allowed([*inline, *role.managed_policies.values()], action, resource)


def trusts_backbeat(role: Role) -> bool:
    """Whether the service "backbeat" may assume the role.

    moto does not support service principals, and treats a statement without Resource as an Allow. So the statements
    about Backbeat are selected here, and moto evaluates them for all resources.
    """
    try:
        document = json.loads(role.assume_role_policy_document)
        statements = document["Statement"]
        if isinstance(statements, dict):
            statements = [statements]
        named = [
            {**{k: v for k, v in one.items() if k != "Principal"}, "Resource": "*"}
            for one in statements
            if _names_backbeat(one.get("Principal"))
        ]
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    if not named:
        return False
    document = json.dumps({"Version": "2012-10-17", "Statement": named})
    return _allowed([document], "sts:AssumeRole", role.arn)


def _names_backbeat(principal: Any) -> bool:
    if principal == "*":
        return True
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    return SERVICE in ([services] if isinstance(services, str) else services)


def _allowed(policies: Iterable[Any], action: str, resource: str) -> bool:
    allowed = False
    for policy in policies:
        result = IAMPolicy(policy).is_action_permitted(action, resource)
        if result == PermissionResult.DENIED:
            return False
        allowed = allowed or result == PermissionResult.PERMITTED
    return allowed
