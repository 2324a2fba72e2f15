# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No source is configured before its target is ready, whatever the strategy, and however the role is included."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    TARGET_BUCKET,
    TARGET_ROLE,
    set_up,
)
from tests.integration.test_half_done import arrives

INCLUDED = """---
- name: A play of a user
  hosts: all
  gather_facts: false
  roles:
    - role: scality.backbeat.replication
"""
#: What the target writes in its order; one of them is slow.
SLOW = ("CreateRole", "CreateBucket", "PutBucketVersioning")


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    file = tmp_path / "play.yml"
    file.write_text(INCLUDED)
    return file


@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
@pytest.mark.parametrize("operation", SLOW)
def test_a_slow_target(
    play: Plays,
    source: Side,
    target: Side,
    playbook: Path,
    monkeypatch: pytest.MonkeyPatch,
    strategy: str,
    operation: str,
) -> None:
    monkeypatch.setenv("ANSIBLE_STRATEGY", strategy)
    play.sandbox.fail(side="target", operation=operation, how="hang", seconds=4)
    play(playbook=playbook).ok()
    arrives(source, target)
    writes = [
        call["operation"] for call in play.sandbox.calls() if call["operation"].startswith("Put")
    ]
    assert writes.index("PutBucketReplication") > max(
        number for number, name in enumerate(writes) if name == "PutBucketVersioning"
    )


def test_our_playbook_is_linear_whatever_is_configured(
    play: Plays, source: Side, target: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_STRATEGY", "free")
    play.sandbox.fail(side="target", operation="CreateRole", how="hang", seconds=2)
    played = play().ok()
    assert "RETRYING" not in played.output
    arrives(source, target)


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_mistake_of_one_host_changes_no_other(
    play: Plays, playbook: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    monkeypatch.setenv("ANSIBLE_STRATEGY", strategy)
    inventory = play.inventory()
    inventory["all"]["hosts"]["node1"]["replication_pairs"][0]["target_bucket"] = "Not_A_Bucket"
    message = play(playbook=playbook, inventory=inventory).failure()
    assert "The bucket name 'Not_A_Bucket' is invalid" in message
    assert play.sandbox.calls() == []


@pytest.mark.parametrize("made", ["no bucket", "no versioning"])
def test_a_target_that_is_not_ready(play: Plays, source: Side, target: Side, made: str) -> None:
    set_up(source, target, but=["buckets", "replication", "object"])
    source.do("bucket", name=SOURCE_BUCKET, versioning="enabled")
    if made == "no versioning":
        target.do("bucket", name=TARGET_BUCKET)
    source.sandbox.clear_calls()
    message = play("--limit", "node1").failure()
    assert (
        f"The target node6 is not ready: {TARGET_BUCKET} does not exist there, or has no" in message
    )
    assert source.writes() == target.writes() == []


def test_a_target_role_that_does_not_exist(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target, but=["replication", "object"])
    target.do("policy", name="TargetPolicyForS3Replication", state="absent")
    target.do("iam_role", name=TARGET_ROLE, state="absent")
    source.sandbox.clear_calls()
    message = play("--tags", "replication").failure()
    assert f"The role {TARGET_ROLE} of node6 does not exist" in message
    assert source.writes() == []
    assert play().ok().changes()[-1] == f"PutObject {SOURCE_BUCKET}/{KEY}"
