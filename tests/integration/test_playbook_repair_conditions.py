# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repairs under other conditions than in the guide: concurrent, strategy free, one host, unusual keys, no folder."""

from __future__ import annotations

from html import unescape
from pathlib import Path

from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays
from tests.integration.support.procedure import SOURCE_BUCKET, set_up
from tests.integration.support.repairs import REPAIR, inventory, repair_report
from tests.integration.support.versions import put, states, verify

#: A user's play that includes the role with the strategy free.
INCLUDED = """---
- name: A play of a user
  hosts: all
  gather_facts: false
  strategy: free
  tasks:
    - name: Repair
      ansible.builtin.include_role:
        name: scality.backbeat.replication
        tasks_from: repair_all
"""
ODD = "{{ 7 * 7 }}/{% raw %}"


def put_before_the_rule(source: Side, target: Side, *keys: str) -> None:
    set_up(source, target, but=("object", "replication"))
    for key in keys:
        put(source, key)


def test_a_second_repair_at_the_same_time_fails_and_the_first_completes(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    """Each version is sent exactly once."""
    put_before_the_rule(source, target, *(f"k{number}" for number in range(6)))
    set_up(source, target, but=("object",))
    source.sandbox.clear_calls()
    source.sandbox.fail("PutObjectTagging", 2, "source", "hang", seconds=60.0)
    given = inventory(play, tmp_path / "reports")
    first = play.start(inventory=given, playbook=REPAIR)
    source.sandbox.wait_for_call(timeout=90.0, side="source", fault="hang")
    second = play(inventory=given, playbook=REPAIR)
    assert "Another process uses" in second.failure()
    source.sandbox.clear_faults()
    report = repair_report(first.end().ok())
    assert report["after"] == {"in_sync": 6}
    sent = source.sandbox.calls("source", operation="PutObjectTagging", fault="")
    assert len({one["key"] for one in sent}) == len(sent) == 6


def test_a_users_play_repairs_keys_with_template_syntax_without_a_folder(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    """Strategy free, only the source's host, no folder for files, and keys that look like templates."""
    put_before_the_rule(source, target, ODD, "a:b//c ", "deleted " + ODD)
    source.s3.delete_object(Bucket=SOURCE_BUCKET, Key="deleted " + ODD)
    set_up(source, target, but=("object",))
    playbook, page = tmp_path / "play.yml", tmp_path / "page.html"
    playbook.write_text(INCLUDED)
    given = play.inventory(
        replication_report_html=str(page), replication_backbeat_url=source.side.s3_url
    )
    source.sandbox.clear_calls()
    foreseen = play("--check", "--diff", "--limit", "node1", inventory=given, playbook=playbook)
    assert foreseen.ok().has_diff_line("-never_replicated: 4")
    assert not source.sandbox.calls(write=True)
    played = play("--limit", "node1", inventory=given, playbook=playbook)
    assert "2 versions: never replicated" in played.failure()
    report = repair_report(played)
    assert report["after"] == {"in_sync": 2, "never_replicated": 2}
    assert {one["key"] for one in report["skipped"]} == {"deleted " + ODD}
    assert ODD in unescape(page.read_text())
    assert states(verify(source, target)) == report["after"]
    written = source.sandbox.calls(write=True)
    assert played.code == play("--limit", "node1", inventory=given, playbook=playbook).code
    # A second run writes nothing, although two versions stay unrepaired.
    assert source.sandbox.calls(write=True) == written


def test_a_rule_with_another_target_stops_the_repair(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    put_before_the_rule(source, target, "k")
    set_up(source, target, but=("object",))
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    stored["Rules"][0]["Destination"]["Bucket"] = "arn:aws:s3:::another-bucket"
    source.s3.put_bucket_replication(Bucket=SOURCE_BUCKET, ReplicationConfiguration=stored)
    written = source.sandbox.calls(write=True)
    played = play(inventory=inventory(play, tmp_path), playbook=REPAIR)
    assert "another-bucket" in played.failure()
    assert "another-bucket" in repair_report(played)["stopped"]
    assert source.sandbox.calls(write=True) == written
