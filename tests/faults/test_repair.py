# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook repair_replication is killed in each of its steps, or a call of a step fails permanently."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.environments import SideName
from tests.faults.support.content import content
from tests.faults.support.interruption import kill, wait_until_the_server_acted
from tests.integration.support.modules import Side
from tests.integration.support.plays import Inventory, Plays, RunningPlaybook
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up
from tests.integration.support.repairs import REPAIR, repair_report
from tests.integration.support.versions import states, verify

pytestmark = pytest.mark.slow
VERSIONS = 4


@dataclass(frozen=True)
class Point:
    """A call of one step: the task that makes it, the nth of its kind on that side, and how it fails permanently."""

    step: str
    operation: str
    nth: int = 1
    side: SideName = "source"
    write: bool | None = None
    how: str = "error"

    def __str__(self) -> str:
        return f"{self.step.split()[0]}-{self.operation}-{self.nth}"


BEFORE = "Compare both buckets of every pair before"
AFTER = "Compare both buckets of every pair after"
SEND = "Send versions that the targets lack again"
RETRY = "Retry the versions that Backbeat lists as failed"
CHECK = "Check both sides of every pair"
#: Different faults, so that each of them is checked up to the HTML report.
POINTS = [
    Point(CHECK, "GetBucketVersioning"),
    Point(BEFORE, "ListObjectVersions", how="truncated"),
    Point(RETRY, "BackbeatApi", write=True, how="html"),
    Point(SEND, "PutObjectTagging", 1),
    Point(SEND, "PutObjectTagging", 3, how="reset"),
    Point(AFTER, "ListObjectVersions", 5, how="html"),
]


@pytest.fixture
def failed_replication(source: Side, target: Side) -> dict[str, Any]:
    """Put tagged versions before the rule, and one that fails while there is no target bucket; returns the versions."""
    source.sandbox.settings("source", retries=0)
    set_up(source, target, but=("object", "replication"))
    for key in ("old", "old", "other"):
        source.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"1", Tagging="team=storage")
    set_up(source, target, but=("object",))
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key="failed", Body=b"1", Tagging="team=other")
    source.do("object_check", bucket=SOURCE_BUCKET, key="failed", status=["FAILED"])
    target.do("bucket", name=TARGET_BUCKET, versioning="enabled")
    source.sandbox.clear_calls()
    return content(source)


def inventory(play: Plays, source: Side, folder: Path) -> Inventory:
    given = play.inventory(
        replication_verify_folder=str(folder),
        replication_report_html=str(folder / "page.html"),
        replication_backfill_senders=1,
        replication_backbeat_url=source.side.s3_url,
    )
    for host in given["all"]["hosts"].values():
        for name in ("replication_s3", "replication_iam"):
            host[name]["retry_timeout"] = 0.5
    return given


#: In this order, each killed run leaves enough work for the next ones. The last one finds nothing to send.
KILLED = [
    Point(CHECK, "GetBucketVersioning"),
    Point(BEFORE, "ListObjectVersions"),
    Point(RETRY, "BackbeatApi", write=True),
    Point(SEND, "PutObjectTagging"),
    Point(SEND, "PutObjectTagging"),
    Point(SEND, "HeadObject"),
    Point(AFTER, "ListObjectVersions", 2),
]


def test_next_run_converges_after_a_kill_in_each_step(
    play: Plays, source: Side, target: Side, failed_replication: dict[str, Any], tmp_path: Path
) -> None:
    """Each run continues where the previous one was killed: in each step, at each write, and while it waits.

    The server acts, and all processes are killed before they get the response.
    """
    sandbox, given = source.sandbox, inventory(play, source, tmp_path)
    for at in KILLED:
        sandbox.clear_calls()
        waits = at.operation == "HeadObject"
        if waits:
            # The version that is sent stays pending.
            sandbox.settings("source", paused=True)
        else:
            sandbox.fail(at.operation, at.nth, at.side, "hang-after", seconds=60.0, write=at.write)
        playing = play.start(inventory=given, playbook=REPAIR)
        wanted: dict[str, Any] = {"side": at.side, "operation": at.operation, "fault": "hang-after"}
        if waits:
            put = sandbox.wait_for_call(timeout=90.0, side="source", operation="PutObjectTagging")
            _wait_for_polls(sandbox, put["time"])
        else:
            sandbox.wait_for_call(timeout=90.0, **wanted)
            wait_until_the_server_acted(sandbox, wanted)
        kill(playing)
        sandbox.clear_faults()
        sandbox.settings("source", paused=False)
        ended = [one["task"].rpartition(" : ")[2] for one in _records(playing)]
        order = [CHECK, BEFORE, RETRY, SEND, AFTER]
        assert [step for step in order if step in ended] == order[: order.index(at.step)], at
    report = repair_report(play(inventory=given, playbook=REPAIR).ok())
    assert report["after"] == {"in_sync": VERSIONS}
    assert not report["stopped"]
    assert states(verify(source, target)) == {"in_sync": VERSIONS}
    # Tags, order and current versions are as before, on both sides.
    assert content(source) == content(target) == failed_replication
    assert not list(tmp_path.glob("*.checkpoint"))


def _wait_for_polls(sandbox: Sandbox, since: float) -> None:
    """Return once the version that was sent has been polled three times."""
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        polls = sandbox.calls("source", operation="HeadObject")
        if sum(one["time"] > since for one in polls) >= 3:
            return
        time.sleep(0.05)
    pytest.fail("the version that was sent is not polled")


def _records(playing: RunningPlaybook) -> list[dict[str, Any]]:
    records = map(json.loads, playing.records.read_text().splitlines())
    return [one for one in records if one["host"] == "node1"]


@pytest.mark.parametrize("at", POINTS, ids=str)
def test_permanent_failure_is_reported_and_not_called_a_success(
    play: Plays, source: Side, failed_replication: dict[str, Any], tmp_path: Path, at: Point
) -> None:
    source.sandbox.fail(at.operation, at.nth, at.side, at.how, times=0, write=at.write)
    played = play(inventory=inventory(play, source, tmp_path), playbook=REPAIR)
    assert source.sandbox.calls(fault=at.how)
    report = repair_report(played)
    page = unescape((tmp_path / "page.html").read_text())
    message = report["stopped"] or report["notes"][0]
    assert " at http" in message
    assert message in page
    if at.operation == "BackbeatApi":
        # The playbook sends by tags what the API did not retry, so the last verification finds everything in sync.
        played.ok()
        assert not report["stopped"]
        assert report["after"] == {"in_sync": VERSIONS}
    else:
        assert message in played.failure()
        assert report["stopped"]
        assert "none is left" not in page
    source.sandbox.clear_faults()
    assert content(source) == failed_replication
