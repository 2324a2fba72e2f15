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

PAGE = 100
BEGIN = Marker()


class Listing:
    """A bucket whose keys are hexadecimal, a page at a time."""

    def __init__(self, count: int) -> None:
        chance = random.Random(1)
        self.keys = sorted(b"%016x" % chance.getrandbits(64) for _number in range(count))
        self.pages = 0

    def page(self, marker: Marker = BEGIN) -> Page:
        self.pages += 1
        at = bisect_right(self.keys, marker.key)
        keys = self.keys[at : at + PAGE]
        rows = [(b"Version", key, b"v", b"true", b"", b"", b"1") for key in keys]
        more = at + PAGE < len(self.keys)
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
    # A plan costs a few pages for each part, however large the bucket is.
    assert listing.pages <= 1 + verify_plan.SAMPLES * parts


def test_a_small_bucket_is_not_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    made = query(Listing(PAGE), monkeypatch, parts=4).run()["verify_plan"]
    assert made["ranges"] == [{"number": 0, "after": "", "until": None}]


def test_a_plan_that_was_made_before_is_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another plan would have other ranges, and the parts of two plans make no whole."""
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
        ('{"bucket": "b-bucket", "ranges": [{"number": 0}]}', "is no plan of the bucket a-bucket"),
        ('{"bucket": "a-bucket", "ranges": []}', "is no plan of the bucket a-bucket"),
        ('{"bucket": "a-b', "cannot be read"),
        ("[1]", "cannot be read"),
    ],
)
def test_a_file_that_is_no_plan_of_the_bucket_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    file = tmp_path / "plan"
    file.write_text(text)
    with pytest.raises(InvalidDocument, match=message):
        query(Listing(1), monkeypatch, parts=1, plan_file=str(file)).run()
