# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each step of the playbook alone, and each side alone."""

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
    ("tag", "later", "changes"),
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
def test_each_tag_alone_reads_what_it_needs(
    play: Plays, source: Side, target: Side, tag: str, later: tuple[str, ...], changes: list[str]
) -> None:
    set_up(source, target, but=later)
    play.sandbox.clear_calls()
    assert play("--tags", tag).ok().changes() == changes
    assert sorted(source.writes() + target.writes()) == sorted(
        change.split()[0] for change in changes
    )


def test_replication_alone_before_there_are_roles(play: Plays) -> None:
    message = play("--tags", "replication").failure()
    assert f"The role {SOURCE_ROLE} of node1 does not exist" in message
    assert "--tags roles" in message


@pytest.mark.end_cores
def test_one_side_after_the_other(play: Plays, source: Side, target: Side) -> None:
    """The source needs the target's role: it says so, and later reads it from the target itself."""
    early = play("--limit", "node1").failure()
    assert f"The role {TARGET_ROLE} of node6 does not exist" in early
    assert "for both hosts" in early
    assert target.writes() == []

    play.sandbox.clear_calls()
    there = play("--limit", "node6").ok()
    assert there.changed() == {"node6": 3}
    assert source.writes() == []

    play.sandbox.clear_calls()
    here = play("--limit", "node1").ok()
    assert here.changes() == [
        f"PutBucketReplication {SOURCE_BUCKET}",
        f"PutObject {SOURCE_BUCKET}/{KEY}",
    ]
    assert target.writes() == []
    preflight = {"ListBuckets", "GetUser", "GetBucketVersioning", "GetRole"}
    assert set(target.reads()) == {*preflight, "GetObjectLockConfiguration", "HeadObject"}
