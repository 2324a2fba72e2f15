# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook where something is wrong, where it was interrupted, and where two run at the same time."""

from __future__ import annotations

import json
import signal
import time

import pytest

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import TEARDOWN, Plays
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_ROLE,
    set_up,
)
from tests.integration.test_half_done import arrives, nothing_left

VERIFY = ("--tags", "verify")
VALIDATE = ROOT / "playbooks" / "validate_replication.yml"
NO_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "audit"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def test_failed_is_explained(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target, but=("object",))
    target.iam.update_assume_role_policy(RoleName=TARGET_ROLE, PolicyDocument=NO_TRUST)
    message = play(*VERIFY).failure()
    proof, *findings = message.splitlines()
    assert proof.startswith("Replication")
    assert "FAILED" in proof
    assert any(one.startswith("error target-role-trust-missing") for one in findings)


def test_pending_is_explained(play: Plays, source: Side, target: Side) -> None:
    """The guide's own document on a server of 2025: the object waits for ever."""
    short = {"replication_verify_timeout": 1}
    guide = play.inventory(replication_permissions="guide", **short)
    message = play(inventory=guide).failure()
    assert "is still PENDING after 1 s, COMPLETED was expected" in message
    assert "s3:ReplicateObject" in message
    repaired = play().ok()
    assert f"CreatePolicyVersion {SOURCE_POLICY}" in repaired.changes()
    # What waits already is not sent by the servers themselves.
    assert f"PutObjectTagging {SOURCE_BUCKET}/{KEY}" in repaired.changes()
    assert play().ok().changed() == {}


@pytest.mark.parametrize("operation", ["AttachRolePolicy", "PutBucketReplication"])
def test_cut_and_run_again(play: Plays, source: Side, target: Side, operation: str) -> None:
    play.sandbox.fail(side="source", operation=operation, times=0, status=403, code="AccessDenied")
    assert "AccessDenied" in play().failure()
    play.sandbox.clear_faults()
    play().ok()
    arrives(source, target)
    nothing_left(source, target)


def test_nothing_is_sent_to_a_target_that_failed(play: Plays, source: Side, target: Side) -> None:
    """To a bucket without versioning servers replicate all the same, and lose the history silently."""
    play.sandbox.fail(
        operation="PutBucketVersioning", side="target", status=403, code="AccessDenied", times=0
    )
    short = play.inventory(replication_verify_timeout=1)
    output = play(inventory=short).output
    assert f"bucket {TARGET_BUCKET} to Enabled" in output
    assert "node6 has failed, and node1 replicates to it" in output
    assert "PutBucketReplication" not in source.writes()


def test_a_disabled_rule_is_found_where_an_old_object_proves_what_was(
    play: Plays, source: Side, target: Side
) -> None:
    """The inventory names no rule, so the disabled one stays, and the object has been there since before."""
    set_up(source, target)
    arrives(source, target)
    source.do("bucket_replication", bucket=SOURCE_BUCKET, rules=[{"prefix": "", "enabled": False}])
    began = time.monotonic()
    inventory = play.inventory(replication_verify_timeout=170)
    message = play(*VERIFY, inventory=inventory).failure()
    assert "that covers its key is disabled" in message
    assert "State enabled: true for a rule in rules" in message
    # The server says so at once, and waiting changes nothing.
    assert time.monotonic() - began < 100
    assert "is disabled" in play(playbook=VALIDATE).failure()


def test_killed_in_the_middle_of_a_call(play: Plays, source: Side, target: Side) -> None:
    play.sandbox.fail(operation="CreatePolicy", side="source", how="hang-after", seconds=60)
    running = play.start()
    # Of both hosts: ansible-playbook that is interrupted while it starts a worker may wait for that worker for ever.
    for side in ("source", "target"):
        play.sandbox.wait_for_call(side=side, operation="CreatePolicy", timeout=60)
    running.process.send_signal(signal.SIGINT)
    assert running.end().code != 0
    play.sandbox.clear_faults()
    play().ok()
    nothing_left(source, target)


def test_twice_at_the_same_time(play: Plays, source: Side, target: Side) -> None:
    runs = [play.start(), play.start()]
    for run in runs:
        run.end().ok()
    arrives(source, target)
    nothing_left(source, target)


def test_teardown_and_again_and_anew(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target)
    arrives(source, target)
    check = play.check(playbook=TEARDOWN).ok()
    gone = play(playbook=TEARDOWN).ok()
    # In check mode the policies are still attached when it comes to the roles.
    left_out = set(check.changes()) - set(gone.changes())
    assert set(gone.changes()) < set(check.changes())
    assert {change.split()[0] for change in left_out} == {"DetachRolePolicy"}
    for side in (source, target):
        assert side.iam.list_roles()["Roles"] == []
        assert side.iam.list_policies(Scope="Local")["Policies"] == []
    assert target.s3.head_object(Bucket=TARGET_BUCKET, Key=KEY)
    assert play(playbook=TEARDOWN).ok().changed() == {}
    assert f"CreateRole {SOURCE_ROLE}" in play().ok().changes()
