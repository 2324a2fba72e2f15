# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a policy and the roles that it is attached to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._clients.api import Api
from .._documents import names
from .._resources.policy import Policy
from .._resources.policy_request import PolicyRequest
from .._work import Query


@dataclass(frozen=True)
class PolicyInfoRequest:
    """Which policy to read; path None: any."""

    name: str
    path: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> PolicyInfoRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        return cls(
            names.check_iam_name(options["name"], "policy"),
            options["path"] and names.check_iam_path(options["path"]),
        )


class PolicyInfo(Query):
    """Reads a policy with all its parts and the roles that it is attached to; None if it does not exist."""

    def __init__(self, request: PolicyInfoRequest, api: Api) -> None:
        # For a policy that is to be absent, all parts and attachments are read.
        self.policy = Policy(PolicyRequest(request.name, request.path, present=False), api)

    def run(self) -> dict[str, Any]:
        state = {
            name: replace(part, roles=part.entities.roles if part.entities else ())
            for name, part in (self.policy.read() or {}).items()
        }
        return {"policy": self.policy.describe(state)}
