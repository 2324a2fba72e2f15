# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examines what listings leave open: HEAD requests side by side, and the bytes of samples."""

from __future__ import annotations

import hashlib
import math
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .._clients import s3_objects
from .._clients.api import Api
from .._clients.errors import ApiError, NotFound
from .._clients.heads import HeadRequests
from .._clients.listing import VersionListing, fresh
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
from .._documents.verify_judge import (
    KINDS,
    Ask,
    Context,
    Head,
    Verdict,
    judge,
    problem_of_bytes,
    questions,
)
from .._documents.verify_report import Problem
from .job import Control
from .verify_ledger import Entry, Ledger, Sampled
from .verify_listers import all_rows

Item = TypeVar("Item")
Result = TypeVar("Result")
#: How often a key is looked at again until what happened during the run has settled, and the seconds between.
LOOKS, BETWEEN = 3, 1.0


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
        bodies: Bodies,
        limit: int,
        workers: int,
    ) -> None:
        slowed = control.pace.slow_down
        self._apis = dict(zip(("source", "target"), apis, strict=True))
        self._buckets = dict(zip(("source", "target"), buckets, strict=True))
        self._heads = {
            "source": HeadRequests(apis[0], buckets[0], site, slowed),
            "target": HeadRequests(apis[1], buckets[1], "", slowed),
        }
        self._ledger = ledger
        self._control = control
        self._context = context
        self._bodies = bodies
        self._limit = limit
        self._workers = workers
        self._stamps = True
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="head")

    def close(self) -> None:
        """Wait for the requests that are being made."""
        self._pool.shutdown(cancel_futures=True)

    def entry(self, block: Block) -> Entry:
        """What a block adds to the ledger."""
        verdicts, inspected = self._judge(block.cases, self._limit)
        bodies, different = self._compare_bodies(block.rows)
        return Entry(
            equal=block.equal,
            verdicts=list(zip(block.cases, verdicts, strict=True)),
            inspected=inspected,
            sampled=self._sampled(block.rows),
            bodies=bodies,
            different=different,
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
        return self._with_bytes(cases, verdicts), inspected

    def _head(self, key: bytes, side: str, version_id: bytes | None) -> Head | None:
        self._control.check("inspecting")
        self._control.pace.wait()
        head = self._heads[side].head(key, version_id)
        with self._ledger.lock:
            requests = self._ledger.report.requests
            requests["head"] = requests.get("head", 0) + 1
        self._control.deadlines.moved()
        if head is not None and version_id is not None and side == "source":
            head = self._with_roles(key, version_id, head)
        return head

    def _with_roles(self, key: bytes, version_id: bytes, head: Head) -> Head:
        """With the roles that were stamped on a pending version, if the server lets them be read."""
        if head.status != "PENDING" or self._context.roles is None or not self._stamps:
            return head
        try:
            name = key.decode("utf-8", "surrogateescape")
            api, bucket = fresh(self._apis["source"]), self._buckets["source"]
            roles = s3_objects.stamped_roles(api, bucket, name, version_id.decode())
        except ApiError:
            # Many accounts may not use this route, and some servers lack it.
            self._stamps = False
            return head
        return replace(head, roles=roles)

    def _with_bytes(self, cases: Sequence[Case], verdicts: list[Verdict]) -> list[Verdict]:
        """Decide what HEAD cannot compare by the bytes, if bytes are compared at all."""
        if not (self._bodies.share or self._bodies.number):
            return verdicts
        for case, verdict in zip(cases, verdicts, strict=True):
            kept: list[Problem] = []
            for problem in verdict.problems:
                if problem.state != "not_comparable":
                    kept.append(problem)
                    continue
                row = next(
                    row for row in case.source if row[VERSION_ID].decode() == problem.version_id
                )
                reason = self._unlike(row[KEY], row[VERSION_ID])
                with self._ledger.lock:
                    self._ledger.report.bodies_compared += 1
                if reason:
                    kept.append(replace(problem, state="different", reason="bytes", detail=reason))
                else:
                    verdict.in_sync.add([row])
            verdict.problems[:] = kept
        return verdicts

    def _compare_bodies(self, rows: Sequence[Row]) -> tuple[int, list[Problem]]:
        """How many bodies of equal rows were compared, and those that differ."""
        if not self._bodies.share:
            return 0, []
        chosen = [row for row in rows if row[KIND] != MARKER and self._bodies.chosen(row)]
        return len(chosen), self._different(chosen)

    def _different(self, rows: Sequence[Row]) -> list[Problem]:
        reasons = self._all(lambda row: self._unlike(row[KEY], row[VERSION_ID]), rows)
        return [
            problem_of_bytes(row, reason)
            for row, reason in zip(rows, reasons, strict=True)
            if reason
        ]

    def _sampled(self, rows: Sequence[Row]) -> list[Sampled]:
        """Those of equal rows that can be in a sample by number."""
        if not self._bodies.number:
            return []
        ranked = [
            (
                self._bodies.rank(row[KEY], row[VERSION_ID]),
                _text(row[KEY]),
                "\0".join(_text(row[at]) for at in (VERSION_ID, SIZE, ETAG, MODIFIED)),
            )
            for row in rows
            if row[KIND] != MARKER
        ]
        return sorted(ranked)[: self._bodies.number]

    def compare_samples(self, samples: Sequence[Sampled]) -> Entry:
        """Compare the bytes of a sample by number."""
        rows = []
        for _rank, key, facts in samples:
            version, size, etag, modified = (part.encode() for part in facts.split("\0"))
            name = key.encode("utf-8", "surrogateescape")
            rows.append((b"Version", name, version, b"", modified, etag, size))
        return Entry(bodies=len(rows), different=self._different(rows))

    def _unlike(self, key: bytes, version_id: bytes) -> str:
        """Empty if both sides have the same bytes, else how they differ."""
        self._control.check("comparing bytes")
        found = [self._digest(side, key, version_id) for side in ("source", "target")]
        self._control.deadlines.moved()
        if found[0] == found[1]:
            return ""
        return "The bytes differ." if None not in found else "One side cannot be read any more."

    def _digest(self, side: str, key: bytes, version_id: bytes) -> bytes | None:
        self._control.pace.wait()
        digest = hashlib.blake2b()
        api = fresh(self._apis[side])
        try:
            for piece in s3_objects.object_body(
                api, self._buckets[side], _text(key), version_id.decode()
            ):
                digest.update(piece)
                self._control.deadlines.moved()
        except NotFound:
            return None
        return digest.digest()

    def look_again(self, keys: Sequence[bytes]) -> list[tuple[Case, Verdict]]:
        """List keys on both sides once more and judge them, until what changed during the run has settled."""
        found: dict[bytes, tuple[Case, Verdict]] = {}
        waiting = list(keys)
        for look in range(LOOKS):
            cases = self._all(self._relist, waiting)
            verdicts, _inspected = self._judge(cases)
            found.update(
                {case.key: (case, verdict) for case, verdict in zip(cases, verdicts, strict=True)}
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
            listing = VersionListing(self._apis[side], self._buckets[side], _text(key))

            def page(marker: Any, listing: VersionListing = listing) -> Any:
                self._control.pace.wait()
                return listing.page(marker)

            rows.append(all_rows(page, key))
        return Case(key, rows[0], rows[1])

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
