# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses that are planted on the servers, and what backbeat_verify reports of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.contract.replicating import rows, wait
from tests.e2e.story import ARRIVAL, Story
from tests.integration.support.modules import Result

Begin = Callable[[str], Story]


def test_planted_losses_are_found(story: Begin, tmp_path: Path) -> None:
    """Each key begins with the state that it ends in."""
    own = story("losses")
    own.setup(replication_verify=False).ok()
    source, target = own.source.s3_client, own.target.s3_client
    at_source, at_target = {"Bucket": own.source_bucket}, {"Bucket": own.target_bucket}

    arriving = [
        "in_sync", "in_sync-deleted", "missing", "other_current-overwritten", "replica_without_source",
        "delete_marker_missing", "other_current-deleted", "missing-current",
    ]  # fmt: skip
    ids = {key: put(source, at_source, key) for key in arriving}
    newer = put(source, at_source, "missing-current")
    wait(lambda: all(status(source, at_source, key) == "COMPLETED" for key in arriving), ARRIVAL)
    wait(lambda: status(source, at_source, "missing-current", ids) == "COMPLETED", ARRIVAL)

    target.delete_object(**at_target, Key="missing", VersionId=ids["missing"])
    put(target, at_target, "other_current-overwritten", b"overwritten")
    put(target, at_target, "written_at_target")
    target.delete_object(**at_target, Key="missing-current", VersionId=newer)
    target.delete_object(**at_target, Key="other_current-deleted")
    lost = "replica_without_source"
    source.delete_object(**at_source, Key=lost, VersionId=ids[lost])
    for key in ("in_sync-deleted", "delete_marker_missing"):
        marker = source.delete_object(**at_source, Key=key)["VersionId"]
        wait(lambda sent=marker: sent in version_ids(target, own.target_bucket), ARRIVAL)
    target.delete_object(**at_target, Key="delete_marker_missing", VersionId=marker)
    with_configuration_away(own, lambda: put(source, at_source, "never_replicated"))
    strand(own)

    problems = tmp_path / "problems.jsonl"
    result = verify(own, problems_file=str(problems))
    assert result["failed"]
    report = result["verification"]
    assert (report["complete"], report["verdict"], report["gaps"]) == (True, "failed", [])
    written = [json.loads(line) for line in problems.read_text().splitlines()]
    assert {(one["key"], one["state"]) for one in written} == {
        ("missing", "missing"),
        ("other_current-overwritten", "written_at_target"),
        ("other_current-overwritten", "other_current"),
        ("written_at_target", "written_at_target"),
        ("missing-current", "missing"),
        ("other_current-deleted", "delete_marker_extra"),
        ("other_current-deleted", "other_current"),
        (lost, lost),
        ("delete_marker_missing", "delete_marker_missing"),
        ("never_replicated", "never_replicated"),
        ("stuck", "stuck"),
    }
    assert len(written) == report["problems"] == 11
    # Both versions of in_sync-deleted and of missing-current's older one, and one of each other key that arrived.
    assert report["states"]["in_sync"]["count"] == 7
    for text in ("missing although COMPLETED", "never replicated", "stuck"):
        assert text in result["msg"]


def test_what_failed_is_found_and_accepted(story: Begin) -> None:
    """The target bucket is away until Backbeat gives the object up."""
    own = story("failed")
    own.setup(replication_verify=False).ok()
    own.target.s3_client.delete_bucket(Bucket=own.target_bucket)
    at_source = {"Bucket": own.source_bucket}
    put(own.source.s3_client, at_source, "failed")
    wait(lambda: status(own.source.s3_client, at_source, "failed") == "FAILED", ARRIVAL)
    gone = verify(own)
    assert gone["failed"]
    assert gone["verification"]["verdict"] == "incomplete"
    own.setup(replication_verify=False).ok()
    found = verify(own)
    assert found["failed"]
    assert counts(found) == {"failed": 1}
    assert not verify(own, accept={"failed": 1}).get("failed")


def put(s3: Any, bucket: dict[str, str], key: str, body: bytes = b"content") -> str:
    """The version id."""
    return str(s3.put_object(**bucket, Key=key, Body=body)["VersionId"])


def status(
    s3: Any, bucket: dict[str, str], key: str, versions: dict[str, str] | None = None
) -> str | None:
    """The replication status of a key's current version, or of the version that `versions` has for it."""
    named = {"VersionId": versions[key]} if versions else {}
    found: str | None = s3.head_object(**bucket, Key=key, **named).get("ReplicationStatus")
    return found


def version_ids(s3: Any, bucket: str) -> set[str]:
    return {one["VersionId"] for one in rows(s3, bucket)}


def counts(result: Result) -> dict[str, int]:
    states = result["verification"]["states"]
    return {name: tally["count"] for name, tally in states.items() if tally["count"]}


def verify(own: Story, **options: Any) -> Result:
    sides = {
        side: {
            "bucket": getattr(own, f"{side}_bucket"),
            "name": getattr(own, side).host,
            "s3": getattr(own, side).connection("s3"),
        }
        for side in ("source", "target")
    }
    return own.source.run("verify", **sides, **options)


def with_configuration_away(own: Story, act: Callable[[], object]) -> None:
    configuration = own.configuration()
    own.source.s3_client.delete_bucket_replication(Bucket=own.source_bucket)
    act()
    own.source.s3_client.put_bucket_replication(
        Bucket=own.source_bucket, ReplicationConfiguration=configuration
    )


def strand(own: Story, *, with_other_roles: bool = False) -> None:
    """Change the roles of the configuration while the object "stuck" is pending.

    with_other_roles: the object gets other roles, and the configuration afterwards is as before. If the roles of the
    object came back, it would be sent after all: Backbeat may look at it only then.
    """
    sandbox = own.ground.sandbox
    if sandbox is not None:
        # Real servers take seconds until they send an object; the sandbox has to be held.
        sandbox.settings("source", paused=True)
    s3, at_source = own.source.s3_client, {"Bucket": own.source_bucket}
    configuration = own.configuration()
    assert configuration is not None
    source_role, target_role = configuration["Role"].split(",")
    other = {**configuration, "Role": f"{source_role}-other,{target_role}"}
    first, then = (other, configuration) if with_other_roles else (configuration, other)
    s3.put_bucket_replication(**at_source, ReplicationConfiguration=first)
    put(s3, at_source, "stuck")
    s3.put_bucket_replication(**at_source, ReplicationConfiguration=then)
    assert status(s3, at_source, "stuck") == "PENDING"
    if sandbox is not None:
        sandbox.settings("source", paused=False)
    time.sleep(1)
