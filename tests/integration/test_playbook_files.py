# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks check that they can write their files before the first write to a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devtools.places import ROOT
from tests.integration.support.entry_points import entry_points
from tests.integration.support.modules import Side
from tests.integration.support.plays import SETUP, Plays
from tests.integration.support.procedure import set_up

KINDS = ("html", "json", "junit", "prometheus", "rclone")


def playbook(name: str) -> Path:
    return ROOT / "playbooks" / f"{name}_replication.yml"


def test_setup_fails_before_any_call_if_a_report_cannot_be_written(
    play: Plays, tmp_path: Path
) -> None:
    """In check mode or not, for all steps or one."""
    missing = play.inventory(replication_report_html=str(tmp_path / "none" / "page.html"))
    folder = play.inventory(replication_report_json=str(tmp_path))
    template = play.inventory(
        replication_report_html=str(tmp_path / "page.html"),
        replication_report_template=str(tmp_path / "none.j2"),
    )
    said = {
        play("--check", inventory=missing).failure(),
        play(inventory=missing).failure(),
        play("--tags", "policies", inventory=missing).failure(),
    }
    assert said == {
        f"The file {tmp_path}/none/page.html cannot be used: {tmp_path}/none does not exist."
    }
    assert play(inventory=folder).failure().endswith("cannot be used: Is a directory.")
    assert "none.j2 cannot be read" in play(inventory=template).failure()
    assert play.sandbox.calls() == []


ENTRIES = ("validate", "status", "verify_all", "backfill_all", "repair_all", "verify_ranges")


def test_other_entry_points_fail_before_any_call_if_a_file_cannot_be_written(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    set_up(source, target)
    source.sandbox.clear_calls()
    inventory = play.inventory(
        replication_report_prometheus=str(tmp_path / "none" / "metrics.prom"),
        replication_verify_folder=str(tmp_path),
        replication_verify_slices=1,
        replication_repair_configuration=True,
    )
    played = play(inventory=inventory, playbook=entry_points(tmp_path, ENTRIES, hosts="node1"))
    shown = [
        one["result"]["msg"] for one in played.records if one["task"].startswith("Show what failed")
    ]
    assert len(shown) == len(ENTRIES), played.output
    assert all("none does not exist" in one for one in shown), shown
    assert play.sandbox.calls() == []


def test_folders_of_reports_are_created_but_not_in_check_mode(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    """Check mode succeeds without them."""
    set_up(source, target)
    folder = tmp_path / "deep" / "verified"
    files = {f"replication_report_{kind}": str(folder / f"run.{kind}") for kind in KINDS[:-1]}
    inventory = play.inventory(
        replication_verify_folder=str(folder),
        replication_report_rclone=str(folder),
        replication_verify_allow_empty=True,
        **files,
    )
    play.check(inventory=inventory, playbook=playbook("verify")).ok()
    assert not folder.exists()
    play(inventory=inventory, playbook=playbook("verify")).ok()
    assert {f"run.{kind}" for kind in KINDS[:-1]} <= {one.name for one in folder.iterdir()}


def test_status_and_setup_keep_the_junit_and_prometheus_files(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    """These files show verifications only: without pairs they would look like a verification of no pairs."""
    set_up(source, target)
    files: dict[str, Any] = {
        f"replication_report_{kind}": str(tmp_path / f"run.{kind}") for kind in KINDS[:-1]
    }
    inventory = play.inventory(replication_verify_allow_empty=True, **files)
    play(inventory=inventory, playbook=playbook("verify")).ok()
    before = {kind: (tmp_path / f"run.{kind}").read_text() for kind in ("junit", "prometheus")}
    play(inventory=inventory, playbook=playbook("status"))
    play(inventory=inventory, playbook=SETUP).ok()
    assert {kind: (tmp_path / f"run.{kind}").read_text() for kind in before} == before
    assert "source-bucket" in before["prometheus"]


@pytest.mark.parametrize("name", ["validate", "status", "setup", "repair"])
def test_a_run_lists_the_reports_that_it_does_not_write(
    play: Plays, source: Side, target: Side, tmp_path: Path, name: str
) -> None:
    """Also if no other report is configured."""
    set_up(source, target)
    (tmp_path / "rclone").mkdir()
    named = {f"replication_report_{kind}": str(tmp_path / kind) for kind in KINDS[2:]}
    inventory = play.inventory(
        replication_verify_allow_empty=True, replication_repair_configuration=True, **named
    )
    file = SETUP if name == "setup" else playbook(name)
    output = " ".join(play("--limit", "node1", inventory=inventory, playbook=file).output.split())
    said = f"compares no buckets, so it does not write {', '.join(named)}: verify"
    assert (said in output) is (name != "repair")


@pytest.mark.parametrize("option", ["report_file", "status_file"])
@pytest.mark.parametrize("module", ["verify", "backfill"])
def test_a_job_checks_its_files_before_the_first_call(
    source: Side, target: Side, tmp_path: Path, module: str, option: str
) -> None:
    """A file that is written at the end would otherwise fail after hours of work."""
    set_up(source, target)
    source.sandbox.clear_calls()
    ends = {
        side.name: {"s3": side.connection("s3"), "bucket": f"{side.name}-bucket"}
        for side in (source, target)
    }
    result = source.run(module, **ends, **{option: str(tmp_path / "none" / "file")})
    assert "none does not exist" in result["msg"]
    assert source.sandbox.calls() == []


@pytest.mark.parametrize("given", ["", "none/pairs.json", "."])
def test_an_event_file_that_cannot_be_written_fails_with_the_reason(
    play: Plays, tmp_path: Path, given: str
) -> None:
    """The task that writes secrets has no_log and hides its error, so an earlier task reports the reason."""
    path = str(tmp_path / given) if given else ""
    file = ROOT / "playbooks" / "write_event_pairs.yml"
    message = play("-e", f"replication_event_file={path}", playbook=file).failure()
    assert message.startswith("Set replication_event_file of node1 to the file for the pairs")
    assert message.endswith(f"It is {path or 'not set'}.")


@pytest.mark.parametrize("content", [None, "no JSON", "{}"])
def test_an_invalid_state_file_of_the_event_source_fails(
    play: Plays, tmp_path: Path, content: str | None
) -> None:
    state = tmp_path / "state.json"
    if content is not None:
        state.write_text(content)
    file = ROOT / "playbooks" / "resend_stuck.yml"
    message = play("-e", f"replication_event_state={state}", playbook=file).failure()
    assert message.startswith("Set replication_event_state of node1 to the state file")
    assert f"It is {state}, which cannot be read" in message
    assert play.sandbox.calls() == []
