# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of a backfill: versions that were found, sent and skipped, so that it can be continued.

Keys are processed in parallel and end in any order. Found and skipped versions count after all earlier keys are done,
so that a checkpoint never has half of a key. Sent versions are written at once: after a kill, the lines after the
checkpoint still show them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._documents.backfill_report import Report, SourceVersion
from .._documents.key_space import Alphabet
from .._documents.verify_compare import Position
from .._documents.verify_ranges import Span, share
from .checkpoint import Checkpoint, Lines, read_lines
from .job import JobProgress
from .verify_ledger import saved_span, span_of


@dataclass(frozen=True)
class Files:
    """The paths of a backfill's files; None: not written."""

    sent: str | None = None
    skipped: str | None = None


@dataclass
class Ticket:
    """A block of keys in progress. It is counted when all earlier blocks are done too.

    advance: called when it is counted. left: the number of its keys that are not done.
    """

    line: deque[Ticket]
    advance: Callable[[], None]
    left: int
    rows: int = 0
    found: list[SourceVersion] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)


class Ledger:
    """The state of a backfill. `now` is the source's clock, in ISO 8601."""

    def __init__(
        self,
        report: Report,
        files: Files,
        checkpoint: Checkpoint | None,
        progress: JobProgress,
        now: Callable[[], str],
    ) -> None:
        self.lock: AbstractContextManager[Any] = threading.RLock()
        # Separate locks for what is written while a version is sent, so that a write to the file does not block all
        # threads. `lock` is taken before them.
        self._sending, self._counting = threading.Lock(), threading.Lock()
        self.report = report
        self.progress = progress
        progress.refresh = self._refresh
        self.now = now
        self.spans: list[Span] = [Span()]
        #: The offset up to which the list of versions or the problems file is done, if keys come from there.
        self.offset = 0
        #: Whether the replication of a version was confirmed.
        self.proven = False
        #: The checkpoint's data about versions whose outcome is not known yet.
        self.awaited: Mapping[str, Any] = {}
        self._checkpoint = checkpoint
        self._exit = contextlib.ExitStack()
        self._read: set[int] = set()
        self._lines_by_span: dict[int, deque[Ticket]] = {}
        #: Versions that were sent after the checkpoint from which this run continues.
        self._known: set[tuple[str, str]] = set()
        state = checkpoint.load() if checkpoint else None
        #: Whether the file of sent versions is temporary.
        self._own = files.sent is None
        path = files.sent or (f"{checkpoint.path}.sent" if checkpoint else self._scratch())
        self._sent = Lines.appended(path)
        self._exit.callback(self._sent.close)
        self._skipped: Lines | None = None
        if files.skipped:
            self._skipped = Lines(files.skipped, state["skipped"] if state else None)
            self._exit.callback(self._skipped.close)
        #: The offset in the file at which this run's versions begin, and their number.
        self.began = self._sent.size
        self.lines_sent = 0
        if state is not None:
            self._resume(state)

    def _scratch(self) -> str:
        folder = self._exit.enter_context(tempfile.TemporaryDirectory(prefix="backbeat-backfill-"))
        return str(Path(folder) / "sent")

    def _resume(self, state: Mapping[str, Any]) -> None:
        alphabet = Alphabet()
        self.report.resume(state["report"])
        self.spans = [span_of(saved, alphabet) for saved in state["spans"]]
        self.offset, self.proven = state["offset"], state["proven"]
        self.progress.resume(self.report.compared, share(self.spans))
        self.began, self.awaited = state["began"], state["awaited"]
        self.lines_sent = state["lines_sent"]
        # Versions that were sent between the checkpoint and the end of the process.
        for _offset, line in read_lines(self._sent.path, state["sent"]):
            self.proven = True
            if line.get("action") == "send":
                version = _version(line)
                self._known.add((version.key, version.version_id))
                self.report.find(version)
                self.report.send(version)
                self.lines_sent += 1
            elif line.get("action") == "delete":
                self.report.deleted_again += 1
            elif line.get("action") == "tags-changed":
                self.report.change_tags(line)

    def close(self) -> None:
        """Close the files."""
        self._exit.close()

    def begin(self, span: Span | None, keys: int, rows: int, advance: Callable[[], None]) -> Ticket:
        """Begin a block of a span, or of the list of keys. Blocks of the same span begin in order."""
        with self.lock:
            line = self._lines_by_span.setdefault(id(span), deque())
            ticket = Ticket(line, advance, keys, rows)
            line.append(ticket)
            self._settle(span, line)
            return ticket

    def begin_block(self, span: Span, position: Position, keys: int, rows: int) -> Ticket:
        """Begin a block of a span, up to a position."""
        return self.begin(span, keys, rows, lambda: span.advance(position, rows))

    def done(self, ticket: Ticket, span: Span | None) -> None:
        """Record that one more key of a block is done."""
        with self.lock:
            ticket.left -= 1
            self._settle(span, ticket.line)

    def finish(self, span: Span) -> None:
        """Record that a span was read completely; it is done when its keys are done."""
        with self.lock:
            self._read.add(id(span))
            self._settle(span, self._lines_by_span.setdefault(id(span), deque()))

    def _settle(self, span: Span | None, line: deque[Ticket]) -> None:
        rows = 0
        while line and not line[0].left:
            ticket = line.popleft()
            ticket.advance()
            rows += ticket.rows
            for version in ticket.found:
                self.report.find(version)
            for skipped in ticket.skipped:
                self.report.skip(skipped)
            if self._skipped is not None and ticket.skipped:
                self._skipped.append(ticket.skipped)
        if span is not None and id(span) in self._read and not line:
            span.done = True
        self.report.compared += rows
        self.progress.add(rows)

    def find(self, ticket: Ticket, versions: Sequence[SourceVersion]) -> None:
        """Record versions of a key that are not at the target."""
        with self.lock:
            # Versions that were sent before a kill are counted by their lines.
            ticket.found += [
                one for one in versions if (one.key, one.version_id) not in self._known
            ]

    def skip(self, ticket: Ticket, version: SourceVersion, reason: str, detail: str = "") -> None:
        """Record a version that is not sent, with the reason, one of backfill_report.EXPLAINED."""
        with self.lock:
            ticket.skipped.append(version.skipped_line(reason, detail))

    def sent(self, version: SourceVersion, window: float | None) -> None:
        """Count a version that was sent; window: seconds from reading its tags to their put, None if not measured."""
        line = version.sent_line(self.now())
        with self._sending:
            self._write(line)
            self.lines_sent += 1
            if window is not None:
                self.report.window.add(window)
            self.report.send(version)
        if self.progress.due:
            with self.lock:
                self.progress.add(0)

    def predict(self, version: SourceVersion) -> None:
        """Count a version that would be sent."""
        with self._sending:
            self.report.send(version)

    def deleted(self, key: str, version_id: str | None) -> None:
        """Record that a key was deleted at the source again; without the id of a new marker, that it would be."""
        with self._sending:
            self.report.deleted_again += 1
            if version_id is not None:
                self._write({"action": "delete", "key": key, "version_id": version_id})

    def changed_tags(
        self, version: SourceVersion, before: Mapping[str, str], after: Mapping[str, str] | None
    ) -> None:
        """Record that a version had other tags after they were put back."""
        line = {
            "action": "tags-changed",
            "key": version.key,
            "version_id": version.version_id,
            "before": dict(before),
            "after": None if after is None else dict(after),
        }
        with self._sending:
            self._write(line)
            self.report.change_tags(line)

    def _write(self, line: Mapping[str, Any]) -> None:
        self._sent.append([line])
        # Without fsync: the lines have to survive a kill of the process, not a crash of the machine.
        self._sent.flush()

    def sent_lines(self, begin: int) -> Iterator[tuple[int, SourceVersion]]:
        """The sent versions from an offset in the file, each with the offset of the next one."""
        for offset, line in read_lines(self._sent.path, begin):
            if line.get("action") == "send":
                yield offset, _version(line)

    def count_request(self, kind: str) -> None:
        """Count a request: "list", "head", "get_tags" .."""
        with self._counting:
            requests = self.report.requests
            requests[kind] = requests.get(kind, 0) + 1

    def save(self) -> None:
        """Write a checkpoint."""
        if self._checkpoint is None:
            return
        with self.lock, self._sending, self._counting:
            for lines in (self._sent, self._skipped):
                if lines is not None:
                    lines.flush(sync=True)
            self._checkpoint.save(
                {
                    "report": self.report.saved(),
                    "spans": [saved_span(span) for span in self.spans],
                    "offset": self.offset,
                    "proven": self.proven,
                    "awaited": self.awaited,
                    "lines_sent": self.lines_sent,
                    "began": self.began,
                    "sent": self._sent.size,
                    "skipped": self._skipped.size if self._skipped else None,
                }
            )

    def remove(self) -> None:
        """Remove the checkpoint, because the backfill is complete."""
        if self._checkpoint is not None:
            self._checkpoint.remove()
            if self._own:
                self._sent.path.unlink(missing_ok=True)

    def _refresh(self) -> None:
        with self.lock, self._sending:
            self.progress.share = share(self.spans)
            self.progress.counts = {
                "sent": self.report.sent_count,
                "skipped": self.report.skipped_count,
            }


def _version(line: Mapping[str, Any]) -> SourceVersion:
    names = ("key", "version_id", "state", "size", "modified", "status")
    return SourceVersion(**{name: line[name] for name in names})


def digest_of(values: Any) -> str:
    """A digest of options that are too long for a checkpoint."""
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
