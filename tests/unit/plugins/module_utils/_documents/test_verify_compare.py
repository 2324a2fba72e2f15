# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merging two listings: every row is counted exactly once, and only keys that differ are cases."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents import verify_compare
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_compare import (
    KEY,
    LATEST,
    MARKER,
    NULL,
    VERSION_ID,
    Block,
    Count,
    Disordered,
    Position,
    Row,
    TooManyVersions,
    compare,
    in_order,
)

from .generated import PROFILE
from .histories import Bucket, Entry, after, pages, pairs


def doubtful(row: Row) -> bool:
    return row[VERSION_ID] == NULL and row[LATEST] != b"true"


def check_complete(blocks: list[Block], source: list[Row], target: list[Row]) -> None:
    equal = [row for block in blocks for row in block.rows]
    cases = [case for block in blocks for case in block.cases]
    for side, rows in (("source", source), ("target", target)):
        seen = equal + [row for case in cases for row in getattr(case, side)]
        assert sorted(seen) == sorted(rows)
    counted = Count()
    for block in blocks:
        assert block.equal.count == len(block.rows)
        counted.add(block.rows)
    assert counted.count == sum(block.equal.count for block in blocks)
    assert counted.size == sum(block.equal.size for block in blocks)
    for case in cases:
        assert case.source != case.target or any(map(doubtful, case.source))
        assert {row[KEY] for row in (*case.source, *case.target)} == {case.key}


@pytest.mark.parametrize("long_key", [1, 3, 5000])
def test_every_row_is_in_one_place(long_key: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_compare, "LONG_KEY", long_key)

    @PROFILE
    @given(st.data())
    def check(data: st.DataObject) -> None:
        source, target = (bucket.rows() for bucket in data.draw(pairs()))
        found = list(compare(data.draw(pages(source)), data.draw(pages(target))))
        check_complete(found, source, target)

    check()


@pytest.mark.parametrize("long_key", [1, 3, 5000])
def test_continues_from_any_position(long_key: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_compare, "LONG_KEY", long_key)
    monkeypatch.setattr(verify_compare, "MOST_CASES", 1)

    @PROFILE
    @given(st.data())
    def check(data: st.DataObject) -> None:
        source, target = (bucket.rows() for bucket in data.draw(pairs()))
        blocks: list[Block] = []
        position = Position()
        while True:
            left = [after(rows, position.key, position.version_id) for rows in (source, target)]
            block = next(compare(*(data.draw(pages(rows)) for rows in left), position), None)
            if block is None:
                break
            blocks.append(block)
            position = block.position
        check_complete(blocks, source, target)

    check()


def test_equal_versions_of_a_long_key_are_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_compare, "LONG_KEY", 100)
    monkeypatch.setattr(verify_compare, "MOST_VERSIONS", 500)
    rows = Bucket({b"k": [Entry(b"%d" % n) for n in range(5000)]}).rows()
    paged = [rows[n : n + 100] for n in range(0, 5000, 100)]
    blocks = list(compare(paged, paged))
    assert sum(block.equal.count for block in blocks) == 5000
    assert max(len(block.rows) for block in blocks) < 1200


def test_a_long_key_that_differs_ends_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_compare, "MOST_VERSIONS", 500)
    rows = Bucket({b"k": [Entry(b"%d" % n) for n in range(600)]}).rows()
    with pytest.raises(
        TooManyVersions,
        match=r"'k' differs and has more than 500 versions, .* before and after it as ranges",
    ):
        list(compare([rows], [rows[1:]]))


def test_a_key_is_not_cut_at_the_end_of_a_page() -> None:
    source = [[row("k", "2")], [row("k", "1")]]
    target = [[row("k", "2")], [row("k", "0")]]
    (block,) = compare(source, target)
    (case,) = block.cases
    assert not case.partial
    assert len(case.source) == len(case.target) == 2


def test_remembers_a_newer_marker_of_a_key_that_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_compare, "LONG_KEY", 1)
    source = Bucket({b"k": [Entry(b"m2", marker=True), Entry(b"m1", marker=True), Entry(b"v")]})
    target = Bucket({b"k": [Entry(b"m2", marker=True), Entry(b"v")]})
    (block,) = compare([[row] for row in source.rows()], [[row] for row in target.rows()])
    (case,) = block.cases
    assert (case.partial, case.covered) == (True, True)
    assert [row[VERSION_ID] for row in case.source] == [b"m1", b"v"]


def test_counts_equal_versions() -> None:
    rows = Bucket({b"a": [Entry(b"2", marker=True), Entry(b"1", size=7)], b"b": [Entry(b"1")]})
    (block,) = compare([rows.rows()], [rows.rows()])
    assert (block.equal.count, block.equal.size, block.equal.markers) == (3, 8, 1)
    assert block.equal.oldest == block.equal.newest == b"2026-01-01T00:00:00.000Z"
    assert block.cases == []
    assert block.position == Position(b"b", b"1")


def test_two_empty_listings_have_no_blocks() -> None:
    assert list(compare([], [])) == []
    assert list(compare([[]], [[], []])) == []


@PROFILE
@given(st.data())
def test_listings_in_order_pass(data: st.DataObject) -> None:
    source, _target = data.draw(pairs())
    cut = data.draw(pages(source.rows()))
    assert list(in_order(cut, "source")) == cut


def row(key: str, version: str) -> Row:
    return Entry(version.encode()).row(key.encode(), True)


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        ([["b", "a"]], "not in the order"),
        ([["b"], ["a"]], "not in the order"),
        ([["\U0001f600", "\uffee"]], "not in the order"),
        ([["a"], ["a"]], "repeats rows"),
        ([["a", "a"]], "repeats rows"),
        ([["a", "b"], ["b"]], "repeats rows"),
    ],
)
def test_wrong_order_and_repeated_rows_are_detected(cut: list[list[str]], message: str) -> None:
    with pytest.raises(Disordered, match=f"target bucket.*{message}|target bucket {message}"):
        list(in_order([[row(key, "v") for key in keys] for keys in cut], "target"))


def test_versions_of_a_key_on_several_pages_are_not_a_repetition() -> None:
    cut = [[row("a", "1"), row("a", "2")], [row("a", "3"), row("b", "1")]]
    assert list(in_order(cut, "source")) == cut
    with pytest.raises(Disordered):
        list(in_order([*cut[:1], [row("a", "1")]], "source"))
    assert MARKER == b"DeleteMarker"
