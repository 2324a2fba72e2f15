# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a question has to offer the engine: an answer, or what was seen when it is not the wanted one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Protocol

from .._clients.api import Api
from .._progress import Progress


class Unsatisfied(Exception):
    """The answer is not the wanted one. `seen` goes into the result beside the text."""

    def __init__(self, message: str, seen: dict[str, Any]) -> None:
        super().__init__(message)
        self.seen = seen


class Query(ABC):
    """Something that is only read and judged."""

    @abstractmethod
    def answer(self) -> dict[str, Any]:
        """The result. Raises Unsatisfied with what was seen."""


class Connections(Protocol):
    """Where a question gets its endpoints from, and what else it may know of the run."""

    check_mode: bool

    @property
    def main(self) -> Api:
        """The endpoint of the connection options at the top level."""

    @property
    def once(self) -> Callable[[Hashable, Callable[[], Any]], Any]:
        """Remembers by key what was found out for any item of this run."""

    @property
    def progress(self) -> Progress:
        """Is told what is waited for."""

    def open(self, service: str, options: Mapping[str, Any]) -> Api:
        """A further endpoint, whose connection options the item itself holds."""
