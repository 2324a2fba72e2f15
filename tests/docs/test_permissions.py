# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The permissions that the guide lists are sufficient for the playbooks, and all of them are used."""

from __future__ import annotations

import re
import time
from typing import Any

from devtools.places import ROOT
from sandbox import Sandbox, SandboxEnvironment
from sandbox.environments import SIDES, SideName
from tests.docs.support.blocks import RST, list_table
from tests.integration.support.modules import Side
from tests.integration.support.plays import TEARDOWN, Inventory, Plays
from tests.integration.support.procedure import KEY, SOURCE_BUCKET, set_up

GUIDE = (RST / "guide_permissions.rst").read_text()
BACKFILL = ROOT / "playbooks" / "backfill_replication.yml"
VALIDATE = ROOT / "playbooks" / "validate_replication.yml"
SETUP_STEPS = ("roles", "policies", "buckets", "replication", "verify")
#: Operations whose IAM action has another name.
RENAMED_ACTIONS = {
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "GetObjectTagging": "s3:GetObjectVersionTagging",
    "PutObjectTagging": "s3:PutObjectVersionTagging",
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "ListBuckets": "s3:ListAllMyBuckets",
    "HeadObject": "s3:GetObject",
    "PutBucketReplication": "s3:PutReplicationConfiguration",
    "GetBucketReplication": "s3:GetReplicationConfiguration",
    "DeleteBucketReplication": "s3:DeleteReplicationConfiguration",
    "ListObjectVersions": "s3:ListBucketVersions",
}
#: With this permission the server returns 404 for a missing object, and not 403. No call has this name.
FOR_HEAD = "s3:ListBucket"
#: A row of the table: step, side, permissions that are always required, and permissions in brackets.
Row = tuple[str, str, set[str], set[str]]


def rows() -> list[Row]:
    found = []
    for step, side, permissions, _on in list_table(GUIDE)[1:]:
        bracketed = "".join(re.findall(r"\[.*?\]", permissions, re.S))
        always = re.sub(r"\[.*?\]", "", permissions, flags=re.S)
        found.append((step.strip("`"), side, _names(always), _names(bracketed)))
    return found


def _names(text: str) -> set[str]:
    return set(re.findall(r"(?:s3|iam):\w+", text))


def required(side: str, *steps: str, bracketed: bool = False) -> set[str]:
    """The permissions that these steps always require on a side. bracketed: include those in brackets."""
    return set().union(
        *(
            names | (more if bracketed else set())
            for step, where, names, more in rows()
            if step in steps and where in (side, "both")
        )
    )


def as_operators(plays: Plays, *steps: str, bracketed: bool = False) -> Inventory:
    """The inventory with users that have exactly the table's permissions for these steps."""
    hosts = plays.inventory()
    for host, side in (("node1", plays.sandbox.source), ("node6", plays.sandbox.target)):
        keys = operator(side, required(side.name, *steps, bracketed=bracketed))
        for connection in ("replication_s3", "replication_iam"):
            given = hosts["all"]["hosts"][host][connection]
            del given["profile"]
            given.update(keys, retry_timeout=0)
    return hosts


def operator(side: SandboxEnvironment, permissions: set[str]) -> dict[str, str]:
    statement = {"Effect": "Allow", "Action": sorted(permissions), "Resource": "*"}
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": [statement]}
    return side.create_user("deputy", document)


def used(sandbox: Sandbox, side: SideName) -> set[str]:
    """The permissions for the calls that a side received."""
    return {
        RENAMED_ACTIONS.get(call["operation"], f"{call['service']}:{call['operation']}")
        for call in sandbox.calls(side)
        # BackbeatMetadata is a route of CloudServer that needs no S3 permission.
        if call["operation"]
        not in ("CreateUser", "PutUserPolicy", "CreateAccessKey", "BackbeatMetadata")
    }


def without_versions(permissions: set[str]) -> set[str]:
    """The permissions without the difference between reading an object and reading one of its versions."""
    return {name.replace("GetObjectVersion", "GetObject") for name in permissions} - {FOR_HEAD}


def test_table_has_a_row_for_each_step_and_side() -> None:
    assert {(step, side) for step, side, _names, _more in rows()} == {
        *((step, "both") for step in ("roles", "policies", "buckets", "preflight", "teardown")),
        ("backfill", "source"),
        ("backfill", "target"),
        ("preflight", "source"),
        ("replication", "source"),
        ("teardown", "source"),
        ("verify", "source"),
        ("verify", "target"),
    }


def test_permissions_of_set_up_are_sufficient_and_used(play: Plays) -> None:
    inventory = as_operators(play, *SETUP_STEPS)
    play.sandbox.clear_calls()
    first = play(inventory=inventory).ok()
    assert first.changed()
    assert play(inventory=inventory).ok().changed() == {}
    for side in SIDES:
        calls, steps = used(play.sandbox, side), without_versions(required(side, *SETUP_STEPS))
        assert steps <= calls
        # Preflight makes further calls. Set-up continues without their permissions.
        assert calls - steps <= required(side, "preflight")


def test_bracketed_permissions_are_sufficient_for_the_canary_object(play: Plays) -> None:
    set_up_replication(play.sandbox)
    inventory = as_operators(play, "verify", "preflight", bracketed=True)
    played = play("--tags", "verify", inventory=inventory).ok()
    assert "left behind" not in played.output
    assert [change.split()[0] for change in played.changes()].count("DeleteObject") == 2
    for side in (play.sandbox.source, play.sandbox.target):
        left = side.client("s3").list_object_versions(Bucket=f"{side.name}-bucket")
        assert [one["Key"] for one in left["Versions"]] == ["object-to-replicate"]


def test_permissions_of_preflight_are_sufficient_and_used(play: Plays) -> None:
    set_up_replication(play.sandbox)
    inventory = as_operators(play, "preflight")
    play.sandbox.clear_calls()
    play("-e", "replication_preflight_fail_on=warning", inventory=inventory, playbook=VALIDATE).ok()
    for side in SIDES:
        assert used(play.sandbox, side) == without_versions(required(side, "preflight"))


def test_bracketed_permissions_are_sufficient_for_a_preflight_canary(play: Plays) -> None:
    set_up_replication(play.sandbox)
    inventory = as_operators(play, "preflight", bracketed=True)
    canary = (
        "-e",
        "replication_preflight_canary=true",
        "-e",
        "replication_preflight_fail_on=warning",
    )
    play(*canary, inventory=inventory, playbook=VALIDATE).ok()
    for side in (play.sandbox.source, play.sandbox.target):
        left = side.client("s3").list_object_versions(Bucket=f"{side.name}-bucket")
        assert [one["Key"] for one in left["Versions"]] == ["object-to-replicate"]


def put_before_the_rule(play: Plays) -> None:
    """Put objects before the rule: one with a null version, a deleted one, and another one."""
    source = play.sandbox.source.client("s3")
    source.create_bucket(Bucket="source-bucket")
    source.put_object(Bucket="source-bucket", Key="null", Body=b"1")
    source.put_bucket_versioning(
        Bucket="source-bucket", VersioningConfiguration={"Status": "Enabled"}
    )
    for key in ("null", "old", "gone"):
        source.put_object(Bucket="source-bucket", Key=key, Body=b"2")
    source.delete_object(Bucket="source-bucket", Key="gone")
    set_up_replication(play.sandbox)


def test_permissions_of_backfill_are_sufficient_and_used(play: Plays) -> None:
    put_before_the_rule(play)
    inventory = as_operators(play, "backfill", bracketed=True)
    play.sandbox.clear_calls()
    options = (
        "-e",
        "replication_backfill_resend_deleted_keys=true",
        "-e",
        '{"replication_backfill_states": ["never_replicated", "missing"]}',
    )
    played = play(*options, inventory=inventory, playbook=BACKFILL).ok()
    assert "4 sent, 0 skipped" in " ".join(played.output.split())
    assert "It is unknown" not in played.output
    for side in SIDES:
        calls = used(play.sandbox, side) - {"s3:BackbeatMetadata"}
        assert without_versions(calls) == without_versions(
            required(side, "backfill", bracketed=True)
        )


def test_backfill_without_bracketed_permissions_succeeds(play: Plays) -> None:
    put_before_the_rule(play)
    inventory = as_operators(play, "backfill")
    played = play("-e", "replication_backfill_prefix=old", inventory=inventory, playbook=BACKFILL)
    assert "1 sent, 0 skipped" in " ".join(played.ok().output.split())
    assert "It is unknown whether source-bucket notifies of tagging" in played.output


def test_permissions_of_teardown_are_sufficient_and_used(play: Plays) -> None:
    set_up_replication(play.sandbox)
    # Put an object and wait for it, because the one of the set-up may be pending.
    s3 = play.sandbox.source.client("s3")
    s3.put_object(Bucket="source-bucket", Key="another")
    while s3.head_object(Bucket="source-bucket", Key="another")["ReplicationStatus"] != "COMPLETED":
        time.sleep(0.1)
    inventory = as_operators(play, "teardown")
    play.sandbox.clear_calls()
    assert play(inventory=inventory, playbook=TEARDOWN).ok().changed()
    for side in SIDES:
        assert used(play.sandbox, side) == without_versions(required(side, "teardown"))


def set_up_replication(sandbox: Sandbox) -> None:
    """Set up replication as the role does, with an object that is replicated."""
    source, target = (Side(sandbox, side) for side in (sandbox.source, sandbox.target))
    assert not any(result.get("failed") for result in set_up(source, target))
    source.do("object_check", bucket=SOURCE_BUCKET, key=KEY)
