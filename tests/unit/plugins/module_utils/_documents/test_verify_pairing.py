# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies in a cloud are assigned to their sources, even if some are missing, extra, or have equal contents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_compare import (
    KIND,
    MARKER,
    VERSION_ID,
    Case,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_judge import judge
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_pairing import (
    paired,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_questions import (
    Context,
    Head,
    questions,
)

from .generated import PROFILE
from .histories import Bucket, Entry

KEY = b"k"
CLOUD = Context(cloud=True, started="2026-02-01T00:00:00.000Z")
Heads = dict[tuple[str, bytes | None], Head | None]


def v(name: str, **values: object) -> Entry:
    return Entry(name.encode(), **values)  # type: ignore[arg-type]


def m(name: str) -> Entry:
    return Entry(name.encode(), marker=True, status=None)


def case_of(source: Sequence[Entry], target: Sequence[Entry]) -> Case:
    rows = (Bucket({KEY: list(side)} if side else {}).rows() for side in (source, target))
    return Case(KEY, *map(tuple, rows))


def states(
    source: Sequence[Entry], target: Sequence[Entry], named: dict[str, str], **facts: Head
) -> list[str]:
    """The states of a key; `named`: the source id in each copy's metadata. HEAD requests are those of `questions`."""
    case = case_of(source, target)
    answers: Heads = {}
    for ask in questions(case, CLOUD):
        assert ask.version_id is not None
        name = ask.version_id.decode()
        if name in facts:
            answers[ask.side, ask.version_id] = facts[name]
        elif ask.side == "source":
            status = next(one.status for one in source if one.version == ask.version_id)
            answers[ask.side, ask.version_id] = Head(status, name)
        else:
            origin = named.get(name)
            answers[ask.side, ask.version_id] = Head(
                "REPLICA" if origin else None, name, source_id=origin
            )
    found = judge(case, answers, CLOUD)
    return sorted(
        f"{one.version_id} {one.state}{'/' if one.reason else ''}{one.reason}"
        for one in found.problems
    )


@pytest.mark.parametrize(
    ("source", "target", "named", "expected"),
    [
        ([v("1")], [v("c1")], {}, []),
        ([v("2", etag=b"b"), v("1")], [v("c2", etag=b"b"), v("c1")], {}, []),
        ([v("1")], [], {}, ["1 missing"]),
        # By content alone, the copy would be assigned to version 2.
        ([v("2"), v("1")], [v("c1")], {"c1": "1"}, ["2 missing"]),
        ([v("2"), v("1")], [v("c2")], {"c2": "2"}, ["1 missing"]),
        ([v("3"), v("2"), v("1")], [v("c3"), v("c1")], {"c3": "3", "c1": "1"}, ["2 missing"]),
        ([m("2"), v("1")], [m("c2"), v("c1")], {}, []),
        ([m("2"), v("1")], [v("c1")], {"c1": "1"}, ["2 delete_marker_missing"]),
        ([v("1"), v("null")], [v("c1"), v("null")], {}, []),
        # A bucket without versioning has only `null`, a copy of any version.
        ([v("2"), v("null", etag=b"b")], [v("null")], {"null": "2"}, ["null missing"]),
        ([v("1")], [v("null", etag=b"b"), v("c1")], {"c1": "1"},
         ["1 other_current/covered", "null written_at_target"]),
        ([v("1")], [v("c9"), v("c1")], {"c1": "1", "c9": "9"},
         ["1 other_current/covered", "c9 replica_without_source"]),
        ([v("1")], [v("d1"), v("c1")], {"c1": "1", "d1": "1"}, ["c1 replica_without_source/another-copy"]),
        # Other part sizes lead to another ETag, but the metadata has the source.
        ([v("1", etag=b"x-2")], [v("c1", etag=b"y")], {"c1": "1"}, ["1 not_comparable/part-sizes"]),
        ([v("1")], [v("c1", etag=b"y")], {"c1": "1"}, ["1 different/etag"]),
        ([v("1")], [v("c1", size=9)], {"c1": "1"}, ["1 different/size"]),
        ([v("1", status="FAILED")], [], {}, ["1 failed"]),
    ],
)  # fmt: skip
def test_states(
    source: list[Entry], target: list[Entry], named: dict[str, str], expected: list[str]
) -> None:
    assert states(source, target, named) == expected


def test_the_source_has_the_id_of_its_copy_too() -> None:
    head = Head("COMPLETED", "2", copy_id="c2")
    other = Head("COMPLETED", "1", copy_id="gone")
    found = states([v("2"), v("1")], [v("c2")], {}, **{"2": head, "1": other})
    assert found == ["1 missing"]


def test_requests_are_only_made_if_contents_are_not_sufficient() -> None:
    source = [v(str(number), etag=b"%d" % number) for number in range(5)]
    copies = [replace(one, version=b"c" + one.version) for one in source]
    assert questions(case_of(source, copies), CLOUD) == []
    asked = questions(case_of(source, copies[1:]), CLOUD)
    assert [(ask.side, ask.version_id) for ask in asked] == [("source", b"0")]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Entry], list[Entry]]:
    """A key's versions, and their remaining copies in the cloud; version c<n> is the copy of <n>."""
    kinds = draw(st.lists(st.sampled_from(["", "a", "b"]), min_size=1, max_size=6))
    source = [
        m(str(number)) if not kind else v(str(number), etag=kind.encode())
        for number, kind in enumerate(kinds)
    ]
    left = draw(st.lists(st.booleans(), min_size=len(source), max_size=len(source)))
    copies = [
        replace(one, version=b"c" + one.version)
        for one, there in zip(source, left, strict=True)
        # Markers have no metadata, so it is unknown which of several is missing.
        if there or one.marker
    ]
    return source, copies


@PROFILE
@given(histories())
def test_with_metadata_every_copy_is_assigned_to_its_source(
    made: tuple[list[Entry], list[Entry]],
) -> None:
    case = case_of(*made)
    heads: Heads = {
        (ask.side, ask.version_id): Head(
            None, None, source_id=ask.version_id.decode()[1:] if ask.side == "target" else None
        )
        for ask in questions(case, CLOUD)
        if ask.version_id is not None
    }
    _source, target = paired(case, heads)
    for origin, row in target.items():
        if row[KIND] != MARKER:
            assert row[VERSION_ID] == b"c" + origin
