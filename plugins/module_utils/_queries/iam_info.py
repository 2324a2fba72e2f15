# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role and a policy are, and whom a policy is attached to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._clients import iam_entities
from .._clients.api import Api
from .._documents import names
from .._resources.iam_role import State, describe
from .._resources.policy import Policy, PolicyRequest
from .._work import Query


@dataclass(frozen=True)
class RoleInfoRequest:
    """Which role to read, and whether to list its attached policies too."""

    name: str
    policies: bool = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> RoleInfoRequest:
        """From the options of a task. Raises InvalidDocument."""
        return cls(names.check_iam_name(options["name"], "role"), bool(options["include_policies"]))


class IamRoleInfo(Query):
    """A role, or None; with its attached policies if they are asked for."""

    def __init__(self, request: RoleInfoRequest, api: Api) -> None:
        self.name = request.name
        self.policies = request.policies
        self.api = api

    def run(self) -> dict[str, Any]:
        role = iam_entities.get_role(self.api, self.name)
        if role is None:
            return {"iam_role": None}
        attached = iam_entities.attached_policies(self.api, self.name) if self.policies else None
        return {"iam_role": describe(State(role, attached))}


@dataclass(frozen=True)
class PolicyInfoRequest:
    """Which policy to read; path None: any."""

    name: str
    path: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> PolicyInfoRequest:
        """From the options of a task. Raises InvalidDocument."""
        return cls(
            names.check_iam_name(options["name"], "policy"),
            options["path"] and names.check_iam_path(options["path"]),
        )


class PolicyInfo(Query):
    """A policy with all its parts and all roles that it is attached to, or None."""

    def __init__(self, request: PolicyInfoRequest, api: Api) -> None:
        # Of a policy that is to be absent, all parts and attachments are read.
        self.policy = Policy(PolicyRequest(request.name, request.path, present=False), api)

    def run(self) -> dict[str, Any]:
        state = {
            name: replace(part, roles=part.entities.roles if part.entities else ())
            for name, part in (self.policy.read() or {}).items()
        }
        return {"policy": self.policy.describe(state)}
