# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends the missing versions of one key in an order that never exposes deleted or old content at the target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from .._clients import s3_objects
from .._clients.api import fresh
from .._clients.errors import Unreachable
from .._clients.listing import VersionListing
from .._documents.backfill_report import SourceVersion
from .._documents.names import key_text
from .._documents.replication import PENDING_STATUSES
from .._documents.resend_rules import ARRIVING, NULL, KeyPlan, KeyVersion, plan_key
from .._documents.verify_compare import KIND, MARKER, MODIFIED, SIZE, VERSION_ID, Case, Row
from .._documents.verify_entries import Problem
from .._documents.verify_judge import judge
from .._documents.verify_questions import (
    KINDS,
    NULL_VERSION,
    ONLY_SOURCE,
    Context,
    Head,
    questions,
)
from .._waiting import Deadline
from .._work import Unsatisfied
from .backfill_ledger import Ledger, Ticket
from .backfill_request import Choice
from .backfill_sender import Gate, Requests, Sender
from .stamps import Stamps
from .verify_listers import list_key

#: The differences that a backfill handles; verify reports the others.
JUDGED = frozenset((ONLY_SOURCE, NULL_VERSION))
#: States in which a version is not listed as found, because it needs no work.
QUIET = frozenset(("in_sync", "different", "not_comparable", "delete_marker_covered"))
#: States of a delete marker that the target lacks.
LOST_MARKER = ("delete_marker_missing", "never_replicated")
#: A delete marker whose status cannot be read may be pending if it is younger than this, in seconds.
YOUNG = 10.0


@dataclass(frozen=True)
class Known:
    """The facts that were read about one key."""

    case: Case
    versions: list[KeyVersion]
    by_id: Mapping[str, SourceVersion]
    plan: KeyPlan


class KeyWork:
    """Processes keys, each completely. Threads share it.

    predict: only report what would be done. settle: time limit in seconds for the replication of a new delete marker,
    or of a version of a key with a null version.
    """

    def __init__(
        self,
        requests: Requests,
        ledger: Ledger,
        sender: Sender,
        gate: Gate,
        choice: Choice,
        context: Context,
        *,
        predict: bool,
        settle: float,
        measure: Callable[[bytes, bytes], None] = lambda key, version_id: None,
    ) -> None:
        self._requests = requests
        self._ledger = ledger
        self._sender = sender
        self._gate = gate
        self._choice = choice
        self._context = context
        self._predict = predict
        self._settle = settle
        self._measure = measure
        self._control = requests.control
        pair = requests.pair
        self._stamps = Stamps(
            pair.source, pair.source_bucket, lambda: requests.pace("get_metadata")
        )
        self._buckets = {
            "source": (pair.source, pair.source_bucket),
            "target": (pair.target, pair.target_bucket),
        }
        slowed = self._control.pace.slow_down
        self._listings = [
            VersionListing(api, bucket, "", slowed) for api, bucket in self._buckets.values()
        ]

    def concerns(self, case: Case) -> bool:
        """Whether the target lacks a version or marker of the source, or a null version has to be compared."""
        target_ids = {row[VERSION_ID] for row in case.target}
        if any(row[VERSION_ID] not in target_ids for row in case.source):
            return True
        return "missing" in self._choice.states and any(
            row[VERSION_ID] == NULL.encode() for row in case.source[1:] or case.source
        )

    def work(self, ticket: Ticket, case: Case, listed: bool, patient: bool) -> bool:
        """Process a key. Returns False, with nothing done, if it requires waiting.

        listed: whether the case has the key's current rows; patient: whether this thread may wait.
        """
        self._control.check(f"working on {key_text(case.key)}")
        if not listed or case.partial or _needs_reread(case.source):
            case = self._list(case.key)
        known = self._read(case)
        if not patient and not self._predict and _needs_waiting(known):
            return False
        if not self._predict:
            known = self._settled(known)
        self._enter(ticket, known)
        if self._predict:
            self._count_prediction(known)
        elif known.plan.send or known.plan.delete_first:
            with self._gate.turn():
                self._carry_out(ticket, known)
        return True

    def _list(self, key: bytes) -> Case:
        """The key's current rows on both sides."""
        return list_key(self._listings, key, lambda: self._requests.pace("list"))

    def _read(self, case: Case) -> Known:
        """Read the states of the key's versions by HEAD, and decide which versions may be sent."""
        context = self._context
        heads: dict[tuple[str, bytes | None], Head | None] = {}
        for ask in questions(case, context):
            if ask.kind in JUDGED:
                head = self._requests.head(ask.side, case.key, ask.version_id)
                if ask.side == "source" and ask.version_id is not None:
                    version = key_text(case.key), ask.version_id.decode()
                    head = context.with_roles(head, partial(self._stamps.roles, *version))
                heads[ask.side, ask.version_id] = head
        verdict = judge(case, heads, context, frozenset(KINDS) - JUDGED)
        problems = {
            problem.version_id: problem
            for problem in verdict.problems
            if problem.side != "target" and not problem.state.startswith("other_")
        }
        selected = self._selected(case.key)
        versions, by_id = [], {}
        key = key_text(case.key)
        for row in case.source:
            name = row[VERSION_ID].decode()
            state, status = _state(problems.get(name), selected)
            if row is case.source[0] and row[KIND] == MARKER and state in LOST_MARKER:
                state = self._marker_state(case.key, row, state)
            versions.append(KeyVersion(name, state, row[KIND] == MARKER, status))
            by_id[name] = SourceVersion(
                key, name, state, int(row[SIZE] or 0), row[MODIFIED].decode(), status
            )
        plan = plan_key(versions, self._choice.selection(key, case.source))
        return Known(case, versions, by_id, plan)

    def _selected(self, key: bytes) -> bool:
        prefixes = self._context.prefixes
        return prefixes is None or any(map(key.startswith, prefixes))

    def _marker_state(self, key: bytes, row: Row, state: str) -> str:
        """The state of a delete marker that the target lacks: "pending" if it may still be replicated."""
        stamp = self._stamps.read(key_text(key), row[VERSION_ID].decode())
        if stamp is not None:
            mine = stamp.get("role") == self._context.roles
            return "pending" if mine and stamp.get("status") in PENDING_STATUSES else state
        modified = datetime.fromisoformat(row[MODIFIED].decode().replace("Z", "+00:00"))
        return (
            "pending"
            if (self._requests.pair.source.now - modified).total_seconds() < YOUNG
            else state
        )

    def _settled(self, known: Known) -> Known:
        """Read the key until none of its versions that affect the order is pending, or until time runs out."""
        deadline = Deadline(self._settle)
        while _has_pending(known) and not deadline.expired:
            self._control.lines.waiting(f"waiting until {key_text(known.case.key)} has arrived")
            self._control.sleep(0.5)
            known = self._read(self._list(known.case.key))
        return known

    def _enter(self, ticket: Ticket, known: Known) -> None:
        self._ledger.find(ticket, [one for one in known.by_id.values() if one.state not in QUIET])
        for refusal in known.plan.refused:
            self._ledger.skip(ticket, known.by_id[refusal.version_id], refusal.reason)

    def _count_prediction(self, known: Known) -> None:
        if known.plan.delete_first:
            self._ledger.deleted(key_text(known.case.key), None)
        for name in known.plan.send:
            self._measure(known.case.key, name.encode())
            self._ledger.predict(known.by_id[name])

    def _carry_out(self, ticket: Ticket, known: Known) -> None:
        key, plan = known.case.key, known.plan
        left = list(plan.send)
        if plan.delete_first:
            newest = known.versions[0].version_id
            reason = self._delete_again(key, newest)
            if reason:
                for name in left or [newest]:
                    self._ledger.skip(ticket, known.by_id[name], reason)
                return
        while left:
            version = known.by_id[left.pop(0)]
            reason, detail = self._sender.send(key, version)
            if reason:
                self._ledger.skip(ticket, version, reason, detail)
            following = self._blocking_reason(key, version, reason, one_by_one=plan.one_by_one)
            if following:
                for name in left:
                    self._ledger.skip(ticket, known.by_id[name], following)
                return
        if plan.one_by_one:
            self._compare_current(key)

    def _blocking_reason(
        self, key: bytes, version: SourceVersion, reason: str, *, one_by_one: bool
    ) -> str:
        """Why the versions after this one are not sent, "" if they are."""
        if reason in ("refused", "no-rule"):
            return "previous-not-sent"
        if one_by_one and reason != "gone" and not self._wait_for_arrival(key, version):
            return "previous-not-arrived"
        return ""

    def _wait_for_arrival(self, key: bytes, version: SourceVersion) -> bool:
        deadline = Deadline(self._settle)
        while True:
            head = self._requests.head("source", key, version.version_id.encode())
            status = head.status if head else None
            if status not in PENDING_STATUSES or deadline.expired:
                return status == "COMPLETED"
            self._control.lines.waiting(f"waiting for {version.key}, which is {status}")
            self._control.sleep(0.25)

    def _delete_again(self, key: bytes, marker: str) -> str:
        """Delete the key at the source and wait for the new marker at the target. Returns "" or why it failed."""
        name = key_text(key)
        api, bucket = self._buckets["source"]
        if self._requests.head("source", key, None) is not None:
            return "live-again"
        self._control.check(f"deleting {name}")
        self._requests.pace("delete")
        try:
            new = s3_objects.delete_object(fresh(api), bucket, name)
        except Unreachable:
            # The listing shows whether the delete was done.
            newest = self._list(key).source[:1]
            if not newest or newest[0][KIND] != MARKER or newest[0][VERSION_ID].decode() == marker:
                raise
            new = newest[0][VERSION_ID].decode()
        self._ledger.deleted(name, new or "")
        rows = self._list(key).source
        # Between the read and the delete, a client may have put the key again.
        ids = [row[VERSION_ID].decode() for row in rows[:2]]
        if ids != [new, marker]:
            return "live-again"
        deadline = Deadline(self._settle)
        while True:
            case = self._list(key)
            if not case.source or case.source[0][VERSION_ID].decode() != new:
                return "live-again"
            if case.target and case.target[0][VERSION_ID] == case.source[0][VERSION_ID]:
                return ""
            if deadline.expired:
                return "marker-not-arrived"
            self._control.lines.waiting(f"waiting for the new delete marker of {name}")
            self._control.sleep(0.25)

    def _compare_current(self, key: bytes) -> None:
        """Raise Unsatisfied if a plain GET returns another version at the target than at the source."""
        deadline = Deadline(min(self._settle, 10.0))
        while True:
            source, target = (self._requests.head(side, key, None) for side in self._buckets)
            ids = [head.version_id if head else None for head in (source, target)]
            if ids[0] == ids[1]:
                return
            if deadline.expired:
                break
            self._control.sleep(0.5)
        pair = self._requests.pair
        raise Unsatisfied(
            f"The key {key_text(key)!r} has a null version, and after it was sent a GET returns the version {ids[1]} "
            f"at the target {pair.target_bucket} and {ids[0]} at the source {pair.source_bucket}. The backfill of this "
            "pair has stopped. Copy the current version onto itself at the source, so that a new version is "
            "replicated, then run again.",
            {},
        )


def _state(problem: Problem | None, selected: bool) -> tuple[str, str | None]:
    """The state and the replication status of a source version, in the terms of the rules for sending."""
    if problem is None:
        return "in_sync", None
    state, status = problem.state, problem.status
    if state == "delete_marker_covered":
        # The key is deleted on both sides: older versions are replicated below the target's own marker.
        return "in_sync", status
    if state == "uninspected":
        return "different", status
    if state == "not_selected" and problem.reason == "replica" and selected:
        return "replica_without_source", status
    return state, status


def _needs_reread(rows: Sequence[Row]) -> bool:
    """Whether the key's rows are read again before any of its versions is sent: deleted keys and null versions."""
    return bool(rows) and (
        rows[0][KIND] == MARKER
        or (len(rows) > 1 and any(row[VERSION_ID] == NULL.encode() for row in rows))
    )


def _needs_waiting(known: Known) -> bool:
    plan = known.plan
    return plan.one_by_one or plan.delete_first or _has_pending(known)


def _has_pending(known: Known) -> bool:
    """Whether a version is pending whose replication decides what may be sent."""
    arriving = any(one.state in ARRIVING for one in known.versions)
    ordered = known.plan.one_by_one or any(one.reason == "null-order" for one in known.plan.refused)
    if arriving and ordered:
        return True
    newest = known.versions[0] if known.versions else None
    waits = known.plan.delete_first or any(
        one.reason == "deleted-key" for one in known.plan.refused
    )
    return waits and newest is not None and newest.state in ARRIVING
