# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions to compare: current versions of both sides, or those of a period."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_compare import (
    VERSION_ID,
    Case,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_judge import (
    Verdict,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_report import (
    Problem,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_scope import Scope

from .histories import Bucket, Entry

DAYS = [f"2026-11-{day}T00:00:00.000Z" for day in (22, 23, 24, 25)]
#: The newest first.
DATED = Bucket(
    {b"k": [Entry(f"v{n}".encode(), modified=day.encode()) for n, day in enumerate(DAYS[::-1])]}
)


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        (Scope(), ["v0", "v1", "v2", "v3"]),
        (Scope(current=True), ["v0"]),
        (Scope(since=DAYS[1]), ["v0", "v1", "v2"]),
        (Scope(before=DAYS[2]), ["v2", "v3"]),
        (Scope(since=DAYS[1], before=DAYS[2]), ["v2"]),
        (Scope(current=True, before=DAYS[2]), []),
    ],
)
def test_which_versions_are_in_scope(scope: Scope, found: list[str]) -> None:
    """The period includes its first moment, but not its last: consecutive days have every version once."""
    assert [row[VERSION_ID].decode() for row in scope.rows(DATED.rows())] == found


def judged() -> tuple[Case, Verdict]:
    """Two versions that have other ids in a cloud, and a third one that is missing."""
    source = Bucket({b"k": [Entry(b"s3"), Entry(b"s2"), Entry(b"s1")]}).rows()
    target = Bucket({b"k": [Entry(b"t2"), Entry(b"t1")]}).rows()
    verdict = Verdict(
        same=[(source[1], target[0]), (source[2], target[1])],
        problems=[
            Problem("k", "s3", "missing", "source"),
            Problem("k", "s1", "other_size", "source"),
            Problem("k", "t2", "extra", "target"),
            Problem("k", "t1", "other_current", "target"),
        ],
    )
    verdict.in_sync.add(source[1:])
    return Case(b"k", tuple(source), tuple(target)), verdict


def test_all_versions_have_their_verdicts() -> None:
    case, verdict = judged()
    assert Scope().verdict(case, verdict) == verdict


def test_only_current_versions_of_both_sides_have_verdicts() -> None:
    case, verdict = judged()
    found = Scope(current=True).verdict(case, verdict)
    assert (found.same, found.in_sync.count) == ([], 0)
    assert [one.version_id for one in found.problems] == ["s3", "t2", "t1"]


def test_a_current_version_is_in_sync_whatever_id_its_copy_has() -> None:
    case, verdict = judged()
    without_newest = Bucket({b"k": [Entry(b"s2"), Entry(b"s1")]}).rows()
    found = Scope(current=True).verdict(replace(case, source=tuple(without_newest)), verdict)
    assert [(one[VERSION_ID], other[VERSION_ID]) for one, other in found.same] == [(b"s2", b"t2")]
    assert found.in_sync.count == 1
