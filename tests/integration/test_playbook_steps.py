# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single steps of the playbook by tags, and single sides by limit."""

from __future__ import annotations

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_POLICY,
    TARGET_ROLE,
    set_up,
)

STEPS = ("roles", "policies", "buckets", "replication", "object")


@pytest.mark.parametrize(
    ("tag", "skipped", "changes"),
    [
        ("roles", STEPS, [f"CreateRole {SOURCE_ROLE}", f"CreateRole {TARGET_ROLE}"]),
        (
            "policies",
            STEPS[1:],
            [
                f"AttachRolePolicy {SOURCE_POLICY} to {SOURCE_ROLE}",
                f"AttachRolePolicy {TARGET_POLICY} to {TARGET_ROLE}",
                f"CreatePolicy {SOURCE_POLICY}",
                f"CreatePolicy {TARGET_POLICY}",
            ],
        ),
        (
            "buckets",
            STEPS,
            [
                f"CreateBucket {SOURCE_BUCKET}",
                f"CreateBucket {TARGET_BUCKET}",
                f"PutBucketVersioning {SOURCE_BUCKET}",
                f"PutBucketVersioning {TARGET_BUCKET}",
            ],
        ),
        ("replication", STEPS[3:], [f"PutBucketReplication {SOURCE_BUCKET}"]),
        ("verify", STEPS[4:], [f"PutObject {SOURCE_BUCKET}/{KEY}"]),
    ],
)
def test_each_tag_alone_makes_only_its_changes(
    play: Plays, source: Side, target: Side, tag: str, skipped: tuple[str, ...], changes: list[str]
) -> None:
    set_up(source, target, but=skipped)
    play.sandbox.clear_calls()
    assert play("--tags", tag).ok().changes() == changes
    assert sorted(source.writes() + target.writes()) == sorted(
        change.split()[0] for change in changes
    )


def test_tag_replication_without_roles_names_the_tag_to_run_first(play: Plays) -> None:
    message = play("--tags", "replication").failure()
    assert f"The role {SOURCE_ROLE} of node1 does not exist" in message
    assert "--tags roles" in message


@pytest.mark.end_cores
def test_limit_to_each_side_in_turn(play: Plays, source: Side, target: Side) -> None:
    """The source fails if the target's role is missing, and reads it from the target if it exists."""
    without_target = play("--limit", "node1").failure()
    assert f"The role {TARGET_ROLE} of node6 does not exist" in without_target
    assert "for both hosts" in without_target
    assert target.writes() == []

    play.sandbox.clear_calls()
    target_run = play("--limit", "node6").ok()
    assert target_run.changed() == {"node6": 3}
    assert source.writes() == []

    play.sandbox.clear_calls()
    source_run = play("--limit", "node1").ok()
    assert source_run.changes() == [
        f"PutBucketReplication {SOURCE_BUCKET}",
        f"PutObject {SOURCE_BUCKET}/{KEY}",
    ]
    assert target.writes() == []
    preflight = {"ListBuckets", "GetUser", "GetBucketVersioning", "GetRole"}
    assert set(target.reads()) == {*preflight, "GetObjectLockConfiguration", "HeadObject"}
