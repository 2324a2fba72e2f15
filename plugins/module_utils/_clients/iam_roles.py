# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM calls on roles and on the policies attached to or inside them, one function each. Nothing is decided here.

Reads answer None for what is not there; errors are those of errors.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .api import Answer, Api, nothing
from .iam_answers import ABSENT, all_pages, as_text, iso_time, parsed


@dataclass(frozen=True)
class Role:
    """A role as IAM describes it; `trust_policy` is the parsed document, `created` ISO 8601."""

    name: str
    arn: str
    path: str
    role_id: str | None
    description: str
    created: str | None
    trust_policy: Any


@dataclass(frozen=True)
class Attached:
    """A policy as the list of a role's attachments names it."""

    name: str
    arn: str


def get_role(api: Api, name: str) -> Role | None:
    return api.read("get_role", f"read the role {name}", _role_of, absent=ABSENT, RoleName=name)


def create_role(api: Api, name: str, path: str, trust_policy: Any, description: str | None) -> Role:
    optional = {} if description is None else {"Description": description}
    return api.write(
        "create_role",
        f"create the role {name}",
        _role_of,
        RoleName=name,
        Path=path,
        AssumeRolePolicyDocument=as_text(trust_policy),
        **optional,
    )


def update_trust_policy(api: Api, name: str, trust_policy: Any) -> None:
    api.write(
        "update_assume_role_policy",
        f"change the trust policy of the role {name}",
        nothing,
        RoleName=name,
        PolicyDocument=as_text(trust_policy),
    )


def delete_role(api: Api, name: str) -> None:
    api.write("delete_role", f"delete the role {name}", nothing, RoleName=name)


def attached_policies(api: Api, role: str) -> tuple[Attached, ...] | None:
    """All managed policies of a role; None when there is no such role."""
    pages = all_pages(
        api,
        "list_attached_role_policies",
        f"list the policies of the role {role}",
        "AttachedPolicies",
        RoleName=role,
    )
    if pages is None:
        return None
    return tuple(Attached(entry["PolicyName"], entry["PolicyArn"]) for entry in pages)


def inline_policies(api: Api, role: str) -> tuple[str, ...] | None:
    """The names of the policies that are a part of the role itself; None when there is no such role."""
    pages = all_pages(
        api,
        "list_role_policies",
        f"list the inline policies of the role {role}",
        "PolicyNames",
        RoleName=role,
    )
    return None if pages is None else tuple(pages)


def inline_policy(api: Api, role: str, name: str) -> Any:
    """The document of one of them, parsed; None when it is not there."""
    return api.read(
        "get_role_policy",
        f"read the inline policy {name} of the role {role}",
        lambda answer: parsed(answer["PolicyDocument"]),
        absent=ABSENT,
        RoleName=role,
        PolicyName=name,
    )


def attach_role_policy(api: Api, role: str, policy_arn: str) -> None:
    api.write(
        "attach_role_policy",
        f"attach the policy {policy_arn} to the role {role}",
        nothing,
        RoleName=role,
        PolicyArn=policy_arn,
    )


def detach_role_policy(api: Api, role: str, policy_arn: str) -> None:
    api.write(
        "detach_role_policy",
        f"detach the policy {policy_arn} from the role {role}",
        nothing,
        RoleName=role,
        PolicyArn=policy_arn,
    )


def _role_of(answer: Answer) -> Role:
    role = answer["Role"]
    return Role(
        name=role["RoleName"],
        arn=role["Arn"],
        path=role.get("Path") or "/",
        role_id=role.get("RoleId"),
        description=role.get("Description") or "",
        created=iso_time(role.get("CreateDate")),
        trust_policy=parsed(role.get("AssumeRolePolicyDocument")),
    )
