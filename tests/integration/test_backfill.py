# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_backfill on two servers: what it sends, what it skips, and when it stops."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up
from tests.integration.test_verify import put, states, verify


@pytest.fixture
def existing(source: Side, target: Side) -> Side:
    """The source, whose bucket is versioned, and replication to come."""
    set_up(source, target, but=("object", "replication"))
    return source


def configure(source: Side, target: Side) -> None:
    set_up(source, target, but=("object",))


def backfill(source: Side, target: Side, *, check_mode: bool = False, **options: Any) -> Result:
    given: dict[str, Any] = {
        "source": {"bucket": SOURCE_BUCKET, "name": "node1", "s3": source.connection("s3")},
        "target": {"bucket": TARGET_BUCKET, "name": "node6", "s3": target.connection("s3")},
        "wait": True,
        "wait_timeout": 20.0,
        "first_timeout": 20.0,
        "settle_timeout": 20.0,
        **options,
    }
    return source.run("backfill", check_mode=check_mode, **given)


def counts(tallies: dict[str, Any]) -> dict[str, int]:
    return {state: tally["count"] for state, tally in tallies.items()}


def test_what_existed_before_the_rule_is_sent(existing: Side, target: Side) -> None:
    keys = ("a", "b/ö", "b/%2F+ ~", "c")
    for key in keys:
        put(existing, key, b"old")
    tags = {"TagSet": [{"Key": "team", "Value": "s = t"}]}
    existing.s3.put_object_tagging(Bucket=SOURCE_BUCKET, Key="a", Tagging=tags)
    put(existing, "c", b"new")
    configure(existing, target)
    assert states(verify(existing, target)) == {"never_replicated": 5}

    foreseen = backfill(existing, target, check_mode=True)
    assert foreseen["changed"]
    assert foreseen["backfill"]["sent_count"] == 5
    assert foreseen["backfill"]["expected"]["requests"] == 25
    assert foreseen["backfill"]["tag_window_seconds"]["versions"] == 5
    assert states(verify(existing, target)) == {"never_replicated": 5}

    result = backfill(existing, target)
    assert not result.get("failed"), result
    report = result["backfill"]
    assert counts(report["found"]) == counts(report["sent"]) == {"never_replicated": 5}
    assert report["outcome"] == {"never_replicated": {"COMPLETED": 5}}
    assert report["skipped"] == {}
    assert report["complete"]
    assert result["changes"] == ["PutObjectTagging 5 versions of source-bucket"]
    assert foreseen["changes"] == result["changes"]
    assert states(verify(existing, target)) == {"in_sync": 5}
    assert target.s3.get_object(Bucket=TARGET_BUCKET, Key="c")["Body"].read() == b"new"
    copied = target.s3.get_object_tagging(Bucket=TARGET_BUCKET, Key="a")["TagSet"]
    assert copied == tags["TagSet"]

    before = existing.sandbox.calls(write=True)
    again = backfill(existing, target)
    assert not again["changed"]
    assert existing.sandbox.calls(write=True) == before
