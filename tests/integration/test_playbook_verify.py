# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook verify_replication: all pairs of an inventory, their reports, and when it fails."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

VERIFY = ROOT / "playbooks" / "verify_replication.yml"


def test_a_pair_that_is_in_sync(play: Plays, source: Side, target: Side, tmp_path: Path) -> None:
    set_up(source, target)
    source.do("object_check", bucket=SOURCE_BUCKET, key="object-to-replicate")
    folder, page = tmp_path / "reports", tmp_path / "page.html"
    inventory = play.inventory(
        replication_verify_folder=str(folder), replication_report_html=str(page)
    )
    before = source.sandbox.calls(write=True)
    played = play(inventory=inventory, playbook=VERIFY).ok()
    assert source.sandbox.calls(write=True) == before
    name = f"node1__{SOURCE_BUCKET}__node6__{TARGET_BUCKET}"
    written = json.loads((folder / f"{name}.report.json").read_text())
    assert written["states"]["in_sync"]["count"] == 1
    assert (written["source"]["name"], written["target"]["name"]) == ("node1", "node6")
    assert SOURCE_BUCKET in page.read_text()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "1 pair" in played.output


def test_a_loss_fails_after_the_report(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    set_up(source, target)
    source.do("object_check", bucket=SOURCE_BUCKET, key="object-to-replicate")
    listed = target.s3.list_object_versions(Bucket=TARGET_BUCKET)["Versions"]
    target.s3.delete_object(
        Bucket=TARGET_BUCKET, Key=listed[0]["Key"], VersionId=listed[0]["VersionId"]
    )
    page = tmp_path / "page.html"
    inventory = play.inventory(replication_report_html=str(page))
    played = play(inventory=inventory, playbook=VERIFY)
    assert played.code != 0
    assert "missing although COMPLETED" in played.output
    assert "object-to-replicate" in page.read_text()
    again = play.inventory(replication_verify_accept={"missing": 1})
    play(inventory=again, playbook=VERIFY).ok()


SHARED = VERIFY.with_name("verify_replication_on_workers.yml")
COUNT = 4000


def shared(play: Plays, folder: Path, **variables: Any) -> dict[str, Any]:
    """The inventory with three more hosts, which share the work."""
    inventory = play.inventory(
        replication_verify_folder=str(folder),
        replication_verify_workers=["worker1", "worker2", "worker3"],
        replication_verify_ranges_per_worker=1,
        replication_verify_least_versions=1,
        # Modules in processes of their own, as on other machines, and slow enough to be killed.
        backbeat_in_process=False,
        **variables,
    )
    workers = {f"worker{number}": {} for number in (1, 2, 3)}
    inventory["all"].setdefault("children", {})["verify_workers"] = {"hosts": workers}
    return inventory


def merged(folder: Path) -> dict[str, Any]:
    name = f"node1__{SOURCE_BUCKET}__node6__{TARGET_BUCKET}"
    report: dict[str, Any] = json.loads((folder / f"{name}.report.json").read_text())
    return report


def test_three_workers_share_a_bucket_and_a_killed_one_is_continued(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    set_up(source, target, but=("object",))
    for side, bucket in (("source", SOURCE_BUCKET), ("target", TARGET_BUCKET)):
        source.sandbox.seed(side, bucket, COUNT)
    target.s3.put_object(Bucket=TARGET_BUCKET, Key="extra", Body=b"x")
    one = tmp_path / "one"
    play(inventory=play.inventory(replication_verify_folder=str(one)), playbook=VERIFY).ok()
    folder = tmp_path / "shared"
    options = {"replication_verify_requests_per_second": 1.0}
    playing = play.start("--forks=5", inventory=shared(play, folder, **options), playbook=SHARED)
    kill_a_worker(folder)
    played = playing.end()
    assert played.code != 0
    lost = merged(folder)
    assert (lost["verdict"], lost["complete"]) == ("incomplete", False)
    (gap,) = lost["gaps"]
    assert gap["reason"] == "range-lost"
    assert "were not verified" in played.output
    play("--forks=5", inventory=shared(play, folder), playbook=SHARED).ok()
    whole, single = merged(folder), merged(one)
    assert whole["complete"]
    for name in ("listed", "states", "reasons", "problems", "first_problems", "verdict"):
        assert whole[name] == single[name], name


def kill_a_worker(folder: Path) -> None:
    """Kill the process of the first part that is on its way."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for file in folder.glob("*.status.json.*"):
            status = json.loads(file.read_text())
            if status["state"] == "running":
                os.kill(status["pid"], signal.SIGKILL)
                return
        time.sleep(0.05)
    raise AssertionError("no worker began")
