# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine needs of a query: a result, or what was seen if it is not the requested one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from .._documents.errors import Failure


class Unsatisfied(Failure):
    """What was found is not what was requested. `seen` goes into the result beside the text."""

    def __init__(self, message: str, seen: dict[str, Any]) -> None:
        super().__init__(message)
        self.seen = seen

    @property
    def details(self) -> dict[str, Any]:
        return self.seen


class Query(ABC):
    """Reads and judges, and writes nothing: the same in check mode."""

    @abstractmethod
    def run(self) -> dict[str, Any]:
        """Read and judge. Returns the result; raises Unsatisfied with what was seen."""
