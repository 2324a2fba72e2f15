# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a run: a plan in check mode, else a table of pairs and the counts of changes."""

from __future__ import annotations

import re

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.plays import TEARDOWN, PlaybookResult, Plays, statistics
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    TARGET_BUCKET,
    assert_replicated,
    set_up,
)


def lines(played: PlaybookResult, host: str) -> list[str]:
    return re.findall(rf"^\[{host}\] (.*)$", played.output, re.MULTILINE)


@pytest.mark.end_cores
def test_summaries_of_check_mode_of_a_run_and_of_a_second_run(play: Plays) -> None:
    check = play.check().ok()
    assert lines(check, "node1") == [
        "Plan: 1 role, 1 policy, 1 bucket, 1 rule, 1 object to add; 0 to change; 0 to remove."
    ]
    assert lines(check, "node6") == [
        "Plan: 1 role, 1 policy, 1 bucket to add; 0 to change; 0 to remove."
    ]
    assert statistics(check)["node1"]["check_mode"] is True
    # Environments that are still empty cause no warnings.
    assert "WARNING" not in check.output

    first = play().ok()
    header, row, done = lines(first, "node1")
    assert header.split() == ["Pair", "Rules", "Roles", "Proof", "Seconds"]
    assert row.startswith(f"{SOURCE_BUCKET} -> node6:{TARGET_BUCKET}  1 ")
    assert re.search(r" new +\d+\.\d$", row)
    assert done == (
        "Done: 1 role, 1 policy, 1 bucket, 1 rule, 1 object added; 0 changed; 0 removed."
    )
    (pair,) = statistics(first)["node1"]["pairs"]
    assert (pair["rules"], pair["proof"], pair["target_host"]) == (1, "new", "node6")

    *_table, row, done = lines(play().ok(), "node1")
    assert " valid " in row
    assert done == "Done: 0 added; 0 changed; 0 removed."


def test_plan_for_a_new_pair_of_existing_buckets(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target, but=["replication", "object"])
    (line,) = lines(play.check().ok(), "node1")
    assert line == "Plan: 1 rule, 1 object to add; 0 to change; 0 to remove."


def test_rules_are_counted_as_added_changed_and_removed(
    play: Plays, source: Side, target: Side
) -> None:
    """Also with a single tag, without facts from preflight."""
    set_up(source, target, rules=[{"id": "a", "prefix": "a/"}, {"id": "b", "prefix": "b/"}])
    inventory = play.inventory(replication_purge_rules=True)
    (pair,) = inventory["all"]["hosts"]["node1"]["replication_pairs"]
    pair["rules"] = [{"id": "b", "prefix": "b/", "enabled": False}, {"prefix": "c/"}]
    (line,) = lines(play.check("--tags", "replication", inventory=inventory).ok(), "node1")
    assert line == "Plan: 1 rule to add; 1 rule to change; 1 rule to remove."
    run = play("--tags", "replication", inventory=inventory).ok()
    assert lines(run, "node1")[-1] == "Done: 1 rule added; 1 rule changed; 1 rule removed."


@pytest.mark.end_cores
def test_plan_for_drift_and_summary_of_teardown(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    disabled = [{"prefix": "", "enabled": False}]
    source.do("bucket_replication", bucket=SOURCE_BUCKET, rules=disabled)
    target.do("bucket", name=TARGET_BUCKET, versioning="suspended")
    inventory = play.inventory()
    inventory["all"]["hosts"]["node1"]["replication_pairs"][0]["rules"] = [
        {"prefix": "", "enabled": True}
    ]
    check = play.check(inventory=inventory).ok()
    assert lines(check, "node1") == ["Plan: 0 to add; 1 rule, 1 object to change; 0 to remove."]
    assert lines(check, "node6") == ["Plan: 0 to add; 1 bucket to change; 0 to remove."]

    gone = play(playbook=TEARDOWN).ok()
    assert lines(gone, "node1")[-1] == "Done: 0 added; 0 changed; 1 role, 1 policy, 1 rule removed."
    assert lines(gone, "node6")[-1] == "Done: 0 added; 0 changed; 1 role, 1 policy removed."
