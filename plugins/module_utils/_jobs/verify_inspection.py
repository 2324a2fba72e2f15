# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examines what listings leave open: HEAD requests side by side, and the bytes of samples."""

from __future__ import annotations

import hashlib
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar

from .._clients import s3_objects
from .._clients.api import Api, fresh
from .._clients.errors import ApiError, NotFound, Unreachable
from .._clients.heads import HeadRequests
from .._clients.listing import VersionListing
from .._documents.replication import PENDING_STATUSES
from .._documents.verify_compare import (
    ETAG,
    KEY,
    KIND,
    MARKER,
    MODIFIED,
    SIZE,
    VERSION_ID,
    Block,
    Case,
    Row,
)
from .._documents.verify_entries import Problem
from .._documents.verify_judge import Verdict, judge, marker_by_status, problem_of_bytes
from .._documents.verify_questions import KINDS, Ask, Context, Head, questions
from .._documents.verify_scope import Scope
from .job import Control
from .verify_ledger import Entry, Ledger, Sampled, is_put_off
from .verify_listers import all_rows

Pair: TypeAlias = "tuple[Row, Row]"
Item = TypeVar("Item")
Result = TypeVar("Result")
#: How often a key is looked at again until the changes of the run's time have arrived, and the seconds between.
LOOKS, BETWEEN = 3, 1.0
#: Of how many missing delete markers the status is read, by a route that takes longer than HEAD.
MOST_MARKERS = 10_000
#: Bytes of a version that are read by one request.
PART = 64 * 1024 * 1024


@dataclass(frozen=True)
class Bodies:
    """Whose bytes are compared: a share of the versions, or a number of them; the seed chooses the same each time."""

    share: float = 0.0
    number: int = 0
    seed: int = 0

    def rank(self, key: bytes, version_id: bytes) -> int:
        """A number below 2**64 that is the same for a version in every run with this seed."""
        name = b"%d\0%s\0%s" % (self.seed, key, version_id)
        return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")

    def chosen(self, row: Row) -> bool:
        """Whether the share has this row."""
        return self.rank(row[KEY], row[VERSION_ID]) < self.share * 2**64


class Inspector:
    """Turns blocks into entries of the ledger. Threads share it.

    limit: how many differences of each kind are inspected by HEAD. workers: how many requests at a time.
    below: what the target has before each key.
    """

    def __init__(
        self,
        apis: tuple[Api, Api],
        buckets: tuple[str, str],
        ledger: Ledger,
        control: Control,
        context: Context,
        *,
        site: str,
        below: str,
        scope: Scope,
        bodies: Bodies,
        limit: int,
        workers: int,
    ) -> None:
        slowed = control.pace.slow_down
        self._apis = dict(zip(("source", "target"), apis, strict=True))
        self._buckets = dict(zip(("source", "target"), buckets, strict=True))
        self._below = {"source": "", "target": below}
        self._heads = {
            "source": HeadRequests(apis[0], buckets[0], site, slowed),
            "target": HeadRequests(apis[1], buckets[1], "", slowed, below),
        }
        self._ledger = ledger
        self._control = control
        self._context = context
        self._scope = scope
        self._bodies = bodies
        self._limit = limit
        self._workers = workers
        self._stamps = True
        self._markers = 0
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="head")

    def close(self) -> None:
        """Wait for the requests that are being made."""
        self._pool.shutdown(cancel_futures=True)

    def entry(self, block: Block) -> Entry:
        """What a block adds to the ledger."""
        cases = block.cases
        if self._scope.current:
            # The current version of one side can be an older one of the other.
            cases = self._all(self._relist, [case.key for case in cases])
        verdicts, inspected = self._judge(cases, self._limit)
        judged = list(zip(block.cases, verdicts, strict=True))
        counting = [verdict for case, verdict in judged if not is_put_off(case, verdict)]
        entry = self.bodies(counting, block.rows)
        return replace(entry, equal=block.equal, verdicts=judged, inspected=inspected)

    def bodies(self, verdicts: Iterable[Verdict], rows: Iterable[Row] = ()) -> Entry:
        """Compare the bytes of versions in sync, as far as they were asked for; `rows` are equal on both sides."""
        if not (self._bodies.share or self._bodies.number):
            return Entry()
        pairs = [(row, row) for row in rows]
        pairs += [pair for verdict in verdicts for pair in verdict.same]
        pairs = [pair for pair in pairs if pair[0][KIND] != MARKER]
        chosen = [pair for pair in pairs if self._bodies.chosen(pair[0])]
        return Entry(
            sampled=self._sampled(pairs), bodies=len(chosen), different=self._different(chosen)
        )

    def _judge(
        self, cases: Sequence[Case], limit: float = math.inf
    ) -> tuple[list[Verdict], dict[str, int]]:
        """The verdicts of cases, and how many differences of each kind were inspected."""
        with self._ledger.lock:
            used = dict(self._ledger.report.inspected)
            left = {kind: limit - used.get(kind, 0) for kind in KINDS}
        asks: list[tuple[Case, Ask]] = []
        skipped: list[frozenset[str]] = []
        for case in cases:
            own = questions(case, self._context)
            needed = Counter(kind for kind, _version in _versions(own))
            beyond = frozenset(kind for kind, count in needed.items() if count > left[kind])
            for kind in needed.keys() - beyond:
                left[kind] -= needed[kind]
            skipped.append(beyond)
            asks += [(case, ask) for ask in own if ask.kind not in beyond]
        answers = self._all(
            lambda asked: self._head(asked[0].key, asked[1].side, asked[1].version_id), asks
        )
        heads: dict[int, dict[tuple[str, bytes | None], Head | None]] = {}
        for (case, ask), head in zip(asks, answers, strict=True):
            heads.setdefault(id(case), {})[ask.side, ask.version_id] = head
        verdicts = [
            judge(case, heads.get(id(case), {}), self._context, beyond)
            for case, beyond in zip(cases, skipped, strict=True)
        ]
        inspected = Counter(
            kind
            for kind, _case, _version in {
                (ask.kind, id(case), ask.version_id)
                for case, ask in asks
                if ask.version_id is not None
            }
        )
        verdicts = [
            self._scope.verdict(case, verdict)
            for case, verdict in zip(cases, verdicts, strict=True)
        ]
        for verdict in verdicts:
            self._tell_markers(verdict)
        return self._with_bytes(verdicts), inspected

    def _head(self, key: bytes, side: str, version_id: bytes | None) -> Head | None:
        self._control.check("inspecting")
        self._control.pace.wait()
        head = self._heads[side].head(key, version_id)
        self._ledger.count_request("head")
        self._control.deadlines.moved()
        if head is not None and version_id is not None and side == "source":
            head = self._with_roles(key, version_id, head)
        return head

    def _with_roles(self, key: bytes, version_id: bytes, head: Head) -> Head:
        """With the roles that were stamped on a version that is under way, if the server lets them be read."""
        if head.status not in PENDING_STATUSES or self._context.roles is None or not self._stamps:
            return head
        try:
            name = key.decode("utf-8", "surrogateescape")
            api, bucket = fresh(self._apis["source"]), self._buckets["source"]
            roles = s3_objects.stamped_roles(api, bucket, name, version_id.decode())
        except ApiError as error:
            self._no_stamps(error)
            return head
        return replace(head, roles=roles)

    def _no_stamps(self, error: ApiError) -> None:
        """Do without Backbeat's metadata: many accounts may not use this route, and some servers lack it."""
        with self._ledger.lock:
            self._stamps = False
            self._ledger.report.note(
                "The metadata of versions cannot be read, so it is unknown with which roles pending versions "
                f"were put, and whether missing delete markers are pending: {error.call.endpoint} answers "
                f"{error.code or error.status or 'nothing'}. Versions that are pending with roles that are no "
                "longer configured are reported as stuck only after stuck_after."
            )

    def _tell_markers(self, verdict: Verdict) -> None:
        """Tell missing delete markers that are on their way from lost ones, if the server lets their status be read."""
        for place, problem in enumerate(verdict.problems):
            if (problem.state, problem.side) != ("delete_marker_missing", "source"):
                continue
            if not self._stamps or self._markers >= MOST_MARKERS:
                return
            self._markers += 1
            self._control.check("inspecting")
            self._control.pace.wait()
            api, bucket = fresh(self._apis["source"]), self._buckets["source"]
            try:
                stamp = s3_objects.stamp(api, bucket, problem.key, problem.version_id)
            except ApiError as error:
                self._no_stamps(error)
                return
            if stamp:
                told = marker_by_status(
                    problem, stamp.get("status"), stamp.get("role"), self._context
                )
                verdict.problems[place] = told
                verdict.again = verdict.again or told.state in ("pending", "processing")

    def _with_bytes(self, verdicts: list[Verdict]) -> list[Verdict]:
        """Decide what HEAD cannot compare by the bytes, if bytes are compared at all."""
        if not (self._bodies.share or self._bodies.number):
            return verdicts
        for verdict in verdicts:
            kept: list[Problem] = []
            for problem in verdict.problems:
                if problem.state != "not_comparable":
                    kept.append(problem)
                    continue
                row, other = next(
                    pair
                    for pair in verdict.unlike
                    if pair[0][VERSION_ID].decode() == problem.version_id
                )
                reason = self._unlike(row, other)
                with self._ledger.lock:
                    self._ledger.report.bodies_compared += 1
                if reason:
                    kept.append(replace(problem, state="different", reason="bytes", detail=reason))
                else:
                    verdict.in_sync.add([row])
            verdict.problems[:] = kept
        return verdicts

    def _different(self, pairs: Sequence[Pair]) -> list[Problem]:
        reasons = self._all(lambda pair: self._unlike(*pair), pairs)
        return [
            problem_of_bytes(row, reason)
            for (row, _other), reason in zip(pairs, reasons, strict=True)
            if reason
        ]

    def _sampled(self, pairs: Sequence[Pair]) -> list[Sampled]:
        """Those of the versions in sync that can be in a sample by number."""
        if not self._bodies.number:
            return []
        ranked = [
            (
                self._bodies.rank(row[KEY], row[VERSION_ID]),
                _text(row[KEY]),
                "\0".join(
                    _text(value)
                    for value in (
                        *(row[at] for at in (VERSION_ID, SIZE, ETAG, MODIFIED)),
                        other[VERSION_ID],
                    )
                ),
            )
            for row, other in pairs
        ]
        return sorted(ranked)[: self._bodies.number]

    def compare_samples(self, samples: Sequence[Sampled]) -> Entry:
        """Compare the bytes of a sample by number."""
        pairs = []
        for _rank, key, facts in samples:
            version, size, etag, modified, copy = (part.encode() for part in facts.split("\0"))
            name = key.encode("utf-8", "surrogateescape")
            row = (b"Version", name, version, b"", modified, etag, size)
            pairs.append((row, (*row[:VERSION_ID], copy, *row[VERSION_ID + 1 :])))
        return Entry(bodies=len(pairs), different=self._different(pairs))

    def _unlike(self, row: Row, other: Row) -> str:
        """Empty if both sides have the same bytes, else how they differ."""
        self._control.check("comparing bytes")
        found = [self._digest(side, one) for side, one in (("source", row), ("target", other))]
        self._control.deadlines.moved()
        if found[0] == found[1]:
            return ""
        return "The bytes differ." if None not in found else "One side can no longer be read."

    def _digest(self, side: str, row: Row) -> bytes | None:
        """Of all bytes of a version, None if it is gone; large ones are read in parts, each with its own time limit."""
        size = int(row[SIZE] or 0)
        digest = hashlib.blake2b()
        try:
            for first in range(0, max(size, 1), PART):
                part = None if size <= PART else (first, min(first + PART, size) - 1)
                digest = self._with_part(digest, side, row, part)
        except NotFound:
            return None
        return digest.digest()

    def _with_part(
        self, digest: hashlib.blake2b, side: str, row: Row, part: tuple[int, int] | None
    ) -> hashlib.blake2b:
        """The digest with another part; from the part's beginning again if the connection breaks in the middle."""
        key, version_id = self._below[side] + _text(row[KEY]), row[VERSION_ID].decode()
        backoff = fresh(self._apis[side]).backoff
        while True:
            self._control.pace.wait()
            longer = digest.copy()
            api = fresh(self._apis[side])
            try:
                for piece in s3_objects.object_body(
                    api, self._buckets[side], key, version_id, part
                ):
                    longer.update(piece)
                    self._control.deadlines.moved()
            except Unreachable:
                if not backoff.pause():
                    raise
            else:
                return longer

    def look_again(self, keys: Sequence[bytes]) -> list[tuple[Case, Verdict]]:
        """List keys on both sides once more and judge them, until the changes made during the run have arrived."""
        found: dict[bytes, tuple[Case, Verdict]] = {}
        waiting = list(keys)
        for look in range(LOOKS):
            cases = self._all(self._relist, waiting)
            verdicts, _inspected = self._judge(cases)
            found.update(
                {
                    case.key: (self._scope.case(case), verdict)
                    for case, verdict in zip(cases, verdicts, strict=True)
                }
            )
            # The target is listed after the source said COMPLETED; then it has to be there.
            waiting = [
                case.key
                for case, verdict in zip(cases, verdicts, strict=True)
                if _unsettled(verdict)
            ]
            if not waiting or look == LOOKS - 1:
                break
            self._control.sleep(BETWEEN)
        return [found[key] for key in keys]

    def _relist(self, key: bytes) -> Case:
        rows = []
        for side in ("source", "target"):
            listing = VersionListing(
                self._apis[side], self._buckets[side], _text(key), below=self._below[side]
            )

            def page(marker: Any, listing: VersionListing = listing) -> Any:
                self._control.pace.wait()
                return listing.page(marker)

            rows.append(all_rows(page, key, side))
        case = Case(key, rows[0], rows[1])
        # Of current versions alone, the others of a key tell what became of them.
        return case if self._scope.current else self._scope.case(case)

    def _all(self, do: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """The results for all items, side by side; raises the first error after all have ended."""
        if len(items) < 3:
            return [do(item) for item in items]
        results: list[Any] = [None] * len(items)
        lock, following = threading.Lock(), iter(range(len(items)))

        def work() -> None:
            while True:
                with lock:
                    number = next(following, None)
                if number is None:
                    return
                results[number] = do(items[number])

        futures = [self._pool.submit(work) for _worker in range(min(self._workers, len(items)))]
        errors = [error for error in (future.exception() for future in futures) if error]
        if errors:
            raise errors[0]
        return results


def _versions(asks: Sequence[Ask]) -> set[tuple[str, bytes]]:
    """The differences that questions are about, each by its kind and version."""
    return {(ask.kind, ask.version_id) for ask in asks if ask.version_id is not None}


def _unsettled(verdict: Verdict) -> bool:
    return verdict.again and any(
        problem.state not in ("pending", "processing") for problem in verdict.problems
    )


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
