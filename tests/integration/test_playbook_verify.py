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
from tests.integration.support.plays import PlaybookResult, Plays
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

VERIFY = ROOT / "playbooks" / "verify_replication.yml"


def test_a_pair_in_sync_is_reported_without_writes(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
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


def test_a_missing_replica_fails_the_play_after_the_report(
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
# More than one page of a listing, so that there are keys that divide the bucket into ranges.
COUNT = 1100


def inventory_with_workers(play: Plays, folder: Path, **variables: Any) -> dict[str, Any]:
    """The inventory with three workers that run modules in separate processes, as other machines do."""
    inventory = play.inventory(
        replication_verify_folder=str(folder),
        replication_verify_workers=["worker1", "worker2", "worker3"],
        replication_verify_ranges_per_worker=1,
        replication_verify_least_versions=1,
        **{"backbeat_in_process": False, **variables},
    )
    workers = {f"worker{number}": {} for number in (1, 2, 3)}
    inventory["all"].setdefault("children", {})["verify_workers"] = {"hosts": workers}
    return inventory


def merged_report(folder: Path) -> dict[str, Any]:
    name = f"node1__{SOURCE_BUCKET}__node6__{TARGET_BUCKET}"
    report: dict[str, Any] = json.loads((folder / f"{name}.report.json").read_text())
    return report


def test_three_workers_share_a_bucket_and_the_next_run_completes_a_killed_one(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    set_up(source, target, but=("object",))
    for side, bucket in (("source", SOURCE_BUCKET), ("target", TARGET_BUCKET)):
        source.sandbox.seed(side, bucket, COUNT)
    target.s3.put_object(Bucket=TARGET_BUCKET, Key="extra", Body=b"x")
    one = tmp_path / "one"
    play(inventory=play.inventory(replication_verify_folder=str(one)), playbook=VERIFY).ok()
    folder = tmp_path / "shared"
    # Slow enough that a worker can be killed while it runs.
    options = {"replication_verify_requests_per_second": 1.0}
    playing = play.start(
        "--forks=5", inventory=inventory_with_workers(play, folder, **options), playbook=SHARED
    )
    kill_a_worker(folder)
    played = playing.end()
    assert played.code != 0
    lost = merged_report(folder)
    assert (lost["verdict"], lost["complete"]) == ("incomplete", False)
    (gap,) = lost["gaps"]
    assert gap["reason"] == "range-lost"
    assert "were not verified" in played.output
    inventory = inventory_with_workers(play, folder, backbeat_in_process=True)
    play("--forks=5", inventory=inventory, playbook=SHARED).ok()
    whole, single = merged_report(folder), merged_report(one)
    assert whole["complete"]
    for name in ("listed", "states", "reasons", "problems", "first_problems", "verdict"):
        assert whole[name] == single[name], name


def kill_a_worker(folder: Path) -> None:
    """Kill the process of the first range that is running."""
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        for file in folder.glob("[!.]*.status.json.*"):
            status = json.loads(file.read_text())
            if status["state"] == "running":
                os.kill(status["pid"], signal.SIGKILL)
                return
        time.sleep(0.05)
    raise AssertionError("no worker began")


STORE = "report-parts"
PLAN, SLICE, MERGE = (
    VERIFY.with_name(f"verify_replication_{step}.yml") for step in ("plan", "slice", "merge")
)


def test_two_slices_exchange_their_parts_through_a_bucket(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    """Like jobs of an AWX workflow: each has its own folder, and all use one bucket of the target's S3."""
    set_up(source, target, but=("object",))
    for side, bucket in (("source", SOURCE_BUCKET), ("target", TARGET_BUCKET)):
        source.sandbox.seed(side, bucket, COUNT)
    for key in ("a-extra", "z-extra"):
        target.s3.put_object(Bucket=TARGET_BUCKET, Key=key, Body=b"x")
    target.s3.create_bucket(Bucket=STORE)
    one = tmp_path / "one"
    play(inventory=play.inventory(replication_verify_folder=str(one)), playbook=VERIFY).ok()

    def step(playbook: Path, name: str, number: int = 0, run: str = "monday") -> PlaybookResult:
        inventory = play.inventory(
            replication_verify_folder=str(tmp_path / name),
            replication_verify_slices=2,
            replication_verify_slice=number,
            replication_verify_ranges_per_worker=2,
            replication_verify_least_versions=1,
            replication_verify_run=run,
            replication_verify_store={
                "bucket": STORE,
                "prefix": "verify/",
                "s3": target.connection("s3"),
            },
        )
        return play("--forks=5", inventory=inventory, playbook=playbook)

    unplanned = step(SLICE, "early", 1)
    assert unplanned.code != 0
    assert "There is no plan of the run monday" in unplanned.output
    step(PLAN, "planner").ok()
    # If parts cannot be put, the slice continues, and the next run puts them.
    target.sandbox.fail("PutObject", side="target", status=403, code="AccessDenied", times=0)
    step(SLICE, "first", 1).ok()
    target.sandbox.clear_faults()
    assert len(target.s3.list_objects_v2(Bucket=STORE)["Contents"]) == 1
    step(SLICE, "first", 1).ok()
    keys = [object["Key"] for object in target.s3.list_objects_v2(Bucket=STORE)["Contents"]]
    assert len([key for key in keys if ".plan" in key]) == 1
    assert all(key.startswith("verify/") for key in keys)
    half = step(MERGE, "merger")
    assert half.code != 0
    lost = merged_report(tmp_path / "merger")
    assert (lost["verdict"], {gap["reason"] for gap in lost["gaps"]}) == (
        "incomplete",
        {"range-lost"},
    )
    secret = target.connection("s3")["secret_key"]
    played = [step(SLICE, "second", 2), step(MERGE, "merger")]
    for each in played:
        assert secret not in each.ok().output
    whole, single = merged_report(tmp_path / "merger"), merged_report(one)
    assert whole["complete"]
    for name in ("listed", "states", "reasons", "problems", "first_problems", "verdict"):
        assert whole[name] == single[name], name
    file = f"node1__{SOURCE_BUCKET}__node6__{TARGET_BUCKET}.problems.jsonl"
    lines = [
        sorted((folder / file).read_text().splitlines()) for folder in (tmp_path / "merger", one)
    ]
    assert lines[0] == lines[1]
    ranges_of_slices = [
        {path.name.rsplit(".", 1)[1] for path in (tmp_path / name).glob("*.report.json.monday.*")}
        - {"plan"}
        for name in ("first", "second")
    ]
    assert ranges_of_slices[0]
    assert ranges_of_slices[1]
    assert not ranges_of_slices[0] & ranges_of_slices[1]
