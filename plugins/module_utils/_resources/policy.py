# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manages a managed policy, whose document is in one or several parts, and the roles that it is attached to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._clients import iam_entities
from .._clients.api import Api
from .._clients.errors import Call, Conflict, NotFound
from .._documents import names, policy
from .._documents.policy_parts import buckets_of
from .._work import Change, Plan, Refused
from .policy_parts import (
    LONGEST_NAME,
    Finder,
    Part,
    State,
    granted,
    part_mark,
    part_name,
    writing_order,
)
from .policy_request import PolicyRequest

# IAM's limit for versions of a policy: it refuses another one.
VERSIONS = 5


class Policy:
    """The resource "managed policy"."""

    def __init__(self, request: PolicyRequest, api: Api) -> None:
        self.api = api
        self.name = request.name
        self.path = request.path
        self.description = request.description
        self.request = request
        self.documents = request.split(())
        self.finder = Finder(
            api,
            self.name,
            self.path or "/",
            request.roles,
            thorough=not request.present and not self.path,
        )
        self.roles = tuple(self.finder.roles)
        #: Parts whose older document this run replaced.
        self.updated: list[iam_entities.Policy] = []

    def read(self) -> State | None:
        self.finder.prepare()
        self.documents = self.request.split(())
        state = self._read_parts({})
        if state and self.request.keep_unlisted:
            requested = len(self.documents)
            self.documents = self.request.split([part.document for part in state.values()])
            if len(self.documents) > requested:
                # Kept permissions add parts, and all roles of these parts have to be known.
                state = self._read_parts(state)
        return state or None

    def _read_parts(self, state: State) -> State:
        """The state with all parts of the policy, beginning with those in `state`."""
        number = 1
        while True:
            known = state.get(part_name(self.name, number))
            found = known.policy if known else self.finder.find(number)
            if found is not None and self._is_part(found, number):
                document = (
                    known.document
                    if known
                    else iam_entities.policy_document(self.api, found.arn, found.default_version)
                )
                self.finder.read_attached()
                # All parts must be attached to the same roles, and a part is detached from all of them before it is
                # deleted.
                all_roles = number > len(self.documents) or len(self.documents) > 1
                entities = known.entities if known else None
                if all_roles and entities is None:
                    entities = iam_entities.policy_entities(self.api, found.arn)
                roles = entities.roles if entities else self.finder.roles_with(found.arn)
                state[found.name] = Part(found, document, roles, entities)
            elif number > len(self.documents):
                return state
            if number == 1 and found is None and len(self.documents) <= 1:
                return state
            number += 1

    def plan(self, current: State | None) -> Plan[State]:
        before = current or {}
        if not self.documents:
            return self._removal(before)
        after: State = {}
        changes: list[Change[State]] = []
        numbers = {
            part_name(self.name, place + 1): place + 1 for place in range(len(self.documents))
        }
        self._check_part_names(numbers)
        documents = {name: self.documents[number - 1] for name, number in numbers.items()}
        roles = self._holders(before)
        # A part that is not attached to a role, as after an interrupted run, grants it nothing yet.
        attached_documents = {
            name: part.document for name, part in before.items() if set(roles) <= set(part.roles)
        }
        for name in writing_order(attached_documents, documents):
            after[name], steps = self._part(numbers[name], before.get(name), roles)
            changes.extend(steps)
        # From the last to the first: the search for parts ends at the first gap, so a gap would hide later parts.
        for name, part in reversed(before.items()):
            if name not in after:
                changes.extend(self._remove(part))
        warnings = self._warnings(before)
        if not self.request.present:
            others = ", ".join(buckets_of(self.documents))
            warnings = (self._stays_warning(f"it grants permissions on other buckets: {others}"),)
        return Plan(_in_order(after), tuple(changes), warnings)

    def describe(self, state: State | None) -> dict[str, Any] | None:
        if not state:
            return None
        parts = [_describe(part) for part in state.values()]
        return {**parts[0], "parts": parts}

    def compared(self, state: State | None) -> dict[str, Any]:
        return {
            name: {"document": part.document, "roles": sorted(part.roles)}
            for name, part in sorted((state or {}).items())
        }

    def confirm(self) -> None:
        """Raise Conflict if requested permissions are gone because another client wrote an older document later."""
        expected = self.request.document
        if not self.request.present or expected is None or self._are_last():
            return
        stored = (self._read_parts({}) or {}).values()
        lost = granted(expected) - set().union(*(granted(part.document) for part in stored))
        if lost:
            buckets = ", ".join(buckets_of([expected]))
            raise Conflict(
                Call("CreatePolicyVersion", self.api.endpoint, f"change the policy {self.name}"),
                f"{len(lost)} of the permissions that were written, on {buckets or 'its resources'}, no longer existed "
                "at the end of the task",
                advice="Another client wrote the policy at the same time. Run again, and make sure that only "
                "one client at a time changes a policy.",
            )

    def _are_last(self) -> bool:
        """Whether all parts that this run replaced are still as it wrote them."""
        return all(
            found is not None and found.default_version == written.default_version
            for written in self.updated
            for found in [iam_entities.get_policy(self.api, written.arn)]
        )

    def _holders(self, before: State) -> tuple[str, ...]:
        """The roles that need all parts: the requested ones, and those that the first part is attached to."""
        first = before.get(self.name)
        others = first.entities.roles if first and first.entities else ()
        wanted = self.roles if self.request.present else ()
        return tuple(dict.fromkeys((*wanted, *others)))

    def _part(
        self, number: int, before: Part | None, roles: tuple[str, ...]
    ) -> tuple[Part, list[Change[State]]]:
        name, document = part_name(self.name, number), self.documents[number - 1]
        changes: list[Change[State]] = []
        if before is None:
            part = Part(self._predicted(name, number), document, ())
            changes.append(Change("CreatePolicy", name, lambda state: self._create(state, number)))
        else:
            part = before
            self._check_path(part.policy)
            if not policy.equivalent(part.document, document):
                part = replace(part, document=document)
                changes.append(
                    Change("CreatePolicyVersion", name, lambda state: self._update(state, number))
                )
        for role in roles:
            if role not in part.roles:
                changes.append(self._attach(name, role))
        return replace(part, roles=tuple(dict.fromkeys((*part.roles, *roles)))), changes

    def _predicted(self, name: str, number: int) -> iam_entities.Policy:
        account = self.finder.account or names.UNKNOWN_ACCOUNT
        path = self.path or "/"
        return iam_entities.Policy(
            name=name,
            arn=names.iam_arn(account, "policy", path, name),
            path=path,
            policy_id=None,
            description=self._description(number),
            created=None,
            updated=None,
            default_version="v1",
            attachment_count=None,
        )

    def _description(self, number: int) -> str | None:
        if number == 1:
            return self.description
        return f"{part_mark(self.name, number)} {self.description or ''}".rstrip()

    def _is_part(self, found: iam_entities.Policy, number: int) -> bool:
        if number == 1 or (found.description or "").startswith(part_mark(self.name, number)):
            return True
        if found.description is None and self._holds_a_part(found):
            return True
        if number > len(self.documents):
            return False
        raise Refused(
            f"The policy {found.name} at {self.api.endpoint} is needed for part {number} of {self.name}, but "
            "its description does not identify it as that part, so it may be another policy. Choose another "
            "name, or a larger max_size. If it is a part and the server returns no descriptions, remove it."
        )

    def _holds_a_part(self, found: iam_entities.Policy) -> bool:
        """Whether a policy without a description has the document of one of the parts.

        Some servers return no descriptions, and nothing else shows which policy a part belongs to.
        """
        document = iam_entities.policy_document(self.api, found.arn, found.default_version)
        return any(policy.equivalent(document, wanted) for wanted in self.documents)

    def _check_part_names(self, numbers: Mapping[str, int]) -> None:
        if max(map(len, numbers), default=0) > LONGEST_NAME:
            room = LONGEST_NAME - len(part_name("", len(numbers)))
            raise Refused(
                f"The policy {self.name} is too large for one policy, and its name of {len(self.name)} characters "
                f"leaves no name for further parts: use a name of at most {room}, or a larger max_size."
            )

    def _check_path(self, found: iam_entities.Policy) -> None:
        if self.path and found.path != self.path:
            raise Refused(
                f"The policy {found.name} at {self.api.endpoint} has the path {found.path}, not {self.path}, "
                "and the path of a policy cannot be changed: leave path out, or remove the policy first (state: "
                "absent)."
            )

    def _warnings(self, before: State) -> tuple[str, ...]:
        texts = []
        first = before.get(self.name)
        if (
            first
            and self.description is not None
            # Some servers return no descriptions.
            and first.policy.description is not None
            and self.description != first.policy.description
        ):
            texts.append(
                f"The policy {self.name} has the description {first.policy.description!r}, not "
                f"{self.description!r}; IAM cannot change it, so it stays."
            )
        return tuple(texts)

    def _removal(self, current: State) -> Plan[State]:
        foreign = self._foreign(current)
        if foreign:
            return Plan(current, warnings=(self._stays_warning(f"it is attached to {foreign}"),))
        changes = [change for part in reversed(current.values()) for change in self._remove(part)]
        return Plan(None, tuple(changes))

    def _stays_warning(self, reason: str) -> str:
        return f"The policy {self.name} at {self.api.endpoint} stays, because {reason}."

    def _foreign(self, current: State) -> str:
        """The roles, users and groups that the policy must not be detached from, as text."""
        holders = self.request.holders
        if holders is None:
            return ""
        found = [part.entities for part in current.values() if part.entities]
        return ", ".join(
            dict.fromkeys(
                f"the {kind} {name}"
                for one in found
                for kind, names in (("role", one.roles), ("user", one.users), ("group", one.groups))
                for name in names
                if kind != "role" or name not in holders
            )
        )

    def _create(self, state: State | None, number: int) -> State:
        name, document = part_name(self.name, number), self.documents[number - 1]
        try:
            made = iam_entities.create_policy(
                self.api, name, self.path or "/", document, self._description(number)
            )
        except Conflict:
            self.finder.by_listing = True
            raise
        made = replace(made, description=self._description(number))
        return _in_order({**(state or {}), name: Part(made, document, ())})

    def _update(self, state: State | None, number: int) -> State | None:
        name, document = part_name(self.name, number), self.documents[number - 1]
        part = (state or {})[name]
        versions = iam_entities.policy_versions(self.api, part.policy.arn)
        spare = [one for one in versions if not one.is_default]
        if len(versions) >= VERSIONS:
            self._delete_version(part, _oldest(spare))
        version_id = iam_entities.create_policy_version(self.api, part.policy.arn, document)
        made = replace(part.policy, default_version=version_id)
        self.updated.append(made)
        return {**(state or {}), name: replace(part, policy=made, document=document)}

    def _attach(self, name: str, role: str) -> Change[State]:
        def apply(state: State | None) -> State | None:
            part = (state or {})[name]
            iam_entities.attach_role_policy(self.api, role, part.policy.arn)
            return {**(state or {}), name: replace(part, roles=(*part.roles, role))}

        return Change("AttachRolePolicy", f"{name} to {role}", apply, retry_not_found=True)

    def _remove(self, part: Part) -> list[Change[State]]:
        """Detach the part everywhere, delete its versions, then the policy: IAM refuses any other order."""
        name, entities = part.policy.name, part.entities or iam_entities.Entities((), (), ())
        if entities.users or entities.groups:
            raise Refused(
                f"The policy {name} at {self.api.endpoint} is attached to users or groups "
                f"({', '.join((*entities.users, *entities.groups))}): detach it there first."
            )
        detach = [self._detach(part, role) for role in entities.roles]

        def delete(state: State | None) -> State | None:
            for version in iam_entities.policy_versions(self.api, part.policy.arn):
                if not version.is_default:
                    self._delete_version(part, version)
            iam_entities.delete_policy(self.api, part.policy.arn)
            return {key: value for key, value in (state or {}).items() if key != name} or None

        return [*detach, Change("DeletePolicy", name, delete, removes=True)]

    def _detach(self, part: Part, role: str) -> Change[State]:
        def apply(state: State | None) -> State | None:
            iam_entities.detach_role_policy(self.api, role, part.policy.arn)
            return state

        return Change("DetachRolePolicy", f"{part.policy.name} from {role}", apply, removes=True)

    def _delete_version(self, part: Part, version: iam_entities.PolicyVersion) -> None:
        try:
            iam_entities.delete_policy_version(self.api, part.policy.arn, version.version_id)
        except NotFound:
            return


def _oldest(versions: list[iam_entities.PolicyVersion]) -> iam_entities.PolicyVersion:
    return min(versions, key=lambda one: (one.created or "", int(one.version_id.lstrip("v") or 0)))


def _in_order(state: State) -> State:
    return dict(sorted(state.items(), key=lambda item: (len(item[0]), item[0])))


def _describe(part: Part) -> dict[str, Any]:
    return {
        "policy_name": part.policy.name,
        "arn": part.policy.arn,
        "path": part.policy.path,
        "policy_id": part.policy.policy_id,
        "description": part.policy.description,
        "default_version_id": part.policy.default_version,
        "create_date": part.policy.created,
        "update_date": part.policy.updated,
        "document": part.document,
        "roles": list(part.roles),
    }
