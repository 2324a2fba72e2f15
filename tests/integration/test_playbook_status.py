# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of all pairs: on the screen, in files, with the last verification, and without Backbeat."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import PlaybookResult, Plays
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up
from tests.unit.plugins.reports import report

PLAYBOOK = ROOT / "playbooks" / "status_replication.yml"


def status(play: Plays, **variables: Any) -> PlaybookResult:
    return play(inventory=play.inventory(**variables), playbook=PLAYBOOK)


def lines(played: PlaybookResult) -> list[str]:
    (written,) = [
        one for one in played.module_records() if one["task"].endswith("Write and show the report")
    ]
    found = written["result"]["report"]["lines"]
    assert isinstance(found, list)
    return found


def test_the_status_of_a_pair_is_shown_without_writes(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target)
    source.sandbox.clear_calls()
    played = status(play, replication_backbeat_url=source.side.s3_url).ok()
    screen = lines(played)
    assert screen[0] == "1 pair was not verified."
    assert f"node1 {SOURCE_BUCKET} -> node6 {TARGET_BUCKET}" in screen[1]
    assert "all objects; failed in 24 h: 0; verified: never" in screen[2]
    assert "Backbeat of node1: healthy" in screen
    assert source.writes() == []


def test_reports_show_the_last_verification(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    set_up(source, target)
    last = report(in_sync=3, failed=1)
    run = {"schema": "scality.backbeat.run/1", "reports": [last.as_dict()]}
    (tmp_path / "run.json").write_text(json.dumps(run))
    files = {
        f"replication_report_{kind}": str(tmp_path / f"run.{kind}") for kind in ("json", "html")
    }
    played = status(play, replication_backbeat_url=source.side.s3_url, **files).ok()
    screen = lines(played)
    assert screen[1].startswith("Problems: node1")
    assert "site node6: running" in screen[2]
    assert "verified: 2026-11-24 02:14 UTC, failed" in screen[2]
    assert "<h1>Replication</h1>" in (tmp_path / "run.html").read_text()
    again = json.loads((tmp_path / "run.json").read_text())
    assert again["reports"] == [last.as_dict()]
    assert again["pairs"][0]["status"]["oldest pending"] == "none"


def test_without_a_url_backbeat_is_not_called(play: Plays, source: Side, target: Side) -> None:
    set_up(source, target)
    source.sandbox.clear_calls()
    screen = lines(status(play).ok())
    assert any("Backbeat of node1: not known" in line for line in screen)
    assert source.reads() == []


def test_a_backbeat_that_is_down_is_shown_and_fails_the_play(
    play: Plays, source: Side, target: Side
) -> None:
    set_up(source, target)
    source.sandbox.outage("source", "backbeat")
    inventory = play.inventory(replication_backbeat_url=source.side.backbeat_url)
    inventory["all"]["hosts"]["node1"]["replication_s3"]["retry_timeout"] = 0
    played = play(inventory=inventory, playbook=PLAYBOOK)
    assert played.code != 0
    screen = lines(played)
    assert "Backbeat of node1: not healthy" in screen
    assert any("Failed to check Backbeat's health" in line for line in screen)


def test_setup_reports_its_proof_and_the_last_verification(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    page = tmp_path / "run.html"
    inventory = play.inventory(
        replication_report_html=str(page), replication_verify_folder=str(tmp_path)
    )
    first = play(inventory=inventory).ok()
    assert lines(first)[0] == "1 pair was not verified."
    assert "proof with an object: replicated" in lines(first)[2]
    assert "Proof with an object" in page.read_text()
    # Later runs show the result of this verification.
    play(inventory=inventory, playbook=PLAYBOOK.with_name("verify_replication.yml")).ok()
    second = play(inventory=inventory).ok()
    assert lines(second)[0] == "1 pair is in sync."
    assert play(inventory=inventory).ok().changed() == {}


def test_validation_reports_its_findings(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    set_up(source, target)
    target.s3.put_bucket_versioning(
        Bucket=TARGET_BUCKET, VersioningConfiguration={"Status": "Suspended"}
    )
    page = tmp_path / "run.html"
    inventory = play.inventory(replication_report_html=str(page))
    played = play(inventory=inventory, playbook=PLAYBOOK.with_name("validate_replication.yml"))
    assert played.code != 0
    assert "target-versioning" in page.read_text()
    assert lines(played)[0] == "1 pair has problems."
