# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The failures that all layers share, and the kinds of work that the engine runs.

A resource is read, planned and applied; a query is run. The third kind, jobs, is in _jobs/job.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

_LONGEST_QUOTE = 80


class Failure(Exception):
    """Work that failed for a known reason; `str()` is text for the user: what failed, why, and what to do."""

    @property
    def details(self) -> dict[str, Any]:
        """The further keys of a failed task's result."""
        return {}


class Refused(Failure):
    """A request that cannot or must not be fulfilled; the text has the resource, the reason and the remedy."""


class InvalidDocument(Failure, ValueError):
    """An invalid name or document. `str()` has its kind, the value and the remedy."""


class UnsupportedConfiguration(InvalidDocument):
    """A replication configuration that a server may accept, but that the collection never rewrites."""


class Unsatisfied(Failure):
    """The state is not as requested.

    what: the observations in whole sentences; remedy: what to check if the cause is unknown. The text is both.
    seen: the other keys of the failed task's result.
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
    """`value` for a message: quoted, and shortened if it is too long to read."""
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_QUOTE else f"{shown[: _LONGEST_QUOTE - 3]}..."


State = TypeVar("State")


@dataclass(frozen=True)
class Change(Generic[State]):
    """One write: the API operation, its subject, and the function that makes it.

    `apply` takes the state before the call (None: absent), makes the call, and returns the state after it, with values
    that the server chose. `removes`: NotFound means that another run already removed it. `retry_not_found`: NotFound
    may mean that a new resource is not visible yet.
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
    """The required writes in order, and the resulting state (None: absent).

    Values that the server chooses (identifiers, dates) are None or names.UNKNOWN_ACCOUNT in `after`. `check` makes the
    additional reads for a dangerous plan, in check mode too: it returns warnings or raises Refused. `follow_up` is
    called after the writes with the list of them: it returns warnings, and appends its own writes to the list.
    `details` are further parts of the result.
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
        """Read the current state; None if it is absent."""

    def plan(self, current: State | None) -> Plan[State]:
        """Plan the required changes. Raises Refused or InvalidDocument; makes no call."""

    def describe(self, state: State | None) -> dict[str, Any] | None:
        """The state as a result for the user, in snake_case, always with the same keys."""

    def compared(self, state: State | None) -> dict[str, Any]:
        """The part of the state that a user can request, for the diff."""


class Query(ABC):
    """Reads and judges without writing, identically in check mode."""

    @abstractmethod
    def run(self) -> dict[str, Any]:
        """Read and judge. Returns the result; raises Unsatisfied with what was seen."""
