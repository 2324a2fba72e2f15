# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight found of one pair of buckets."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ..._documents.errors import InvalidDocument, quote
from .catalogue import CATALOGUE, ERROR, INFO, SEVERITIES


@dataclass(frozen=True)
class Finding:
    """One finding: `what` is there, `where`, `why` that matters, and the `remedy`; whole sentences but for `where`."""

    id: str
    severity: str
    what: str
    where: str
    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.severity} {self.id} ({self.where}): {self.what} {self.remedy}"


class Findings:
    """The findings so far, each once.

    ignored: ids that are not to be reported; before_setup: what set-up is going to make or repair is only worth a note.
    """

    def __init__(self, ignored: Collection[str] = (), before_setup: bool = False) -> None:
        for id in ignored:
            if id not in CATALOGUE:
                raise InvalidDocument(
                    f"There is no finding {quote(id)} to ignore: give ids such as they stand in the findings."
                )
        self._ignored = frozenset(ignored)
        self._before_setup = before_setup
        self._found: dict[Finding, None] = {}

    def add(self, id: str, where: str, what: str) -> None:
        """Report something of a kind of the catalogue."""
        kind = CATALOGUE[id]
        expected = self._before_setup and kind.made_by_setup
        severity = INFO if expected else kind.severity
        if id not in self._ignored:
            self._found[Finding(id, severity, what, where, kind.why, kind.remedy)] = None

    @property
    def bad(self) -> bool:
        """Whether there is an error among them."""
        return any(one.severity == ERROR for one in self._found)

    def of(self, severities: Iterable[str]) -> list[Finding]:
        """The findings of these severities, the worst first."""
        wanted = tuple(severities)
        return [
            one
            for severity in SEVERITIES
            if severity in wanted
            for one in self._found
            if one.severity == severity
        ]

    def summary(self) -> dict[str, int]:
        """How many there are of each severity."""
        return {severity: len(self.of([severity])) for severity in SEVERITIES}
