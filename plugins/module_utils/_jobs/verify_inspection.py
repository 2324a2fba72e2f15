# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Examines differences that listings cannot decide, with HEAD requests and other reads in parallel."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from .._clients.api import Api
from .._clients.errors import ApiError
from .._clients.heads import HeadRequests
from .._clients.listing import VersionListing
from .._documents.names import key_text
from .._documents.verify_compare import VERSION_ID, Block, Case
from .._documents.verify_entries import Problem
from .._documents.verify_judge import Verdict, judge, marker_by_status
from .._documents.verify_questions import KINDS, SIDES, Ask, Context, Head, questions
from .._documents.verify_scope import Scope
from .job import Control
from .readers import Readers
from .stamps import Stamps
from .verify_bodies import Bodies, BodyComparison
from .verify_ledger import Entry, Ledger, is_put_off
from .verify_listers import list_key

#: How often a key is read again to wait for changes made during the run, and the seconds between.
LOOKS, BETWEEN = 3, 1.0
#: The number of missing delete markers whose status is read, by a route that takes longer than HEAD.
MOST_MARKERS = 10_000


class Inspector:
    """Turns blocks into entries of the ledger. Threads share it.

    limit: how many differences of each kind are inspected by HEAD. workers: the number of parallel requests. below: the
    prefix that the target adds to each key.
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
        self._listings = [
            VersionListing(api, bucket, "", slowed, prefix)
            for api, bucket, prefix in zip(apis, buckets, ("", below), strict=True)
        ]
        self._heads = {
            "source": HeadRequests(apis[0], buckets[0], site, slowed),
            "target": HeadRequests(apis[1], buckets[1], "", slowed, below),
        }
        self._ledger = ledger
        self._control = control
        self._context = context
        self._scope = scope
        self._limit = limit
        self._stamps = Stamps(apis[0], buckets[0], control.pace.wait, self._no_stamps)
        self._markers = 0
        self._readers = Readers(workers)
        sides = dict(zip(SIDES, zip(apis, buckets, ("", below), strict=True), strict=True))
        self.bodies = BodyComparison(sides, bodies, control, self._readers)

    def close(self) -> None:
        """Wait for running requests."""
        self._readers.close()

    def entry(self, block: Block) -> Entry:
        """The entry of a block for the ledger."""
        cases = block.cases
        if self._scope.current:
            # The current version of one side can be a noncurrent one on the other.
            cases = self._readers.all(self._relist, [case.key for case in cases])
        verdicts, inspected = self._judge(cases, self._limit)
        judged = list(zip(block.cases, verdicts, strict=True))
        counting = [verdict for case, verdict in judged if not is_put_off(case, verdict)]
        entry = self.bodies.compare(counting, block.rows)
        return replace(entry, equal=block.equal, verdicts=judged, inspected=inspected)

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
        answers = self._readers.all(
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
            self._judge_markers(verdict)
        return self._with_bytes(verdicts), inspected

    def _head(self, key: bytes, side: str, version_id: bytes | None) -> Head | None:
        self._control.check("inspecting")
        self._control.pace.wait()
        head = self._heads[side].head(key, version_id)
        self._ledger.count_request("head")
        self._control.deadlines.moved()
        if side == "target" or version_id is None:
            return head
        version = key_text(key), version_id.decode()
        return self._context.with_roles(head, partial(self._stamps.roles, *version))

    def _no_stamps(self, error: ApiError) -> None:
        """Add a note about what is unknown without Backbeat's metadata."""
        with self._ledger.lock:
            self._ledger.report.note(
                "The metadata of versions cannot be read, so it is unknown with which roles pending versions "
                f"were put, and whether missing delete markers are pending: {error.call.endpoint} answers "
                f"{error.code or error.status or 'nothing'}. Versions that are pending with roles that are no "
                "longer configured are reported as stuck only after stuck_after."
            )

    def _judge_markers(self, verdict: Verdict) -> None:
        """Distinguish pending from lost delete markers, if the server returns their status."""
        for place, problem in enumerate(verdict.problems):
            if (problem.state, problem.side) != ("delete_marker_missing", "source"):
                continue
            if not self._stamps.readable or self._markers >= MOST_MARKERS:
                return
            self._markers += 1
            self._control.check("inspecting")
            stamp = self._stamps.read(problem.key, problem.version_id)
            if stamp:
                updated = marker_by_status(
                    problem, stamp.get("status"), stamp.get("role"), self._context
                )
                verdict.problems[place] = updated
                verdict.again = verdict.again or updated.state in ("pending", "processing")

    def _with_bytes(self, verdicts: list[Verdict]) -> list[Verdict]:
        """Compare the bytes of versions that HEAD cannot compare, if bytes are compared at all."""
        if not self.bodies.wanted:
            return verdicts
        for verdict in verdicts:
            kept: list[Problem] = []
            for problem in verdict.problems:
                if problem.state != "not_comparable":
                    kept.append(problem)
                    continue
                row, other = next(
                    pair
                    for pair in verdict.not_comparable
                    if pair[0][VERSION_ID].decode() == problem.version_id
                )
                reason = self.bodies.difference(row, other)
                with self._ledger.lock:
                    self._ledger.report.bodies_compared += 1
                if reason:
                    kept.append(replace(problem, state="different", reason="bytes", detail=reason))
                else:
                    verdict.in_sync.add([row])
            verdict.problems[:] = kept
        return verdicts

    def recheck(self, keys: Sequence[bytes]) -> list[tuple[Case, Verdict]]:
        """List and judge keys again until changes that were made during the run are replicated."""
        found: dict[bytes, tuple[Case, Verdict]] = {}
        waiting = list(keys)
        for look in range(LOOKS):
            cases = self._readers.all(self._relist, waiting)
            verdicts, _inspected = self._judge(cases)
            found.update(
                {
                    case.key: (self._scope.case(case), verdict)
                    for case, verdict in zip(cases, verdicts, strict=True)
                }
            )
            # The target is listed after the source returned COMPLETED, so the replica must exist.
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
        case = list_key(self._listings, key, self._control.pace.wait)
        # If only current versions are compared, the key's other versions show why they differ.
        return case if self._scope.current else self._scope.case(case)


def _versions(asks: Sequence[Ask]) -> set[tuple[str, bytes]]:
    """The differences that the questions are about, by kind and version."""
    return {(ask.kind, ask.version_id) for ask in asks if ask.version_id is not None}


def _unsettled(verdict: Verdict) -> bool:
    return verdict.again and any(
        problem.state not in ("pending", "processing") for problem in verdict.problems
    )
