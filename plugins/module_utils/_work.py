# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all layers share: how work fails, and the kinds of work that the engine runs.

A resource is read, planned and applied; a query is run. The third kind, jobs, is in _jobs/job.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

_LONGEST_QUOTE = 80


class Failure(Exception):
    """Work that could not be done for a known reason; `str()` tells the user what failed, why, and what to do."""

    @property
    def details(self) -> dict[str, Any]:
        """What the result of a failed task holds beside its message."""
        return {}


class Refused(Failure):
    """A request that cannot or must not be carried out; the text names the resource, the reason and the remedy."""


class InvalidDocument(Failure, ValueError):
    """A name or document that is no good. `str()` names the thing, the value and the way out."""


class UnsupportedConfiguration(InvalidDocument):
    """A replication configuration that a server may know, but that is never rewritten here."""


class Unsatisfied(Failure):
    """What was found is not what was requested.

    what: what was found, in whole sentences; remedy: what to check, if the cause is not known. The text is both.
    seen: what the result of the failed task holds beside them.
    """

    def __init__(self, what: str, seen: dict[str, Any], remedy: str = "") -> None:
        super().__init__(f"{what} {remedy}".rstrip())
        self.what, self.seen, self.remedy = what, seen, remedy

    @property
    def details(self) -> dict[str, Any]:
        parts = {"what": self.what, "remedy": self.remedy}
        return {**self.seen, **parts} if self.remedy else self.seen

    def with_seen(self, seen: dict[str, Any]) -> Unsatisfied:
        """The same failure, with another `seen`."""
        return Unsatisfied(self.what, seen, self.remedy)


def quote(value: object) -> str:
    """`value` as it is shown in a message: quoted, and cut where it is too long to be read."""
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_QUOTE else f"{shown[: _LONGEST_QUOTE - 3]}..."


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
    list what it writes itself. `details` are further parts of the result.
    """

    after: State | None
    changes: tuple[Change[State], ...] = ()
    warnings: tuple[str, ...] = ()
    check: Callable[[], tuple[str, ...]] = tuple
    follow_up: Callable[[list[str]], tuple[str, ...]] = lambda _changes: ()
    details: Mapping[str, Any] = field(default_factory=dict)


class Resource(Protocol[State]):
    """One resource on a server, and its desired state."""

    def read(self) -> State | None:
        """The current state, None when it is absent."""

    def plan(self, current: State | None) -> Plan[State]:
        """What must change. Raises Refused or InvalidDocument; makes no call."""

    def describe(self, state: State | None) -> dict[str, Any] | None:
        """The state as a result for the user, in snake_case; the same keys always."""

    def compared(self, state: State | None) -> dict[str, Any]:
        """The part of the state that a user can ask for, for the diff."""


class Query(ABC):
    """Reads and judges, and writes nothing: the same in check mode."""

    @abstractmethod
    def run(self) -> dict[str, Any]:
        """Read and judge. Returns the result; raises Unsatisfied with what was seen."""
