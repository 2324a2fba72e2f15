# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed policies that one document is kept in, and how they are found on the server.

A document that fits is one policy. A larger one is split: the first part has the name that the user gave, the
further ones a number behind it, and a description that says whose part they are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..clients import iam
from ..clients.api import Api
from ..clients.errors import Forbidden, Unsupported
from ..documents import names


@dataclass(frozen=True)
class Part:
    """One managed policy: its document (parsed), and those of the wanted roles that have it.

    `entities` are all who have it, read only where the policy is to go.
    """

    policy: iam.Policy
    document: Any
    roles: tuple[str, ...]
    entities: iam.Entities | None = None


State = dict[str, Part]


def part_name(name: str, number: int) -> str:
    """The name of the part with this number, counted from 1."""
    return name if number == 1 else f"{name}-{number}"


def part_mark(name: str, number: int) -> str:
    """How the description of a further part begins."""
    return f"Part {number} of the policy {name}."


class Finder:
    """Finds the policy `name` and its parts with as few calls as can tell.

    The ARN of a policy needs the account, which comes from the ARN of a role where the user gave one, else from what
    is attached to the roles, else from the roles themselves, the credentials' user, or a list of all policies.
    """

    def __init__(self, api: Api, name: str, path: str, roles: Collection[str]) -> None:
        self.api = api
        self.name = name
        self.path = path
        self.roles = {role.rsplit("/", 1)[-1]: role for role in roles}
        self.account = self._account_of_roles()
        self.attached: dict[str, tuple[iam.Attached, ...] | None] = {}
        # Set after the server said that the name is taken though nothing is at the expected ARN: another path.
        self.by_listing = False

    def find(self, number: int) -> iam.Policy | None:
        """The policy that is the part with this number, None when there is none."""
        name = part_name(self.name, number)
        for attached in self.attached.values():
            for one in attached or ():
                if one.name == name:
                    return iam.get_policy(self.api, one.arn)
        if self.by_listing:
            return iam.find_policy(self.api, name)
        if self.account is None:
            self.account = self._look_for_account()
        if self.account is None:
            return iam.find_policy(self.api, name)
        return iam.get_policy(self.api, names.iam_arn(self.account, "policy", self.path, name))

    def prepare(self) -> None:
        """Read what is attached to the roles when that is the only hint for the account."""
        self.attached = {}
        if self.account is None:
            self.read_attached()

    def read_attached(self) -> None:
        """Read what is attached to the roles, once."""
        for role in self.roles:
            if role not in self.attached:
                self.attached[role] = iam.attached_policies(self.api, role)

    def roles_with(self, arn: str) -> tuple[str, ...]:
        """Those of the wanted roles that have the policy."""
        return tuple(
            role
            for role, attached in self.attached.items()
            if arn in {one.arn for one in attached or ()}
        )

    def _account_of_roles(self) -> str | None:
        for role in self.roles.values():
            if role.startswith("arn:"):
                account = names.parse_arn(role).account
                if account != names.UNKNOWN_ACCOUNT:
                    return account
        return None

    def _look_for_account(self) -> str | None:
        for attached in self.attached.values():
            for one in attached or ():
                account = names.parse_arn(one.arn).account
                # Policies that the provider made stand in an account named "aws".
                if account.isdigit():
                    return account
        for role, attached in self.attached.items():
            found = iam.get_role(self.api, role) if attached is not None else None
            if found is not None:
                return names.parse_arn(found.arn).account
        try:
            return iam.own_account(self.api)
        except (Forbidden, Unsupported):
            return None
