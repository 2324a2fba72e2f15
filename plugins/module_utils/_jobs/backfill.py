# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backfill: replicates existing, failed and stuck versions, with S3 credentials only."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from itertools import groupby
from pathlib import Path
from typing import Any

from .._clients.api import Api
from .._clients.listing import VersionListing
from .._clients.service import S3
from .._clients.session import Connections, open_api
from .._documents.backfill_report import Report
from .._documents.moments import iso
from .._documents.names import key_bytes
from .._documents.replication import (
    PENDING_STATUSES,
)
from .._documents.verify_compare import Block, Case
from .._documents.verify_entries import Side
from .._documents.verify_ranges import Span
from .._work import Failure, InvalidDocument, Unsatisfied
from .backfill_context import context_of, side_effects_of
from .backfill_key import KeyWork
from .backfill_ledger import Files, Ledger, digest_of
from .backfill_outcome import Outcomes
from .backfill_request import BackfillRequest
from .backfill_sender import Gate, Pair, Requests, Sender
from .backfill_workers import KeyTask, Workers
from .backlog import backlog_of, service_of
from .checkpoint import (
    Checkpoint,
    locked_for_reading,
    read_lines,
    require_writable,
    write_atomically,
)
from .job import Control, Job, JobProgress
from .pending_history import PendingHistory
from .verify_listers import Listers, SideRequest, attempt

#: Seconds between two checkpoints.
SAVE = 5.0
#: Requests for each version: HEAD for its state, HEAD of both sides just before the put, two reads of tags, one put.
REQUESTS = 6
#: The number of versions whose tags are read in check mode, to measure the time that this takes.
MEASURED = 20


class Backfill(Job):
    """The backfill of one pair of buckets."""

    def __init__(
        self, request: BackfillRequest, source: Api, target: Api, backbeat: Api | None = None
    ) -> None:
        self.request = request
        self.limits = request.limits.job
        self._pair = Pair(
            source, request.source.bucket, target, request.target.bucket, request.site
        )
        self._backbeat = backbeat

    @classmethod
    def build(cls, request: BackfillRequest, connections: Connections) -> Backfill:
        """Build the backfill of one item, with separate connections for each side."""
        limits = request.limits
        pool = 4 * limits.listers + 2 * limits.senders
        source, target = (
            open_api(S3, side.s3, pool=pool) for side in (request.source, request.target)
        )
        backbeat = service_of(request.source.s3, request.backbeat_url)
        return cls(request, source, target, backbeat)

    def predict(self, control: Control) -> dict[str, Any]:
        """The versions that would be sent. Reads from the servers and writes no files."""
        return self._backfill(control, Files(), None, predict=True)

    def run(self, control: Control) -> dict[str, Any]:
        request = self.request
        require_writable(request.report_file, request.status_file)
        with contextlib.ExitStack() as locks:
            checkpoint = None
            if request.checkpoint:
                checkpoint = Checkpoint(request.checkpoint, self._identity(), self._options())
                locks.enter_context(checkpoint.locked())
            if request.problems_file:
                # A verification that begins in the meantime would truncate the problems file.
                locks.enter_context(locked_for_reading(request.problems_file))
            files = Files(request.sent_file, request.skipped_file)
            return self._backfill(control, files, checkpoint, predict=False)

    def _identity(self) -> dict[str, Any]:
        return {side: self._side(side).as_dict() for side in ("source", "target")}

    def _options(self) -> dict[str, Any]:
        request = self.request
        named = {key: sorted(ids) for key, ids in sorted(request.choice.named.items())}
        return {
            **request.scope,
            "versions": digest_of(named),
            "sent_file": request.sent_file,
            "skipped_file": request.skipped_file,
        }

    def _side(self, name: str) -> Side:
        side: SideRequest = getattr(self.request, name)
        return Side(side.name, side.s3["endpoint_url"], side.bucket)

    def _backfill(
        self, control: Control, files: Files, checkpoint: Checkpoint | None, *, predict: bool
    ) -> dict[str, Any]:
        request, began = self.request, time.monotonic()
        progress = JobProgress("versions", control.lines, None if predict else request.status_file)
        report = Report(
            self._side("source"),
            self._side("target"),
            request.site,
            scope=request.scope,
            started=_now(),
        )
        with contextlib.ExitStack() as stack:
            history = PendingHistory([request.problems_file, request.sent_file])
            stack.enter_context(history)
            ledger = Ledger(report, files, checkpoint, progress, self._clock)
            stack.callback(ledger.close)
            spent = report.seconds
            error = self._work(control, ledger, history, predict=predict)
            report.finished = _now()
            report.seconds = round(spent + time.monotonic() - began, 3)
            report.complete = error is None
            report.error = "" if error is None else control.conceal(str(error))
            if not predict:
                ledger.save()
                if request.report_file:
                    text = json.dumps(report.as_dict(), indent=2)
                    write_atomically(Path(request.report_file), text.encode() + b"\n")
                if error is None:
                    ledger.remove()
            progress.end("finished" if error is None else "failed")
        return self._result(report, error)

    def _clock(self) -> str:
        return iso(self._pair.source.now)

    def _result(self, report: Report, error: Failure | None) -> dict[str, Any]:
        bucket = self.request.source.bucket
        changes = []
        if report.deleted_again:
            changes.append(f"DeleteObject {report.deleted_again:,} keys of {bucket}")
        if report.sent_count:
            changes.append(f"PutObjectTagging {report.sent_count:,} versions of {bucket}")
        result: dict[str, Any] = {
            "backfill": report.as_dict(),
            "repair": report.repair().as_dict(),
            "changes": changes,
            "diff": self._diff(report),
            "warnings": [*report.side_effects, *report.notes],
        }
        if error is not None:
            raise Unsatisfied(str(error), {**result, **error.details})
        failed = report.count_outcome("FAILED")
        pending = sum(map(report.count_outcome, PENDING_STATUSES))
        if failed or pending:
            parts = [f"{failed:,} are FAILED"] if failed else []
            parts += [f"{pending:,} are still pending"] if pending else []
            raise Unsatisfied(
                f"Of {report.sent_count:,} versions of {bucket} that were sent, {' and '.join(parts)}. "
                "Run backbeat_preflight to find the cause.",
                result,
            )
        return result

    def _diff(self, report: Report) -> dict[str, Any]:
        label = f"versions that {self.request.target.bucket} lacks"
        lacking = {state: tally.count for state, tally in sorted(report.found.items())}
        left = {
            state: count - report.sent[state].count if state in report.sent else count
            for state, count in lacking.items()
        }
        return {
            "before_header": label,
            "after_header": label,
            "before": lacking,
            "after": {state: count for state, count in left.items() if count},
        }

    def _work(
        self, control: Control, ledger: Ledger, history: PendingHistory, *, predict: bool
    ) -> Failure | None:
        """Do all the work. Returns the error that ended it early, None if there was none."""
        return attempt(lambda: self._send(control, ledger, history, predict=predict), control)

    def _send(
        self, control: Control, ledger: Ledger, history: PendingHistory, *, predict: bool
    ) -> None:
        request, limits = self.request, self.request.limits
        requests = Requests(self._pair, ledger, control)
        context = context_of(request, requests, self._backbeat, history, ledger.report)
        ledger.report.side_effects = side_effects_of(request, self._pair, ledger.report)
        outcomes = Outcomes(
            requests,
            ledger,
            limit=None if predict else limits.backlog,
            backlog=backlog_of(self._backbeat, request.site) if self._backbeat else None,
            wanted=request.wait and not predict,
            side_by_side=limits.senders,
        )
        measure = _Measure(requests, ledger)
        work = KeyWork(
            requests,
            ledger,
            Sender(requests, ledger, outcomes.admit, first_timeout=limits.first_timeout),
            Gate(ledger),
            request.choice,
            context,
            predict=predict,
            settle=limits.settle,
            measure=measure,
        )
        with contextlib.closing(outcomes):
            self._hand_over(control, ledger, work, outcomes, predict=predict)
        if predict:
            ledger.report.expected = measure.expected(request)

    def _hand_over(
        self,
        control: Control,
        ledger: Ledger,
        work: KeyWork,
        outcomes: Outcomes,
        *,
        predict: bool,
    ) -> None:
        """Process all keys, and wait for the outcome if requested."""
        request = self.request
        workers = Workers(work.work, ledger, control, request.limits.senders)
        meanwhile = _PeriodicWork(workers, ledger, outcomes, saves=not predict)
        try:
            if request.problems_file or not request.choice.states:
                self._take_keys(ledger, workers, meanwhile)
            else:
                self._take_differences(control, ledger, work, workers, meanwhile)
            workers.drain(meanwhile)
        except BaseException:
            control.stop.set()
            raise
        finally:
            workers.close()
        if outcomes.following and request.wait and not predict:
            outcomes.wait(request.wait_timeout, meanwhile)

    def _take_differences(
        self,
        control: Control,
        ledger: Ledger,
        work: KeyWork,
        workers: Workers,
        meanwhile: Callable[[], None],
    ) -> None:
        """Hand over the keys that differ between both listings."""
        request = self.request
        source, target = (
            VersionListing(api, side.bucket, request.prefix, control.pace.slow_down)
            for api, side in (
                (self._pair.source, request.source),
                (self._pair.target, request.target),
            )
        )

        def handle(span: Span, block: Block) -> None:
            cases = [case for case in block.cases if work.concerns(case)]
            rows = block.equal.count + sum(len(case.source) for case in block.cases)
            ticket = ledger.begin_block(span, block.position, len(cases), rows)
            for case in cases:
                workers.put(KeyTask(ticket, span, case))

        listers = Listers(
            source, target, ledger, control, handle, lambda rows: rows, most=request.limits.listers
        )
        listers.run(meanwhile)

    def _take_keys(self, ledger: Ledger, workers: Workers, meanwhile: Callable[[], None]) -> None:
        """Hand over the keys of a verification's problems, or the keys that the request names."""
        for offset, key in self._keys(ledger.offset):

            def advance(offset: int = offset) -> None:
                ledger.offset = offset

            ticket = ledger.begin(None, 1, 1, advance)
            case = Case(key_bytes(key), (), ())
            workers.put(KeyTask(ticket, None, case, listed=False), meanwhile)

    def _keys(self, begin: int) -> Iterator[tuple[int, str]]:
        """Keys from an offset on, each with the offset of the next one."""
        request = self.request
        if request.problems_file is None:
            for place, key in enumerate(sorted(request.choice.named)[begin:], begin + 1):
                yield place, key
            return
        wanted = request.choice.states | {"delete_marker_missing"}
        lines = (
            (offset, str(line["key"]))
            for offset, line in self._problems(request.problems_file, begin)
            if line.get("side") != "target"
            and line.get("state") in wanted
            and str(line["key"]).startswith(request.prefix)
        )
        for key, group in groupby(lines, key=lambda one: one[1]):
            *_others, (offset, _key) = group
            yield offset, key

    def _problems(self, path: str, begin: int) -> Iterator[tuple[int, dict[str, Any]]]:
        try:
            yield from read_lines(path, begin)
        except OSError as error:
            raise InvalidDocument(
                f"The file {path} of a verification cannot be read: {error.strerror or error}."
            ) from error


class _PeriodicWork:
    """The main thread's work while others send: checkpoints, and following pending versions."""

    def __init__(
        self, workers: Workers, ledger: Ledger, outcomes: Outcomes, *, saves: bool
    ) -> None:
        self._workers = workers
        self._ledger = ledger
        self._outcomes = outcomes
        self._saves = saves
        self._saved = time.monotonic()

    def __call__(self) -> None:
        # Listers wait until the keys of their spans are done; after the workers have ended, that never happens.
        self._workers.check()
        self._outcomes.step()
        if self._saves and time.monotonic() - self._saved >= SAVE:
            self._ledger.save()
            self._saved = time.monotonic()


class _Measure:
    """Measures in check mode how long reading tags takes, to estimate the time of the whole backfill."""

    def __init__(self, requests: Requests, ledger: Ledger) -> None:
        self._requests = requests
        self._ledger = ledger

    def __call__(self, key: bytes, version_id: bytes) -> None:
        """Read the tags of a version, until enough were read."""
        window = self._ledger.report.window
        if window.count >= MEASURED:
            return
        began = time.monotonic()
        self._requests.tags(key, version_id)
        with self._ledger.lock:
            window.add(time.monotonic() - began)

    def expected(self, request: BackfillRequest) -> dict[str, Any]:
        """How many requests would be sent, and in how many seconds, without the time that Backbeat takes."""
        window = self._ledger.report.window
        count = REQUESTS * self._ledger.report.sent_count
        each = window.total / window.count if window.count else 0.0
        seconds = count * each / request.limits.senders
        limit = request.limits.job.requests_per_second
        if limit:
            seconds = max(seconds, count / limit)
        return {"requests": count, "seconds": round(seconds, 1)}


def _now() -> str:
    return iso(datetime.now(timezone.utc))
