# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An IAM server in memory, with the calls that the collection uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from .fake_client import FakeClient, refusal

ACCOUNT = "123456789012"
CREATED = datetime(2026, 11, 22, 17, 0, tzinfo=timezone.utc)


def arn(kind: str, name: str, path: str = "/") -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}{path}{name}"


class FakeIam(FakeClient):
    """An IAM server with roles by name and policies by ARN; `watch` is called after each change."""

    def __init__(self, watch: Callable[[FakeIam], None] = lambda _iam: None) -> None:
        super().__init__()
        self.roles: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, dict[str, Any]] = {}
        self.user: str | None = arn("user", "operator")
        self._watch = watch

    def _role(self, name: str) -> dict[str, Any]:
        if name not in self.roles:
            raise refusal("NoSuchEntity", f"Role {name} not found", 404)
        return self.roles[name]

    def _policy(self, arn: str) -> dict[str, Any]:
        if arn not in self.policies:
            raise refusal("NoSuchEntity", f"Policy {arn} not found", 404)
        return self.policies[arn]

    def _documents_of(self, role: str) -> list[Any]:
        """The documents that apply to a role."""
        attached = self.roles[role]["attached"]
        return [self._in_force(policy) for policy in attached]

    def _in_force(self, arn: str) -> Any:
        policy = self.policies[arn]
        return policy["versions"][policy["default"]]

    # Roles

    def get_role(self, RoleName: str) -> Mapping[str, Any]:
        return self._shown(self._role(RoleName))

    def create_role(
        self, RoleName: str, Path: str, AssumeRolePolicyDocument: str, Description: str = ""
    ) -> Mapping[str, Any]:
        if RoleName in self.roles:
            raise refusal("EntityAlreadyExists", f"Role {RoleName} exists", 409)
        self.roles[RoleName] = {
            "RoleName": RoleName,
            "Arn": arn("role", RoleName, Path),
            "Path": Path,
            "RoleId": "AROA1",
            "Description": Description,
            "CreateDate": CREATED,
            "AssumeRolePolicyDocument": json.loads(AssumeRolePolicyDocument),
            "attached": [],
        }
        return self._shown(self.roles[RoleName])

    def _shown(self, role: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"Role": {key: value for key, value in role.items() if key != "attached"}}

    def update_assume_role_policy(self, RoleName: str, PolicyDocument: str) -> None:
        self._role(RoleName)["AssumeRolePolicyDocument"] = json.loads(PolicyDocument)

    def delete_role(self, RoleName: str) -> None:
        if self._role(RoleName)["attached"]:
            raise refusal("DeleteConflict", "Cannot delete: policies are attached", 409)
        del self.roles[RoleName]

    def list_attached_role_policies(self, RoleName: str) -> Mapping[str, Any]:
        return {
            "AttachedPolicies": [
                {"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn}
                for arn in self._role(RoleName)["attached"]
            ]
        }

    def attach_role_policy(self, RoleName: str, PolicyArn: str) -> None:
        attached = self._role(RoleName)["attached"]
        self._policy(PolicyArn)
        if PolicyArn not in attached:
            attached.append(PolicyArn)
        self._watch(self)

    def detach_role_policy(self, RoleName: str, PolicyArn: str) -> None:
        attached = self._role(RoleName)["attached"]
        if PolicyArn not in attached:
            raise refusal("NoSuchEntity", f"Policy {PolicyArn} not attached", 404)
        attached.remove(PolicyArn)
        self._watch(self)

    # Policies

    def get_policy(self, PolicyArn: str) -> Mapping[str, Any]:
        return {"Policy": self._summary(self._policy(PolicyArn))}

    def list_policies(self, Scope: str, MaxItems: int) -> Mapping[str, Any]:
        """As in IAM, the list has no descriptions."""
        entries = [self._summary(policy) for policy in self.policies.values()]
        return {
            "Policies": [
                {key: value for key, value in entry.items() if key != "Description"}
                for entry in entries
            ]
        }

    def create_policy(
        self, PolicyName: str, Path: str, PolicyDocument: str, Description: str | None = None
    ) -> Mapping[str, Any]:
        if any(policy["name"] == PolicyName for policy in self.policies.values()):
            raise refusal("EntityAlreadyExists", f"Policy {PolicyName} exists", 409)
        policy = self._add(PolicyName, json.loads(PolicyDocument), Path, Description)
        return {"Policy": self._summary(policy)}

    def _add(
        self, name: str, document: Any, path: str = "/", description: str | None = None
    ) -> dict[str, Any]:
        """Create a policy as another client."""
        policy = {
            "name": name,
            "arn": arn("policy", name, path),
            "path": path,
            "description": description,
            "versions": {"v1": document},
            "default": "v1",
            "next": 2,
            "users": [],
        }
        self.policies[policy["arn"]] = policy
        return policy

    def _summary(self, policy: Mapping[str, Any]) -> dict[str, Any]:
        described = {} if policy["description"] is None else {"Description": policy["description"]}
        return {
            "PolicyName": policy["name"],
            "PolicyId": "ANPA1",
            "Arn": policy["arn"],
            "Path": policy["path"],
            "DefaultVersionId": policy["default"],
            "CreateDate": CREATED,
            "UpdateDate": CREATED,
            **described,
        }

    def delete_policy(self, PolicyArn: str) -> None:
        policy = self._policy(PolicyArn)
        attached = any(PolicyArn in role["attached"] for role in self.roles.values())
        if attached or policy["users"] or len(policy["versions"]) > 1:
            raise refusal("DeleteConflict", "Cannot delete: attached, or has versions", 409)
        del self.policies[PolicyArn]

    def get_policy_version(self, PolicyArn: str, VersionId: str) -> Mapping[str, Any]:
        return {"PolicyVersion": {"Document": self._policy(PolicyArn)["versions"][VersionId]}}

    def list_policy_versions(self, PolicyArn: str) -> Mapping[str, Any]:
        policy = self._policy(PolicyArn)
        return {
            "Versions": [
                {"VersionId": one, "IsDefaultVersion": one == policy["default"]}
                for one in policy["versions"]
            ]
        }

    def create_policy_version(
        self, PolicyArn: str, PolicyDocument: str, SetAsDefault: bool
    ) -> Mapping[str, Any]:
        policy = self._policy(PolicyArn)
        if len(policy["versions"]) >= 5:
            raise refusal("LimitExceeded", "A policy can have up to 5 versions", 409)
        version = f"v{policy['next']}"
        policy["next"] += 1
        policy["versions"][version] = json.loads(PolicyDocument)
        if SetAsDefault:
            policy["default"] = version
        self._watch(self)
        return {"PolicyVersion": {"VersionId": version}}

    def delete_policy_version(self, PolicyArn: str, VersionId: str) -> None:
        policy = self._policy(PolicyArn)
        if VersionId == policy["default"]:
            raise refusal("DeleteConflict", "Cannot delete the default version", 409)
        if VersionId not in policy["versions"]:
            raise refusal("NoSuchEntity", f"No version {VersionId}", 404)
        del policy["versions"][VersionId]

    def list_entities_for_policy(self, PolicyArn: str) -> Mapping[str, Any]:
        users = self._policy(PolicyArn)["users"]
        roles = [name for name, role in self.roles.items() if PolicyArn in role["attached"]]
        return {
            "PolicyRoles": [{"RoleName": name} for name in roles],
            "PolicyUsers": [{"UserName": name} for name in users],
            "PolicyGroups": [],
        }

    def get_user(self) -> Mapping[str, Any]:
        if self.user is None:
            raise refusal("AccessDenied", "Access Denied", 403)
        return {"User": {"Arn": self.user}}
