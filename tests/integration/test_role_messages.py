# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of role runs name the failed pairs, the reasons, and the role's variables."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.plays import Inventory, Plays
from tests.integration.support.procedure import TARGET_BUCKET, set_up


def inventory_of(play: Plays, *pairs: dict[str, object]) -> Inventory:
    inventory = play.inventory()
    inventory["all"]["hosts"]["node1"]["replication_pairs"] = list(pairs)
    return inventory


def test_a_message_lists_each_pair_that_failed(play: Plays, source: Side, target: Side) -> None:
    pairs = [
        {"source_bucket": f"{name}-bucket", "target_bucket": TARGET_BUCKET, "rules": [rule]}
        for name in ("one", "two", "three")
        for rule in [{"prefix": f"{name}/"}]
    ]
    for bucket in ("one-bucket", "two-bucket"):
        play.sandbox.fail(
            operation="PutBucketReplication",
            bucket=bucket,
            status=403,
            code="AccessDenied",
            times=0,
        )
    message = play(inventory=inventory_of(play, *pairs)).failure()
    first, one, two = message.splitlines()
    assert first == "2 of 3 replications failed."
    assert one.startswith("one-bucket: Failed to ")
    assert two.startswith("two-bucket: Failed to ")


def test_a_message_names_variables_instead_of_options(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target, rules=[{"prefix": "a/"}, {"prefix": "b/"}])
    pair = {
        "source_bucket": "source-bucket",
        "target_bucket": "another-bucket",
        "rules": [{"prefix": "a/"}],
    }
    message = play(inventory=inventory_of(play, pair)).failure()
    assert "list all rules that are to change, or set `replication_purge_rules`" in message
    assert not re.search(r"(?<!replication_)purge_rules", message)


def test_pending_objects_refuse_the_change_and_each_named_variable_helps(
    play: Plays, source: Side, target: Side
) -> None:
    """The message names variables; each of them has the described effect."""
    set_up(source, target, but=["object"])
    play.sandbox.settings("source", paused=True)
    source.s3.put_object(Bucket="source-bucket", Key="late")
    other = {
        "replication_source_role_name": "Other",
        "replication_source_policy_name": "OtherPolicy",
    }
    for arguments in (("--check",), ()):
        message = play(*arguments, inventory=play.inventory(**other)).failure()
        assert "1 of 1 versions put since" in message
        assert "raise replication_pending_scan_time or lower replication_pending_max_age" in message
        assert "set replication_allow_pending_loss" in message
    # Versions older than replication_pending_max_age are not checked; with a scan time of 0 none are.
    covered = play.inventory(**other, replication_pending_max_age="0", replication_verify=False)
    play("--check", inventory=covered).ok()
    unchecked = play.inventory(**other, replication_pending_scan_time="0", replication_verify=False)
    play("--check", inventory=unchecked).ok()
    resent = play.inventory(
        **other,
        replication_allow_pending_loss=True,
        replication_resend_pending=True,
        replication_verify=False,
    )
    assert "PutObjectTagging source-bucket/late" in play(inventory=resent).ok().changes()
    play.sandbox.settings("source", paused=False)
    source.do(
        "object_check", bucket="source-bucket", key="late", wait_timeout=20, wait_max_delay=0.1
    )


def test_a_site_given_as_text_is_refused_before_any_write(
    play: Plays, source: Side, tmp_path: Path
) -> None:
    """By a module in the controller's process (test_processes.py has one in a separate process), and by the role."""
    task = {
        "bucket": "source-bucket",
        "source_role": "arn:aws:iam::123456789012:role/A",
        "target_role": "arn:aws:iam::123456789012:role/B",
        "target_bucket": TARGET_BUCKET,
        "rules": [{"prefix": "", "sites": ["nowhere"]}],
        **source.connection("s3"),
    }
    name = "scality.backbeat.backbeat_bucket_replication"
    tasks = [{"name": "Configure", name: task}]
    file = tmp_path / "play.yml"
    file.write_text(
        json.dumps([{"name": "A play", "hosts": "node1", "gather_facts": False, "tasks": tasks}])
    )
    assert "option 'sites' found in 'rules'" in play(playbook=file).failure()
    pair = {
        "source_bucket": "source-bucket",
        "target_bucket": TARGET_BUCKET,
        "rules": task["rules"],
    }
    message = play(inventory=inventory_of(play, pair)).failure()
    assert (
        message
        == "Item 1 of sites in item 1 of rules in item 1 of replication_pairs of node1 is text, but must be a "
        "dictionary."
    )
    assert source.writes() == []


@pytest.mark.parametrize(
    ("host", "variable"),
    [("node1", "replication_source_role_name"), ("node6", "replication_target_role_name")],
)
def test_a_comma_in_a_role_name_is_refused_before_any_call(
    play: Plays, source: Side, target: Side, host: str, variable: str
) -> None:
    inventory = play.inventory()
    inventory["all"]["hosts"][host][variable] = "one,two"
    message = play(inventory=inventory).failure()
    assert f"{variable} of {host}: The role name 'one,two' has a comma" in message
    assert play.sandbox.calls() == []
