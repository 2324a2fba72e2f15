# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes after which pending objects would never replicate: refused, or allowed with a warning."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.support.bad_input import assert_failure
from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_ROLE,
    set_up,
)

RULES = [{"id": "images", "prefix": "images/"}, {"id": "logs", "prefix": "logs/"}]
SCAN_OPERATIONS = {"ListObjectVersions", "HeadObject"}
ABSENT: dict[str, Any] = {"state": "absent"}
#: Changes after which pending versions with the prefix images/ would never replicate.
LOSSY_CHANGES: dict[str, dict[str, Any]] = {
    "no configuration": ABSENT,
    "a rule removed": {**ABSENT, "rules": RULES[:1]},
    "a rule purged": {"rules": RULES[1:], "purge_rules": True},
    "a rule disabled": {"rules": [{"id": "images", "enabled": False}]},
    "a narrower prefix": {"rules": [{"id": "images", "prefix": "images/2026/"}]},
    "another site": {"rules": [{"id": "images", "sites": [{"name": "us-east-2"}]}]},
    "another target": {"target_bucket": "other-bucket", "rules": RULES},
    "other roles": {
        "source_role": "arn:aws:iam::123456789012:role/A",
        "target_role": "arn:aws:iam::678901234567:role/B",
        "rules": RULES,
    },
}
#: Runs after which all pending versions still replicate.
HARMLESS_CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "the same again": {"rules": RULES},
    "one more rule": {"rules": [{"id": "more", "prefix": "more/"}]},
    "a shorter prefix": {"rules": [{"id": "images", "prefix": "image"}]},
    "a missing rule removed": {**ABSENT, "rules": [{"id": "more"}]},
}


@pytest.fixture
def paused(source: Side, target: Side) -> Side:
    """The source of a replication with two rules, whose Backbeat is paused."""
    for result in set_up(source, target, but=["object"], rules=RULES):
        assert not result.get("failed"), result
    source.sandbox.settings("source", paused=True)
    return source


def put(side: Side, keys: Iterable[str]) -> None:
    for key in keys:
        side.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"")


def change(side: Side, wanted: dict[str, Any], **options: Any) -> Result:
    """Makes the change, and asserts that check mode predicts it or fails in the same way."""
    side.sandbox.clear_calls()
    return side.run_idempotent("bucket_replication", bucket=SOURCE_BUCKET, **wanted, **options)


def scan_operations(side: Side) -> set[str]:
    return SCAN_OPERATIONS & set(side.reads())


@pytest.mark.parametrize("kind", LOSSY_CHANGES)
def test_change_is_refused_with_the_number_of_pending_versions(paused: Side, kind: str) -> None:
    put(paused, ["images/1", "images/2", "images/3", "images/4", "other/1"])
    result = change(paused, LOSSY_CHANGES[kind])
    message = assert_failure(
        result, SOURCE_BUCKET, paused.side.s3_url, "they stay PENDING or end as FAILED"
    )
    assert "4 of 4 versions put since" in message
    assert "are pending (images/" in message
    assert "other/1" not in message
    assert "Wait until they are replicated (or, if not all could be checked" in message
    assert paused.writes() == []


@pytest.mark.parametrize("kind", LOSSY_CHANGES)
def test_allowed_change_warns_with_the_number_of_pending_versions(paused: Side, kind: str) -> None:
    put(paused, ["images/1"])
    result = change(paused, LOSSY_CHANGES[kind], allow_pending_loss=True)
    assert not result.get("failed"), result
    assert result["changed"]
    (warning,) = result["warnings"]
    assert "1 of 1 versions put since" in warning
    assert "are pending (images/1)" in warning
    assert "Send them again with backbeat_object and resend." in warning
    assert paused.side.s3_url in warning


@pytest.mark.parametrize("kind", HARMLESS_CHANGES)
def test_harmless_change_does_not_scan_for_pending_versions(paused: Side, kind: str) -> None:
    put(paused, ["images/1", "logs/1"])
    result = change(paused, HARMLESS_CHANGES[kind])
    assert not result.get("failed"), result
    assert result["warnings"] == []
    assert scan_operations(paused) == set()


def test_removal_of_a_disabled_rule_does_not_scan_for_pending_versions(paused: Side) -> None:
    paused.do(
        "bucket_replication", bucket=SOURCE_BUCKET, rules=[{"id": "images", "enabled": False}]
    )
    put(paused, ["images/1"])
    result = change(paused, {**ABSENT, "rules": RULES[:1]})
    assert result["changed"]
    assert scan_operations(paused) == set()


def test_only_pending_versions_of_the_removed_rule_are_counted(paused: Side) -> None:
    put(paused, ["images/1", "logs/1"])
    result = change(paused, {**ABSENT, "rules": RULES[1:]})
    message = assert_failure(result, "1 of 1 versions put since")
    assert "logs/1" in message
    assert "images/1" not in message


def test_replicated_versions_do_not_block_a_change(paused: Side) -> None:
    put(paused, ["images/1", "images/2"])
    paused.sandbox.settings("source", paused=False)
    keys = [{"bucket": SOURCE_BUCKET, "key": f"images/{n}"} for n in (1, 2)]
    paused.do("object_check", checks=keys, wait_timeout=10, wait_max_delay=0.1)
    result = change(paused, LOSSY_CHANGES["no configuration"])
    assert result["changed"]
    assert result["warnings"] == []


def test_versions_without_a_rule_do_not_block_a_change(paused: Side) -> None:
    put(paused, ["other/1"])
    assert change(paused, LOSSY_CHANGES["no configuration"])["changed"]


def test_version_that_backbeat_retries_is_pending(paused: Side, target: Side) -> None:
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)
    paused.sandbox.settings("source", paused=False, retries=10_000)
    put(paused, ["images/1"])
    paused.do(
        "object_check",
        bucket=SOURCE_BUCKET,
        key="images/1",
        status=["PROCESSING"],
        wait_timeout=10,
        wait_max_delay=0.05,
    )
    assert_failure(change(paused, ABSENT), "1 of 1 versions put since", "are pending (images/1)")


def test_noncurrent_versions_can_be_pending(paused: Side) -> None:
    put(paused, ["images/1", "images/1"])
    paused.s3.delete_object(Bucket=SOURCE_BUCKET, Key="images/1")
    assert_failure(change(paused, ABSENT), "2 of 2 versions put since", "are pending")


def test_pending_scan_time_0_disables_the_scan(paused: Side) -> None:
    put(paused, ["images/1"])
    result = change(paused, ABSENT, pending_scan_time=0)
    assert result["changed"]
    assert result["warnings"] == []
    assert scan_operations(paused) == set()


def test_scan_continues_after_the_first_page(paused: Side) -> None:
    """Listings are in the order of keys, so the newest objects may be on the last page."""
    keys = [f"images/{number:04}" for number in range(1010)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: paused.s3.put_object(Bucket=SOURCE_BUCKET, Key=key), keys[:-1]))
    put(paused, keys[-1:])
    result = paused.run("bucket_replication", bucket=SOURCE_BUCKET, **ABSENT)
    assert_failure(result, "100 of 100 versions put since", "are pending (images/1009, ")
    late = paused.run("bucket_replication", bucket=SOURCE_BUCKET, **ABSENT, pending_scan_time=0.001)
    assert_failure(late, "Listing did not end within 0 s", "raise pending_scan_time")


def test_resend_pending_replicates_versions_under_the_new_roles(paused: Side, target: Side) -> None:
    """Backbeat sends a version again under the new roles when the module puts its own tags back."""
    put(paused, ["images/1", "logs/1"])
    roles = {
        "source_role": paused.arn("role", SOURCE_ROLE),
        "target_role": target.arn("role", TARGET_ROLE),
    }
    other = {**roles, "source_role": "arn:aws:iam::123456789012:role/A"}
    for wanted, changes in ((other, 3), (roles, 3)):
        result = paused.run(
            "bucket_replication",
            bucket=SOURCE_BUCKET,
            **wanted,
            rules=RULES,
            allow_pending_loss=True,
            resend_pending=True,
        )
        assert not result.get("failed"), result
        assert len(result["changes"]) == changes
    paused.sandbox.settings("source", paused=False)
    keys = [{"bucket": SOURCE_BUCKET, "key": key} for key in ("images/1", "logs/1")]
    paused.do("object_check", checks=keys, wait_timeout=10, wait_max_delay=0.1)


def test_one_refused_bucket_of_several_does_not_stop_the_others(paused: Side) -> None:
    """The message names the bucket that was not changed."""
    put(paused, ["images/1"])
    paused.do("bucket", name="other-bucket", versioning="enabled")
    roles = LOSSY_CHANGES["other roles"]
    paused.do(
        "bucket_replication", **{**roles, "bucket": "other-bucket", "target_bucket": "x-bucket"}
    )
    items = [{"bucket": name, **ABSENT} for name in (SOURCE_BUCKET, "other-bucket")]
    result = paused.run("bucket_replication", replications=items)
    assert result["failed"]
    assert f"1 of 2 replications failed.\n{SOURCE_BUCKET}: Of the bucket" in result["msg"]
    assert [one["changed"] for one in result["results"]] == [False, True]


def test_missing_permission_to_list_suggests_pending_scan_time_0(paused: Side) -> None:
    allowed = ["s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration"]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    keys: dict[str, Any] = paused.side.create_user(
        "narrow", {"Version": "2012-10-17", "Statement": [statement]}
    )
    wanted = {**LOSSY_CHANGES["a rule disabled"], **keys, "retry_timeout": 0}
    refused = paused.run("bucket_replication", bucket=SOURCE_BUCKET, **wanted)
    assert_failure(
        refused, f"list the versions of the bucket {SOURCE_BUCKET}", "pending_scan_time: 0"
    )
    done = paused.run("bucket_replication", bucket=SOURCE_BUCKET, **wanted, pending_scan_time=0)
    assert done["changed"]


@pytest.mark.parametrize("url_option", ["s3_url", "backbeat_url"])
def test_backlog_is_read_through_cloudserver_and_from_backbeat(
    paused: Side, url_option: str
) -> None:
    """Responses that CloudServer forwards from Backbeat have no request ID, and must be accepted nevertheless."""
    put(paused, ["images/1", "images/2"])
    url = getattr(paused.side, url_option)
    result = change(paused, ABSENT, backbeat_url=url)
    message = assert_failure(result, "they stay PENDING or end as FAILED")
    assert "Backbeat has 2 operations (0 bytes) of all buckets to send" in message


@pytest.mark.parametrize("url_option", ["s3_url", "backbeat_url"])
def test_html_response_is_not_accepted_from_backbeat(paused: Side, url_option: str) -> None:
    put(paused, ["images/1"])
    paused.sandbox.fail("BackbeatApi", how="html", status=200, times=0)
    url = getattr(paused.side, url_option)
    result = paused.run("bucket_replication", bucket=SOURCE_BUCKET, **ABSENT, backbeat_url=url)
    assert result["failed"]
    assert "did not come from Backbeat" in result["msg"]
