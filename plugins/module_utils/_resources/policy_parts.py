# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managed policies that one document is kept in, and how they are found on the server.

A document that fits is one policy. A larger one is split: the first part has the name that the user gave, the
further ones a number behind it, and a description that says whose part they are.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .._clients import iam_entities
from .._clients.api import Api
from .._clients.errors import Forbidden, Invalid, Unsupported
from .._documents import names

# Characters of a policy's name.
LONGEST_NAME = 128


@dataclass(frozen=True)
class Part:
    """One managed policy: its document (parsed), and those of the wanted roles that have it.

    `entities` are all who have it, read only where the policy is to go.
    """

    policy: iam_entities.Policy
    document: Any
    roles: tuple[str, ...]
    entities: iam_entities.Entities | None = None


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

    def __init__(
        self,
        api: Api,
        name: str,
        path: str,
        roles: Collection[str],
        *,
        thorough: bool = False,
    ) -> None:
        self.api = api
        self.name = name
        self.path = path
        self.roles = {names.check_iam_name(role.rsplit("/", 1)[-1], "role"): role for role in roles}
        # Whether a policy that is not at the expected ARN is looked for in the list of all before it counts as absent.
        self.thorough = thorough
        self.account = self._account_of_roles()
        self.attached: dict[str, tuple[iam_entities.Attached, ...] | None] = {}
        # Set after the server said that the name is taken though nothing is at the expected ARN: another path.
        self.by_listing = False

    def find(self, number: int) -> iam_entities.Policy | None:
        """The policy that is the part with this number, None when there is none."""
        name = part_name(self.name, number)
        if len(name) > LONGEST_NAME:
            # IAM takes no such name, so there is no such policy.
            return None
        for attached in self.attached.values():
            for one in attached or ():
                if one.name == name:
                    return iam_entities.get_policy(self.api, one.arn)
        if self.account is None and not self.by_listing:
            self.account = self._find_account()
        if self.account is None or self.by_listing:
            return self._listed(name)
        found = iam_entities.get_policy(
            self.api, names.iam_arn(self.account, "policy", self.path, name)
        )
        if found is None and number == 1 and self.thorough:
            self.by_listing = True
            return self._listed(name)
        return found

    def prepare(self) -> None:
        """Read what is attached to the roles when that is the only hint for the account."""
        self.attached = {}
        if self.account is None:
            self.read_attached()

    def read_attached(self) -> None:
        """Read what is attached to the roles, once."""
        for role in self.roles:
            if role not in self.attached:
                self.attached[role] = iam_entities.attached_policies(self.api, role)

    def roles_with(self, arn: str) -> tuple[str, ...]:
        """Those of the wanted roles that have the policy."""
        return tuple(
            role
            for role, attached in self.attached.items()
            if arn in {one.arn for one in attached or ()}
        )

    def _listed(self, name: str) -> iam_entities.Policy | None:
        # The list leaves descriptions out.
        listed = iam_entities.find_policy(self.api, name)
        return listed and iam_entities.get_policy(self.api, listed.arn)

    def _account_of_roles(self) -> str | None:
        for role in self.roles.values():
            if role.startswith("arn:"):
                account = names.parse_arn(role).account
                if account != names.UNKNOWN_ACCOUNT:
                    return account
        return None

    def _find_account(self) -> str | None:
        for attached in self.attached.values():
            for one in attached or ():
                account = names.parse_arn(one.arn).account
                # Policies that the provider made stand in an account named "aws".
                if account.isdigit():
                    return account
        for role, attached in self.attached.items():
            found = iam_entities.get_role(self.api, role) if attached is not None else None
            if found is not None:
                return names.parse_arn(found.arn).account
        try:
            return iam_entities.own_account(self.api)
        except (Forbidden, Invalid, Unsupported):
            return None


def writing_order(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The names in `after`, so ordered that no permission is ever in no part while they are written one by one.

    Both map a part's name to its document. Earlier parts come first where that is good, so that no part of a new
    policy is ever without those by which it is found. Where permissions change places in a circle, no order is good.
    """
    there = {name: granted(document) for name, document in before.items()}
    wanted = {name: granted(document) for name, document in after.items()}
    needed: set[str] = set().union(*wanted.values())
    left = list(after)
    order: list[str] = []

    def is_safe(name: str) -> bool:
        others: set[str] = set().union(*(held for other, held in there.items() if other != name))
        return (there.get(name, set()) - wanted[name]) & needed <= others

    while left:
        chosen = next(filter(is_safe, left), left[-1])
        there[chosen] = wanted[chosen]
        left.remove(chosen)
        order.append(chosen)
    return order


def granted(document: Any) -> set[str]:
    """What a document says, one action on one resource at a time."""
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    return {
        json.dumps({**statement, "Action": action, "Resource": resource}, sort_keys=True)
        for statement in _list(statements)
        if isinstance(statement, Mapping)
        for action in _list(statement.get("Action"))
        for resource in _list(statement.get("Resource"))
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
