# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of each version, in tables; and whole comparisons against a naive one in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_compare import (
    VERSION_ID,
    Case,
    compare,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_judge import (
    Verdict,
    judge,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_questions import (
    Context,
    Head,
    questions,
)

from .generated import PROFILE
from .histories import Bucket, Entry, pages, pairs

OLD = b"2026-01-01T00:00:00.000Z"
CONTEXT = Context(started="2026-02-01T00:00:00.000Z", stuck_before="2026-01-31T00:00:00.000Z")
KEY = b"k"


def verdict(
    source: Sequence[Entry],
    target: Sequence[Entry],
    context: Context = CONTEXT,
    *,
    heads: dict[tuple[str, bytes | None], Head | None] | None = None,
    skipped: Sequence[str] = (),
    **case: Any,
) -> Verdict:
    sides = {"source": Bucket({KEY: list(source)}), "target": Bucket({KEY: list(target)})}
    rows = (tuple(bucket.rows()) for bucket in sides.values())
    subject = Case(KEY, *rows, **case)
    asked = {
        (ask.side, ask.version_id): sides[ask.side].head(KEY, ask.version_id)
        for ask in questions(subject, context)
    }
    return judge(subject, {**asked, **(heads or {})}, context, frozenset(skipped))


def states(found: Verdict) -> list[str]:
    """Each problem as "version state" or "version state/reason"."""
    return sorted(
        f"{one.version_id} {one.state}{'/' if one.reason else ''}{one.reason}"
        for one in found.problems
    )


def v(name: str, status: str | None = "COMPLETED", **values: Any) -> Entry:
    return Entry(name.encode(), status=status, **values)


def m(name: str, **values: Any) -> Entry:
    return Entry(name.encode(), marker=True, status=None, **values)


R = "REPLICA"
TABLE: dict[str, tuple[list[Entry], list[Entry], list[str]]] = {
    "in sync": ([v("1")], [v("1", R)], []),
    "pending": ([v("1", "PENDING")], [], ["1 pending"]),
    "processing": ([v("1", "PROCESSING")], [], ["1 processing"]),
    "failed": ([v("1", "FAILED")], [], ["1 failed"]),
    "missing": ([v("1")], [], ["1 missing"]),
    "never replicated": ([v("1", None)], [], ["1 never_replicated/older-than-rule"]),
    "a replica at the source": ([v("1", R)], [], ["1 not_selected/replica"]),
    "replica without source": ([], [v("1", R)], ["1 replica_without_source"]),
    "written at the target": ([], [v("1", None)], ["1 written_at_target"]),
    "other size": ([v("1")], [v("1", R, size=9)], ["1 different/size"]),
    "other etag": ([v("1")], [v("1", R, etag=b"x")], ["1 different/etag"]),
    "other etag, pending": ([v("1", "PENDING")], [v("1", R, etag=b"x")], ["1 pending"]),
    "other parts": ([v("1")], [v("1", R, etag=b"x-2")], ["1 not_comparable/part-sizes"]),
    "a marker for a version": ([v("1")], [m("1")], ["1 different/kind"]),
    "marker missing": ([m("2"), v("1")], [v("1", R)], ["2 delete_marker_missing"]),
    "marker alone missing": ([m("2")], [], ["2 delete_marker_missing"]),
    "marker of what was never replicated": (
        [m("2"), v("1", None)],
        [],
        ["1 never_replicated/older-than-rule", "2 never_replicated/older-than-rule"],
    ),
    "marker of what was replicated in part": (
        [m("3"), v("2", "FAILED"), v("1", None)],
        [],
        ["1 never_replicated/older-than-rule", "2 failed", "3 delete_marker_missing"],
    ),
    "marker of what is lost": ([m("2"), v("1")], [], ["1 missing", "2 delete_marker_missing"]),
    "marker covered": ([m("3"), m("2"), v("1")], [m("3"), v("1", R)], ["2 delete_marker_covered"]),
    "marker extra": (
        [v("1")],
        [m("2"), v("1", R)],
        ["1 other_current/covered", "2 delete_marker_extra"],
    ),
    "written over at the target": (
        [v("1")],
        [v("2", None), v("1", R)],
        ["1 other_current/covered", "2 written_at_target"],
    ),
    "null became current": (
        [v("1"), v("null")],
        [v("null", R), v("1", R)],
        ["1 other_current/order"],
    ),
    "other order": (
        [v("3"), v("2"), v("1")],
        [v("3", R), v("1", R), v("2", R)],
        ["3 other_order"],
    ),
    "current one pending": ([v("2", "PENDING"), v("1")], [v("1", R)], ["2 pending"]),
    "null alone": ([v("null")], [v("null", R)], []),
    "null under a newer version": ([v("1"), v("null")], [v("1", R), v("null", R)], []),
}


@pytest.mark.parametrize("name", TABLE)
def test_states(name: str) -> None:
    source, target, expected = TABLE[name]
    assert states(verdict(source, target)) == expected


BOTH_WAYS = replace(CONTEXT, both_ways=True)
BOTH_TABLE: dict[str, tuple[list[Entry], list[Entry], list[str]]] = {
    "completed and replica swapped": ([v("1", R)], [v("1")], []),
    "pending on the other side": ([], [v("1", "PENDING")], ["1 pending"]),
    "lost on the source": ([], [v("1")], ["1 missing"]),
    "older than the rule back": ([], [v("1", None)], ["1 never_replicated/older-than-rule"]),
    "a replica without source": ([v("1", R)], [], ["1 replica_without_source"]),
    "marker missing on the source": ([v("1")], [m("2"), v("1", R)], ["1 other_current/covered"]),
}


@pytest.mark.parametrize("name", BOTH_TABLE)
def test_states_of_a_pair_that_replicates_both_ways(name: str) -> None:
    source, target, expected = BOTH_TABLE[name]
    found = states(verdict(source, target, BOTH_WAYS))
    if "marker" in name:
        expected = [*expected, "2 delete_marker_missing"]
    assert found == expected


CLOUD = replace(CONTEXT, cloud=True)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ([v("1")], [v("c1", None)], []),
        ([v("2", etag=b"b"), v("1")], [v("c2", None, etag=b"b"), v("c1", None)], []),
        ([v("2"), v("1")], [v("c1", None)], ["1 missing"]),
        ([v("1")], [], ["1 missing"]),
        ([m("2"), v("1")], [m("c2"), v("c1", None)], []),
        ([v("1"), v("null")], [v("c1", None), v("null", None)], []),
    ],
)
def test_clouds_have_their_own_version_ids(
    source: list[Entry], target: list[Entry], expected: list[str]
) -> None:
    assert states(verdict(source, target, CLOUD)) == expected


def test_a_rule_that_does_not_match_makes_it_not_selected() -> None:
    context = replace(CONTEXT, prefixes=[b"other/"])
    found = verdict([m("2"), v("1", None)], [], context)
    assert states(found) == ["1 not_selected/no-rule", "2 not_selected/no-rule"]
    assert states(verdict([v("1", None)], [], replace(CONTEXT, prefixes=[b"k"]))) == [
        "1 never_replicated/older-than-rule"
    ]


@pytest.mark.parametrize("other", ["source", "target"])
def test_etags_of_encrypted_versions_are_not_comparable(other: str) -> None:
    heads = {
        (side, b"1"): Head("COMPLETED", "1", encrypted=side == other)
        for side in ("source", "target")
    }
    found = verdict([v("1")], [v("1", R, etag=b"x")], heads=dict(heads))
    assert states(found) == ["1 not_comparable/encryption"]


def test_a_null_version_that_cannot_be_read_is_missing() -> None:
    found = verdict(
        [v("1"), v("null")], [v("1", R), v("null", R)], heads={("target", b"null"): None}
    )
    assert states(found) == ["null missing/null-version-unreadable"]
    assert found.in_sync.count == 1


def test_a_null_version_that_is_read_as_the_current_one_is_found() -> None:
    heads: dict[tuple[str, bytes | None], Head | None] = {("target", None): Head(R, "null")}
    found = verdict([v("1"), v("null")], [v("1", R), v("null", R)], heads=heads)
    assert states(found) == ["null other_current/null-version"]


@pytest.mark.parametrize(
    ("modified", "seen", "expected"),
    [
        (OLD, None, "1 pending"),
        (OLD, "2026-01-30T00:00:00.000Z", "1 stuck/too-long"),
        (OLD, "2026-01-31T12:00:00.000Z", "1 pending"),
        (b"2026-01-31T12:00:00.000Z", "2026-01-30T00:00:00.000Z", "1 pending"),
    ],
)
def test_stuck_is_counted_from_the_later_of_all_times(
    modified: bytes, seen: str | None, expected: str
) -> None:
    context = replace(CONTEXT, pending_since=lambda key, version: seen)
    found = verdict([v("1", "PENDING", modified=modified)], [], context)
    assert states(found) == [expected]
    assert found.again == ("stuck" not in expected)


@pytest.mark.parametrize(
    ("stamped", "expected"),
    [(None, "1 pending"), ("a,b", "1 pending"), ("old,b", "1 stuck/roles-changed")],
)
def test_pending_for_other_roles_is_stuck(stamped: str | None, expected: str) -> None:
    heads = {("source", b"1"): Head("PENDING", "1", roles=stamped)}
    context = replace(CONTEXT, roles="a,b")
    assert states(verdict([v("1", "PENDING")], [], context, heads=dict(heads))) == [expected]


def test_versions_newer_than_the_run_are_read_again() -> None:
    assert not verdict([v("1")], []).again
    assert verdict([v("1", modified=b"2026-02-01T00:00:00.000Z")], []).again
    assert verdict([v("1", "PROCESSING")], []).again
    assert verdict([v("1")], [], heads={("source", b"1"): None}).again


def test_kinds_beyond_the_limit_are_counted_as_not_inspected() -> None:
    found = verdict([v("2"), v("1")], [v("9", R)], skipped=["only_source"])
    assert states(found) == [
        "1 uninspected/only_source",
        "2 uninspected/only_source",
        "9 replica_without_source",
    ]
    assert found.skipped == {"only_source": 2}


def test_other_times_are_counted_and_not_a_problem() -> None:
    found = verdict([v("1")], [v("1", R, modified=b"2026-01-09T00:00:00.000Z")])
    assert found.problems == []
    assert (found.other_times, found.in_sync.count) == (1, 1)


def test_requests_are_only_made_if_listings_are_not_sufficient() -> None:
    both = Bucket({KEY: [v("2"), v("1")]}).rows()
    other = Bucket({KEY: [v("2", R), v("1", R, etag=b"x"), v("0", R), m("m")]}).rows()
    asked = questions(Case(KEY, tuple(both), tuple(other)), CONTEXT)
    assert [(ask.side, ask.version_id) for ask in asked] == [
        ("source", b"1"),
        ("target", b"1"),
        ("target", b"0"),
    ]


#: The state of a version that only the source has, by its status.
BY_STATUS = {
    None: "never_replicated",
    "PENDING": "pending",
    "PROCESSING": "processing",
    "COMPLETED": "missing",
    "FAILED": "failed",
    "REPLICA": "not_selected",
}
MARKERS = {
    "delete_marker_missing",
    "delete_marker_covered",
    "delete_marker_extra",
    "never_replicated",
}
OF_KEYS = {"other_current", "other_order"}


def naive(source: Bucket, target: Bucket) -> tuple[Counter[str], Counter[str]]:
    """The states of all versions, and of all markers on one side, computed version by version."""
    found: Counter[str] = Counter()
    markers: Counter[str] = Counter()
    for key in source.keys.keys() | target.keys.keys():
        mine = {one.version: one for one in source.keys.get(key, [])}
        theirs = {one.version: one for one in target.keys.get(key, [])}
        for version in mine.keys() | theirs.keys():
            one, other = mine.get(version), theirs.get(version)
            if one and other:
                found[_both(one, other)] += 1
            elif one:
                markers["source"] += one.marker
                found[BY_STATUS[one.status]] += not one.marker
            elif other:
                markers["target"] += other.marker
                state = (
                    "replica_without_source" if other.status == "REPLICA" else "written_at_target"
                )
                found[state] += not other.marker
    return +found, +markers


def _both(one: Entry, other: Entry) -> str:
    if one.marker or other.marker:
        return "in_sync" if one.marker == other.marker else "different"
    unlike = one.size != other.size or (one.etag != other.etag and one.etag[2:] == other.etag[2:])
    if unlike:
        early = {"PENDING": "pending", "PROCESSING": "processing"}
        return early.get(str(one.status), "different")
    return "in_sync" if one.etag == other.etag else "not_comparable"


@PROFILE
@given(st.data())
def test_a_comparison_equals_a_naive_one_in_memory(data: st.DataObject) -> None:
    source, target = data.draw(pairs())
    sides = {"source": source, "target": target}
    found: Counter[str] = Counter()
    markers: Counter[str] = Counter()
    for block in compare(data.draw(pages(source.rows())), data.draw(pages(target.rows()))):
        found["in_sync"] += block.equal.count
        for case in block.cases:
            asked = questions(case, CONTEXT)
            heads = {
                (ask.side, ask.version_id): sides[ask.side].head(case.key, ask.version_id)
                for ask in asked
            }
            result = judge(case, heads, CONTEXT)
            found["in_sync"] += result.in_sync.count
            both = {row[VERSION_ID].decode() for row in case.source} & {
                row[VERSION_ID].decode() for row in case.target
            }
            for problem in result.problems:
                if problem.state in OF_KEYS:
                    continue
                if problem.delete_marker and problem.version_id not in both:
                    assert problem.state in MARKERS
                    markers[problem.side] += 1
                else:
                    found[problem.state] += 1
    expected, expected_markers = naive(source, target)
    assert +found == expected
    assert +markers == expected_markers
