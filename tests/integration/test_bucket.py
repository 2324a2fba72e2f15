# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_bucket on a server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.support.modules import Side

NAME = "source-bucket"


def set_versioning(side: Side, status: str) -> None:
    side.s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": status})


def versioning(side: Side, name: str = NAME) -> str | None:
    status: str | None = side.s3.get_bucket_versioning(Bucket=name).get("Status")
    return status


def bucket_names(side: Side) -> list[str]:
    return [bucket["Name"] for bucket in side.s3.list_buckets()["Buckets"]]


def test_bucket_is_created_with_versioning(source: Side) -> None:
    result = source.run_idempotent("bucket", name=NAME, versioning="enabled")
    assert result["changes"] == [f"CreateBucket {NAME}", f"PutBucketVersioning {NAME}"]
    assert result["bucket"] == {"name": NAME, "versioning": "enabled", "location": None}
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["versioning"] == "enabled"
    assert versioning(source) == "Enabled"


@pytest.mark.lowest_boto3
def test_bucket_is_created_without_versioning_in_a_location(source: Side) -> None:
    result = source.run_idempotent("bucket", name=NAME, location="us-west-1")
    assert result["bucket"] == {"name": NAME, "versioning": "unversioned", "location": "us-west-1"}
    assert versioning(source) is None
    assert source.s3.get_bucket_location(Bucket=NAME)["LocationConstraint"] == "us-west-1"


@pytest.mark.parametrize("before", [None, "Suspended"])
def test_versioning_is_enabled(source: Side, before: str | None) -> None:
    source.s3.create_bucket(Bucket=NAME)
    if before:
        set_versioning(source, before)
    result = source.run_idempotent("bucket", name=NAME, versioning="enabled")
    assert result["changes"] == [f"PutBucketVersioning {NAME}"]
    assert result["diff"]["before"]["versioning"] == (before or "unversioned").lower()
    assert versioning(source) == "Enabled"


def test_versioning_is_suspended(source: Side) -> None:
    source.s3.create_bucket(Bucket=NAME)
    set_versioning(source, "Enabled")
    source.run_idempotent("bucket", name=NAME, versioning="suspended")
    assert versioning(source) == "Suspended"


def test_versioning_is_kept_if_the_option_is_omitted(source: Side) -> None:
    source.s3.create_bucket(Bucket=NAME)
    set_versioning(source, "Enabled")
    assert not source.run_idempotent("bucket", name=NAME)["changed"]
    assert versioning(source) == "Enabled"


def test_versioning_of_a_bucket_with_object_lock_is_unchanged(source: Side) -> None:
    source.s3.create_bucket(Bucket=NAME, ObjectLockEnabledForBucket=True)
    assert not source.run_idempotent("bucket", name=NAME, versioning="enabled")["changed"]


def test_versioning_of_a_bucket_that_replicates_cannot_be_suspended(
    source: Side, target: Side
) -> None:
    source.do("bucket", name=NAME, versioning="enabled")
    roles = {"source_role": source.arn("role", "a"), "target_role": target.arn("role", "b")}
    source.do("bucket_replication", bucket=NAME, target_bucket="target-bucket", **roles)
    result = source.run("bucket", name=NAME, versioning="suspended")
    assert result["failed"]
    assert result["error"]["code"] == "InvalidBucketState"
    assert "Remove the bucket's replication configuration first" in result["msg"]
    assert versioning(source) == "Enabled"


def test_another_location_is_an_error(source: Side) -> None:
    source.s3.create_bucket(Bucket=NAME)
    result = source.run_idempotent("bucket", name=NAME, location="us-west-1")
    assert result["failed"]
    assert "is in the location us-east-1, not us-west-1" in result["msg"]


@pytest.mark.lowest_boto3
@pytest.mark.parametrize("before", [{}, {"versioning": "enabled"}])
def test_absent_deletes_the_bucket(source: Side, before: dict[str, Any]) -> None:
    source.do("bucket", name=NAME, **before)
    result = source.run_idempotent("bucket", name=NAME, state="absent")
    assert result["changes"] == [f"DeleteBucket {NAME}"]
    assert result["bucket"] is None
    assert result["diff"]["after"] == {}
    assert bucket_names(source) == []


def test_absent_without_a_bucket_changes_nothing(source: Side) -> None:
    assert not source.run_idempotent("bucket", name=NAME, state="absent")["changed"]


@pytest.mark.parametrize("left", ["an object", "a delete marker"])
def test_absent_of_a_bucket_that_is_not_empty_is_an_error(source: Side, left: str) -> None:
    source.do("bucket", name=NAME, versioning="enabled")
    put = source.s3.put_object(Bucket=NAME, Key="k", Body=b"x")
    if left == "a delete marker":
        source.s3.delete_object(Bucket=NAME, Key="k")
        source.s3.delete_object(Bucket=NAME, Key="k", VersionId=put["VersionId"])
    result = source.run_idempotent("bucket", name=NAME, state="absent")
    assert result["failed"]
    assert f"The bucket {NAME} at {source.side.s3_url} is not empty" in result["msg"]
    assert bucket_names(source) == [NAME]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_bucket_of_another_account_is_an_error(source: Side, state: str) -> None:
    source.side.client("s3", source.side.other).create_bucket(Bucket=NAME)
    result = source.run_idempotent("bucket", name=NAME, state=state)
    assert result["failed"]
    assert result["error"]["status"] == 403
    assert "may belong to another account" in result["msg"]


def test_one_invalid_bucket_of_several_does_not_stop_the_others(source: Side) -> None:
    source.s3.create_bucket(Bucket="gone-bucket")
    items = [
        {"name": "first-bucket", "versioning": "enabled"},
        {"name": "Not_A_Bucket"},
        {"name": "gone-bucket", "state": "absent"},
    ]
    result = source.run_idempotent("bucket", buckets=items)
    assert result["failed"]
    assert result["msg"].startswith("1 of 3 buckets failed.\nNot_A_Bucket: ")
    assert [one["changed"] for one in result["results"]] == [True, False, True]
    assert [one["before_header"] for one in result["diff"]] == [
        "bucket first-bucket",
        "bucket gone-bucket",
    ]
    assert bucket_names(source) == ["first-bucket"]


def test_a_hundred_buckets_in_one_task(source: Side) -> None:
    items = [{"name": f"bucket-{number:03}", "versioning": "enabled"} for number in range(100)]
    result = source.run_idempotent("bucket", buckets=items)
    assert [one["bucket"]["name"] for one in result["results"]] == [one["name"] for one in items]
    assert len(bucket_names(source)) == 100


def test_iam_endpoint_given_for_s3_is_an_error(source: Side) -> None:
    result = source.run("bucket", name=NAME, endpoint_url=source.side.iam_url)
    assert result["failed"]
    assert source.side.iam_url in result["msg"]
    assert "check that it is an S3 endpoint" in result["msg"]
