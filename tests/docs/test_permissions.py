# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The permissions that the guide lists are enough for the playbooks, and none of them is too much."""

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
#: Calls whose permission has another name.
OTHERWISE = {
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
#: So that an absent object is told from a forbidden one; no call of its own.
FOR_HEAD = "s3:ListBucket"
#: What each row of the table has: step, side, permissions always needed, and those in brackets.
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


def needed(side: str, *steps: str, also: bool = False) -> set[str]:
    """The permissions that are always needed on a side for these steps; also: those in brackets too."""
    return set().union(
        *(
            names | (more if also else set())
            for step, where, names, more in rows()
            if step in steps and where in (side, "both")
        )
    )


def as_operators(plays: Plays, *steps: str, also: bool = False) -> Inventory:
    """The inventory with accounts that may do what the table says for these steps, and nothing else."""
    hosts = plays.inventory()
    for host, side in (("node1", plays.sandbox.source), ("node6", plays.sandbox.target)):
        keys = operator(side, needed(side.name, *steps, also=also))
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
    """The permissions for the calls that arrived at a side."""
    return {
        OTHERWISE.get(call["operation"], f"{call['service']}:{call['operation']}")
        for call in sandbox.calls(side)
        # CloudServer's own route needs no permission of S3.
        if call["operation"]
        not in ("CreateUser", "PutUserPolicy", "CreateAccessKey", "BackbeatMetadata")
    }


def versioned(permissions: set[str]) -> set[str]:
    """A version that is named is read with a permission of its own; both stand for a look at an object."""
    return {name.replace("GetObjectVersion", "GetObject") for name in permissions} - {FOR_HEAD}


def test_the_table_is_read() -> None:
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


def test_set_up(play: Plays) -> None:
    inventory = as_operators(play, *SETUP_STEPS)
    play.sandbox.clear_calls()
    first = play(inventory=inventory).ok()
    assert first.changed()
    assert play(inventory=inventory).ok().changed() == {}
    for side in SIDES:
        calls, steps = used(play.sandbox, side), versioned(needed(side, *SETUP_STEPS))
        assert steps <= calls
        # Preflight tries more, and what it may not read does not stop set-up.
        assert calls - steps <= needed(side, "preflight")


def test_proof_after_a_change(play: Plays) -> None:
    ready(play.sandbox)
    inventory = as_operators(play, "verify", "preflight", also=True)
    played = play("--tags", "verify", inventory=inventory).ok()
    assert "left behind" not in played.output
    assert [change.split()[0] for change in played.changes()].count("DeleteObject") == 2
    for side in (play.sandbox.source, play.sandbox.target):
        left = side.client("s3").list_object_versions(Bucket=f"{side.name}-bucket")
        assert [one["Key"] for one in left["Versions"]] == ["object-to-replicate"]


def test_preflight(play: Plays) -> None:
    ready(play.sandbox)
    inventory = as_operators(play, "preflight")
    play.sandbox.clear_calls()
    play("-e", "replication_preflight_fail_on=warning", inventory=inventory, playbook=VALIDATE).ok()
    for side in SIDES:
        assert used(play.sandbox, side) == versioned(needed(side, "preflight"))


def test_preflight_with_an_object_of_its_own(play: Plays) -> None:
    ready(play.sandbox)
    inventory = as_operators(play, "preflight", also=True)
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


def losses(play: Plays) -> None:
    """Objects that were put before the rule: with a null version, deleted, and others."""
    source = play.sandbox.source.client("s3")
    source.create_bucket(Bucket="source-bucket")
    source.put_object(Bucket="source-bucket", Key="null", Body=b"1")
    source.put_bucket_versioning(
        Bucket="source-bucket", VersioningConfiguration={"Status": "Enabled"}
    )
    for key in ("null", "old", "gone"):
        source.put_object(Bucket="source-bucket", Key=key, Body=b"2")
    source.delete_object(Bucket="source-bucket", Key="gone")
    ready(play.sandbox)


def test_backfill(play: Plays) -> None:
    losses(play)
    inventory = as_operators(play, "backfill", also=True)
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
        assert versioned(calls) == versioned(needed(side, "backfill", also=True))


def test_backfill_without_what_is_only_announced(play: Plays) -> None:
    losses(play)
    inventory = as_operators(play, "backfill")
    played = play("-e", "replication_backfill_prefix=old", inventory=inventory, playbook=BACKFILL)
    assert "1 sent, 0 skipped" in " ".join(played.ok().output.split())
    assert "It is unknown whether source-bucket notifies of tagging" in played.output


def test_teardown(play: Plays) -> None:
    ready(play.sandbox)
    # That of the proof may be pending, and is not read.
    s3 = play.sandbox.source.client("s3")
    s3.put_object(Bucket="source-bucket", Key="another")
    while s3.head_object(Bucket="source-bucket", Key="another")["ReplicationStatus"] != "COMPLETED":
        time.sleep(0.1)
    inventory = as_operators(play, "teardown")
    play.sandbox.clear_calls()
    assert play(inventory=inventory, playbook=TEARDOWN).ok().changed()
    for side in SIDES:
        assert used(play.sandbox, side) == versioned(needed(side, "teardown"))


def ready(sandbox: Sandbox) -> None:
    """Replication as the role sets it up, with an object that has arrived."""
    source, target = (Side(sandbox, side) for side in (sandbox.source, sandbox.target))
    assert not any(result.get("failed") for result in set_up(source, target))
    source.do("object_check", bucket=SOURCE_BUCKET, key=KEY)
