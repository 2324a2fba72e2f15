# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a policy is, and whom it is attached to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._clients.api import Api
from .._resources.policy import Policy
from .query import Query


class PolicyInfo(Query):
    """A policy with all its parts and all roles that have it, or None."""

    def __init__(self, api: Api, options: Mapping[str, Any]) -> None:
        self.policy = Policy.found(api, options["name"], options["path"])

    def answer(self) -> dict[str, Any]:
        state = {
            name: replace(part, roles=part.entities.roles if part.entities else ())
            for name, part in (self.policy.read() or {}).items()
        }
        return {"policy": self.policy.describe(state)}
