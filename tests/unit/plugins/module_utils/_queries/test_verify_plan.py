# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket is divided into ranges of about equal size, once for all workers of a run."""

from __future__ import annotations

import json
import random
from bisect import bisect_right
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._clients.version_pages import (
    Marker,
    Page,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries import verify_plan
from ansible_collections.scality.backbeat.plugins.module_utils._queries.verify_plan import (
    VerifyPlan,
    VerifyPlanRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

from ...fake_s3 import FakeS3
from .._documents.generated import PROFILE

PAGE = 100
BEGIN = Marker()


class Listing:
    """A bucket with hexadecimal keys, page by page."""

    def __init__(self, count: int, size: int = PAGE) -> None:
        self.size = size
        chance = random.Random(1)
        self.keys = sorted(b"%016x" % chance.getrandbits(64) for _number in range(count))
        self.pages = 0

    def page(self, marker: Marker = BEGIN) -> Page:
        self.pages += 1
        at = bisect_right(self.keys, marker.key)
        keys = self.keys[at : at + self.size]
        rows = [(b"Version", key, b"v", b"true", b"", b"", b"1") for key in keys]
        more = at + self.size < len(self.keys)
        return Page(rows, Marker(keys[-1], b"v") if more else None)


def query(listing: Listing, monkeypatch: pytest.MonkeyPatch, **request: Any) -> VerifyPlan:
    monkeypatch.setattr(verify_plan, "VersionListing", lambda api, bucket, prefix: listing)
    return VerifyPlan(VerifyPlanRequest("a-bucket", **request), FakeS3().api())


@pytest.mark.parametrize("parts", [1, 2, 3, 8])
def test_the_ranges_have_about_the_same_size_and_leave_nothing_out(
    monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    listing = Listing(100_000)
    made = query(listing, monkeypatch, parts=parts, least=1000).run()["verify_plan"]
    assert (made["bucket"], made["made_before"]) == ("a-bucket", False)
    ranges = made["ranges"]
    assert [one["number"] for one in ranges] == list(range(parts))
    assert (ranges[0]["after"], ranges[-1]["until"]) == ("", None)
    assert all(one["until"] == other["after"] for one, other in pairwise(ranges))
    edges = [bisect_right(listing.keys, one["after"].encode()) for one in ranges]
    sizes = [end - start for start, end in pairwise([*edges, len(listing.keys)])]
    assert max(sizes) < 2 * len(listing.keys) / parts
    assert min(sizes) > len(listing.keys) / parts / 2
    # A plan takes a few pages for each part, whatever the size of the bucket is.
    assert listing.pages <= 1 + verify_plan.SEARCH + verify_plan.SAMPLES * parts


def test_one_part_needs_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = Listing(10_000)
    query(listing, monkeypatch, parts=1).run()
    assert listing.pages == 1


#: The prefixes of clusters of keys, and the rest of their keys: random, numbers, or times.
BEGINNINGS = (
    "",
    "a/",
    "log/2026/11/",
    "data/tenant-7/images/",
    "uploads/user-17_",
    "zz-",
    "~",
    "\u00e9/",
)
ENDINGS = (
    lambda chance, n: f"{chance.getrandbits(48):012x}",
    lambda chance, n: f"{n:010d}",
    lambda chance, n: f"2026-{1 + n % 12:02d}-{1 + n % 28:02d}/{chance.getrandbits(32):08x}",
)


@settings(parent=PROFILE, max_examples=10)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(BEGINNINGS),
            st.sampled_from(ENDINGS),
            st.sampled_from([1, 30, 500, 4_000]),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sets(st.sampled_from(["!", "0", "m", "zzzzzz", "\U0001f600"])),
    st.integers(2, 6),
)
def test_skewed_keys_are_divided_too(
    clusters: list[tuple[str, Any, int]], far: set[str], parts: int
) -> None:
    """Keys in clusters, and single keys far away from them."""
    chance = random.Random(1)
    listing = Listing(0, 20)
    keys = {
        beginning + ending(chance, n) for beginning, ending, count in clusters for n in range(count)
    }
    listing.keys = sorted(key.encode() for key in keys | far)
    assume(len(listing.keys) > 10 * parts * listing.size)
    with pytest.MonkeyPatch.context() as monkeypatch:
        made = query(listing, monkeypatch, parts=parts, least=1).run()["verify_plan"]
    ranges = made["ranges"]
    # Together they have every key once.
    assert (ranges[0]["after"], ranges[-1]["until"]) == ("", None)
    assert all(one["until"] == other["after"] for one, other in pairwise(ranges))
    afters = [one["after"].encode() for one in ranges]
    assert afters == sorted(set(afters))
    edges = [bisect_right(listing.keys, after) for after in afters]
    sizes = [end - start for start, end in pairwise([*edges, len(listing.keys)])]
    # No worker has much more work than its share; a page is the smallest piece.
    assert max(sizes) <= 3 * len(listing.keys) / parts + listing.size, sizes


def test_versions_of_one_key_cannot_be_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = Listing(0)
    listing.keys = [b"one"] * 5000 + [b"x%06d" % n for n in range(5000)]
    ranges = query(listing, monkeypatch, parts=4, least=1).run()["verify_plan"]["ranges"]
    assert len(ranges) > 2
    assert listing.pages < 200


def test_a_small_bucket_is_not_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    made = query(Listing(PAGE), monkeypatch, parts=4).run()["verify_plan"]
    assert made["ranges"] == [{"number": 0, "after": "", "until": None}]


def test_an_earlier_plan_is_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another plan would have other ranges, and parts of two plans cannot be merged."""
    listing, file = Listing(10_000), tmp_path / "plan"
    asked = query(listing, monkeypatch, parts=3, least=100, plan_file=str(file))
    made = asked.run()["verify_plan"]
    file.write_text(json.dumps(made))
    listing.pages = 0
    assert asked.run()["verify_plan"] == {**made, "made_before": True}
    assert listing.pages == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '{"bucket": "b-bucket", "ranges": [{"number": 0}]}',
            "is not a plan of the bucket a-bucket",
        ),
        ('{"bucket": "a-bucket", "ranges": []}', "is not a plan of the bucket a-bucket"),
        ('{"bucket": "a-b', "cannot be read"),
        ("[1]", "cannot be read"),
    ],
)
def test_a_file_that_is_not_a_plan_of_the_bucket_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    file = tmp_path / "plan"
    file.write_text(text)
    with pytest.raises(InvalidDocument, match=message):
        query(Listing(1), monkeypatch, parts=1, plan_file=str(file)).run()
