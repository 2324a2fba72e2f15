# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a role and its attached policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._clients import iam_entities
from .._clients.api import Api
from .._documents import names
from .._resources.iam_role import State, describe
from .._work import Query


@dataclass(frozen=True)
class RoleInfoRequest:
    """Which role to read, and whether to list its attached policies too."""

    name: str
    policies: bool = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> RoleInfoRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        return cls(names.check_iam_name(options["name"], "role"), bool(options["include_policies"]))


class IamRoleInfo(Query):
    """Reads a role, and its attached policies if the request says so; returns None if it does not exist."""

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
