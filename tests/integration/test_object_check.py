# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_object_check on two servers: what it verifies, and its messages if replication fails."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import set_up

pytestmark = pytest.mark.lowest_boto3

SOURCE = "source-bucket"
TARGET = "target-bucket"
KEY = "object-to-replicate"


@pytest.fixture
def replicating(source: Side, target: Side) -> Side:
    """The source with replication configured and without objects."""
    set_up(source, target, but=("object",))
    return source


def put(side: Side, key: str = KEY, body: bytes = b"x") -> None:
    side.s3.put_object(Bucket=SOURCE, Key=key, Body=body)


def check(source: Side, target: Side | None = None, **options: Any) -> Result:
    given: dict[str, Any] = {"bucket": SOURCE, "key": KEY, "wait_timeout": 10, **options}
    if target is not None:
        given["target"] = {"s3": target.connection("s3"), "bucket": TARGET}
    before = source.sandbox.calls(write=True)
    result = source.run("object_check", **given)
    assert source.sandbox.calls(write=True) == before
    assert result["changed"] is False
    return result


def test_replicated_object_is_the_same_on_both_sides(replicating: Side, target: Side) -> None:
    put(replicating)
    result = check(replicating, target)
    assert not result.get("failed")
    assert result["object"]["replication_status"] == "COMPLETED"
    assert result["replica"]["replication_status"] == "REPLICA"
    for name in ("version_id", "etag", "size", "last_modified"):
        assert result["object"][name] == result["replica"][name]
    assert result["polls"] >= 1
    assert result["replica"]["bucket"] == TARGET


def test_source_object_alone_and_replica_alone(replicating: Side, target: Side) -> None:
    put(replicating)
    one = check(replicating)
    assert "replica" not in one
    assert one["object"]["replication_status"] == "COMPLETED"
    copy = check(target, bucket=TARGET, status=["REPLICA"], wait=False)
    assert not copy.get("failed")
    assert copy["polls"] == 1


def test_one_of_several_statuses_is_enough(replicating: Side) -> None:
    replicating.sandbox.settings(paused=True)
    put(replicating)
    result = check(replicating, status=["PENDING", "PROCESSING"], wait=False)
    assert not result.get("failed")
    assert result["object"]["replication_status"] == "PENDING"


def test_waits_until_a_slow_object_is_replicated(replicating: Side, target: Side) -> None:
    replicating.sandbox.settings(delay=1.0)
    put(replicating)
    result = check(replicating, target, wait_max_delay=0.2)
    assert not result.get("failed")
    assert result["polls"] > 1
    assert 0.5 < result["elapsed"] < 5


def test_version_id_selects_a_noncurrent_version(replicating: Side, target: Side) -> None:
    put(replicating)
    first = replicating.s3.head_object(Bucket=SOURCE, Key=KEY)["VersionId"]
    check(replicating, target)
    put(replicating, body=b"y")
    result = check(replicating, target, version_id=first)
    assert result["object"]["version_id"] == result["replica"]["version_id"] == first


def test_missing_object_is_an_error(replicating: Side) -> None:
    result = check(replicating, wait_timeout=0.2)
    assert result["failed"]
    assert result["object"] is None
    assert f"The object {SOURCE}/{KEY} at {replicating.side.s3_url} does not exist" in result["msg"]


def test_status_pending_at_the_timeout_is_an_error(replicating: Side, target: Side) -> None:
    replicating.sandbox.settings(paused=True)
    put(replicating)
    result = check(replicating, target, wait_timeout=0.5)
    assert result["failed"]
    assert "is still PENDING after" in result["what"]
    assert "Backbeat may be down or paused" in result["remedy"]
    assert result["msg"] == f"{result['what']} {result['remedy']}"
    assert "Backbeat may be down or paused" in result["msg"]
    assert result["object"]["replication_status"] == "PENDING"
    assert result["replica"] is None
    assert result["polls"] > 1
    assert result["elapsed"] >= 0.5


def test_status_failed_ends_the_wait_before_the_timeout(replicating: Side, target: Side) -> None:
    target.iam.update_assume_role_policy(
        RoleName="TargetRoleForS3Replication",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
        '"Principal":{"Service":"audit"},"Action":"sts:AssumeRole"}]}',
    )
    put(replicating)
    start = time.monotonic()
    result = check(replicating, target, wait_timeout=60)
    assert time.monotonic() - start < 30
    assert result["failed"]
    assert "FAILED" in result["what"]
    assert "Check that the target role exists" in result["remedy"]
    assert result["msg"] == f"{result['what']} {result['remedy']}"
    assert "trusts Backbeat" in result["msg"]
    assert result["object"]["replication_status"] == "FAILED"


def test_status_failed_without_a_target_bucket_names_the_bucket(
    replicating: Side, target: Side
) -> None:
    target.s3.delete_bucket(Bucket=TARGET)
    put(replicating)
    result = check(replicating, target)
    assert result["failed"]
    assert f"The target bucket {TARGET} at {target.side.s3_url} does not exist" in result["msg"]


def test_status_failed_can_be_expected(replicating: Side, target: Side) -> None:
    target.s3.delete_bucket(Bucket=TARGET)
    put(replicating)
    assert not check(replicating, status=["FAILED"]).get("failed")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([{"prefix": "", "enabled": False}], "is disabled"),
        ([{"prefix": "other/"}], "the prefixes of the rules are 'other/'"),
    ],
)
def test_object_without_an_enabled_rule_is_an_error(
    source: Side, target: Side, rules: list[dict[str, Any]], message: str
) -> None:
    set_up(source, target, but=("object",), rules=rules)
    put(source)
    result = check(source, target, wait_timeout=0.2)
    assert result["failed"]
    assert message in result["msg"]


def test_object_older_than_the_rule_is_an_error(source: Side, target: Side) -> None:
    set_up(source, target, but=("replication", "object"))
    put(source)
    no_rule = check(source, target, wait_timeout=0.2)
    assert "has no replication configuration" in no_rule["msg"]
    set_up(source, target, but=("object",))
    result = check(source, target, wait_timeout=0.2)
    assert "the object was put before the rule existed" in result["msg"]


def test_missing_replica_is_an_error(replicating: Side, target: Side) -> None:
    put(replicating)
    seen = check(replicating, target)
    target.s3.delete_object(Bucket=TARGET, Key=KEY, VersionId=seen["object"]["version_id"])
    result = check(replicating, target, wait_timeout=0.2)
    assert result["failed"]
    assert "is COMPLETED, but" in result["msg"]
    assert "has no such version" in result["msg"]
    assert result["replica"] is None


def test_one_failed_check_of_several_does_not_stop_the_others(
    replicating: Side, target: Side
) -> None:
    put(replicating)
    put(replicating, "second")
    other_side = {"s3": target.connection("s3"), "bucket": TARGET}
    items = [{"bucket": SOURCE, "key": key, "target": other_side} for key in (KEY, "no", "second")]
    result = replicating.run("object_check", checks=items, wait_timeout=1)
    assert result["msg"].startswith(f"1 of 3 checks failed.\n{SOURCE}/no: The object")
    assert [one.get("failed", False) for one in result["results"]] == [False, True, False]
