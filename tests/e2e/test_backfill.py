# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backfill sends versions again that are missing at the target."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.contract.replicating import rows, wait
from tests.e2e.replication import REPLICATION_TIMEOUT, Replication
from tests.e2e.versions import (
    counts,
    put,
    put_stuck_object,
    status,
    verify,
    without_configuration,
)
from tests.integration.support.modules import Result

NewReplication = Callable[[str], Replication]
ALL = ["never_replicated", "failed", "stuck", "missing"]


def test_missing_versions_are_sent_again(new_replication: NewReplication, tmp_path: Path) -> None:
    """Each key's name begins with its expected state."""
    replication = new_replication("backfill")
    replication.setup(replication_verify=False).ok()
    source, target = replication.source.s3_client, replication.target.s3_client
    at_source, at_target = (
        {"Bucket": replication.source_bucket},
        {"Bucket": replication.target_bucket},
    )

    target.delete_bucket(**at_target)
    put(source, at_source, "failed")
    wait(lambda: status(source, at_source, "failed") == "FAILED", REPLICATION_TIMEOUT)
    replication.setup(replication_verify=False).ok()

    lost = put(source, at_source, "missing")
    wait(lambda: status(source, at_source, "missing") == "COMPLETED", REPLICATION_TIMEOUT)
    target.delete_object(**at_target, Key="missing", VersionId=lost)

    def before_the_rule() -> None:
        for body in (b"old", b"new"):
            put(source, at_source, "never_replicated", body)
        put(source, at_source, "deleted")
        source.delete_object(**at_source, Key="deleted")
        tags = [{"Key": "team", "Value": "storage"}]
        source.put_object_tagging(**at_source, Key="never_replicated", Tagging={"TagSet": tags})

    without_configuration(replication, before_the_rule)
    put_stuck_object(replication, with_other_roles=True)
    options = {"problems_file": str(tmp_path / "problems"), "stuck_after": 2.0}
    verify(replication, **options)
    time.sleep(4)
    found = counts(verify(replication, **options))
    assert found == {"failed": 1, "missing": 1, "never_replicated": 4, "stuck": 1}

    given = {
        "verify_problems_file": options["problems_file"],
        "stuck_after": 2.0,
        "sent_file": str(tmp_path / "sent"),
        "states": ALL,
    }
    predicted = backfill(replication, check_mode=True, **given)
    assert predicted["backfill"]["sent_count"] == 5
    result = backfill(replication, **given)
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
    assert counts(verify(replication)) == {"in_sync": 5, "never_replicated": 2}
    assert rows(target, replication.target_bucket, Prefix="deleted") == []
    copied = target.get_object_tagging(**at_target, Key="never_replicated")["TagSet"]
    assert copied == [{"Key": "team", "Value": "storage"}]
    assert target.get_object(**at_target, Key="never_replicated")["Body"].read() == b"new"

    again = backfill(replication, resend_deleted_keys=True)
    assert not again.get("failed"), again
    assert again["backfill"]["deleted_again"] == 1
    assert counts(verify(replication)) == {"in_sync": 7, "delete_marker_covered": 1}
    listed = rows(target, replication.target_bucket, Prefix="deleted")
    assert {one.get("marker"): one["IsLatest"] for one in listed} == {True: True, None: False}
    assert not backfill(replication, resend_deleted_keys=True)["changed"]


def test_null_versions_are_replicated_in_order(new_replication: NewReplication) -> None:
    """Null versions are put before versioning is enabled."""
    replication = new_replication("null")
    source = replication.source.s3_client
    replication.source.s3_client.create_bucket(Bucket=replication.source_bucket)
    at_source = {"Bucket": replication.source_bucket}
    for key in ("alone", "under"):
        source.put_object(**at_source, Key=key, Body=b"null")
    source.put_bucket_versioning(**at_source, VersioningConfiguration={"Status": "Enabled"})
    newer = put(source, at_source, "under", b"newer")
    replication.setup(replication_verify=False).ok()
    result = backfill(replication)
    assert not result.get("failed"), result
    assert result["backfill"]["sent_count"] == 3
    assert counts(verify(replication)) == {"in_sync": 3}
    target, at_target = replication.target.s3_client, {"Bucket": replication.target_bucket}
    listed = [one["VersionId"] for one in rows(target, replication.target_bucket, Prefix="under")]
    assert listed == [newer, "null"]
    assert target.get_object(**at_target, Key="under")["Body"].read() == b"newer"
    assert target.get_object(**at_target, Key="alone")["Body"].read() == b"null"


def backfill(replication: Replication, *, check_mode: bool = False, **options: Any) -> Result:
    given = {"wait": True, "wait_timeout": REPLICATION_TIMEOUT, **replication.sides(), **options}
    return replication.source.run("backfill", check_mode=check_mode, **given)
