# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes after which pending objects would never replicate: refused with numbers, or warned of."""

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
LOOKS = {"ListObjectVersions", "HeadObject"}
GONE: dict[str, Any] = {"state": "absent"}
#: Changes after which what is on its way below images/ does not arrive.
STRANDING: dict[str, dict[str, Any]] = {
    "no configuration": GONE,
    "a rule gone": {**GONE, "rules": RULES[:1]},
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
#: Changes, and none, after which everything arrives.
HARMLESS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "the same again": {"rules": RULES},
    "one more rule": {"rules": [{"id": "more", "prefix": "more/"}]},
    "a shorter prefix": {"rules": [{"id": "images", "prefix": "image"}]},
    "a rule that is not there gone": {**GONE, "rules": [{"id": "more"}]},
}


@pytest.fixture
def paused(source: Side, target: Side) -> Side:
    """The source of a replication with two rules, whose Backbeat does nothing for the time being."""
    for result in set_up(source, target, but=["object"], rules=RULES):
        assert not result.get("failed"), result
    source.sandbox.settings("source", paused=True)
    return source


def put(side: Side, keys: Iterable[str]) -> None:
    for key in keys:
        side.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"")


def change(side: Side, wanted: dict[str, Any], **options: Any) -> Result:
    """The change, predicted by check mode: refused or made alike."""
    side.sandbox.clear_calls()
    return side.promised("bucket_replication", bucket=SOURCE_BUCKET, **wanted, **options)


def looked(side: Side) -> set[str]:
    return LOOKS & set(side.reads())


@pytest.mark.parametrize("kind", STRANDING)
def test_refused_with_numbers(paused: Side, kind: str) -> None:
    put(paused, ["images/1", "images/2", "images/3", "images/4", "other/1"])
    result = change(paused, STRANDING[kind])
    message = assert_failure(
        result, SOURCE_BUCKET, paused.side.s3_url, "they stay PENDING or end as FAILED"
    )
    assert "4 of 4 versions put since" in message
    assert "are pending (images/" in message
    assert "other/1" not in message
    assert "Wait until they are replicated (or, if not all could be checked" in message
    assert paused.writes() == []


@pytest.mark.parametrize("kind", STRANDING)
def test_warned_of_when_allowed(paused: Side, kind: str) -> None:
    put(paused, ["images/1"])
    result = change(paused, STRANDING[kind], allow_pending_loss=True)
    assert not result.get("failed"), result
    assert result["changed"]
    (warning,) = result["warnings"]
    assert "1 of 1 versions put since" in warning
    assert "are pending (images/1)" in warning
    assert "Send them again with backbeat_object and resend." in warning
    assert paused.side.s3_url in warning


@pytest.mark.parametrize("kind", HARMLESS)
def test_not_looked_for_where_nothing_is_stranded(paused: Side, kind: str) -> None:
    put(paused, ["images/1", "logs/1"])
    result = change(paused, HARMLESS[kind])
    assert not result.get("failed"), result
    assert result["warnings"] == []
    assert looked(paused) == set()


def test_not_looked_for_where_no_rule_was_in_force(paused: Side) -> None:
    paused.do(
        "bucket_replication", bucket=SOURCE_BUCKET, rules=[{"id": "images", "enabled": False}]
    )
    put(paused, ["images/1"])
    result = change(paused, {**GONE, "rules": RULES[:1]})
    assert result["changed"]
    assert looked(paused) == set()


def test_only_below_the_prefixes_that_lose_their_rule(paused: Side) -> None:
    put(paused, ["images/1", "logs/1"])
    result = change(paused, {**GONE, "rules": RULES[1:]})
    message = assert_failure(result, "1 of 1 versions put since")
    assert "logs/1" in message
    assert "images/1" not in message


def test_what_has_arrived_strands_nothing(paused: Side) -> None:
    put(paused, ["images/1", "images/2"])
    paused.sandbox.settings("source", paused=False)
    keys = [{"bucket": SOURCE_BUCKET, "key": f"images/{n}"} for n in (1, 2)]
    paused.do("object_check", checks=keys, wait_timeout=10, wait_max_delay=0.1)
    result = change(paused, STRANDING["no configuration"])
    assert result["changed"]
    assert result["warnings"] == []


def test_what_was_never_to_be_replicated_strands_nothing(paused: Side) -> None:
    put(paused, ["other/1"])
    assert change(paused, STRANDING["no configuration"])["changed"]


def test_what_is_being_retried_is_on_its_way_too(paused: Side, target: Side) -> None:
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
    assert_failure(change(paused, GONE), "1 of 1 versions put since", "are pending (images/1)")


def test_old_versions_are_on_their_way_too(paused: Side) -> None:
    put(paused, ["images/1", "images/1"])
    paused.s3.delete_object(Bucket=SOURCE_BUCKET, Key="images/1")
    assert_failure(change(paused, GONE), "2 of 2 versions put since", "are pending")


def test_no_time_reads_none(paused: Side) -> None:
    put(paused, ["images/1"])
    result = change(paused, GONE, pending_scan_time=0)
    assert result["changed"]
    assert result["warnings"] == []
    assert looked(paused) == set()


def test_beyond_the_first_page(paused: Side) -> None:
    """Listings come in the order of keys: the latest objects may be on the last page."""
    keys = [f"images/{number:04}" for number in range(1010)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: paused.s3.put_object(Bucket=SOURCE_BUCKET, Key=key), keys[:-1]))
    put(paused, keys[-1:])
    result = paused.run("bucket_replication", bucket=SOURCE_BUCKET, **GONE)
    assert_failure(result, "100 of 100 versions put since", "are pending (images/1009, ")
    late = paused.run("bucket_replication", bucket=SOURCE_BUCKET, **GONE, pending_scan_time=0.001)
    assert_failure(late, "Listing did not end within 0 s", "raise pending_scan_time")


def test_sent_again_under_the_new_configuration(paused: Side, target: Side) -> None:
    """What was pending under other roles arrives, once its own tags are put back."""
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


def test_one_bucket_of_several(paused: Side) -> None:
    """The others are changed, and the message names the one that was not."""
    put(paused, ["images/1"])
    paused.do("bucket", name="other-bucket", versioning="enabled")
    roles = STRANDING["other roles"]
    paused.do(
        "bucket_replication", **{**roles, "bucket": "other-bucket", "target_bucket": "x-bucket"}
    )
    items = [{"bucket": name, **GONE} for name in (SOURCE_BUCKET, "other-bucket")]
    result = paused.run("bucket_replication", replications=items)
    assert result["failed"]
    assert f"1 of 2 replications failed.\n{SOURCE_BUCKET}: Of the bucket" in result["msg"]
    assert [one["changed"] for one in result["results"]] == [False, True]


def test_a_bucket_that_may_not_be_listed(paused: Side) -> None:
    allowed = ["s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration"]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    keys: dict[str, Any] = paused.side.create_user(
        "narrow", {"Version": "2012-10-17", "Statement": [statement]}
    )
    wanted = {**STRANDING["a rule disabled"], **keys, "retry_timeout": 0}
    refused = paused.run("bucket_replication", bucket=SOURCE_BUCKET, **wanted)
    assert_failure(
        refused, f"list the versions of the bucket {SOURCE_BUCKET}", "pending_scan_time: 0"
    )
    done = paused.run("bucket_replication", bucket=SOURCE_BUCKET, **wanted, pending_scan_time=0)
    assert done["changed"]


@pytest.mark.parametrize("through", ["s3_url", "backbeat_url"])
def test_the_backlog_is_told_through_either_endpoint(paused: Side, through: str) -> None:
    """What CloudServer passes on from Backbeat has no request ID, and is no other server's answer for that."""
    put(paused, ["images/1", "images/2"])
    url = getattr(paused.side, through)
    result = change(paused, GONE, backbeat_url=url)
    message = assert_failure(result, "they stay PENDING or end as FAILED")
    assert "Backbeat has 2 operations (0 bytes) of all buckets to send" in message


@pytest.mark.parametrize("through", ["s3_url", "backbeat_url"])
def test_a_web_page_is_not_taken_for_backbeat(paused: Side, through: str) -> None:
    put(paused, ["images/1"])
    paused.sandbox.fail("BackbeatApi", how="html", status=200, times=0)
    url = getattr(paused.side, through)
    result = paused.run("bucket_replication", bucket=SOURCE_BUCKET, **GONE, backbeat_url=url)
    assert result["failed"]
    assert "did not come from Backbeat" in result["msg"]
