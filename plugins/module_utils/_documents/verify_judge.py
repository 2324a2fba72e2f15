# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides the state of each version of a key from its rows in both listings and from HEAD requests.

The callers make the requests in parallel: `questions` of verify_questions.py lists them, and `judge` takes the results.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .names import key_text
from .replication import PENDING_STATUSES
from .verify_compare import (
    ETAG,
    KEY,
    KIND,
    MARKER,
    MODIFIED,
    NULL,
    SIZE,
    VERSION_ID,
    Case,
    Count,
    Row,
)
from .verify_entries import Problem
from .verify_pairing import paired
from .verify_questions import (
    NULL_VERSION,
    ONLY_SOURCE,
    ONLY_TARGET,
    OTHER_ETAG,
    OTHER_SIZE,
    SIDES,
    Context,
    Head,
    Heads,
    by_id,
    difference,
)


@dataclass
class Verdict:
    """The states of one key's versions. `again`: the key must be read again before it counts.

    same: the rows of versions in sync, of source and target; not_comparable: those of them whose ETags cannot be
    compared.
    """

    in_sync: Count = field(default_factory=Count)
    same: list[tuple[Row, Row]] = field(default_factory=list)
    not_comparable: list[tuple[Row, Row]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    other_times: int = 0
    again: bool = False
    skipped: dict[str, int] = field(default_factory=dict)


def judge(
    case: Case, heads: Heads, context: Context, skipped: frozenset[str] = frozenset()
) -> Verdict:
    """The states of the versions of a case. `skipped`: kinds of differences that are not inspected any more."""
    return _Judgement(case, heads, context, skipped).verdict()


class _Judgement:
    def __init__(self, case: Case, heads: Heads, context: Context, skipped: frozenset[str]) -> None:
        self.case = case
        self.key = key_text(case.key)
        self.heads = heads
        self.context = context
        self.skipped = skipped
        self.source, self.target = paired(case, heads) if context.cloud else by_id(case)
        self.result = Verdict()

    def verdict(self) -> Verdict:
        for version, row in self.source.items():
            other = self.target.get(version)
            if other is not None:
                self._both(row, other)
            elif row[KIND] != MARKER:
                self._only(row, "source")
        for version, row in self.target.items():
            if version not in self.source and row[KIND] != MARKER:
                self._only(row, "target")
        for side, mine, theirs in (
            ("source", self.source, self.target),
            ("target", self.target, self.source),
        ):
            for version, row in mine.items():
                if version not in theirs and row[KIND] == MARKER:
                    self._marker(row, side, mine, theirs)
        self._current()
        self.result.in_sync.add(row for row, _other in self.result.same)
        return self.result

    def _both(self, row: Row, other: Row) -> None:
        kind = difference(row, other, self.context)
        if kind == "kind":
            self._add("different", row, "both", "kind", "One side has a delete marker.")
        elif kind in self.skipped:
            self._skip(row, "both", kind)
        elif kind in (OTHER_ETAG, OTHER_SIZE):
            self._unequal(row, other, kind)
        elif kind == NULL_VERSION:
            self._null(row, other)
        elif kind == "parts":
            detail = f"{_etag(row)} at the source, {_etag(other)} at the target"
            self._not_comparable(row, other, "part-sizes", detail, None)
        else:
            self.result.same.append((row, other))
            # LastModified of a cloud's copy is the time of replication.
            if row[MODIFIED] != other[MODIFIED] and not self.context.cloud:
                self.result.other_times += 1

    def _unequal(self, row: Row, other: Row, kind: str) -> None:
        if not self._has_head("source", row) or not self._has_head("target", other):
            self._skip(row, "both", kind)
            return
        mine = self._head("source", row)
        theirs = self._head("target", other)
        if mine is None or theirs is None:
            self._vanished(row, "both")
            return
        if mine.status in PENDING_STATUSES:
            self._by_status(row, "source", mine)
            return
        if kind == OTHER_SIZE:
            detail = f"{_size(row)} bytes at the source, {_size(other)} at the target"
            self._add("different", row, "both", "size", detail, mine.status)
            return
        detail = f"{_etag(row)} at the source, {_etag(other)} at the target"
        if mine.encrypted or theirs.encrypted:
            self._not_comparable(row, other, "encryption", detail, mine.status)
        else:
            self._add("different", row, "both", "etag", detail, mine.status)

    def _not_comparable(
        self, row: Row, other: Row, reason: str, detail: str, status: str | None
    ) -> None:
        self.result.not_comparable.append((row, other))
        self._add("not_comparable", row, "both", reason, detail, status)

    def _null(self, row: Row, other: Row) -> None:
        mine, theirs = self._head("source", row), self._head("target", row)
        if mine is None:
            self._vanished(row, "source")
        elif theirs is None:
            detail = "The target lists the null version, but HEAD does not find it."
            self._add("missing", row, "source", "null-version-unreadable", detail, mine.status)
        else:
            self.result.same.append((row, other))

    def _only(self, row: Row, side: str) -> None:
        kind = ONLY_SOURCE if side == "source" else ONLY_TARGET
        if kind in self.skipped:
            self._skip(row, side, kind)
            return
        head = self._head(side, row)
        if head is None:
            self._vanished(row, side)
        elif side == "target" and (head.source_id or "").encode() in self.source:
            detail = f"It is another copy of the version {head.source_id}, which was sent more than once."
            self._add("replica_without_source", row, side, "another-copy", detail, head.status)
        elif head.status == "REPLICA":
            if side == "source" and not self.context.both_ways:
                detail = "It is a replica itself; replicas are not replicated onward."
                self._add("not_selected", row, side, "replica", detail, head.status)
            else:
                self._add("replica_without_source", row, side, "", "", head.status)
        elif side == "source" or self.context.both_ways:
            self._by_status(row, side, head)
        else:
            self._add("written_at_target", row, side, "", "", head.status)

    def _by_status(self, row: Row, side: str, head: Head) -> None:
        """Add the state of a version that has to be replicated to the other side."""
        status = head.status
        if status is None:
            selected = self._selected(side)
            state, reason = (
                ("never_replicated", "older-than-rule") if selected else ("not_selected", "no-rule")
            )
            self._add(state, row, side, reason, "", status)
        elif status in PENDING_STATUSES:
            self._pending(row, side, status, head.roles if side == "source" else None)
        elif status == "FAILED":
            self._add("failed", row, side, "", "", status)
        else:
            self._add("missing", row, side, "", "", status)

    def _pending(self, row: Row, side: str, status: str, roles: str | None) -> None:
        version = self.key, key_text(row[VERSION_ID]), key_text(row[MODIFIED])
        found = _pending(version, status, roles, self.context)
        if status == "PROCESSING" or found["state"] == "pending":
            self.result.again = True
        self._add(row=row, side=side, status=status, **found)

    def _marker(
        self, row: Row, side: str, mine: Mapping[bytes, Row], theirs: Mapping[bytes, Row]
    ) -> None:
        """Add the state of a delete marker that only one side has."""
        if self._covered(theirs):
            self._add("delete_marker_covered", row, side)
            return
        source = side == "source" or self.context.both_ways
        if not source:
            self._add("delete_marker_extra", row, side)
            return
        if not self._selected(side):
            self._add("not_selected", row, side, "no-rule")
            return
        older = {one.state for one in self.result.problems if one.side == side}
        if not theirs and not self.case.partial and older and older <= {"never_replicated"}:
            # The key's versions are not replicated, so its delete marker is not either.
            self._add("never_replicated", row, side, "older-than-rule")
            return
        self._add("delete_marker_missing", row, side)

    def _covered(self, theirs: Mapping[bytes, Row]) -> bool:
        """Whether the key is deleted on the side that lacks the marker, by another marker."""
        current = next(iter(theirs.values()), None)
        if self.case.partial:
            return self.case.covered
        return current is not None and current[KIND] == MARKER

    def _current(self) -> None:
        """Compare which version is current, and the order of those that both sides have."""
        mine = [version for version in self.source if version in self.target]
        theirs = [version for version in self.target if version in self.source]
        if not mine:
            return
        row = self.source[mine[0]]
        current, other = next(iter(self.source)), next(iter(self.target))
        read = [self.heads.get((side, None)) for side in SIDES]
        ids = [head.version_id if head else None for head in read]
        if not self.case.partial and current in self.target and current != other:
            ids = [
                key_text(side[at][VERSION_ID])
                for side, at in ((self.source, current), (self.target, other))
            ]
            detail = f"It is {ids[0]} at the source, {ids[1]} at the target."
            reason = "order" if other in self.source else "covered"
            self._add("other_current", row, "both", reason, detail)
        elif ids[0] != ids[1]:
            detail = f"HEAD of the key finds {ids[0]} at the source, {ids[1]} at the target."
            self._add("other_current", self.source[NULL], "both", "null-version", detail)
        elif mine != theirs:
            self._add("other_order", row, "both")

    def _selected(self, side: str) -> bool:
        prefixes = self.context.prefixes if side == "source" else self.context.back_prefixes
        return prefixes is None or any(map(self.case.key.startswith, prefixes))

    def _has_head(self, side: str, row: Row) -> bool:
        return (side, row[VERSION_ID]) in self.heads

    def _head(self, side: str, row: Row) -> Head | None:
        return self.heads.get((side, row[VERSION_ID]))

    def _vanished(self, row: Row, side: str) -> None:
        """Add the state of a listed version that HEAD does not find: deleted in the meantime, or damaged."""
        self.result.again = True
        self._add("missing", row, side, "vanished", "It was listed, but HEAD does not find it.")

    def _skip(self, row: Row, side: str, kind: str) -> None:
        self.result.skipped[kind] = self.result.skipped.get(kind, 0) + 1
        self._add("uninspected", row, side, kind)

    def _add(
        self,
        state: str,
        row: Row,
        side: str,
        reason: str = "",
        detail: str = "",
        status: str | None = None,
        since: str | None = None,
    ) -> None:
        modified = key_text(row[MODIFIED])
        if modified >= self.context.started:
            self.result.again = True
        self.result.problems.append(
            Problem(
                key=self.key,
                version_id=key_text(row[VERSION_ID]),
                state=state,
                side=side,
                delete_marker=row[KIND] == MARKER,
                size=_size(row),
                etag=None if row[KIND] == MARKER else _etag(row),
                modified=modified,
                status=status,
                reason=reason,
                detail=detail,
                pending_since=since,
            )
        )


def _pending(
    version: tuple[str, str, str], status: str, roles: str | None, context: Context
) -> dict[str, Any]:
    """The attributes of the problem of a version whose status is not final: it is pending or stuck.

    version: its key, its id, and when it was put. roles: those with which it was put, None if unknown.
    """
    if None not in (roles, context.roles) and roles != context.roles:
        detail = f"It was put with the roles {roles}, and the configuration has {context.roles}."
        return {"state": "stuck", "reason": "roles-changed", "detail": detail, "since": None}
    if status == "PROCESSING":
        return {"state": "processing", "reason": "", "detail": "", "since": None}
    key, version_id, modified = version
    seen = context.pending_since(key, version_id)
    since = max(seen, modified) if seen else None
    if since is not None and since < context.stuck_before:
        detail = f"It has been PENDING since {since} or longer."
        return {"state": "stuck", "reason": "too-long", "detail": detail, "since": since}
    return {"state": "pending", "reason": "", "detail": "", "since": since}


def marker_by_status(
    problem: Problem, status: str | None, roles: str | None, context: Context
) -> Problem:
    """The problem of a missing delete marker, with its status and roles, which HEAD does not return."""
    updated = replace(problem, status=status or None)
    if not status:
        return replace(updated, state="never_replicated", reason="older-than-rule")
    if status == "FAILED":
        return replace(updated, state="failed")
    if status not in PENDING_STATUSES:
        return updated
    version = problem.key, problem.version_id, problem.modified or ""
    found = _pending(version, status, roles, context)
    return replace(
        updated,
        state=found["state"],
        reason=found["reason"],
        detail=found["detail"],
        pending_since=found["since"],
    )


def problem_of_bytes(row: Row, detail: str) -> Problem:
    """The problem of a version whose bytes differ although everything else is equal."""
    return Problem(
        key=key_text(row[KEY]),
        version_id=key_text(row[VERSION_ID]),
        state="different",
        side="both",
        size=_size(row),
        etag=_etag(row),
        modified=key_text(row[MODIFIED]),
        reason="bytes",
        detail=detail,
    )


def remember_pending(problem: Problem, now: str) -> Problem:
    """The problem for the problems file: pending versions with the time when they were first read as pending."""
    if problem.state != "pending" or problem.pending_since:
        return problem
    return replace(problem, pending_since=now)


def _etag(row: Row) -> str:
    return key_text(row[ETAG])


def _size(row: Row) -> int:
    return int(row[SIZE] or 0)
