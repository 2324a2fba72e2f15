# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook after failures and interruptions, and two runs at the same time."""

from __future__ import annotations

import json
import signal
import time

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.plays import TEARDOWN, VALIDATE, Plays
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_ROLE,
    assert_converged,
    assert_replicated,
    set_up,
)

VERIFY = ("--tags", "verify")
NO_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "audit"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def test_a_failed_object_is_explained_by_findings(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target, but=("object",))
    target.iam.update_assume_role_policy(RoleName=TARGET_ROLE, PolicyDocument=NO_TRUST)
    message = play(*VERIFY).failure()
    proof, *findings = message.splitlines()
    assert proof.startswith("Replication")
    assert "FAILED" in proof
    assert any(one.startswith("error target-role-trust-missing") for one in findings)


def test_a_pending_object_is_explained_by_findings(play: Plays, source: Side, target: Side) -> None:
    """With the guide's policy document, a server of 2025 never replicates the object."""
    short = {"replication_verify_timeout": 1}
    guide = play.inventory(replication_permissions="guide", **short)
    message = play(inventory=guide).failure()
    assert "is still PENDING after 1 s, COMPLETED was expected" in message
    assert "s3:ReplicateObject" in message
    repaired = play().ok()
    assert f"CreatePolicyVersion {SOURCE_POLICY}" in repaired.changes()
    # The servers do not send pending objects again by themselves.
    assert f"PutObjectTagging {SOURCE_BUCKET}/{KEY}" in repaired.changes()
    assert play().ok().changed() == {}


@pytest.mark.parametrize("operation", ["AttachRolePolicy", "PutBucketReplication"])
def test_the_next_run_completes_what_a_refused_call_interrupted(
    play: Plays, source: Side, target: Side, operation: str
) -> None:
    play.sandbox.fail(side="source", operation=operation, times=0, status=403, code="AccessDenied")
    assert "AccessDenied" in play().failure()
    play.sandbox.clear_faults()
    play().ok()
    assert_replicated(source, target)
    assert_converged(source, target)


def test_the_source_is_not_configured_if_its_target_failed(
    play: Plays, source: Side, target: Side
) -> None:
    """Servers also replicate to a bucket without versioning, and lose older versions without an error."""
    play.sandbox.fail(
        operation="PutBucketVersioning", side="target", status=403, code="AccessDenied", times=0
    )
    short = play.inventory(replication_verify_timeout=1)
    output = play(inventory=short).output
    assert f"bucket {TARGET_BUCKET} to Enabled" in output
    assert "node6 has failed, and node1 replicates to it" in output
    assert "PutBucketReplication" not in source.writes()


def test_a_disabled_rule_fails_despite_an_old_replicated_object(
    play: Plays, source: Side, target: Side
) -> None:
    """The inventory lists no rules, so the disabled rule stays; the object was replicated before."""
    set_up(source, target)
    assert_replicated(source, target)
    source.do("bucket_replication", bucket=SOURCE_BUCKET, rules=[{"prefix": "", "enabled": False}])
    began = time.monotonic()
    inventory = play.inventory(replication_verify_timeout=170)
    message = play(*VERIFY, inventory=inventory).failure()
    assert "that covers its key is disabled" in message
    assert "State enabled: true for a rule in rules" in message
    # The server's answer is final, so the run does not wait for the timeout.
    assert time.monotonic() - began < 100
    assert "is disabled" in play(playbook=VALIDATE).failure()


def test_the_next_run_completes_after_an_interrupt_during_a_call(
    play: Plays, source: Side, target: Side
) -> None:
    play.sandbox.fail(operation="CreatePolicy", side="source", how="hang-after", seconds=60)
    running = play.start()
    # Wait for both hosts: if interrupted while it starts a worker, ansible-playbook may wait for that worker forever.
    for side in ("source", "target"):
        play.sandbox.wait_for_call(side=side, operation="CreatePolicy", timeout=60)
    running.process.send_signal(signal.SIGINT)
    assert running.end().code != 0
    play.sandbox.clear_faults()
    play().ok()
    assert_converged(source, target)


def test_two_runs_at_the_same_time_both_succeed(play: Plays, source: Side, target: Side) -> None:
    runs = [play.start(), play.start()]
    for run in runs:
        run.end().ok()
    assert_replicated(source, target)
    assert_converged(source, target)


def test_teardown_is_idempotent_and_setup_works_afterwards(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    check = play.check(playbook=TEARDOWN).ok()
    gone = play(playbook=TEARDOWN).ok()
    # In check mode the policies are still attached when the tasks for the roles run.
    left_out = set(check.changes()) - set(gone.changes())
    assert set(gone.changes()) < set(check.changes())
    assert {change.split()[0] for change in left_out} == {"DetachRolePolicy"}
    for side in (source, target):
        assert side.iam.list_roles()["Roles"] == []
        assert side.iam.list_policies(Scope="Local")["Policies"] == []
    assert target.s3.head_object(Bucket=TARGET_BUCKET, Key=KEY)
    assert play(playbook=TEARDOWN).ok().changed() == {}
    assert f"CreateRole {SOURCE_ROLE}" in play().ok().changes()
