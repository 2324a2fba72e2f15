# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM calls on roles, managed policies and the caller's account, one function each, without decisions.

Reads return None for absent resources; errors are those of errors.py. Source for Vault's responses: its public clients;
all responses have the form of the AWS IAM API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from .api import Answer, Api, nothing

ABSENT = ("NoSuchEntity",)


@dataclass(frozen=True)
class Role:
    """A role; `trust_policy` is the parsed document, `created` is in ISO 8601."""

    name: str
    arn: str
    path: str
    role_id: str | None
    description: str
    created: str | None
    trust_policy: Any


@dataclass(frozen=True)
class Attached:
    """A policy in the list of a role's attached policies."""

    name: str
    arn: str


@dataclass(frozen=True)
class Policy:
    """A managed policy without its document, which belongs to the version `default_version`."""

    name: str
    arn: str
    path: str
    policy_id: str | None
    description: str | None
    created: str | None
    updated: str | None
    default_version: str
    attachment_count: int | None


@dataclass(frozen=True)
class Entities:
    """The names of the users, groups and roles that a policy is attached to."""

    roles: tuple[str, ...]
    users: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True)
class PolicyVersion:
    """One version of a policy: "v1" and so on."""

    version_id: str
    is_default: bool
    created: str | None


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
        AssumeRolePolicyDocument=_as_text(trust_policy),
        **optional,
    )


def update_trust_policy(api: Api, name: str, trust_policy: Any) -> None:
    api.write(
        "update_assume_role_policy",
        f"change the trust policy of the role {name}",
        nothing,
        RoleName=name,
        PolicyDocument=_as_text(trust_policy),
    )


def delete_role(api: Api, name: str) -> None:
    api.write("delete_role", f"delete the role {name}", nothing, RoleName=name)


def attached_policies(api: Api, role: str) -> tuple[Attached, ...] | None:
    """All managed policies of a role; None if there is no such role."""
    pages = _listed(
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
    """The names of the role's inline policies; None if there is no such role."""
    pages = _listed(
        api,
        "list_role_policies",
        f"list the inline policies of the role {role}",
        "PolicyNames",
        RoleName=role,
    )
    return None if pages is None else tuple(pages)


def inline_policy(api: Api, role: str, name: str) -> Any:
    """The parsed document of an inline policy; None if it does not exist."""
    return api.read(
        "get_role_policy",
        f"read the inline policy {name} of the role {role}",
        lambda answer: _parsed(answer["PolicyDocument"]),
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
        created=_iso_time(role.get("CreateDate")),
        trust_policy=_parsed(role.get("AssumeRolePolicyDocument")),
    )


def get_policy(api: Api, arn: str) -> Policy | None:
    return api.read(
        "get_policy",
        f"read the policy {arn}",
        lambda answer: _policy(answer["Policy"]),
        absent=ABSENT,
        PolicyArn=arn,
    )


def find_policy(api: Api, name: str) -> Policy | None:
    """The account's policy with this name, found by listing all policies: the last resort for finding an ARN."""
    pages = _listed(
        api,
        "list_policies",
        f"look for the policy {name}",
        "Policies",
        Scope="Local",
        MaxItems=1000,
    )
    for entry in pages or ():
        if entry["PolicyName"] == name:
            return _policy(entry)
    return None


def create_policy(api: Api, name: str, path: str, document: Any, description: str | None) -> Policy:
    optional = {} if description is None else {"Description": description}
    return api.write(
        "create_policy",
        f"create the policy {name}",
        lambda answer: _policy(answer["Policy"]),
        PolicyName=name,
        Path=path,
        PolicyDocument=_as_text(document),
        **optional,
    )


def delete_policy(api: Api, arn: str) -> None:
    api.write("delete_policy", f"delete the policy {arn}", nothing, PolicyArn=arn)


def policy_entities(api: Api, arn: str) -> Entities | None:
    """The entities that the policy is attached to; None if there is no such policy."""
    names: dict[str, list[str]] = {"PolicyRoles": [], "PolicyUsers": [], "PolicyGroups": []}
    entry = {"PolicyRoles": "RoleName", "PolicyUsers": "UserName", "PolicyGroups": "GroupName"}
    for page in api.pages(
        "list_entities_for_policy",
        f"list what the policy {arn} is attached to",
        lambda answer: (
            {key: [one[entry[key]] for one in answer.get(key, ())] for key in entry},
            _next_page(answer),
        ),
        absent=ABSENT,
        PolicyArn=arn,
    ):
        if page is None:
            return None
        for key, values in page.items():
            names[key].extend(values)
    return Entities(*(tuple(values) for values in names.values()))


def _policy(policy: Mapping[str, Any]) -> Policy:
    return Policy(
        name=policy["PolicyName"],
        arn=policy["Arn"],
        path=policy.get("Path") or "/",
        policy_id=policy.get("PolicyId"),
        description=policy.get("Description"),
        created=_iso_time(policy.get("CreateDate")),
        updated=_iso_time(policy.get("UpdateDate")),
        default_version=policy.get("DefaultVersionId") or "v1",
        attachment_count=policy.get("AttachmentCount"),
    )


def policy_document(api: Api, arn: str, version_id: str) -> Any:
    """The parsed document of one version; None if there is no such version."""
    return api.read(
        "get_policy_version",
        f"read version {version_id} of the policy {arn}",
        lambda answer: _parsed(answer["PolicyVersion"]["Document"]),
        absent=ABSENT,
        PolicyArn=arn,
        VersionId=version_id,
    )


def policy_versions(api: Api, arn: str) -> tuple[PolicyVersion, ...]:
    pages = _listed(
        api,
        "list_policy_versions",
        f"list the versions of the policy {arn}",
        "Versions",
        PolicyArn=arn,
    )
    return tuple(
        PolicyVersion(
            entry["VersionId"], bool(entry["IsDefaultVersion"]), _iso_time(entry.get("CreateDate"))
        )
        for entry in pages or ()
    )


def create_policy_version(api: Api, arn: str, document: Any) -> str:
    """Create a new default version and return its id."""
    return api.write(
        "create_policy_version",
        f"change the policy {arn}",
        lambda answer: str(answer["PolicyVersion"]["VersionId"]),
        PolicyArn=arn,
        PolicyDocument=_as_text(document),
        SetAsDefault=True,
    )


def delete_policy_version(api: Api, arn: str, version_id: str) -> None:
    api.write(
        "delete_policy_version",
        f"delete version {version_id} of the policy {arn}",
        nothing,
        PolicyArn=arn,
        VersionId=version_id,
    )


def own_account(api: Api) -> str | None:
    """The account of the credentials, from the ARN of their user."""
    return api.read(
        "get_user",
        "get the account of these credentials",
        lambda answer: str(answer["User"]["Arn"]).split(":")[4] or None,
        absent=ABSENT,
    )


def probe_iam(api: Api) -> None:
    """List one role: only an IAM server can respond."""
    api.read("list_roles", "check whether this is an IAM server", nothing, MaxItems=1)


def _listed(
    api: Api, operation: str, doing: str, member: str, **parameters: Any
) -> list[Any] | None:
    """The items of all pages of a list; None if the resource does not exist."""
    entries: list[Any] = []
    for page in api.pages(
        operation,
        doing,
        lambda answer: (_members(answer, member), _next_page(answer)),
        absent=ABSENT,
        **parameters,
    ):
        if page is None:
            return None
        entries.extend(page)
    return entries


def _members(answer: Answer, member: str) -> list[Mapping[str, Any]]:
    """The list in a response. A server may omit an empty list, but still returns IsTruncated."""
    return list(answer.get(member, ()) if "IsTruncated" in answer else answer[member])


def _next_page(answer: Answer) -> dict[str, Any]:
    return {"Marker": answer["Marker"]} if answer.get("IsTruncated") else {}


def _as_text(document: Any) -> str:
    """The document without white space: servers limit the size, and some of them count white space."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _parsed(document: Any) -> Any:
    """The parsed document: botocore only parses percent-encoded JSON, and some servers send plain JSON."""
    if not isinstance(document, str):
        return document
    return json.loads(unquote(document) if document.lstrip().startswith("%") else document)


def _iso_time(moment: Any) -> str | None:
    return None if moment is None else str(moment.isoformat())
