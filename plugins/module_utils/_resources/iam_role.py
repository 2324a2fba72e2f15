# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manages a role: its trust policy, and the managed policies that are attached to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._clients import iam_entities
from .._clients.api import Api
from .._documents import names, policy
from .._documents.permissions import trust_policy
from .._work import Change, Plan, Refused


@dataclass(frozen=True)
class State:
    """A role, and its attached policies (None: not read)."""

    role: iam_entities.Role
    attached: tuple[iam_entities.Attached, ...] | None


@dataclass(frozen=True)
class RoleRequest:
    """The desired state of a role; None keeps the current one.

    trust: the trust policy, parsed; Backbeat's unless given. policies: ARNs of managed policies to attach;
    purge: detach all others. detachable: for a role that is to be absent, names of the policies that may be detached,
    None for all. If another policy is attached, the role stays.
    """

    name: str
    path: str | None = None
    description: str | None = None
    trust: Any = field(default_factory=trust_policy)
    policies: tuple[str, ...] | None = None
    purge: bool = False
    present: bool = True
    detachable: tuple[str, ...] | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> RoleRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        document = options["assume_role_policy_document"]
        wanted: list[str] | None = options["managed_policies"]
        present = options["state"] == "present"
        for arn in wanted or () if present else ():
            names.parse_arn(arn)
        return cls(
            name=names.check_iam_name(options["name"], "role"),
            path=options["path"] and names.check_iam_path(options["path"]),
            description=options["description"],
            trust=trust_policy() if document is None else policy.validated(document),
            policies=None if wanted is None else tuple(dict.fromkeys(wanted)),
            purge=bool(options["purge_policies"]),
            present=present,
            detachable=None
            if present or wanted is None
            else tuple(text.rsplit("/", 1)[-1] for text in wanted),
        )


class IamRole:
    """The resource "IAM role"."""

    def __init__(self, request: RoleRequest, api: Api) -> None:
        self.request = request
        self.api = api
        self.name = request.name
        self.path = request.path
        self.description = request.description
        self.trust = request.trust
        self.policies = request.policies

    def read(self) -> State | None:
        role = iam_entities.get_role(self.api, self.name)
        if role is None:
            return None
        if self.request.present and self.policies is None:
            return State(role, None)
        return State(role, iam_entities.attached_policies(self.api, self.name) or ())

    def plan(self, current: State | None) -> Plan[State]:
        if not self.request.present:
            return self._removal(current)
        if current is None:
            role = iam_entities.Role(
                name=self.name,
                arn=names.iam_arn(names.UNKNOWN_ACCOUNT, "role", self.path or "/", self.name),
                path=self.path or "/",
                role_id=None,
                description=self.description or "",
                created=None,
                trust_policy=self.trust,
            )
            attached: tuple[iam_entities.Attached, ...] | None = (
                None if self.policies is None else ()
            )
            changes = [Change("CreateRole", self.name, self._create)]
            warnings: list[str] = []
        else:
            role, attached = current.role, current.attached
            self._check_path(role)
            changes, warnings = [], self._description_warning(role)
            if not policy.equivalent(role.trust_policy, self.trust):
                role = replace(role, trust_policy=self.trust)
                changes.append(Change("UpdateAssumeRolePolicy", self.name, self._trust))
        attached, further = self._attachments(attached)
        return Plan(State(role, attached), (*changes, *further), tuple(warnings))

    def describe(self, state: State | None) -> dict[str, Any] | None:
        return describe(state)

    def compared(self, state: State | None) -> dict[str, Any]:
        if state is None:
            return {}
        shown: dict[str, Any] = {
            "path": state.role.path,
            "description": state.role.description,
            "assume_role_policy_document": state.role.trust_policy,
        }
        if state.attached is not None:
            shown["managed_policies"] = sorted(one.arn for one in state.attached)
        return shown

    def _check_path(self, role: iam_entities.Role) -> None:
        if self.path and role.path != self.path:
            raise Refused(
                f"The role {self.name} at {self.api.endpoint} has the path {role.path}, not {self.path}, "
                "and the path of a role cannot be changed: leave path out, or remove the role first (state: absent)."
            )

    def _description_warning(self, role: iam_entities.Role) -> list[str]:
        if self.description is None or role.description == self.description:
            return []
        return [
            f"The role {self.name} has the description {role.description!r}, not {self.description!r}; "
            "IAM servers cannot change it, so it stays."
        ]

    def _attachments(
        self, attached: tuple[iam_entities.Attached, ...] | None
    ) -> tuple[tuple[iam_entities.Attached, ...] | None, list[Change[State]]]:
        if self.policies is None or attached is None:
            return attached, []
        attached_arns = {one.arn for one in attached}
        missing = [arn for arn in self.policies if arn not in attached_arns]
        extra = [one for one in attached if self.request.purge and one.arn not in self.policies]
        kept = tuple(one for one in attached if one not in extra)
        # Attach before detaching, so that the role never lacks a permission that it is to keep.
        changes = [self._attach(arn) for arn in missing] + [self._detach(one) for one in extra]
        return (*kept, *map(_attached, missing)), changes

    def _removal(self, current: State | None) -> Plan[State]:
        if current is None:
            return Plan(None)
        foreign = [one.name for one in current.attached or () if not self._may_lose(one.name)]
        if foreign:
            warning = (
                f"The role {self.name} at {self.api.endpoint} stays, because it has other policies: "
                f"{', '.join(foreign)}."
            )
            return Plan(current, warnings=(warning,))
        detach = [self._detach(one) for one in current.attached or ()]
        delete = Change[State]("DeleteRole", self.name, self._delete, removes=True)
        return Plan(None, (*detach, delete))

    def _may_lose(self, name: str) -> bool:
        """Whether this policy may be detached. Further parts of a policy have its name and a number."""
        listed = self.request.detachable
        whole, _dash, number = name.rpartition("-")
        return listed is None or name in listed or (number.isdigit() and whole in listed)

    def _create(self, _before: State | None) -> State:
        role = iam_entities.create_role(
            self.api, self.name, self.path or "/", self.trust, self.description
        )
        # Some servers return no document; it is the one that was sent.
        document = self.trust if role.trust_policy is None else role.trust_policy
        return State(replace(role, trust_policy=document), None if self.policies is None else ())

    def _trust(self, before: State | None) -> State | None:
        iam_entities.update_trust_policy(self.api, self.name, self.trust)
        return before and replace(before, role=replace(before.role, trust_policy=self.trust))

    def _delete(self, _before: State | None) -> None:
        iam_entities.delete_role(self.api, self.name)

    def _attach(self, arn: str) -> Change[State]:
        def apply(before: State | None) -> State | None:
            iam_entities.attach_role_policy(self.api, self.name, arn)
            return before and replace(before, attached=(*(before.attached or ()), _attached(arn)))

        return Change("AttachRolePolicy", f"{arn} to {self.name}", apply, retry_not_found=True)

    def _detach(self, gone: iam_entities.Attached) -> Change[State]:
        def apply(before: State | None) -> State | None:
            iam_entities.detach_role_policy(self.api, self.name, gone.arn)
            left = tuple(one for one in (before and before.attached) or () if one != gone)
            return before and replace(before, attached=left)

        return Change("DetachRolePolicy", f"{gone.arn} from {self.name}", apply, removes=True)


def _attached(arn: str) -> iam_entities.Attached:
    return iam_entities.Attached(name=arn.rsplit("/", 1)[-1], arn=arn)


def describe(state: State | None) -> dict[str, Any] | None:
    """A role as a result; `attached_policies` is None if they were not read."""
    if state is None:
        return None
    role, attached = state.role, state.attached
    return {
        "role_name": role.name,
        "arn": role.arn,
        "path": role.path,
        "role_id": role.role_id,
        "description": role.description,
        "create_date": role.created,
        "assume_role_policy_document": role.trust_policy,
        "attached_policies": None
        if attached is None
        else [{"policy_name": one.name, "policy_arn": one.arn} for one in attached],
    }
