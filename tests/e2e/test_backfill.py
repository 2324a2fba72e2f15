# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses that are planted on the servers, and a backfill that sends them again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.contract.replicating import rows, wait
from tests.e2e.story import ARRIVAL, Story
from tests.e2e.test_verify import counts, put, status, strand, verify, with_configuration_away
from tests.integration.support.modules import Result

Begin = Callable[[str], Story]
ALL = ["never_replicated", "failed", "stuck", "missing"]


def test_planted_losses_are_sent_again(story: Begin, tmp_path: Path) -> None:
    """Each key begins with the state that it is brought to."""
    own = story("backfill")
    own.setup(replication_verify=False).ok()
    source, target = own.source.s3_client, own.target.s3_client
    at_source, at_target = {"Bucket": own.source_bucket}, {"Bucket": own.target_bucket}

    target.delete_bucket(**at_target)
    put(source, at_source, "failed")
    wait(lambda: status(source, at_source, "failed") == "FAILED", ARRIVAL)
    own.setup(replication_verify=False).ok()

    lost = put(source, at_source, "missing")
    wait(lambda: status(source, at_source, "missing") == "COMPLETED", ARRIVAL)
    target.delete_object(**at_target, Key="missing", VersionId=lost)

    def before_the_rule() -> None:
        for body in (b"old", b"new"):
            put(source, at_source, "never_replicated", body)
        put(source, at_source, "deleted")
        source.delete_object(**at_source, Key="deleted")
        tags = [{"Key": "team", "Value": "storage"}]
        source.put_object_tagging(**at_source, Key="never_replicated", Tagging={"TagSet": tags})

    with_configuration_away(own, before_the_rule)
    strand(own, with_other_roles=True)
    options = {"problems_file": str(tmp_path / "problems"), "stuck_after": 2.0}
    verify(own, **options)
    time.sleep(4)
    found = counts(verify(own, **options))
    assert found == {"failed": 1, "missing": 1, "never_replicated": 4, "stuck": 1}

    given = {
        "verify_problems_file": options["problems_file"],
        "stuck_after": 2.0,
        "sent_file": str(tmp_path / "sent"),
        "states": ALL,
    }
    foreseen = backfill(own, check_mode=True, **given)
    assert foreseen["backfill"]["sent_count"] == 5
    result = backfill(own, **given)
    assert not result.get("failed"), result
    assert {
        state: sum(found.values()) for state, found in result["backfill"]["outcome"].items()
    } == {
        "failed": 1,
        "missing": 1,
        "never_replicated": 2,
        "stuck": 1,
    }
    assert result["backfill"]["skipped"] == {"deleted-key": 1, "delete-marker": 1}
    assert counts(verify(own)) == {"in_sync": 5, "never_replicated": 2}
    assert rows(target, own.target_bucket, Prefix="deleted") == []
    copied = target.get_object_tagging(**at_target, Key="never_replicated")["TagSet"]
    assert copied == [{"Key": "team", "Value": "storage"}]
    assert target.get_object(**at_target, Key="never_replicated")["Body"].read() == b"new"

    again = backfill(own, resend_deleted_keys=True)
    assert not again.get("failed"), again
    assert again["backfill"]["deleted_again"] == 1
    assert counts(verify(own)) == {"in_sync": 7, "delete_marker_covered": 1}
    listed = rows(target, own.target_bucket, Prefix="deleted")
    assert {one.get("marker"): one["IsLatest"] for one in listed} == {True: True, None: False}
    assert not backfill(own, resend_deleted_keys=True)["changed"]


def test_null_versions_arrive_in_order(story: Begin) -> None:
    """They were put before versioning was enabled."""
    own = story("null")
    source = own.source.s3_client
    own.source.s3_client.create_bucket(Bucket=own.source_bucket)
    at_source = {"Bucket": own.source_bucket}
    for key in ("alone", "under"):
        source.put_object(**at_source, Key=key, Body=b"null")
    source.put_bucket_versioning(**at_source, VersioningConfiguration={"Status": "Enabled"})
    newer = put(source, at_source, "under", b"newer")
    own.setup(replication_verify=False).ok()
    result = backfill(own)
    assert not result.get("failed"), result
    assert result["backfill"]["sent_count"] == 3
    assert counts(verify(own)) == {"in_sync": 3}
    target, at_target = own.target.s3_client, {"Bucket": own.target_bucket}
    listed = [one["VersionId"] for one in rows(target, own.target_bucket, Prefix="under")]
    assert listed == [newer, "null"]
    assert target.get_object(**at_target, Key="under")["Body"].read() == b"newer"
    assert target.get_object(**at_target, Key="alone")["Body"].read() == b"null"


def backfill(own: Story, *, check_mode: bool = False, **options: Any) -> Result:
    sides = {
        side: {
            "bucket": getattr(own, f"{side}_bucket"),
            "name": getattr(own, side).host,
            "s3": getattr(own, side).connection("s3"),
        }
        for side in ("source", "target")
    }
    given = {"wait": True, "wait_timeout": ARRIVAL, **sides, **options}
    return own.source.run("backfill", check_mode=check_mode, **given)
