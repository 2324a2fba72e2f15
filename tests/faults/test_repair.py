# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook repair_replication is killed in each of its steps, or a call of a step fails for good."""

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
from tests.faults.test_backfill import content
from tests.faults.test_kill import _kill, _wait_until_it_acted
from tests.integration.support.modules import Side
from tests.integration.support.plays import Inventory, Plays, RunningPlaybook
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up
from tests.integration.test_playbook_repair import REPAIR, repaired
from tests.integration.test_verify import states, verify

pytestmark = pytest.mark.slow
VERSIONS = 4


@dataclass(frozen=True)
class Point:
    """A call of one step: the task that makes it, the nth of its kind on that side, how it is broken for good."""

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
LOOK = "Check both sides of every pair"
#: Ways differ, so that each is seen through to the page.
POINTS = [
    Point(LOOK, "GetBucketVersioning"),
    Point(BEFORE, "ListObjectVersions", how="truncated"),
    Point(RETRY, "BackbeatApi", write=True, how="html"),
    Point(SEND, "PutObjectTagging", 1),
    Point(SEND, "PutObjectTagging", 3, how="reset"),
    Point(AFTER, "ListObjectVersions", 5, how="html"),
]


@pytest.fixture
def broken(source: Side, target: Side) -> dict[str, Any]:
    """Versions with tags from before the rule, and one that failed while the target bucket was away; what is there."""
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


#: In this order: what a killed run has left to be done is enough for the next ones. The last finds nothing to send.
KILLED = [
    Point(LOOK, "GetBucketVersioning"),
    Point(BEFORE, "ListObjectVersions"),
    Point(RETRY, "BackbeatApi", write=True),
    Point(SEND, "PutObjectTagging"),
    Point(SEND, "PutObjectTagging"),
    Point(SEND, "HeadObject"),
    Point(AFTER, "ListObjectVersions", 2),
]


def test_after_kills_in_every_step_the_next_run_ends_as_one_without(
    play: Plays, source: Side, target: Side, broken: dict[str, Any], tmp_path: Path
) -> None:
    """Each run goes on from where the one before was killed: in each step, at each write, and while it waits.

    The server acts, and then all processes die before they know.
    """
    sandbox, given = source.sandbox, inventory(play, source, tmp_path)
    for at in KILLED:
        sandbox.clear_calls()
        waits = at.operation == "HeadObject"
        if waits:
            # What is sent stays pending.
            sandbox.settings("source", paused=True)
        else:
            sandbox.fail(at.operation, at.nth, at.side, "hang-after", seconds=60.0, write=at.write)
        playing = play.start(inventory=given, playbook=REPAIR)
        wanted: dict[str, Any] = {"side": at.side, "operation": at.operation, "fault": "hang-after"}
        if waits:
            put = sandbox.wait_for_call(timeout=90.0, side="source", operation="PutObjectTagging")
            _wait_for_looks(sandbox, put["time"])
        else:
            sandbox.wait_for_call(timeout=90.0, **wanted)
            _wait_until_it_acted(sandbox, wanted)
        _kill(playing)
        sandbox.clear_faults()
        sandbox.settings("source", paused=False)
        ended = [one["task"].rpartition(" : ")[2] for one in _records(playing)]
        order = [LOOK, BEFORE, RETRY, SEND, AFTER]
        assert [step for step in order if step in ended] == order[: order.index(at.step)], at
    report = repaired(play(inventory=given, playbook=REPAIR).ok())
    assert report["after"] == {"in_sync": VERSIONS}
    assert not report["stopped"]
    assert states(verify(source, target)) == {"in_sync": VERSIONS}
    # Tags, order and what is current are as they were, on both sides.
    assert content(source) == content(target) == broken
    assert not list(tmp_path.glob("*.checkpoint"))


def _wait_for_looks(sandbox: Sandbox, since: float) -> None:
    """Return once the version that was sent is looked at again and again."""
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        looks = sandbox.calls("source", operation="HeadObject")
        if sum(one["time"] > since for one in looks) >= 3:
            return
        time.sleep(0.05)
    pytest.fail("nothing waits for what was sent")


def _records(playing: RunningPlaybook) -> list[dict[str, Any]]:
    records = map(json.loads, playing.records.read_text().splitlines())
    return [one for one in records if one["host"] == "node1"]


@pytest.mark.parametrize("at", POINTS, ids=str)
def test_a_call_that_fails_for_good_is_told_and_nothing_is_called_well(
    play: Plays, source: Side, broken: dict[str, Any], tmp_path: Path, at: Point
) -> None:
    source.sandbox.fail(at.operation, at.nth, at.side, at.how, times=0, write=at.write)
    played = play(inventory=inventory(play, source, tmp_path), playbook=REPAIR)
    assert source.sandbox.calls(fault=at.how)
    report = repaired(played)
    page = unescape((tmp_path / "page.html").read_text())
    told = report["stopped"] or report["notes"][0]
    assert " at http" in told
    assert told in page
    if at.operation == "BackbeatApi":
        # Tags do what the API did not, and the last verification finds all well.
        played.ok()
        assert not report["stopped"]
        assert report["after"] == {"in_sync": VERSIONS}
    else:
        assert told in played.failure()
        assert report["stopped"]
        assert "none is left" not in page
    source.sandbox.clear_faults()
    assert content(source) == broken
