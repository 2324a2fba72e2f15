# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a verification: its JSON form, its reasons to fail, and the merging of parts of one run.

The summary (`Report.as_dict`) and the lines of the problems file (`Problem.as_dict`) contain the schema's name, whose
number changes with every incompatible change.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._work import InvalidDocument
from .verify_entries import SCHEMA, Gap, Problem, Side, Tally, check_schema
from .verify_states import STATES

#: The number of problems of each state in the report itself: those with the smallest keys.
SHOWN = 10


@dataclass
class Report:
    """The result of a verification, or of a part of one.

    scope: the options for what was compared; the same for all parts of one run. inspected, uninspected: by kind of
    listing difference, how many were examined by HEAD and how many were not. ranges: the ranges of keys that were
    compared, each after the first text and up to the second (None: the end). gaps: ranges that are missing from the
    report. failures: the reasons why the task fails, as sentences. backlog_age: of Backbeat's backlog in seconds, None
    if unknown; younger versions do not count as stuck.
    """

    source: Side
    target: Side
    site: str = ""
    both_ways: bool = False
    scope: dict[str, Any] = field(default_factory=dict)
    ranges: list[list[str | None]] = field(default_factory=lambda: [["", None]])
    started: str = ""
    finished: str = ""
    seconds: float = 0.0
    listed: dict[str, Tally] = field(default_factory=lambda: {"source": Tally(), "target": Tally()})
    delete_markers: dict[str, int] = field(default_factory=lambda: {"source": 0, "target": 0})
    states: dict[str, Tally] = field(
        default_factory=lambda: {state.id: Tally() for state in STATES}
    )
    reasons: dict[str, dict[str, int]] = field(default_factory=dict)
    inspected: dict[str, int] = field(default_factory=dict)
    uninspected: dict[str, int] = field(default_factory=dict)
    bodies_compared: int = 0
    other_times: int = 0
    gaps: list[Gap] = field(default_factory=list)
    first: dict[str, list[Problem]] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    problems_file: str | None = None
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    last_complete: str | None = None
    backlog_age: float | None = None

    @property
    def complete(self) -> bool:
        """Whether everything in the scope was compared, and every difference examined."""
        return not self.gaps and not any(self.uninspected.values())

    @property
    def pair(self) -> tuple[Side, Side, str]:
        """The compared pair: both sides, and the site."""
        return self.source, self.target, self.site

    @property
    def empty(self) -> bool:
        """Whether both buckets are empty within the scope."""
        return not any(tally.count for tally in self.listed.values())

    @property
    def problems(self) -> int:
        """The number of versions and keys that are not in sync."""
        return sum(tally.count for name, tally in self.states.items() if name != "in_sync")

    def note(self, text: str) -> None:
        """Add a note about something that was not considered, once."""
        if text not in self.notes:
            self.notes.append(text)

    def add(self, problem: Problem) -> None:
        """Count a problem, and keep it if it is among the first of its state."""
        modified = problem.modified
        self.states[problem.state].add(1, problem.size or 0, modified, modified)
        if problem.reason:
            reasons = self.reasons.setdefault(problem.state, {})
            reasons[problem.reason] = reasons.get(problem.reason, 0) + 1
        self._keep(problem)

    def _keep(self, problem: Problem) -> None:
        first = self.first.setdefault(problem.state, [])
        if len(first) < SHOWN or _place(problem) < _place(first[-1]):
            insort(first, problem, key=_place)
            del first[SHOWN:]

    def merge(self, other: Report) -> None:
        """Add another part of the same run. Raises InvalidDocument for a part of another run."""
        if (self.pair, self.scope) != (other.pair, other.scope):
            raise InvalidDocument(
                "The parts of the report belong to different runs: verify all ranges with the same options, then merge."
            )
        self.started = min(filter(None, (self.started, other.started)), default="")
        self.finished = max(self.finished, other.finished)
        self.seconds = max(self.seconds, other.seconds)
        for mine, theirs in ((self.listed, other.listed), (self.states, other.states)):
            for name, tally in theirs.items():
                own = mine[name]
                own.add(tally.count, tally.bytes, tally.oldest, tally.newest)
        for mine_, theirs_ in (
            (self.delete_markers, other.delete_markers),
            (self.inspected, other.inspected),
            (self.uninspected, other.uninspected),
            (self.requests, other.requests),
        ):
            _sum(mine_, theirs_)
        for state, reasons in other.reasons.items():
            _sum(self.reasons.setdefault(state, {}), reasons)
        self.bodies_compared += other.bodies_compared
        self.other_times += other.other_times
        self.both_ways = self.both_ways or other.both_ways
        self.ranges = sorted(self.ranges + other.ranges, key=lambda one: one[0] or "")
        self.gaps = sorted({*self.gaps, *other.gaps}, key=lambda gap: (gap.after, gap.reason))
        self.notes = list(dict.fromkeys([*self.notes, *other.notes]))
        ages = [one for one in (self.backlog_age, other.backlog_age) if one is not None]
        self.backlog_age = max(ages, default=None)
        for problems in other.first.values():
            for problem in problems:
                self._keep(problem)

    def judge(self, limits: Mapping[str, int | None], *, allow_empty: bool) -> None:
        """Fill `failures`: states over their limits, an empty pair, an incomplete run."""
        self.failures = []
        for gap in self.gaps:
            self.failures.append(f"The verification is incomplete: {gap.message}")
        skipped = sum(self.uninspected.values())
        if skipped:
            self.failures.append(
                f"The verification is incomplete: {skipped:,} differences were not inspected "
                "because inspect_limit was reached."
            )
        if self.empty and not self.gaps and not allow_empty:
            self.failures.append(
                "Both buckets are empty: check their names and the prefix, or set allow_empty."
            )
        for state in STATES:
            limit = limits.get(state.id, state.limit)
            count = self.states[state.id].count
            if limit is not None and count > limit:
                beyond = f" ({limit:,} accepted)" if limit else ""
                things = state.of if count > 1 else state.of[:-1]
                self.failures.append(f"{count:,} {things}: {state.title}{beyond}.")

    @property
    def verdict(self) -> str:
        """ "incomplete", "failed" or "ok"."""
        if not self.complete:
            return "incomplete"
        return "failed" if self.failures else "ok"

    def as_dict(self) -> dict[str, Any]:
        """The JSON summary."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict,
            "complete": self.complete,
            "source": self.source.as_dict(),
            "target": self.target.as_dict(),
            "site": self.site,
            "both_ways": self.both_ways,
            "scope": self.scope,
            "ranges": self.ranges,
            "started": self.started,
            "finished": self.finished,
            "seconds": self.seconds,
            "listed": {
                name: {**tally.as_dict(), "delete_markers": self.delete_markers[name]}
                for name, tally in self.listed.items()
            },
            "states": {name: tally.as_dict() for name, tally in self.states.items()},
            "reasons": self.reasons,
            "problems": self.problems,
            "problems_file": self.problems_file,
            "first_problems": {
                name: [problem.as_dict() for problem in problems]
                for name, problems in self.first.items()
                if problems
            },
            "inspected": self.inspected,
            "uninspected": self.uninspected,
            "bodies_compared": self.bodies_compared,
            "other_times": self.other_times,
            "gaps": [gap.as_dict() for gap in self.gaps],
            "failures": self.failures,
            "notes": self.notes,
            "requests": self.requests,
            "last_complete": self.last_complete,
            "backlog_age": self.backlog_age,
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Report:
        """The report of a JSON summary. Raises InvalidDocument for another schema or a missing field."""
        check_schema(given)
        try:
            return cls._read(given)
        except (KeyError, TypeError, AttributeError) as error:
            raise InvalidDocument(
                f"The verification report is damaged ({type(error).__name__}: {error}): verify again."
            ) from error

    @classmethod
    def _read(cls, given: Mapping[str, Any]) -> Report:
        report = cls(
            source=Side(**given["source"]),
            target=Side(**given["target"]),
            listed={
                name: Tally(**{key: tally[key] for key in ("count", "bytes", "oldest", "newest")})
                for name, tally in given["listed"].items()
            },
            delete_markers={
                name: tally["delete_markers"] for name, tally in given["listed"].items()
            },
            states={
                state.id: Tally(**given["states"].get(state.id) or Tally().as_dict())
                for state in STATES
            },
            first={
                name: [Problem.from_dict(one) for one in problems]
                for name, problems in given["first_problems"].items()
            },
            gaps=[Gap(**gap) for gap in given["gaps"]],
            reasons={name: dict(counts) for name, counts in given["reasons"].items()},
        )
        for name in _PLAIN:
            setattr(report, name, given[name])
        return report


_PLAIN = (
    "site",
    "both_ways",
    "scope",
    "ranges",
    "started",
    "finished",
    "seconds",
    "inspected",
    "uninspected",
    "bodies_compared",
    "other_times",
    "requests",
    "problems_file",
    "failures",
    "notes",
    "last_complete",
    "backlog_age",
)


def merged(reports: Iterable[Report]) -> Report:
    """One report from the parts of one run, of which there must be at least one."""
    parts = list(reports)
    if not parts:
        raise InvalidDocument("There is no part of a report to merge: verify at least one range.")
    whole = Report(parts[0].source, parts[0].target, parts[0].site, scope=parts[0].scope, ranges=[])
    for part in parts:
        whole.merge(part)
    return whole


def _place(problem: Problem) -> tuple[bytes, str]:
    return problem.key.encode("utf-8", "surrogatepass"), problem.version_id


def _sum(mine: dict[str, int], theirs: Mapping[str, int]) -> None:
    for name, count in theirs.items():
        mine[name] = mine.get(name, 0) + count
