# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verification: compares two buckets completely, in any size, with S3 credentials only."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .._clients import s3_buckets
from .._clients.api import Api
from .._clients.errors import ApiError, Forbidden
from .._clients.listing import VersionListing
from .._clients.service import S3
from .._clients.session import Connections, open_api
from .._documents.replication import Configuration, enabled_for, from_api, join_roles
from .._documents.verify_compare import (
    Block,
    Case,
    Disordered,
    TooManyVersions,
)
from .._documents.verify_judge import Context, Verdict, iso, moment_of
from .._documents.verify_ranges import Span
from .._documents.verify_report import Gap, Report, Side, accepted
from .._documents.verify_scope import Scope
from .._work import Failure, InvalidDocument, Unsatisfied
from .checkpoint import Checkpoint, write_atomically
from .job import Control, Interrupted, Job, JobLimits, JobProgress, Stalled, Stopped
from .pending_history import PendingHistory, keep_previous
from .verify_inspection import Bodies, Inspector
from .verify_ledger import Files, Ledger
from .verify_listers import Listers, SideRequest

#: Seconds between two checkpoints.
SAVE = 5.0
#: Keys that are looked at again side by side.
TOGETHER = 64


@dataclass(frozen=True)
class VerifyRequest:
    """What is compared, how carefully, and what is accepted. Times in seconds.

    ranges: keys after the first text, up to and including the second (None: the end); more than one machine share a
    bucket so. run: names the run that the ranges are parts of. target_prefix: what the target has before each key.
    """

    source: SideRequest
    target: SideRequest
    site: str = ""
    cloud: bool = False
    target_prefix: str = ""
    both_ways: bool | None = None
    run: str = ""
    prefix: str = ""
    scope: Scope = field(default_factory=Scope)
    bodies: Bodies = field(default_factory=Bodies)
    stuck_after: float = 3600.0
    inspect_limit: int = 1_000_000
    recheck_limit: int = 10_000
    accepted: Mapping[str, int | None] = field(default_factory=dict)
    allow_empty: bool = False
    fail: bool = True
    listers: int = 8
    ramp: bool = True
    heads: int = 16
    limits: JobLimits = field(default_factory=JobLimits)
    checkpoint: str | None = None
    problems_file: str | None = None
    report_file: str | None = None
    status_file: str | None = None
    sent_file: str | None = None
    ranges: tuple[tuple[str, str | None], ...] = (("", None),)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> VerifyRequest:
        """From the options of a task. Raises InvalidDocument."""
        bodies = options["bodies"] or {}
        return cls(
            source=SideRequest.from_options(options["source"]),
            target=SideRequest.from_options(options["target"]),
            site=options["site"] or "",
            cloud=bool(options["cloud"]),
            target_prefix=options["target_prefix"],
            both_ways=options["both_ways"],
            run=options["run"],
            prefix=options["prefix"],
            scope=_scope(options),
            bodies=_bodies(bodies),
            stuck_after=max(options["stuck_after"], options["backlog_age"] or 0.0),
            inspect_limit=options["inspect_limit"],
            recheck_limit=options["recheck_limit"],
            accepted=accepted(options["accept"] or {}),
            allow_empty=bool(options["allow_empty"]),
            fail=bool(options["fail"]),
            listers=max(1, options["listers"]),
            ramp=bool(options["ramp_up"]),
            heads=max(1, options["inspectors"]),
            limits=JobLimits(options["requests_per_second"], options["no_progress_timeout"]),
            checkpoint=options["checkpoint"],
            problems_file=options["problems_file"],
            report_file=options["report_file"],
            status_file=options["status_file"],
            sent_file=options["sent_file"],
            ranges=_ranges(options["ranges"]),
        )

    @property
    def compared(self) -> dict[str, Any]:
        """What was compared, as the report says it; the same for all parts of a run."""
        return {
            "run": self.run,
            "prefix": self.prefix,
            "versions": "current" if self.scope.current else "all",
            "modified_since": self.scope.since or None,
            "modified_before": self.scope.before or None,
            "bodies": asdict(self.bodies),
            "site": self.site,
            "cloud": self.cloud,
            "target_prefix": self.target_prefix,
            "inspect_limit": self.inspect_limit,
        }


def _scope(options: Mapping[str, Any]) -> Scope:
    since, before = (
        moment_of(name, options[name]) for name in ("modified_since", "modified_before")
    )
    if options["cloud"] and (since or before):
        raise InvalidDocument(
            "modified_since and modified_before cannot be used with cloud: "
            "the copies in a cloud have times of their own."
        )
    return Scope(options["versions"] == "current", since, before)


def _bodies(options: Mapping[str, Any]) -> Bodies:
    share, number = options.get("share") or 0.0, options.get("number") or 0
    if not 0 <= share <= 1:
        raise InvalidDocument(f"bodies.share is {share}: give a share between 0 and 1.")
    return Bodies(share, number, options.get("seed") or 0)


def _ranges(given: Sequence[Mapping[str, Any]] | None) -> tuple[tuple[str, str | None], ...]:
    if not given:
        return (("", None),)
    return tuple((one["after"] or "", one["until"] or None) for one in given)


class Verify(Job):
    """The comparison of one pair of buckets. Writes nothing to the servers."""

    def __init__(self, request: VerifyRequest, source: Api, target: Api) -> None:
        self.request = request
        self.limits = request.limits
        self._apis = (source, target)

    @classmethod
    def build(cls, request: VerifyRequest, connections: Connections) -> Verify:
        """The comparison of one item; each side has a connection of its own."""
        # A job has no deadline for all of its work, so its endpoints are not those of the task.
        pool = 4 * request.listers + request.heads
        source, target = (
            open_api(S3, side.s3, pool=pool) for side in (request.source, request.target)
        )
        return cls(request, source, target)

    def predict(self, control: Control) -> dict[str, Any]:
        """The comparison without its files: it reads the servers only."""
        return self._verify(control, Files(), None, None)

    def run(self, control: Control) -> dict[str, Any]:
        request = self.request
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
                    (_bytes(after), _bytes(until) if until else None)
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
                report.gaps = [*gaps, *self._gaps(ledger, error)]
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
        """Do all the work; returns the error that ended it early."""
        request = self.request
        saved = time.monotonic()

        def meanwhile() -> None:
            nonlocal saved
            control.check("verifying")
            if time.monotonic() - saved >= SAVE:
                ledger.save()
                saved = time.monotonic()

        try:
            context = self._context(ledger.report, since)
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
                self._look_again(ledger, inspector, meanwhile)
                if request.bodies.number:
                    ledger.enter_samples(inspector.compare_samples(ledger.samples))
            finally:
                inspector.close()
        except (Disordered, TooManyVersions) as error:
            return _Unusable(str(error))
        except Interrupted as interrupted:
            control.stop.set()
            return Stopped(str(interrupted))
        except Failure as error:
            return error
        return None

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

    def _look_again(
        self, ledger: Ledger, inspector: Inspector, meanwhile: Callable[[], None]
    ) -> None:
        """Look once more at what was pending, or younger than the run."""
        batch: list[tuple[int, bytes, Verdict, Case]] = []

        def settle() -> None:
            if not batch:
                return
            room = max(0, self.request.recheck_limit - ledger.rechecks)
            done = inspector.look_again([key for _offset, key, _verdict, _case in batch[:room]])
            # Beyond the limit, what was seen first counts.
            done += [(case, verdict) for _offset, _key, verdict, case in batch[room:]]
            bodies = inspector.bodies(verdict for _case, verdict in done)
            ledger.enter_again(done, bodies, batch[-1][0])
            batch.clear()
            meanwhile()

        for entry in ledger.put_off():
            batch.append(entry)
            if len(batch) >= TOGETHER:
                settle()
        settle()

    def _report(self, report_file: str | None) -> Report:
        """An empty report; the last complete run is taken over from the report that it replaces."""
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
                if (before.source, before.target) == (report.source, report.target):
                    report.last_complete = before.last_complete
        return report

    def _context(self, report: Report, since: Callable[[str, str], str | None]) -> Context:
        request = self.request
        mine = self._configuration(0, request.source.bucket, report)
        theirs = (
            self._configuration(1, request.target.bucket, report)
            if request.both_ways is None and not request.cloud
            else None
        )
        prefixes = enabled_for(mine, request.target.bucket, request.site)
        back = enabled_for(theirs, request.source.bucket)
        if mine is not None and not prefixes:
            _note(
                report,
                f"The source bucket {request.source.bucket} has no enabled rule for {request.target.bucket}: "
                "versions without replication status are reported as never replicated.",
            )
        report.both_ways = bool(back) if request.both_ways is None else request.both_ways
        started = datetime.fromisoformat(report.started.replace("Z", "+00:00"))
        # By the source's clock, which stamps LastModified.
        ahead = self._apis[0].ahead or 0.0
        return Context(
            prefixes=prefixes or None,
            back_prefixes=back or None,
            both_ways=report.both_ways,
            roles=None if mine is None else join_roles(mine.roles),
            cloud=request.cloud,
            started=iso(started + timedelta(seconds=ahead)),
            stuck_before=iso(started + timedelta(seconds=ahead - request.stuck_after)),
            pending_since=since,
        )

    def _configuration(self, side: int, bucket: str, report: Report) -> Configuration | None:
        """The replication configuration of a bucket; None, with a note, if it cannot be used."""
        try:
            stored = s3_buckets.replication(self._apis[side], bucket)
            if stored is not None:
                return from_api(stored)
        except (Forbidden, InvalidDocument) as error:
            _note(report, f"The rules of {bucket} are not taken into account: {error}")
            return None
        if side == 0:
            _note(
                report,
                f"The source bucket {bucket} has no replication configuration: versions without replication status "
                "are reported as never replicated.",
            )
        return None

    def _gaps(self, ledger: Ledger, error: Failure) -> list[Gap]:
        """What was not compared because of an error, by ranges of keys."""
        reason = _reason(error)
        open_spans = [span for span in ledger.spans if not span.done]
        if not open_spans:
            return [Gap(reason, str(error))]
        return [
            Gap(
                reason,
                f"{error} It got as far as {_text(span.position.key)!r}."
                if span.position.key
                else str(error),
                _text(span.position.key),
                None if span.until is None else _text(span.until),
            )
            for span in open_spans
        ]


class _Unusable(Failure):
    """A listing that cannot be compared."""


def _note(report: Report, text: str) -> None:
    if text not in report.notes:
        report.notes.append(text)


def _reason(error: Failure) -> str:
    if isinstance(error, ApiError):
        return "head-failed" if error.call.operation == "HeadObject" else "listing-failed"
    if isinstance(error, _Unusable):
        return "listing-unusable"
    return {Stopped: "stopped", Stalled: "no-progress"}.get(type(error), "failed")


def _side(request: SideRequest) -> Side:
    return Side(request.name, request.s3["endpoint_url"], request.bucket)


def _now() -> str:
    return iso(datetime.now(timezone.utc))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
