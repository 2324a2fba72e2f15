# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the playbook accepts an old object as proof and when it uses a canary, and that the next run is idempotent."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.support.drift import (
    delete_the_role,
    detach_the_policy,
    name_a_role_that_does_not_exist,
    recreate_with_retention,
    swap_roles,
)
from tests.integration.support.modules import Side
from tests.integration.support.plays import TEARDOWN, PlaybookResult, Plays, statistics
from tests.integration.support.procedure import (
    KEY,
    REPEATED_PROOF,
    SOURCE_BUCKET,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_ROLE,
    assert_replicated,
    set_up,
)


def proof(played: PlaybookResult) -> str:
    """The proof of the only pair, in the statistics."""
    (pair,) = statistics(played)["node1"]["pairs"]
    return str(pair["proof"])


def has_canary(played: PlaybookResult, target_bucket: str = TARGET_BUCKET) -> bool:
    wanted = {change.replace(TARGET_BUCKET, target_bucket) for change in REPEATED_PROOF}
    return wanted <= set(played.changes())


@pytest.mark.parametrize(
    "break_pair", [swap_roles, name_a_role_that_does_not_exist, detach_the_policy, delete_the_role]
)
def test_setup_repairs_the_pair_and_proves_it_with_a_canary(
    play: Plays, source: Side, target: Side, break_pair: Callable[[Side, Side], None]
) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    break_pair(source, target)
    repaired = play().ok()
    assert proof(repaired) == "new"
    assert has_canary(repaired)
    again = play().ok()
    assert (again.changed(), proof(again)) == ({}, "valid")


def test_tag_verify_alone_uses_a_canary(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    alone = play("--tags", "verify").ok()
    assert (proof(alone), has_canary(alone)) == ("new", True)


@pytest.mark.parametrize("break_pair", [swap_roles, detach_the_policy, delete_the_role])
def test_tag_verify_alone_fails_on_a_broken_pair_despite_an_old_object(
    play: Plays, source: Side, target: Side, break_pair: Callable[[Side, Side], None]
) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    break_pair(source, target)
    short = play.inventory(replication_verify_timeout=1)
    assert "error " in play("--tags", "verify", inventory=short).failure()


def test_limit_to_the_source_uses_a_canary(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    limited = play("--limit", "node1").ok()
    assert (proof(limited), has_canary(limited)) == ("new", True)


def test_setup_after_teardown_uses_a_canary(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    play(playbook=TEARDOWN).ok()
    again = play().ok()
    assert (proof(again), has_canary(again)) == ("new", True)
    assert play().ok().changed() == {}


@pytest.mark.parametrize("metadata", [True, False])
def test_an_object_that_is_stuck_under_swapped_roles_is_sent_again(
    play: Plays, source: Side, target: Side, metadata: bool
) -> None:
    """The pending object of the role does not prevent the repair of the configuration."""
    set_up(source, target, but=("object",))
    swap_roles(source, target)
    source.do("object", bucket=SOURCE_BUCKET, key=KEY)
    if not metadata:
        source.sandbox.fail(
            "BackbeatMetadata", side="source", status=403, code="AccessDenied", times=0
        )
    repaired = play().ok()
    assert proof(repaired) == "new"
    again = play().ok()
    assert again.changed() == {}
    assert proof(again) == ("valid" if metadata else "valid, roles unverified")


def test_setup_adds_missing_policies_and_proves_the_pair(
    play: Plays, source: Side, target: Side
) -> None:
    """Roles without policies first; then set-up creates the policies."""
    set_up(source, target, but=("policies",))
    repaired = play().ok()
    assert proof(repaired) == "new"
    assert_replicated(source, target)
    assert play().ok().changed() == {}


def test_another_target_bucket_needs_a_new_proof(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    inventory = play.inventory()
    inventory["all"]["hosts"]["node1"]["replication_pairs"][0]["target_bucket"] = "other-bucket"
    moved = play(inventory=inventory).ok()
    assert (proof(moved), has_canary(moved, "other-bucket")) == ("new", True)
    assert target.s3.head_object(Bucket="other-bucket", Key=KEY)["ReplicationStatus"] == "REPLICA"
    assert play(inventory=inventory).ok().changed() == {}


def test_without_metadata_access_the_proof_is_valid_with_unverified_roles(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    source.sandbox.fail("BackbeatMetadata", side="source", status=403, code="AccessDenied", times=0)
    played = play().ok()
    assert (played.changed(), proof(played)) == ({}, "valid, roles unverified")
    assert re.search(r"^\[node1\] .* valid, roles unverified ", played.output, re.MULTILINE)
    assert "unknown under which roles" in played.output


def test_default_retention_prevents_the_proof_unless_it_is_allowed(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target, but=("object",))
    recreate_with_retention(source, SOURCE_BUCKET)
    played = play().ok()
    assert proof(played) == "none, because of a default retention"
    assert "replication_verify_despite_retention" in played.output
    assert not any(change.startswith("PutObject ") for change in played.changes())
    asked = play.inventory(replication_verify_despite_retention=True)
    assert proof(play(inventory=asked).ok()) == "new"
    again = play().ok()
    assert (again.changed(), proof(again)) == ({}, "valid")


def test_check_mode_does_not_wait(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    source.sandbox.settings("source", paused=True)
    detach_the_policy(source, target)
    long = play.inventory(replication_verify_timeout=150)
    began = time.monotonic()
    check = play.check(inventory=long).ok()
    assert time.monotonic() - began < 60
    assert has_canary(check)
    assert f"PutObjectTagging {SOURCE_BUCKET}/{KEY}" in check.changes()


@pytest.mark.parametrize(
    ("settings", "asked", "cause"),
    [
        ({"paused": ["node6"]}, True, "Replication to the site node6 is paused at "),
        ({"paused": ["node6"]}, False, "so Backbeat may be down, paused or slow. Set replication_"),
        ({"backbeat_down": True}, True, "Backbeat could not be asked: "),
        ({"delay": 1000.0}, True, "2 operations are pending."),
    ],
)
def test_a_failed_proof_names_backbeats_state_as_the_cause(
    play: Plays, source: Side, target: Side, settings: dict[str, Any], asked: bool, cause: str
) -> None:
    """The message does not guess causes that preflight has excluded."""
    set_up(source, target)
    assert_replicated(source, target)
    play.sandbox.settings("source", **settings)
    url = source.side.s3_url if asked else ""
    inventory = play.inventory(replication_verify_timeout=1, replication_backbeat_url=url)
    message = play("--tags", "verify", inventory=inventory).failure()
    assert cause in message, message
    assert "may be missing" not in message


def test_a_failed_proof_ends_with_the_findings(play: Plays, source: Side, target: Side) -> None:
    """Set-up does not manage inline policies: one denies Backbeat all access to the target bucket."""
    set_up(source, target)
    assert_replicated(source, target)
    role = target.arn("role", TARGET_ROLE)
    denied = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    target.iam.put_role_policy(RoleName=TARGET_ROLE, PolicyName="deny", PolicyDocument=document)
    detach_the_policy(source, target)
    message = play().failure()
    assert "FAILED" in message.splitlines()[0]
    assert any(line.startswith("error ") and role in line for line in message.splitlines()), message
    assert SOURCE_ROLE in message or TARGET_BUCKET in message
