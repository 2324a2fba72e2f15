# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges the parts of a verification by several machines into one report, as a single machine would write it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from .._clients.service import S3
from .._clients.session import Connections
from .._clients.store import Store, StoreRequest
from .._documents.verify_entries import Gap
from .._documents.verify_report import Report, merged
from .._documents.verify_states import accepted
from .._work import InvalidDocument, Unsatisfied
from .checkpoint import require_writable
from .job import Control, Job

#: The number of bytes of a file in memory.
PIECE = 1024 * 1024


@dataclass(frozen=True)
class Part:
    """A range of keys, and the files that its worker wrote."""

    after: str
    until: str | None
    report_file: str
    problems_file: str | None


@dataclass(frozen=True)
class VerifyMergeRequest:
    """All parts, in the order of their ranges; the path of the merged report, and which differences are accepted.

    store: the bucket that has the files of the parts, None if they are in folders.
    """

    parts: tuple[Part, ...]
    run: str = ""
    report_file: str | None = None
    problems_file: str | None = None
    accepted: Mapping[str, int | None] = field(default_factory=dict)
    allow_empty: bool = False
    fail: bool = True
    store: StoreRequest | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> VerifyMergeRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        parts = tuple(
            Part(one["after"] or "", one["until"] or None, one["report_file"], one["problems_file"])
            for one in options["parts"]
        )
        _check(parts)
        return cls(
            parts,
            options["run"],
            options["report_file"],
            options["problems_file"],
            accepted(options["accept"] or {}),
            bool(options["allow_empty"]),
            bool(options["fail"]),
            StoreRequest.from_options(options["store"]),
        )


def _check(parts: Sequence[Part]) -> None:
    """Raise InvalidDocument unless the parts cover a whole bucket without gaps or overlaps."""
    complete = bool(parts) and parts[0].after == "" and parts[-1].until is None
    if not complete or any(one.until != other.after for one, other in pairwise(parts)):
        raise InvalidDocument(
            "The ranges of parts do not cover the bucket: give all ranges of the plan, in their order."
        )


class VerifyMerge(Job):
    """Reads the parts, and writes the merged report. A missing part becomes a gap in it."""

    def __init__(self, request: VerifyMergeRequest, store: Store | None = None) -> None:
        self.request = request
        self._store = store

    @classmethod
    def build(cls, request: VerifyMergeRequest, connections: Connections) -> VerifyMerge:
        """Build the merge of one run's parts; only parts in a bucket need an endpoint."""
        where = request.store
        store = None if where is None else Store(where, connections.open(S3, where.s3))
        return cls(request, store)

    def predict(self, control: Control) -> dict[str, Any]:
        return self._finish(write=False)

    def run(self, control: Control) -> dict[str, Any]:
        return self._finish(write=True)

    def _finish(self, *, write: bool) -> dict[str, Any]:
        if write:
            require_writable(self.request.problems_file, self.request.report_file)
        report = self._merge()
        text = json.dumps(report.as_dict(), indent=2).encode() + b"\n"
        changes: list[str] = []
        for name, pieces in (
            (self.request.problems_file, self._problems),
            (self.request.report_file, lambda: iter([text])),
        ):
            if name and not _holds(Path(name), pieces()):
                changes.append(f"write {name}")
                if write:
                    _write(Path(name), pieces())
        return self._result(report, changes)

    def _merge(self) -> Report:
        found: list[Report] = []
        gaps: list[Gap] = []
        for part in self.request.parts:
            try:
                found.append(self._read(part))
            except InvalidDocument as error:
                until = "the end" if part.until is None else repr(part.until)
                text = f"The keys after {part.after!r} up to {until} were not verified: {error}"
                gaps.append(Gap("range-lost", text, part.after, part.until))
        report = merged(found)
        report.gaps = sorted([*report.gaps, *gaps], key=lambda gap: (gap.after, gap.reason))
        report.problems_file = self.request.problems_file
        report.judge(self.request.accepted, allow_empty=self.request.allow_empty)
        if self.request.report_file and os.path.exists(self.request.report_file):
            report.last_complete = self._last_complete(Path(self.request.report_file))
        if report.complete:
            report.last_complete = report.finished
        return report

    def _read(self, part: Part) -> Report:
        """Read the report of a part. Raises InvalidDocument if it is missing, damaged, or of another run or range."""
        pieces = self._open(part.report_file)
        if pieces is None:
            raise InvalidDocument(f"The report {part.report_file} is missing.")
        try:
            report = Report.from_dict(json.loads(b"".join(pieces)))
        except (OSError, ValueError, AttributeError) as error:
            raise InvalidDocument(
                f"The report {part.report_file} cannot be read: {error}."
            ) from error
        if report.scope.get("run") != self.request.run:
            raise InvalidDocument(
                f"The report {part.report_file} is of the run {report.scope.get('run')!r}."
            )
        if report.ranges != [[part.after, part.until]]:
            raise InvalidDocument(f"The report {part.report_file} belongs to another range.")
        return report

    def _last_complete(self, path: Path) -> str | None:
        try:
            return Report.from_dict(json.loads(path.read_text())).last_complete
        except (OSError, ValueError, AttributeError):
            return None

    def _problems(self) -> Iterator[bytes]:
        """The problems of all parts, in pieces."""
        for part in self.request.parts:
            yield from (part.problems_file and self._open(part.problems_file)) or ()

    def _open(self, path: str) -> Iterator[bytes] | None:
        """The contents of a part's file in pieces, None if it is missing."""
        if self._store is not None:
            return self._store.read(path)
        return _pieces(path) if os.path.exists(path) else None

    def _result(self, report: Report, changes: list[str]) -> dict[str, Any]:
        result: dict[str, Any] = {
            "verification": report.as_dict(),
            "warnings": list(report.notes),
            "changes": changes,
        }
        if report.failures and (self.request.fail or not report.complete):
            raise Unsatisfied(" ".join(report.failures), result)
        return result


def _pieces(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _holds(path: Path, pieces: Iterator[bytes]) -> bool:
    """Whether the file has exactly this content."""
    try:
        with path.open("rb") as file:
            return all(file.read(len(piece)) == piece for piece in pieces) and not file.read(1)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise InvalidDocument(f"The file {path} cannot be read: {error.strerror}.") from error


def _write(path: Path, pieces: Iterator[bytes]) -> None:
    """Replace the file as a whole, with mode 0600."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as whole:
            whole.writelines(pieces)
        os.replace(name, path)
    except OSError as error:
        raise InvalidDocument(f"The file {path} cannot be written: {error.strerror}.") from error
