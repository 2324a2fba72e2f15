# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Divides one document among several managed policies, and finds these on the server.

A document that fits is one policy. A larger one is split: the first part has the user's name for the policy. Further
parts have this name with a number, and a description that names the first part.
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

# The maximum length of a policy's name.
LONGEST_NAME = 128


@dataclass(frozen=True)
class Part:
    """One managed policy: its document (parsed), and which of the requested roles it is attached to.

    `entities`: all roles, users and groups that it is attached to; only read before a removal.
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
    """The beginning of a further part's description."""
    return f"Part {number} of the policy {name}."


class Finder:
    """Finds the policy `name` and its parts with as few calls as possible.

    The ARN of a policy contains the account. It is taken from the ARN of a role if the user gave one, else from
    policies that are attached to the roles, from the roles, from the credentials' user, or from a list of all policies.
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
        # Whether to search the list of all policies before a policy that is not at the expected ARN counts as absent.
        self.thorough = thorough
        self.account = self._account_of_roles()
        self.attached: dict[str, tuple[iam_entities.Attached, ...] | None] = {}
        # Set after the server refused the name although no policy has the expected ARN: the policy has another path.
        self.by_listing = False

    def find(self, number: int) -> iam_entities.Policy | None:
        """The policy for the part with this number, None if there is none."""
        name = part_name(self.name, number)
        if len(name) > LONGEST_NAME:
            # IAM does not allow such a name, so there is no such policy.
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
        """Read the policies attached to the roles if only they can show the account."""
        self.attached = {}
        if self.account is None:
            self.read_attached()

    def read_attached(self) -> None:
        """Read the policies attached to the roles, once."""
        for role in self.roles:
            if role not in self.attached:
                self.attached[role] = iam_entities.attached_policies(self.api, role)

    def roles_with(self, arn: str) -> tuple[str, ...]:
        """The requested roles that the policy is attached to."""
        return tuple(
            role
            for role, attached in self.attached.items()
            if arn in {one.arn for one in attached or ()}
        )

    def _listed(self, name: str) -> iam_entities.Policy | None:
        # The list has no descriptions.
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
                # Policies of the provider are in an account named "aws".
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
    """The names in `after`, ordered so that at any time while they are written, some part has each permission.

    Both map a part's name to its document. If possible, earlier parts come first, because the search for parts ends at
    the first gap. If permissions are exchanged in a circle, no such order exists.
    """
    current = {name: granted(document) for name, document in before.items()}
    wanted = {name: granted(document) for name, document in after.items()}
    needed: set[str] = set().union(*wanted.values())
    remaining = list(after)
    order: list[str] = []

    def is_safe(name: str) -> bool:
        others: set[str] = set().union(*(held for other, held in current.items() if other != name))
        return (current.get(name, set()) - wanted[name]) & needed <= others

    while remaining:
        chosen = next(filter(is_safe, remaining), remaining[-1])
        current[chosen] = wanted[chosen]
        remaining.remove(chosen)
        order.append(chosen)
    return order


def granted(document: Any) -> set[str]:
    """The document's permissions as texts, one for each action on one resource."""
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
