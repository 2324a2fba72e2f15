# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backfill: replicates what existed before the rule, what failed and what is stuck, with S3 credentials only."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import groupby
from pathlib import Path
from typing import Any

from .._clients import s3_buckets
from .._clients.api import Api
from .._clients.errors import ApiError
from .._clients.listing import VersionListing
from .._clients.service import S3
from .._clients.session import Connections, open_api
from .._documents import side_effects
from .._documents.backfill_report import Report
from .._documents.moments import iso, moment_of
from .._documents.replication import (
    PENDING_STATUSES,
    Configuration,
    enabled_for,
    from_api,
    join_roles,
)
from .._documents.resend_rules import DEFAULT_STATES
from .._documents.verify_compare import Block, Case
from .._documents.verify_entries import Side
from .._documents.verify_questions import Context
from .._documents.verify_ranges import Span
from .._work import Failure, InvalidDocument, Unsatisfied
from .backfill_key import Choice, KeyWork
from .backfill_ledger import Files, Ledger, digest_of
from .backfill_outcome import Outcomes
from .backfill_sender import Gate, Pair, Requests, Sender
from .backfill_workers import KeyTask, Workers
from .backlog import backlog_age, backlog_of, service_of
from .checkpoint import Checkpoint, kept_for_reading, read_lines, require_writable, write_atomically
from .job import Control, Job, JobLimits, JobProgress
from .pending_history import PendingHistory
from .verify_listers import Listers, SideRequest, attempt

#: The states that a task can choose. What is named by its version id may be in any.
SENDABLE = ("never_replicated", "failed", "stuck", "missing")
#: Seconds between two checkpoints.
SAVE = 5.0
#: Requests for each version: HEAD for its state, HEAD of both sides just before the put, two reads of tags, one put.
REQUESTS = 6
#: How many versions' tags are read in check mode, to measure how long that takes.
MEASURED = 20


@dataclass(frozen=True)
class Limits:
    """How hard a backfill works. Times in seconds.

    senders: versions sent side by side. backlog: how many versions may be under way, None for any number.
    first_timeout: for the first version to arrive. settle: for a version whose successors depend on it.
    """

    senders: int = 16
    listers: int = 2
    backlog: int | None = None
    first_timeout: float = 300.0
    settle: float = 300.0
    job: JobLimits = field(default_factory=JobLimits)


@dataclass(frozen=True)
class BackfillRequest:
    """What is sent again, how fast, and where it is written down.

    choice: by class, name and age. problems_file: of a verification, whose keys are worked on instead of all. wait:
    whether the outcome is waited for, wait_timeout seconds at the most after the last version is sent.
    """

    source: SideRequest
    target: SideRequest
    choice: Choice
    site: str = ""
    prefix: str = ""
    problems_file: str | None = None
    stuck_after: float = 3600.0
    wait: bool = False
    wait_timeout: float = 3600.0
    backbeat_url: str = ""
    limits: Limits = field(default_factory=Limits)
    checkpoint: str | None = None
    sent_file: str | None = None
    skipped_file: str | None = None
    report_file: str | None = None
    status_file: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> BackfillRequest:
        """From the options of a task. Raises InvalidDocument."""
        return cls(
            source=SideRequest.from_options(options["source"]),
            target=SideRequest.from_options(options["target"]),
            choice=_choice(options),
            site=options["site"] or "",
            prefix=options["prefix"],
            problems_file=options["verify_problems_file"],
            stuck_after=max(options["stuck_after"], options["backlog_age"] or 0.0),
            wait=bool(options["wait"]),
            wait_timeout=options["wait_timeout"],
            backbeat_url=options["backbeat_url"] or "",
            limits=Limits(
                max(1, options["senders"]),
                max(1, options["listers"]),
                options["backlog_limit"] or None,
                options["first_timeout"],
                options["settle_timeout"],
                JobLimits(options["requests_per_second"], options["no_progress_timeout"]),
            ),
            checkpoint=options["checkpoint"],
            sent_file=options["sent_file"],
            skipped_file=options["skipped_file"],
            report_file=options["report_file"],
            status_file=options["status_file"],
        )

    @property
    def scope(self) -> dict[str, Any]:
        """What is sent, as the report says it."""
        choice = self.choice
        named = {key: sorted(ids) for key, ids in sorted(choice.named.items())}
        return {
            "states": sorted(choice.states),
            "versions": sum(map(len, named.values())) if named else None,
            "prefix": self.prefix,
            "modified_since": choice.since or None,
            "modified_before": choice.before or None,
            "verify_problems_file": self.problems_file,
            "resend_deleted_keys": choice.delete_again,
            "site": self.site,
        }


def _choice(options: Mapping[str, Any]) -> Choice:
    given: list[str] | None = options["states"]
    named: dict[str, set[str]] = {}
    for one in options["versions"] or ():
        named.setdefault(one["key"], set()).add(one["version_id"])
    # Versions that are named are meant alone.
    usual = frozenset[str]() if named else DEFAULT_STATES
    states = usual if given is None else frozenset(given)
    if not states and not named:
        raise InvalidDocument(
            "states is empty and versions names no version: nothing would be sent."
        )
    return Choice(
        states,
        named,
        moment_of("modified_since", options["modified_since"]),
        moment_of("modified_before", options["modified_before"]),
        bool(options["resend_deleted_keys"]),
    )


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
        """The backfill of one item; each side has a connection of its own."""
        limits = request.limits
        pool = 4 * limits.listers + 2 * limits.senders
        source, target = (
            open_api(S3, side.s3, pool=pool) for side in (request.source, request.target)
        )
        backbeat = service_of(request.source.s3, request.backbeat_url)
        return cls(request, source, target, backbeat)

    def predict(self, control: Control) -> dict[str, Any]:
        """What would be sent: it reads the servers, and writes no files."""
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
                # A verification that begins meanwhile would cut it.
                locks.enter_context(kept_for_reading(request.problems_file))
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
        """Do all the work; returns the error that ended it early."""
        return attempt(lambda: self._send(control, ledger, history, predict=predict), control)

    def _send(
        self, control: Control, ledger: Ledger, history: PendingHistory, *, predict: bool
    ) -> None:
        request, limits = self.request, self.request.limits
        requests = Requests(self._pair, ledger, control)
        context = self._context(requests, history, ledger.report)
        ledger.report.side_effects = self._side_effects(ledger.report)
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
        """Have all keys worked on, and wait for the outcome if that is requested."""
        request = self.request
        workers = Workers(work.work, ledger, control, request.limits.senders)
        meanwhile = _Meanwhile(workers, ledger, outcomes, saves=not predict)
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
        """Hand over the keys of a verification's problems, or those that are named."""
        for offset, key in self._keys(ledger.offset):

            def advance(offset: int = offset) -> None:
                ledger.offset = offset

            ticket = ledger.begin(None, 1, 1, advance)
            case = Case(key.encode("utf-8", "surrogateescape"), (), ())
            workers.put(KeyTask(ticket, None, case, listed=False), meanwhile)

    def _keys(self, begin: int) -> Iterator[tuple[int, str]]:
        """Keys from an offset on, each with the offset behind it."""
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

    def _context(self, requests: Requests, history: PendingHistory, report: Report) -> Context:
        """What judging needs to know of the pair. Raises Unsatisfied if no rule replicates to the target."""
        request = self.request
        configuration = requests.configuration()
        prefixes = enabled_for(configuration, request.target.bucket, request.site)
        if not prefixes:
            raise Unsatisfied(
                f"The bucket {request.source.bucket} has no enabled rule that replicates to "
                f"{request.target.bucket}{f' on the site {request.site}' if request.site else ''}, so nothing "
                "would be sent. Configure replication first.",
                {},
            )
        age = backlog_age(self._backbeat, request.site, report.note)
        stuck_after = max(request.stuck_after, age or 0.0)
        now = self._pair.source.now
        return Context(
            prefixes=prefixes,
            both_ways=self._replicates_back(),
            roles=join_roles(configuration.roles) if configuration else None,
            started=iso(now),
            stuck_before=iso(now - timedelta(seconds=stuck_after)),
            pending_since=history.since,
        )

    def _replicates_back(self) -> bool:
        """Whether the target bucket replicates to the source; then replicas there count as such."""
        request = self.request
        stored: Configuration | None = None
        with contextlib.suppress(ApiError, InvalidDocument):
            found = s3_buckets.replication(self._pair.target, request.target.bucket)
            stored = None if found is None else from_api(found)
        return bool(enabled_for(stored, request.source.bucket))

    def _side_effects(self, report: Report) -> list[str]:
        request, pair = self.request, self._pair
        missing = "missing" in request.choice.states

        def ask(doing: str, read: Callable[[], Any], otherwise: Any) -> Any:
            try:
                return read()
            except ApiError as error:
                report.note(f"It is unknown {doing}: {error}")
                return otherwise

        source, target = request.source.bucket, request.target.bucket
        return side_effects.sentences(
            source,
            target,
            notifications=ask(
                f"whether {source} notifies of tagging",
                lambda: s3_buckets.notifications(pair.source, source),
                None,
            ),
            lifecycle=ask(
                f"whether {source} has lifecycle rules by tags",
                lambda: s3_buckets.lifecycle(pair.source, source),
                (),
            ),
            object_lock=ask(
                f"whether {source} has object lock",
                lambda: s3_buckets.object_lock(pair.source, source),
                False,
            ),
            target_lock=ask(
                f"whether {target} has object lock",
                lambda: s3_buckets.object_lock(pair.target, target),
                False,
            ),
            target_lifecycle=ask(
                f"whether lifecycle rules of {target} removed what is missing",
                lambda: s3_buckets.lifecycle(pair.target, target),
                (),
            )
            if missing
            else None,
            deletes=request.choice.delete_again,
        )


class _Meanwhile:
    """What the main thread does while others work: checkpoints, and looks at what is under way."""

    def __init__(
        self, workers: Workers, ledger: Ledger, outcomes: Outcomes, *, saves: bool
    ) -> None:
        self._workers = workers
        self._ledger = ledger
        self._outcomes = outcomes
        self._saves = saves
        self._saved = time.monotonic()

    def __call__(self) -> None:
        # Listers wait for the keys of their spans, which workers that have ended never finish.
        self._workers.check()
        self._outcomes.step()
        if self._saves and time.monotonic() - self._saved >= SAVE:
            self._ledger.save()
            self._saved = time.monotonic()


class _Measure:
    """In check mode: how long reading tags takes, and so how long the whole would take."""

    def __init__(self, requests: Requests, ledger: Ledger) -> None:
        self._requests = requests
        self._ledger = ledger

    def __call__(self, key: bytes, version_id: bytes) -> None:
        """Read the tags of a version, if not enough were read."""
        window = self._ledger.report.window
        if window.count >= MEASURED:
            return
        began = time.monotonic()
        self._requests.tags(key, version_id)
        with self._ledger.lock:
            window.add(time.monotonic() - began)

    def expected(self, request: BackfillRequest) -> dict[str, Any]:
        """How many requests would be sent, and in how many seconds, without Backbeat's own time."""
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
