# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine needs of a resource: its state, the changes that lead to the desired one, and their checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

State = TypeVar("State")


@dataclass(frozen=True)
class Change(Generic[State]):
    """One write: the API operation, what it is done to, and how.

    `apply` makes the call on the state before it (None: absent) and returns the state after it, taking from the
    server's answer what only the server knows. `removes` says that NotFound means that another run was faster,
    `retry_not_found` that it may mean that what was just made, here or a moment ago, is not visible yet.
    """

    operation: str
    subject: str
    apply: Callable[[State | None], State | None]
    removes: bool = False
    retry_not_found: bool = False

    def __str__(self) -> str:
        return f"{self.operation} {self.subject}"


@dataclass(frozen=True)
class Plan(Generic[State]):
    """The writes that are needed, in their order, and the state that they lead to (None: absent).

    What only the server can choose (identifiers, dates) is None or names.UNKNOWN_ACCOUNT in `after`.
    `check` makes the reads that only a dangerous plan needs, in check mode too: it returns further warnings or raises
    Refused. `follow_up` is called after the writes with the list of them: it returns further warnings, and adds to the
    list what it writes itself.
    """

    after: State | None
    changes: tuple[Change[State], ...] = ()
    warnings: tuple[str, ...] = ()
    check: Callable[[], tuple[str, ...]] = tuple
    follow_up: Callable[[list[str]], tuple[str, ...]] = lambda _changes: ()


class Resource(Protocol[State]):
    """One resource on a server, and its desired state."""

    def read(self) -> State | None:
        """The current state, None when it is absent."""

    def plan(self, current: State | None) -> Plan[State]:
        """What must change. Raises Refused or documents.errors.InvalidDocument; makes no call."""

    def describe(self, state: State | None) -> dict[str, Any] | None:
        """The state as a result for the user, in snake_case; the same keys always."""

    def compared(self, state: State | None) -> dict[str, Any]:
        """The part of the state that a user can ask for, for the diff."""
