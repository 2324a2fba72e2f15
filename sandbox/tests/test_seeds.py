# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeding many versions at once: they are like those that clients put, and the time of a page does not grow."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from sandbox import Sandbox, SandboxError
from sandbox.tests.helpers import SOURCE, TARGET, ask, make_bucket, set_up, wait_for_status

pytestmark = pytest.mark.sandbox


def listing(s3: Any, bucket: str) -> list[tuple[Any, ...]]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    names = ("Key", "VersionId", "LastModified", "IsLatest")
    found = []
    for page in pages:
        for kind in ("Versions", "DeleteMarkers"):
            for one in page.get(kind, ()):
                found.append((*(one[name] for name in names), one.get("ETag"), one.get("Size")))
    return sorted(found)


def test_same_seed_gives_equal_versions_on_both_sides(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox)
    given: dict[str, Any] = {"count": 30, "versions": 2, "size": 100, "markers": 10}
    assert sandbox.seed("source", SOURCE, status="COMPLETED", **given) == 63
    assert sandbox.seed("target", TARGET, status="REPLICA", **given) == 63
    assert listing(s3, SOURCE) == listing(target, TARGET)
    head = s3.head_object(Bucket=SOURCE, Key="seed/00000001")
    copy = target.head_object(Bucket=TARGET, Key="seed/00000001")
    assert (head["ReplicationStatus"], copy["ReplicationStatus"]) == ("COMPLETED", "REPLICA")
    body = s3.get_object(Bucket=SOURCE, Key="seed/00000001")["Body"].read()
    assert len(body) == 100
    assert head["ETag"] == copy["ETag"]


def test_seeded_failed_and_pending_versions_can_be_replicated(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox)
    sandbox.seed("source", SOURCE, 2, status="FAILED")
    sandbox.seed("source", SOURCE, 1, status="PENDING", first=2)
    sandbox.seed("source", SOURCE, 1, first=3)
    listed = ask(sandbox.source, "api/crr/failed?sitename=node6")[1]["Versions"]
    assert [one["Key"] for one in listed] == ["seed/00000000", "seed/00000001"]
    assert len(ask(sandbox.source, "api/crr/failed", "POST", listed)[1]) == 2
    for number in (0, 1):
        wait_for_status(s3, f"seed/{number:08}", "COMPLETED")
    for number in (2, 3):
        s3.put_object_tagging(Bucket=SOURCE, Key=f"seed/{number:08}", Tagging={"TagSet": []})
        wait_for_status(s3, f"seed/{number:08}", "COMPLETED")
    assert listing(s3, SOURCE) == listing(target, TARGET)


def test_invalid_seed_is_refused(sandbox: Sandbox) -> None:
    make_bucket(sandbox.source, SOURCE, versioning=None)
    for bucket, given, message in (
        ("none", {}, "there is no bucket none"),
        (SOURCE, {}, "versioning of bucket source-bucket is not enabled"),
        (SOURCE, {"status": "DONE"}, "status is 'DONE'"),
        (SOURCE, {"colour": 1}, "colour"),
    ):
        with pytest.raises(SandboxError, match=message):
            sandbox.seed("source", bucket, 1, **given)


def test_twenty_thousand_versions_are_seeded_quickly_and_listed(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    began = time.monotonic()
    sandbox.seed("source", SOURCE, 20_000)
    assert time.monotonic() - began < 20
    markers: dict[str, str] = {}
    keys = []
    while True:
        page = s3.list_object_versions(Bucket=SOURCE, **markers)
        keys += [one["Key"] for one in page["Versions"]]
        if not page["IsTruncated"]:
            break
        markers = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}  # fmt: skip
    assert keys == [f"seed/{number:08}" for number in range(20_000)]


def test_page_size_limits_the_rows_of_a_page(sandbox: Sandbox) -> None:
    s3, _ = set_up(sandbox)
    sandbox.seed("source", SOURCE, 5)
    sandbox.settings("source", page_size=2)
    pages = list(s3.get_paginator("list_object_versions").paginate(Bucket=SOURCE))
    assert [len(page["Versions"]) for page in pages] == [2, 2, 1]
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=SOURCE))
    assert [len(page["Contents"]) for page in pages] == [2, 2, 1]
    assert len(s3.list_object_versions(Bucket=SOURCE, MaxKeys=1)["Versions"]) == 1
    assert s3.list_object_versions(Bucket=SOURCE, MaxKeys=3)["MaxKeys"] == 2
    with pytest.raises(SandboxError, match="page_size is 0"):
        sandbox.settings("source", page_size=0)


def test_page_takes_the_same_time_in_a_ten_times_larger_bucket(sandbox: Sandbox) -> None:
    """Compare the best of several times, which other work on the machine changes least."""
    s3 = sandbox.source.client("s3")
    best = {"small": math.inf, "large": math.inf}
    for name, count in (("small", 2_000), ("large", 20_000)):
        make_bucket(sandbox.source, name)
        sandbox.seed("source", name, count)
    for _ in range(100):
        for name in best:
            began = time.perf_counter()
            s3.list_object_versions(Bucket=name, KeyMarker="seed/00000500", MaxKeys=10)
            best[name] = min(best[name], time.perf_counter() - began)
        if best["large"] < 3 * best["small"]:
            break
    else:
        pytest.fail(f"a page of the large bucket takes longer: {best}")
