# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a backfill: found, sent and skipped versions, and the lines of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .repair_report import RepairAction, RepairReport, SkippedVersion
from .resend_rules import REASONS
from .verify_entries import Side, Tally

SCHEMA = "scality.backbeat.backfill/1"
#: The number of versions that the report names for each reason, and of those with changed tags.
SHOWN = 10
#: Why a version is skipped: the reasons of the rules for sending, and those that are only found while sending.
EXPLAINED = {
    **REASONS,
    "changed": "Its replication status changed while the job ran: the job leaves it unchanged. Run again.",
    "gone": "It was deleted permanently at the source while the job ran.",
    "refused": "The server refuses a call for this version: see the detail.",
    "previous-not-arrived": "The key has a null version, and the version before this one has not arrived, so "
    "this one must not be sent yet. Find the cause with backbeat_preflight, then run again.",
    "previous-not-sent": "An older version of the key could not be sent: fix the cause first, then run again.",
    "marker-not-arrived": "The key was deleted at the source once more, and the new delete marker did not "
    "arrive at the target in time. The key's older versions are not sent before it arrives. Find the cause "
    "with backbeat_preflight, then run again.",
    "live-again": "The key, which was deleted at the source, was put there again while the job ran. Nothing more was "
    "done to it.",
}


@dataclass(frozen=True)
class SourceVersion:
    """A source version as in the lines of the files, and the state in which it was found."""

    key: str
    version_id: str
    state: str
    size: int = 0
    modified: str | None = None
    status: str | None = None

    def sent_line(self, now: str) -> dict[str, Any]:
        """A line of sent_file. A verification reads its "pending_since"."""
        return {
            "schema": SCHEMA,
            "action": "send",
            **vars(self),
            "pending_since": now,
        }

    def skipped_line(self, reason: str, detail: str = "") -> dict[str, Any]:
        """A line of skipped_file."""
        return {
            "schema": SCHEMA,
            **vars(self),
            "reason": reason,
            "detail": detail or EXPLAINED[reason],
        }


@dataclass
class TagWindow:
    """The time between reading a version's tags and the response to putting them back, in seconds."""

    count: int = 0
    total: float = 0.0
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        self.count += 1
        self.total += seconds
        self.longest = max(self.longest, seconds)

    def as_dict(self) -> dict[str, Any]:
        mean = self.total / self.count if self.count else None
        return {
            "versions": self.count,
            "mean": None if mean is None else round(mean, 4),
            "longest": round(self.longest, 4) if self.count else None,
        }


@dataclass
class Report:
    """The result of a backfill.

    scope: the options that select versions. compared: versions and markers of the source that were compared. found:
    versions that are not at the target, by state. sent: versions that were sent, or in check mode would be, by state;
    deleted_again: keys that were deleted at the source again. skipped: by reason; first_skipped: the lines of the first
    of each. outcome: sent versions by state and status; None if the run did not wait for it. tags_changed: the number
    of versions that had other tags after they were put back; first_tags_changed: lines of the first. expected: in check
    mode, the estimated requests and time of a run.
    """

    source: Side
    target: Side
    site: str = ""
    scope: dict[str, Any] = field(default_factory=dict)
    started: str = ""
    finished: str = ""
    seconds: float = 0.0
    complete: bool = False
    compared: int = 0
    found: dict[str, Tally] = field(default_factory=dict)
    sent: dict[str, Tally] = field(default_factory=dict)
    deleted_again: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    first_skipped: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    outcome: dict[str, dict[str, int]] | None = None
    window: TagWindow = field(default_factory=TagWindow)
    tags_changed: int = 0
    first_tags_changed: list[dict[str, Any]] = field(default_factory=list)
    side_effects: list[str] = field(default_factory=list)
    expected: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)
    error: str = ""

    @property
    def sent_count(self) -> int:
        return sum(tally.count for tally in self.sent.values())

    @property
    def skipped_count(self) -> int:
        return sum(self.skipped.values())

    def note(self, text: str) -> None:
        """Add a note about something that was not considered, once."""
        if text not in self.notes:
            self.notes.append(text)

    def find(self, version: SourceVersion) -> None:
        _count(self.found, version)

    def send(self, version: SourceVersion) -> None:
        _count(self.sent, version)

    def skip(self, line: Mapping[str, Any]) -> None:
        """Count a line of skipped_file, and keep it if it is among the first for its reason."""
        reason = line["reason"]
        self.skipped[reason] = self.skipped.get(reason, 0) + 1
        first = self.first_skipped.setdefault(reason, [])
        if len(first) < SHOWN:
            first.append(dict(line))

    def change_tags(self, line: Mapping[str, Any]) -> None:
        self.tags_changed += 1
        if len(self.first_tags_changed) < SHOWN:
            self.first_tags_changed.append(dict(line))

    def became(self, state: str, status: str) -> None:
        """Count the outcome of a version that was sent."""
        if self.outcome is None:
            self.outcome = {}
        found = self.outcome.setdefault(state, {})
        found[status] = found.get(status, 0) + 1

    def count_outcome(self, status: str) -> int:
        return sum(found.get(status, 0) for found in (self.outcome or {}).values())

    def as_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "schema": SCHEMA,
            "complete": self.complete,
            "source": self.source.as_dict(),
            "target": self.target.as_dict(),
            "site": self.site,
            "scope": self.scope,
            "started": self.started,
            "finished": self.finished,
            "seconds": self.seconds,
            "compared": self.compared,
            "found": _tallies(self.found),
            "sent": _tallies(self.sent),
            "sent_count": self.sent_count,
            "deleted_again": self.deleted_again,
            "skipped": dict(self.skipped),
            "skipped_count": self.skipped_count,
            "first_skipped": self.first_skipped,
            "outcome": self.outcome,
            "tag_window_seconds": self.window.as_dict(),
            "tags_changed": self.tags_changed,
            "first_tags_changed": self.first_tags_changed,
            "side_effects": self.side_effects,
            "expected": self.expected,
            "notes": self.notes,
            "requests": self.requests,
            "error": self.error,
        }

    def saved(self) -> dict[str, Any]:
        """The state for a checkpoint."""
        return {**self.as_dict(), "window": asdict(self.window)}

    def resume(self, saved: Mapping[str, Any]) -> None:
        """Continue from a checkpoint."""
        for name in _KEPT:
            setattr(self, name, saved[name])
        for name in ("found", "sent"):
            setattr(self, name, {state: Tally(**tally) for state, tally in saved[name].items()})
        self.window = TagWindow(**saved["window"])

    def repair(self) -> RepairReport:
        """The report in the form of a repair, for the page of reports."""
        completed, failed = self.count_outcome("COMPLETED"), self.count_outcome("FAILED")
        done = [
            RepairAction(
                "tags",
                asked=self.sent_count + self.skipped_count,
                sent=self.sent_count,
                accepted=self.sent_count,
                refused=self.skipped_count,
                completed=completed,
                failed=failed,
            )
        ]
        if self.deleted_again:
            number = self.deleted_again
            done.insert(0, RepairAction("delete_again", asked=number, sent=number, accepted=number))
        return RepairReport(
            self.source.name,
            self.source.bucket,
            self.target.name,
            self.target.bucket,
            before={state: tally.count for state, tally in self.found.items()},
            done=tuple(done),
            skipped=tuple(
                SkippedVersion(line["key"], line["version_id"], line["detail"])
                for lines in self.first_skipped.values()
                for line in lines
            ),
            skipped_count=self.skipped_count,
            finished=self.finished,
            stopped=self.error,
            notes=(*self.side_effects, *self.notes),
        )


#: The attributes that a checkpoint saves.
_KEPT = (
    "started",
    "seconds",
    "compared",
    "deleted_again",
    "skipped",
    "first_skipped",
    "outcome",
    "tags_changed",
    "first_tags_changed",
    "requests",
)


def _count(tallies: dict[str, Tally], version: SourceVersion) -> None:
    tally = tallies.setdefault(version.state, Tally())
    tally.add(1, version.size, version.modified, version.modified)


def _tallies(tallies: Mapping[str, Tally]) -> dict[str, Any]:
    return {state: tally.as_dict() for state, tally in sorted(tallies.items())}
