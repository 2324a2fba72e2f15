# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources are configured after their targets are ready, with every strategy and with the role in a user's play."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    TARGET_BUCKET,
    TARGET_ROLE,
    assert_replicated,
    set_up,
)

SETUP_PLAY = """---
- name: A play of a user
  hosts: all
  gather_facts: false
  roles:
    - role: scality.backbeat.replication
"""
#: Writes to the target that take 2 seconds each.
SLOW = ("CreateRole", "CreateBucket", "PutBucketVersioning")
# host_pinned differs from free only in the order of hosts.
FREE = pytest.param("free", marks=pytest.mark.end_cores)


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    file = tmp_path / "play.yml"
    file.write_text(SETUP_PLAY)
    return file


@pytest.mark.parametrize("strategy", [FREE, "host_pinned"])
def test_the_source_waits_for_a_slow_target(
    play: Plays,
    source: Side,
    target: Side,
    playbook: Path,
    monkeypatch: pytest.MonkeyPatch,
    strategy: str,
) -> None:
    """The target's steps take longer than the steps of the source."""
    monkeypatch.setenv("ANSIBLE_STRATEGY", strategy)
    for operation in SLOW:
        play.sandbox.fail(side="target", operation=operation, how="hang", seconds=2)
    play(playbook=playbook).ok()
    assert_replicated(source, target)
    writes = [
        call["operation"] for call in play.sandbox.calls() if call["operation"].startswith("Put")
    ]
    assert writes.index("PutBucketReplication") > max(
        number for number, name in enumerate(writes) if name == "PutBucketVersioning"
    )


@pytest.mark.end_cores
def test_the_shipped_playbook_is_linear_despite_ansible_strategy(
    play: Plays, source: Side, target: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_STRATEGY", "free")
    play.sandbox.fail(side="target", operation="CreateRole", how="hang", seconds=2)
    played = play().ok()
    assert "RETRYING" not in played.output
    assert_replicated(source, target)


@pytest.mark.parametrize("strategy", ["linear", FREE])
def test_an_invalid_name_on_one_host_prevents_all_calls_of_setup(
    play: Plays, playbook: Path, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    monkeypatch.setenv("ANSIBLE_STRATEGY", strategy)
    inventory = play.inventory()
    inventory["all"]["hosts"]["node1"]["replication_pairs"][0]["target_bucket"] = "Not_A_Bucket"
    message = play(playbook=playbook, inventory=inventory).failure()
    assert "The bucket name 'Not_A_Bucket' is invalid" in message
    assert play.sandbox.calls() == []


@pytest.mark.parametrize("state", ["no bucket", "no versioning"])
def test_limit_to_the_source_fails_if_the_target_bucket_is_not_ready(
    play: Plays, source: Side, target: Side, state: str
) -> None:
    set_up(source, target, but=["buckets", "replication", "object"])
    source.do("bucket", name=SOURCE_BUCKET, versioning="enabled")
    if state == "no versioning":
        target.do("bucket", name=TARGET_BUCKET)
    source.sandbox.clear_calls()
    message = play("--limit", "node1").failure()
    assert (
        f"The target node6 is not ready: {TARGET_BUCKET} does not exist there, or has no" in message
    )
    assert source.writes() == target.writes() == []


def test_tag_replication_fails_if_the_target_role_does_not_exist(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target, but=["replication", "object"])
    target.do("policy", name="TargetPolicyForS3Replication", state="absent")
    target.do("iam_role", name=TARGET_ROLE, state="absent")
    source.sandbox.clear_calls()
    message = play("--tags", "replication").failure()
    assert f"The role {TARGET_ROLE} of node6 does not exist" in message
    assert source.writes() == []
    assert play().ok().changes()[-1] == f"PutObject {SOURCE_BUCKET}/{KEY}"


TEARDOWN_PLAY = """---
- name: A play of a user
  hosts: all
  gather_facts: false
  tasks:
    - name: Remove
      ansible.builtin.include_role:
        name: scality.backbeat.replication
        tasks_from: teardown
"""
REMOVALS = ("DetachRolePolicy", "DeletePolicy", "DeleteRole")


@pytest.fixture
def teardown(tmp_path: Path) -> Path:
    file = tmp_path / "teardown.yml"
    file.write_text(TEARDOWN_PLAY)
    return file


@pytest.mark.parametrize("strategy", ["free", "host_pinned"])
def test_teardown_of_the_target_waits_for_a_slow_source(
    play: Plays,
    source: Side,
    target: Side,
    teardown: Path,
    monkeypatch: pytest.MonkeyPatch,
    strategy: str,
) -> None:
    """The target's policy and role stay until the configuration that needs them is deleted."""
    set_up(source, target)
    assert_replicated(source, target)
    play.sandbox.clear_calls()
    monkeypatch.setenv("ANSIBLE_STRATEGY", strategy)
    slow = {"operation": "DeleteBucketReplication", "how": "hang", "seconds": 3}
    play.sandbox.fail(side="source", **slow)
    play(playbook=teardown).ok()
    assert target.iam.list_roles()["Roles"] == source.iam.list_roles()["Roles"] == []
    calls = play.sandbox.calls()
    gone = max(one["time"] for one in calls if one["operation"] == "DeleteBucketReplication")
    removed = [one["time"] for one in calls if one["operation"] in REMOVALS]
    assert len(removed) == 6
    assert gone < min(removed)


@pytest.mark.parametrize("strategy", ["linear", FREE, "host_pinned"])
def test_teardown_changes_nothing_on_the_target_if_the_source_fails(
    play: Plays,
    source: Side,
    target: Side,
    teardown: Path,
    monkeypatch: pytest.MonkeyPatch,
    strategy: str,
) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    monkeypatch.setenv("ANSIBLE_STRATEGY", strategy)
    play.sandbox.clear_calls()
    play.sandbox.fail(
        side="source", operation="DeleteBucketReplication", status=403, code="AccessDenied", times=0
    )
    played = play(playbook=teardown)
    assert played.code == 2
    assert target.writes() == []
    assert strategy == "linear" or "node1 has failed, and replicates to node6" in " ".join(
        played.output.split()
    )


@pytest.mark.end_cores
def test_teardown_of_the_target_fails_if_the_source_takes_too_long(
    play: Plays,
    source: Side,
    target: Side,
    teardown: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    monkeypatch.setenv("ANSIBLE_STRATEGY", "free")
    play.sandbox.fail(side="source", operation="DeleteBucketReplication", how="hang", seconds=20)
    inventory = play.inventory(replication_verify_timeout=2)
    played = play(playbook=teardown, inventory=inventory)
    assert "node1 replicates to node6 and has not removed its configuration" in " ".join(
        played.output.split()
    )
    assert not set(target.writes()) & set(REMOVALS)


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_an_invalid_name_on_one_host_prevents_all_calls_of_teardown(
    play: Plays,
    source: Side,
    target: Side,
    teardown: Path,
    monkeypatch: pytest.MonkeyPatch,
    strategy: str,
) -> None:
    set_up(source, target)
    play.sandbox.clear_calls()
    monkeypatch.setenv("ANSIBLE_STRATEGY", strategy)
    inventory = play.inventory()
    inventory["all"]["hosts"]["node6"]["replication_target_role_name"] = "not a role"
    assert play(playbook=teardown, inventory=inventory).code == 2
    assert play.sandbox.calls() == []


WRONG = {
    "source S3": ("node1", "replication_s3"),
    "source IAM": ("node1", "replication_iam"),
    "target S3": ("node6", "replication_s3"),
    "target IAM": ("node6", "replication_iam"),
}


@pytest.mark.parametrize(
    ("strategy", "arguments", "wrong"),
    [
        ("linear", ["--limit", "node1"], "target IAM"),
        ("linear", ["--limit", "node6"], "source S3"),
        ("linear", ["--tags", "roles"], "target S3"),
        ("linear", ["-e", "replication_preflight=false"], "source IAM"),
        ("free", [], "source IAM"),
        ("free", [], "target S3"),
        ("host_pinned", ["-e", "replication_preflight=false"], "target IAM"),
    ],
)
def test_wrong_credentials_fail_before_the_first_write(
    play: Plays,
    source: Side,
    target: Side,
    playbook: Path,
    monkeypatch: pytest.MonkeyPatch,
    strategy: str,
    arguments: list[str],
    wrong: str,
) -> None:
    monkeypatch.setenv("ANSIBLE_STRATEGY", strategy)
    inventory = play.inventory()
    host, variable = WRONG[wrong]
    connection = inventory["all"]["hosts"][host][variable]
    del connection["profile"]
    connection |= {"access_key": "UNKNOWN", "secret_key": "of-unknown"}
    played = play(*arguments, playbook=playbook, inventory=inventory)
    assert played.code == 2
    assert f"error credentials-invalid ({wrong} at " in " ".join(played.output.split())
    assert source.writes() == target.writes() == []


def test_setup_checks_each_endpoint_once(play: Plays) -> None:
    play().ok()
    tried = [one["operation"] for one in play.sandbox.calls()]
    assert (tried.count("ListBuckets"), tried.count("GetUser")) == (2, 2)


def test_limit_to_the_target_checks_each_source_endpoint_once(
    play: Plays, source: Side, target: Side
) -> None:
    play("--limit", "node6").ok()
    assert source.reads() == ["ListBuckets", "GetUser"]


def test_a_connection_with_a_runtime_variable_is_not_checked_by_other_hosts(
    play: Plays, source: Side
) -> None:
    inventory = play.inventory()
    connection = inventory["all"]["hosts"]["node1"]["replication_s3"]
    connection["endpoint_url"] = "{{ known_at_run_time.url }}"
    play("--limit", "node6", inventory=inventory).ok()
    assert source.sandbox.calls("source") == []


def test_only_plays_of_verification_ranges_use_the_strategy_free() -> None:
    """With free, a file for all hosts could be written before all hosts have their results."""
    strategies: dict[str, set[str]] = {}
    for file in (ROOT / "playbooks").glob("*.yml"):
        for one in yaml.safe_load(file.read_text()):
            if "hosts" in one:
                strategies.setdefault(one.get("strategy"), set()).add(one["hosts"])
    ranges = strategies.pop("free")
    assert ranges == {"replication_verify_ranges"}
    assert strategies.keys() == {"linear"}
