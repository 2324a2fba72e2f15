# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verification: compares two buckets of any size completely, with S3 credentials only."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._clients.api import Api
from .._clients.errors import ApiError
from .._clients.listing import VersionListing
from .._clients.service import S3
from .._clients.session import Connections, open_api
from .._documents.moments import iso
from .._documents.names import key_bytes, key_text
from .._documents.verify_compare import Block, Case
from .._documents.verify_entries import Gap, Side
from .._documents.verify_judge import Verdict
from .._documents.verify_ranges import Span
from .._documents.verify_report import Report
from .._work import Failure, InvalidDocument, Unsatisfied
from .backlog import service_of
from .checkpoint import Checkpoint, require_writable, write_atomically
from .job import Control, Job, JobProgress, Stalled, Stopped
from .pending_history import PendingHistory, keep_previous
from .verify_context import context_of
from .verify_inspection import Inspector
from .verify_ledger import Files, Ledger
from .verify_listers import Listers, SideRequest, Unusable, attempt
from .verify_request import VerifyRequest

#: Seconds between two checkpoints.
SAVE = 5.0
#: Keys that are read again in parallel.
TOGETHER = 64


class Verify(Job):
    """Compares one pair of buckets. Writes nothing to the servers."""

    def __init__(
        self, request: VerifyRequest, source: Api, target: Api, backbeat: Api | None = None
    ) -> None:
        self.request = request
        self.limits = request.limits
        self._apis = (source, target)
        self._backbeat = backbeat

    @classmethod
    def build(cls, request: VerifyRequest, connections: Connections) -> Verify:
        """Build the comparison of one item, with separate connections for each side."""
        # Jobs have no deadline for all of their work, unlike the task's own endpoints.
        pool = 4 * request.listers + request.heads
        source, target = (
            open_api(S3, side.s3, pool=pool) for side in (request.source, request.target)
        )
        return cls(request, source, target, service_of(request.source.s3, request.backbeat_url))

    def predict(self, control: Control) -> dict[str, Any]:
        """The comparison, without writing its files."""
        return self._verify(control, Files(), None, None)

    def run(self, control: Control) -> dict[str, Any]:
        request = self.request
        require_writable(request.report_file, request.status_file)
        files = Files(request.checkpoint, request.problems_file)
        checkpoint = None
        with contextlib.ExitStack() as locks:
            if request.checkpoint:
                checkpoint = Checkpoint(request.checkpoint, self._identity(), self._options())
                locks.enter_context(checkpoint.locked())
            return self._verify(control, files, checkpoint, request.report_file)

    def _identity(self) -> dict[str, Any]:
        source, target = _side(self.request.source), _side(self.request.target)
        return {"source": source.as_dict(), "target": target.as_dict()}

    def _options(self) -> dict[str, Any]:
        return {
            **self.request.compared,
            "problems_file": self.request.problems_file,
            "ranges": [list(one) for one in self.request.ranges],
            "both_ways": self.request.both_ways,
        }

    def _verify(
        self,
        control: Control,
        files: Files,
        checkpoint: Checkpoint | None,
        report_file: str | None,
    ) -> dict[str, Any]:
        request = self.request
        began = time.monotonic()
        progress = JobProgress(
            "versions",
            control.lines,
            request.status_file if files.checkpoint or report_file or files.problems else None,
        )
        fresh_start = checkpoint is None or not checkpoint.path.exists()
        with contextlib.ExitStack() as stack:
            previous = keep_previous(files.problems, fresh=fresh_start)
            history = stack.enter_context(PendingHistory([previous, request.sent_file]))
            report = self._report(report_file)
            ledger = Ledger(
                report,
                files,
                checkpoint,
                progress,
                ranges=[
                    (key_bytes(after), key_bytes(until) if until else None)
                    for after, until in request.ranges
                ],
                sample=request.bodies.number,
            )
            stack.callback(ledger.close)
            error = self._compare(control, ledger, history.since)
            ledger.save()
            report = ledger.report
            gaps = report.gaps
            if error is not None:
                report.gaps = [*gaps, *self._gaps(ledger, error, control)]
            report.finished = _now()
            report.seconds = round(report.seconds + time.monotonic() - began, 3)
            report.problems_file = files.problems
            report.judge(request.accepted, allow_empty=request.allow_empty)
            if report.complete:
                report.last_complete = report.finished
            if report_file:
                text = json.dumps(report.as_dict(), indent=2)
                write_atomically(Path(report_file), text.encode() + b"\n")
            if error is None:
                ledger.remove()
            progress.end("finished" if error is None else "failed")
        return self._result(report, error)

    def _result(self, report: Report, error: Failure | None) -> dict[str, Any]:
        result: dict[str, Any] = {"verification": report.as_dict(), "warnings": list(report.notes)}
        if error is not None:
            result |= error.details
            raise Unsatisfied(f"{' '.join(report.failures[:3])}", result)
        if report.failures and (self.request.fail or not report.complete):
            pair = f"{self.request.source.bucket} to {self.request.target.bucket}"
            raise Unsatisfied(f"{pair}: {' '.join(report.failures)}", result)
        return result

    def _compare(
        self, control: Control, ledger: Ledger, since: Callable[[str, str], str | None]
    ) -> Failure | None:
        """Do all the work. Returns the error that ended it early, None if there was none."""
        request = self.request
        saved = time.monotonic()

        def meanwhile() -> None:
            nonlocal saved
            control.check("verifying")
            if time.monotonic() - saved >= SAVE:
                ledger.save()
                saved = time.monotonic()

        def compare() -> None:
            context = context_of(request, self._apis, self._backbeat, ledger.report, since)
            inspector = Inspector(
                self._apis,
                (request.source.bucket, request.target.bucket),
                ledger,
                control,
                context,
                site=request.site,
                below=request.target_prefix,
                scope=request.scope,
                bodies=request.bodies,
                limit=request.inspect_limit,
                workers=request.heads,
            )
            try:
                self._list(control, ledger, inspector, meanwhile)
                self._recheck(ledger, inspector, meanwhile)
                if request.bodies.number:
                    ledger.enter_samples(inspector.bodies.compare_samples(ledger.samples))
            finally:
                inspector.close()

        return attempt(compare, control)

    def _list(
        self,
        control: Control,
        ledger: Ledger,
        inspector: Inspector,
        meanwhile: Callable[[], None],
    ) -> None:
        request = self.request

        def handle(span: Span, block: Block) -> None:
            ledger.enter(span, block.position, inspector.entry(block))

        sides = zip(
            self._apis,
            (request.source, request.target),
            ("", request.target_prefix),
            strict=True,
        )
        source, target = (
            VersionListing(api, side.bucket, request.prefix, control.pace.slow_down, below)
            for api, side, below in sides
        )
        listers = Listers(
            source,
            target,
            ledger,
            control,
            handle,
            request.scope.rows,
            most=request.listers,
            ramp=request.ramp,
        )
        listers.run(meanwhile)

    def _recheck(self, ledger: Ledger, inspector: Inspector, meanwhile: Callable[[], None]) -> None:
        """Read versions again that were pending, or that are newer than the start of the run."""
        batch: list[tuple[int, bytes, Verdict, Case]] = []

        def settle() -> None:
            if not batch:
                return
            room = max(0, self.request.recheck_limit - ledger.rechecks)
            done = inspector.recheck([key for _offset, key, _verdict, _case in batch[:room]])
            # Beyond the limit, the first result counts.
            done += [(case, verdict) for _offset, _key, verdict, case in batch[room:]]
            bodies = inspector.bodies.compare(verdict for _case, verdict in done)
            ledger.enter_again(done, bodies, batch[-1][0])
            batch.clear()
            meanwhile()

        for entry in ledger.put_off():
            batch.append(entry)
            if len(batch) >= TOGETHER:
                settle()
        settle()

    def _report(self, report_file: str | None) -> Report:
        """An empty report, with the time of the last complete run from the previous report."""
        report = Report(
            _side(self.request.source),
            _side(self.request.target),
            self.request.site,
            scope=self.request.compared,
            ranges=[list(one) for one in self.request.ranges],
            started=_now(),
        )
        if report_file:
            with contextlib.suppress(OSError, ValueError, AttributeError, InvalidDocument):
                before = Report.from_dict(json.loads(Path(report_file).read_text()))
                if before.pair == report.pair:
                    report.last_complete = before.last_complete
        return report

    def _gaps(self, ledger: Ledger, error: Failure, control: Control) -> list[Gap]:
        """The ranges of keys that were not compared because of an error."""
        reason, why = _reason(error), control.conceal(str(error))
        open_spans = [span for span in ledger.spans if not span.done]
        if not open_spans:
            return [Gap(reason, why)]
        return [
            Gap(
                reason,
                f"{why} It reached {key_text(span.position.key)!r}." if span.position.key else why,
                key_text(span.position.key),
                None if span.until is None else key_text(span.until),
            )
            for span in open_spans
        ]


def _reason(error: Failure) -> str:
    if isinstance(error, ApiError):
        return "head-failed" if error.call.operation == "HeadObject" else "listing-failed"
    if isinstance(error, Unusable):
        return "listing-unusable"
    return {Stopped: "stopped", Stalled: "no-progress"}.get(type(error), "failed")


def _side(request: SideRequest) -> Side:
    return Side(request.name, request.s3["endpoint_url"], request.bucket)


def _now() -> str:
    return iso(datetime.now(timezone.utc))
