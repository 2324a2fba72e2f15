# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Forbidden,
    Invalid,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.bucket import (
    Bucket,
    BucketRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument, Refused

from ...fake_client import refusal
from ...fake_s3 import FakeS3
from ...runs import converge, run


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


def bucket(s3: FakeS3, **options: Any) -> Bucket:
    defaults = {"name": "source", "versioning": None, "location": None, "state": "present"}
    return Bucket(BucketRequest.from_options({**defaults, **options}), s3.api())


@pytest.mark.parametrize(
    ("options", "changes", "result"),
    [
        ({}, ["CreateBucket source"], {"versioning": "unversioned", "location": None}),
        (
            {"versioning": "enabled"},
            ["CreateBucket source", "PutBucketVersioning source"],
            {"versioning": "enabled", "location": None},
        ),
        (
            {"location": "paris"},
            ["CreateBucket source"],
            {"versioning": "unversioned", "location": "paris"},
        ),
        (
            {"location": "us-east-1"},
            ["CreateBucket source"],
            {"versioning": "unversioned", "location": "us-east-1"},
        ),
    ],
)
def test_a_new_bucket(
    s3: FakeS3, options: dict[str, Any], changes: list[str], result: dict[str, Any]
) -> None:
    predicted, done = converge(s3, lambda: bucket(s3, **options))
    assert done["changes"] == changes
    assert done["it"] == predicted["it"] == {"name": "source", **result}
    assert done["diff"]["before"] == {}


@pytest.mark.parametrize(
    ("stored", "wanted", "changes"),
    [
        ("", None, []),
        ("", "enabled", ["PutBucketVersioning source"]),
        ("", "suspended", ["PutBucketVersioning source"]),
        ("Enabled", None, []),
        ("Enabled", "enabled", []),
        ("Enabled", "suspended", ["PutBucketVersioning source"]),
        ("Suspended", "enabled", ["PutBucketVersioning source"]),
    ],
)
def test_versioning_of_an_existing_bucket(
    s3: FakeS3, stored: str, wanted: str | None, changes: list[str]
) -> None:
    s3._add("source", versioning=stored)
    _, done = converge(s3, lambda: bucket(s3, versioning=wanted))
    assert done["changes"] == changes


def test_a_bucket_with_object_lock_is_not_changed_if_it_is_as_requested(s3: FakeS3) -> None:
    s3._add("source", versioning="Enabled", object_lock=True)
    assert run(bucket(s3, versioning="enabled"))["changes"] == []


@pytest.mark.parametrize(
    ("differences", "advised"),
    [({"replication": {"Role": "x"}}, True), ({"object_lock": True}, False)],
)
def test_suspending_is_explained(s3: FakeS3, differences: dict[str, Any], advised: bool) -> None:
    s3._add("source", versioning="Enabled", **differences)
    with pytest.raises(Invalid, match="InvalidBucketState") as caught:
        run(bucket(s3, versioning="suspended"))
    assert ("Remove the bucket's replication configuration first" in str(caught.value)) == advised


def test_another_location_is_refused(s3: FakeS3) -> None:
    s3._add("source", location="paris")
    with pytest.raises(
        Refused,
        match="is in the location paris, not berlin, and the location of a bucket cannot "
        "be changed",
    ):
        run(bucket(s3, location="berlin"))
    assert s3.writes == []


def test_the_location_is_only_read_if_requested(s3: FakeS3) -> None:
    s3._add("source")
    run(bucket(s3))
    assert s3.calls == ["GetBucketVersioning"]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_bucket_of_another_account_is_an_error_with_the_reason(s3: FakeS3, state: str) -> None:
    s3._add("source", foreign=True)
    with pytest.raises(Forbidden, match="may belong to another account"):
        run(bucket(s3, state=state))
    assert s3.writes == []


def test_a_bucket_that_another_account_creates_in_the_meantime(s3: FakeS3) -> None:
    s3.before("create_bucket", lambda: s3._add("source", foreign=True))
    with pytest.raises(Forbidden, match="belongs to another account: choose another name"):
        run(bucket(s3), timeout=10)


def test_a_bucket_that_a_second_run_creates_in_the_meantime(s3: FakeS3) -> None:
    s3.before("create_bucket", lambda: s3._add("source", location="paris"))
    result = run(bucket(s3, location="paris", versioning="enabled"), timeout=10)
    assert result["changes"] == ["PutBucketVersioning source"]


def test_only_an_empty_bucket_is_removed(s3: FakeS3) -> None:
    s3._add("source")
    s3._put("source", "key")
    with pytest.raises(
        Refused, match=r"bucket source at .* is not empty: delete its objects first"
    ):
        run(bucket(s3, state="absent"), check_mode=True)
    s3.buckets["source"]["objects"].clear()
    _, done = converge(s3, lambda: bucket(s3, state="absent"))
    assert (done["changes"], done["it"], s3.buckets) == (["DeleteBucket source"], None, {})


def test_an_object_that_is_put_before_the_removal_stays(s3: FakeS3) -> None:
    s3._add("source")
    s3.before("delete_bucket", lambda: s3._put("source", "key"))
    with pytest.raises(Invalid, match="The bucket is not empty"):
        run(bucket(s3, state="absent"), timeout=10)


def test_an_unknown_location_is_refused_by_the_server(s3: FakeS3) -> None:
    s3.before("create_bucket", refusal("InvalidLocationConstraint", "No such location"))
    with pytest.raises(Invalid, match=r"No such location \(InvalidLocationConstraint\)"):
        run(bucket(s3, location="nowhere"), timeout=10)


def test_a_bad_name_is_refused_before_any_call(s3: FakeS3) -> None:
    with pytest.raises(InvalidDocument, match="bucket name 'Source' is invalid"):
        bucket(s3, name="Source")
