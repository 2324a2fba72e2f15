# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of a verification: counts, written lines and remaining work, so that it can be continued.

Every entry is added under one lock, so that a checkpoint never has half of one.
"""

from __future__ import annotations

import contextlib
import heapq
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._documents.key_space import Alphabet
from .._documents.names import key_bytes, key_text
from .._documents.verify_compare import VERSION_ID, Case, Count, Position
from .._documents.verify_entries import Problem, Tally
from .._documents.verify_judge import Verdict, remember_pending
from .._documents.verify_ranges import Span, share
from .._documents.verify_report import Report
from .checkpoint import Checkpoint, Lines, read_lines
from .job import JobProgress

Sampled = tuple[int, str, str]


@dataclass(frozen=True)
class Entry:
    """The result of one step: equal versions, and the verdicts on keys that differ."""

    equal: Count = field(default_factory=Count)
    verdicts: Sequence[tuple[Case, Verdict]] = ()
    inspected: Mapping[str, int] = field(default_factory=dict)
    sampled: Sequence[Sampled] = ()
    bodies: int = 0
    different: Sequence[Problem] = ()


@dataclass(frozen=True)
class Files:
    """The paths of a verification's files; None: not written."""

    checkpoint: str | None = None
    problems: str | None = None


def is_put_off(case: Case, verdict: Verdict) -> bool:
    """Whether a key is read again at the end of the run, and counted only then."""
    return verdict.again and not case.partial and not verdict.skipped


class Ledger:
    """The state of a verification. `sample`: the size of the sample for comparing bytes."""

    def __init__(
        self,
        report: Report,
        files: Files,
        checkpoint: Checkpoint | None,
        progress: JobProgress,
        *,
        ranges: Sequence[tuple[bytes, bytes | None]],
        sample: int = 0,
    ) -> None:
        self.lock: AbstractContextManager[Any] = threading.RLock()
        self.report = report
        self.progress = progress
        progress.refresh = self._refresh
        self.spans: list[Span] = []
        self.rechecked = 0
        self.rechecks = 0
        self._checkpoint = checkpoint
        self._sample = sample
        self._samples: list[Sampled] = []
        self._now = report.started
        self._exit = contextlib.ExitStack()
        state = checkpoint.load() if checkpoint else None
        self.resumed = state is not None
        self._begin(ranges) if state is None else self._resume(state)
        self._lines = self._open(files.problems, state["lines"] if state else None)
        beside = f"{files.checkpoint}.later" if files.checkpoint else None
        self._later = self._open(beside or self._scratch(), state["later"] if state else None)

    def _begin(self, ranges: Sequence[tuple[bytes, bytes | None]]) -> None:
        alphabet = Alphabet()
        for after, until in ranges:
            self.spans.append(
                Span(
                    after,
                    until,
                    position=Position(after),
                    alphabet=alphabet,
                    weight=1 / len(ranges),
                )
            )

    def _resume(self, state: Mapping[str, Any]) -> None:
        alphabet = Alphabet()
        self.report = Report.from_dict(state["report"])
        self.spans = [span_of(saved, alphabet) for saved in state["spans"]]
        self.rechecked, self.rechecks = state["rechecked"], state["rechecks"]
        self._samples = [(one[0], one[1], one[2]) for one in state["samples"]]
        self._now = self.report.started
        done = sum(tally.count for tally in self.report.states.values())
        self.progress.resume(done, share(self.spans))

    def _scratch(self) -> str:
        folder = self._exit.enter_context(tempfile.TemporaryDirectory(prefix="backbeat-verify-"))
        return str(Path(folder) / "later")

    def _open(self, path: str | None, size: int | None) -> Lines | None:
        if path is None:
            return None
        lines = Lines(path, size)
        self._exit.callback(lines.close)
        return lines

    def close(self) -> None:
        """Close the files."""
        self._exit.close()

    def enter(self, span: Span, position: Position, entry: Entry) -> None:
        """Count a block of a span, which has been compared up to the position."""
        with self.lock:
            rows = entry.equal.count
            self._count(entry.equal)
            for case, verdict in entry.verdicts:
                rows += max(len(case.source), len(case.target))
                if is_put_off(case, verdict):
                    self._put_off(case, verdict)
                else:
                    self._take(case, verdict)
            self._extras(entry)
            span.advance(position, rows)
            self.progress.add(rows)

    def finish(self, span: Span) -> None:
        """Record that a span was compared completely."""
        with self.lock:
            span.done = True
            self.progress.add(0)

    def count_request(self, kind: str) -> None:
        """Count a request: "list" or "head"."""
        with self.lock:
            requests = self.report.requests
            requests[kind] = requests.get(kind, 0) + 1

    def enter_again(self, done: Sequence[tuple[Case, Verdict]], entry: Entry, offset: int) -> None:
        """Count keys that were read again, up to an offset in the file of postponed keys."""
        with self.lock:
            for case, verdict in done:
                self._take(case, verdict)
            self._extras(entry)
            self.rechecked = offset
            self.rechecks += len(done)
            self.progress.add(len(done))

    def enter_samples(self, entry: Entry) -> None:
        """Count the sample; a run that continues from here does not compare it again."""
        with self.lock:
            self._samples = []
            self._extras(entry)

    def put_off(self) -> Iterator[tuple[int, bytes, Verdict, Case]]:
        """The keys to read again, each with the offset of the next one."""
        if self._later is None:
            return
        with self.lock:
            self._later.flush()
        for offset, saved in read_lines(self._later.path, self.rechecked):
            case = _case(saved)
            yield offset, case.key, _verdict(saved, case), case

    @property
    def samples(self) -> list[Sampled]:
        """The versions of the sample, whose bytes are to be compared."""
        return sorted((-rank, key, version) for rank, key, version in self._samples)

    def save(self, *, sync: bool = True) -> None:
        """Write a checkpoint."""
        with self.lock:
            for lines in (self._lines, self._later):
                if lines is not None:
                    lines.flush(sync=sync and self._checkpoint is not None)
            if self._checkpoint is None:
                return
            self._checkpoint.save(
                {
                    "report": self.report.as_dict(),
                    "spans": [saved_span(span) for span in self.spans],
                    "lines": self._lines.size if self._lines else None,
                    "later": self._later.size if self._later else None,
                    "rechecked": self.rechecked,
                    "rechecks": self.rechecks,
                    "samples": self._samples,
                }
            )

    def remove(self) -> None:
        """Remove the checkpoint, because the verification is complete."""
        if self._checkpoint is not None:
            self._checkpoint.remove()
            if self._later is not None:
                self._later.path.unlink(missing_ok=True)

    def _count(self, count: Count) -> None:
        for side in ("source", "target"):
            _add(self.report.listed[side], count)
            self.report.delete_markers[side] += count.markers
        _add(self.report.states["in_sync"], count)

    def _take(self, case: Case, verdict: Verdict) -> None:
        for side, rows in (("source", case.source), ("target", case.target)):
            listed = Count()
            listed.add(rows)
            _add(self.report.listed[side], listed)
            self.report.delete_markers[side] += listed.markers
        _add(self.report.states["in_sync"], verdict.in_sync)
        self.report.other_times += verdict.other_times
        for kind, count in verdict.skipped.items():
            self.report.uninspected[kind] = self.report.uninspected.get(kind, 0) + count
        self._report(verdict.problems)

    def _report(self, problems: Sequence[Problem]) -> None:
        noted = [remember_pending(problem, self._now) for problem in problems]
        for problem in noted:
            self.report.add(problem)
        if self._lines is not None and noted:
            self._lines.append(problem.as_dict() for problem in noted)

    def _put_off(self, case: Case, verdict: Verdict) -> None:
        if self._later is not None:
            self._later.append([_line(case, verdict)])

    def _extras(self, entry: Entry) -> None:
        for kind, count in entry.inspected.items():
            self.report.inspected[kind] = self.report.inspected.get(kind, 0) + count
        for rank, key, version in entry.sampled:
            heapq.heappush(self._samples, (-rank, key, version))
            if len(self._samples) > self._sample:
                heapq.heappop(self._samples)
        self.report.bodies_compared += entry.bodies
        for problem in entry.different:
            # It was already counted as in sync.
            equal = self.report.states["in_sync"]
            equal.count -= 1
            equal.bytes -= problem.size or 0
        self._report(entry.different)

    def _refresh(self) -> None:
        with self.lock:
            self.progress.problems = self.report.problems
            self.progress.share = share(self.spans)


def _add(tally: Tally, count: Count) -> None:
    oldest, newest = (
        None if moment is None else moment.decode() for moment in (count.oldest, count.newest)
    )
    tally.add(count.count, count.size, oldest, newest)


def saved_span(span: Span) -> dict[str, Any]:
    """A span in the form of a checkpoint."""
    return {
        "start": key_text(span.start),
        "until": None if span.until is None else key_text(span.until),
        "key": key_text(span.position.key),
        "version": None if span.position.version_id is None else key_text(span.position.version_id),
        "marker": span.position.marker,
        "rows": span.rows,
        "weight": span.weight,
        "done": span.done,
    }


def span_of(saved: Mapping[str, Any], alphabet: Alphabet) -> Span:
    """The span from its form in a checkpoint."""
    version = saved["version"]
    return Span(
        start=key_bytes(saved["start"]),
        until=None if saved["until"] is None else key_bytes(saved["until"]),
        position=Position(
            key_bytes(saved["key"]),
            None if version is None else key_bytes(version),
            saved["marker"],
        ),
        rows=saved["rows"],
        weight=saved["weight"],
        done=saved["done"],
        alphabet=alphabet,
    )


def _line(case: Case, verdict: Verdict) -> dict[str, Any]:
    count = verdict.in_sync
    return {
        "key": key_text(case.key),
        "source": [[key_text(value) for value in row] for row in case.source],
        "target": [[key_text(value) for value in row] for row in case.target],
        "covered": case.covered,
        "in_sync": [
            count.count,
            count.size,
            count.markers,
            None if count.oldest is None else key_text(count.oldest),
            None if count.newest is None else key_text(count.newest),
        ],
        "same": [[key_text(row[VERSION_ID]) for row in rows] for rows in verdict.same],
        "problems": [problem.as_dict() for problem in verdict.problems],
        "skipped": verdict.skipped,
        "other_times": verdict.other_times,
    }


def _case(saved: Mapping[str, Any]) -> Case:
    source, target = (
        tuple(tuple(map(key_bytes, row)) for row in saved[side]) for side in ("source", "target")
    )
    return Case(key_bytes(saved["key"]), source, target, covered=saved["covered"])


def _verdict(saved: Mapping[str, Any], case: Case) -> Verdict:
    count, size, markers, oldest, newest = saved["in_sync"]
    times = [None if moment is None else key_bytes(moment) for moment in (oldest, newest)]
    rows = [{key_text(row[VERSION_ID]): row for row in side} for side in (case.source, case.target)]
    return Verdict(
        Count(count, size, markers, times[0], times[1]),
        [
            (rows[0][mine], rows[1][theirs])
            for mine, theirs in saved["same"]
            # If only current versions are compared, rows that are noncurrent on one side are not included.
            if mine in rows[0] and theirs in rows[1]
        ],
        problems=[Problem.from_dict(problem) for problem in saved["problems"]],
        other_times=saved["other_times"],
        skipped=saved["skipped"],
    )
