# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selects the versions of a bucket to compare: all, the current ones, or those of a period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .verify_compare import LATEST, MODIFIED, VERSION_ID, Case, Count, Row
from .verify_judge import Verdict


@dataclass(frozen=True)
class Scope:
    """current: only current versions. since, before: LastModified, ISO 8601 in UTC, "" for no limit."""

    current: bool = False
    since: str = ""
    before: str = ""

    def rows(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that are in scope."""
        found = list(rows)
        if self.current:
            found = [row for row in found if row[LATEST] == b"true"]
        if self.since:
            since = self.since.encode()
            found = [row for row in found if row[MODIFIED] >= since]
        if self.before:
            before = self.before.encode()
            found = [row for row in found if row[MODIFIED] < before]
        return found

    def case(self, case: Case) -> Case:
        """The case with the rows that are in scope."""
        return replace(
            case, source=tuple(self.rows(case.source)), target=tuple(self.rows(case.target))
        )

    def verdict(self, case: Case, verdict: Verdict) -> Verdict:
        """The verdict on the current versions of a key, from the verdict on all its versions.

        The current version of one side may be noncurrent on the other, which only all versions together show.
        """
        if not self.current:
            return verdict
        current = {row[VERSION_ID] for row in self.case(case).source}
        either = current | {row[VERSION_ID] for row in self.case(case).target}
        same = [pair for pair in verdict.same if pair[0][VERSION_ID] in current]
        in_sync = Count()
        in_sync.add(row for row, _other in same)
        problems = [
            problem
            for problem in verdict.problems
            if problem.state == "other_current" or problem.version_id.encode() in either
        ]
        return replace(verdict, in_sync=in_sync, same=same, problems=problems)
