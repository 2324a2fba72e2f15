# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a verification: its states, its JSON form, and how parts of one run become one report.

The summary (`Report.as_dict`) and the lines of the problems file (`Problem.as_dict`) carry the schema's name; a change
that readers could trip over gets another number.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .._work import InvalidDocument

SCHEMA = "scality.backbeat.verify/1"
#: How many problems of each state a report itself shows: those with the smallest keys.
SHOWN = 10


@dataclass(frozen=True)
class State:
    """One state that a version (or, if `of` is "keys", a whole key) can be in.

    sign: rclone's (= same, - only at the target, + only at the source, * different, ! could not be examined).
    limit: how many are accepted unless a task says otherwise; None: any number.
    meaning and remedy are sentences for reports.
    """

    id: str
    title: str
    sign: str
    limit: int | None
    meaning: str
    remedy: str = ""
    of: str = "versions"


STATES: tuple[State, ...] = (
    State("in_sync", "in sync", "=", None, "Both buckets hold the same version."),
    State(
        "pending",
        "pending",
        "+",
        None,
        "The server has marked the version for replication, and it has not arrived yet.",
        "Wait, and verify again: what stays pending beyond the limit is reported as stuck.",
    ),
    State(
        "processing",
        "processing",
        "+",
        None,
        "Backbeat is working on the version, or some of its sites are done.",
        "Wait, and verify again.",
    ),
    State(
        "failed",
        "failed",
        "+",
        0,
        "Backbeat gave up after its retries.",
        "Run backbeat_preflight to find the cause, fix it, and retry the failed versions.",
    ),
    State(
        "missing",
        "missing although COMPLETED",
        "+",
        0,
        "The source says that the version was replicated, and the target does not have it.",
        "Find out whether it was removed on purpose (lifecycle rules, erasure). If not, replicate it again by name.",
    ),
    State(
        "never_replicated",
        "never replicated",
        "+",
        0,
        "An enabled rule selects the version, and it carries no replication status: it is older than the rule.",
        "Backfill: put the version's own tags back on it.",
    ),
    State(
        "not_selected",
        "not selected by a rule",
        "+",
        None,
        "No enabled rule selects the version, so it is not replicated.",
        "Add a rule for its prefix if it should be replicated.",
    ),
    State(
        "stuck",
        "stuck",
        "+",
        0,
        "The version is PENDING for longer than the limit, or for roles that are no longer configured. "
        "No list of failures contains it.",
        "Run backbeat_preflight to find the cause, fix it, and put the version's own tags back on it.",
    ),
    State(
        "different",
        "different",
        "*",
        0,
        "Both sides have the version, with another ETag, size or content.",
        "Compare both sides by hand before you replace one of them.",
    ),
    State(
        "not_comparable",
        "not comparable",
        "!",
        None,
        "The ETags cannot be compared (encryption or other part sizes); the sizes are equal.",
        "Compare the bytes with the option bodies.",
    ),
    State(
        "replica_without_source",
        "replica without source",
        "-",
        None,
        "The version is a replica, and its source is gone: deleted permanently, which is never replicated, or lost.",
        "Delete it on this side too, or restore the source from it.",
    ),
    State(
        "written_at_target",
        "written at the target",
        "-",
        None,
        "The version was written directly to the target.",
        "Stop writing to the target, or replicate both ways.",
    ),
    State(
        "delete_marker_missing",
        "delete marker missing",
        "+",
        0,
        "The key is deleted at the source and not at the target.",
        "Delete the key at the source once more: the new marker is replicated.",
    ),
    State(
        "delete_marker_covered",
        "delete marker covered by a newer one",
        "+",
        None,
        "The marker is not at the target, but a newer one is: the key is deleted on both sides.",
    ),
    State(
        "delete_marker_extra",
        "delete marker extra",
        "-",
        None,
        "The key has a delete marker at the target that the source does not have.",
        "Remove the marker at the target if the key should be readable there.",
    ),
    State(
        "other_current",
        "another current version",
        "*",
        0,
        "A plain GET of the key returns another version at the target than at the source.",
        "Put the current version's own tags back on it, or remove what covers it at the target.",
        "keys",
    ),
    State(
        "other_order",
        "another order of versions",
        "*",
        None,
        "The noncurrent versions of the key are in another order.",
        "",
        "keys",
    ),
    State(
        "uninspected",
        "not inspected",
        "!",
        None,
        "The listings differ, and the limit for inspections was reached.",
        "Raise inspect_limit, or verify a smaller prefix.",
    ),
)
STATE: dict[str, State] = {state.id: state for state in STATES}


def accepted(given: Mapping[str, Any]) -> dict[str, int | None]:
    """How many versions are accepted in each state; None for any number. Raises InvalidDocument."""
    limits: dict[str, int | None] = {}
    for state, limit in given.items():
        if state not in STATE or state == "in_sync":
            known = ", ".join(name for name in STATE if name != "in_sync")
            raise InvalidDocument(f"accept names the state {state!r}: use {known}.")
        try:
            number = int(limit)
        except (TypeError, ValueError) as error:
            raise InvalidDocument(
                f"accept.{state} is {limit!r}: give a number, or -1 for any number."
            ) from error
        limits[state] = None if number < 0 else number
    return limits


@dataclass
class Tally:
    """How many, how many bytes, and the smallest and largest LastModified (ISO 8601 in UTC, None for none)."""

    count: int = 0
    bytes: int = 0
    oldest: str | None = None
    newest: str | None = None

    def add(self, count: int, size: int, oldest: str | None, newest: str | None) -> None:
        self.count += count
        self.bytes += size
        if oldest is not None and (self.oldest is None or oldest < self.oldest):
            self.oldest = oldest
        if newest is not None and (self.newest is None or newest > self.newest):
            self.newest = newest

    def as_dict(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "bytes": self.bytes,
            "oldest": self.oldest,
            "newest": self.newest,
        }


@dataclass(frozen=True)
class Side:
    """Where one side is. `name` is what reports call it, such as the inventory's host."""

    name: str
    endpoint_url: str
    bucket: str

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "endpoint_url": self.endpoint_url, "bucket": self.bucket}


@dataclass(frozen=True)
class Problem:
    """One version (or key) that is not in sync; a line of the problems file.

    etag without quotes; modified ISO 8601; status: the ReplicationStatus that HEAD showed, None if not asked or absent;
    reason: why it is in this state, a word that programs can use; detail: the same for people.
    pending_since: when a report first saw it PENDING, for the next run.
    """

    key: str
    version_id: str
    state: str
    side: str
    delete_marker: bool = False
    size: int | None = None
    etag: str | None = None
    modified: str | None = None
    status: str | None = None
    reason: str = ""
    detail: str = ""
    pending_since: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """{"schema", "state", "sign", "key", "version_id", "side": "source" | "target" | "both", ..}."""
        return {
            "schema": SCHEMA,
            "state": self.state,
            "sign": STATE[self.state].sign,
            "key": self.key,
            "version_id": self.version_id,
            "side": self.side,
            "delete_marker": self.delete_marker,
            "size": self.size,
            "etag": self.etag,
            "modified": self.modified,
            "status": self.status,
            "reason": self.reason,
            "detail": self.detail,
            "pending_since": self.pending_since,
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Problem:
        _check_schema(given)
        return cls(**{one.name: given[one.name] for one in fields(cls)})


@dataclass(frozen=True)
class Gap:
    """Why a report is incomplete, and for which keys: those after `after` up to and including `until`.

    reason: a word such as "listing-failed", "head-refused", "range-lost"; "" and None are the ends of the bucket.
    """

    reason: str
    message: str
    after: str = ""
    until: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "message": self.message,
            "after": self.after,
            "until": self.until,
        }


@dataclass
class Report:
    """The result of a verification, or of a part of one.

    scope: the options that say what was compared; the parts of one run have the same.
    inspected, uninspected: by kind of listing difference, how many were examined by HEAD and how many were not.
    ranges: the ranges of keys that were compared, each after the first text and up to the second (None: the end).
    gaps: what is missing from the report. failures: what makes the task fail, as sentences.
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

    @property
    def complete(self) -> bool:
        """Whether everything in the scope was compared, and every difference explained."""
        return not self.gaps and not any(self.uninspected.values())

    @property
    def empty(self) -> bool:
        """Whether both buckets have nothing in the scope."""
        return not any(tally.count for tally in self.listed.values())

    @property
    def problems(self) -> int:
        """How many versions and keys are in another state than in sync."""
        return sum(tally.count for name, tally in self.states.items() if name != "in_sync")

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
        """Take in another part of the same run. Raises InvalidDocument for a part of another run."""
        if (self.source, self.target, self.scope) != (other.source, other.target, other.scope):
            raise InvalidDocument(
                "The parts of the report are of different runs: verify all ranges with the same options, then merge."
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
        for problems in other.first.values():
            for problem in problems:
                self._keep(problem)

    def judge(self, limits: Mapping[str, int | None], *, allow_empty: bool) -> None:
        """Fill `failures`: states beyond their limits, an empty pair, an incomplete run."""
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
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Report:
        """The report of a JSON summary. Raises InvalidDocument for another schema or a field that is missing."""
        _check_schema(given)
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
)


def merged(reports: Iterable[Report]) -> Report:
    """One report of the parts of one run, at least one."""
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


def _check_schema(given: Mapping[str, Any]) -> None:
    schema = given.get("schema")
    if schema != SCHEMA:
        raise InvalidDocument(
            f"This is no report of the schema {SCHEMA} (its schema is {schema!r}): "
            "verify again with this version of the collection."
        )
