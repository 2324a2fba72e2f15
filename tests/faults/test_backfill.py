# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backfill is killed at each of its writes, or its calls fail: the next run ends in the state of a clean run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devtools.places import CACHE
from sandbox.environments import SideName
from tests.faults.support.content import content
from tests.faults.support.matrix import LONG, SHORT
from tests.integration.support.modules import MODULES, Result, Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

pytestmark = pytest.mark.slow
FILES = ("checkpoint", "sent_file", "skipped_file")


def put_before_the_rule(source: Side, target: Side) -> None:
    """Put plain versions, a null version below newer ones, and a deleted key, all before the rule exists."""
    source.s3.create_bucket(Bucket=SOURCE_BUCKET)
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key="null", Body=b"1")
    set_up(source, target, but=("object", "replication"))
    for key in ("a", "a", "deleted", "null"):
        source.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"2", Tagging="team=storage")
    source.s3.delete_object(Bucket=SOURCE_BUCKET, Key="deleted")
    set_up(source, target, but=("object",))


def put_tagged(source: Side, target: Side) -> dict[str, Any]:
    """Returns the tags of each version."""
    put_before_the_rule(source, target)
    return {place: found[-1] for place, found in content(source).items() if place != "deleted"}


SENDERS = 2


def options(source: Side, target: Side, folder: Path) -> dict[str, Any]:
    return {
        "source": {"bucket": SOURCE_BUCKET, "s3": source.connection("s3")},
        "target": {"bucket": TARGET_BUCKET, "s3": target.connection("s3")},
        "resend_deleted_keys": True,
        "wait": True,
        "wait_timeout": 20.0,
        "first_timeout": 20.0,
        "settle_timeout": 20.0,
        "senders": SENDERS,
        **{name: str(folder / name) for name in FILES},
    }


def start(given: dict[str, Any]) -> subprocess.Popen[str]:
    """Start the module in its own process."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"{MODULES}.backbeat_backfill"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(CACHE)},
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": given}))
    process.stdin.close()
    return process


def run_to_the_end(source: Side, target: Side, folder: Path) -> Result:
    result = source.run("backfill", **options(source, target, folder))
    assert not result.get("failed"), result
    assert not (folder / "checkpoint").exists()
    return result


def writes(source: Side, target: Side, folder: Path) -> list[str]:
    """The write calls of a run without faults."""
    source.sandbox.reset()
    put_before_the_rule(source, target)
    source.sandbox.clear_calls()
    run_to_the_end(source, target, folder)
    return source.writes()


def test_after_a_kill_at_any_write_the_next_run_converges(
    source: Side, target: Side, tmp_path: Path
) -> None:
    """The server acts, and the process is killed before it gets the response."""
    clean = writes(source, target, tmp_path)
    assert sorted(clean) == ["DeleteObject", *["PutObjectTagging"] * 5]
    own = content(source)
    for number in range(len(clean)):
        folder = tmp_path / str(number)
        folder.mkdir()
        source.sandbox.reset()
        put_before_the_rule(source, target)
        operation = "DeleteObject" if not number else "PutObjectTagging"
        source.sandbox.clear_calls()
        source.sandbox.fail(operation, max(1, number), "source", "hang-after", seconds=60.0)
        process = start(options(source, target, folder))
        wanted: dict[str, Any] = {"side": "source", "operation": operation, "fault": "hang-after"}
        source.sandbox.wait_for_call(timeout=60.0, **wanted)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        process.stdout.close() if process.stdout else None
        source.sandbox.clear_faults()
        run_to_the_end(source, target, folder)
        found = content(source)
        assert {name.split()[0] for name in found} == {name.split()[0] for name in own}
        # Tags, order and current versions at the target are those of the source.
        there = content(target)
        assert there == found, number
        lines = (folder / "sent_file").read_text().splitlines()
        sent = [json.loads(line) for line in lines if json.loads(line).get("action") == "send"]
        # The last write of each sender before the kill is not recorded in the file.
        assert 5 - SENDERS <= len({(one["key"], one["version_id"]) for one in sent}) <= 5
        assert not source.run("backfill", **options(source, target, folder))["changed"]


#: Every call of a backfill, in an order in which each is still made after the previous ones failed permanently.
CALLS: list[tuple[SideName, str]] = [
    ("source", "GetBucketReplication"),
    ("source", "ListObjectVersions"),
    ("target", "ListObjectVersions"),
    ("source", "HeadObject"),
    ("target", "HeadObject"),
    ("source", "GetObjectTagging"),
    ("source", "DeleteObject"),
    ("source", "PutObjectTagging"),
]
#: Calls that a backfill does not require. Each run makes them; the last one is made for a deleted key.
OPTIONAL_CALLS: list[tuple[SideName, str]] = [
    ("target", "GetBucketReplication"),
    ("source", "GetBucketNotificationConfiguration"),
    ("source", "GetBucketLifecycleConfiguration"),
    ("source", "GetObjectLockConfiguration"),
    ("target", "GetObjectLockConfiguration"),
    ("source", "BackbeatMetadata"),
]
#: Responses to these have no body that a fault could replace.
WITHOUT_BODY = ("HeadObject", "PutObjectTagging", "DeleteObject")
BODIES = ("truncated", "garbage", "an error inside")
#: Faults after which the same run continues: how the sandbox causes them, and with which status.
TRANSIENT: dict[str, dict[str, Any]] = {
    "500": {"how": "error", "status": 500},
    "slow down": {"how": "error", "status": 503},
    "timeout": {"how": "hang"},
    "reset": {"how": "reset"},
    "reset after the server acted": {"how": "reset-after"},
    "a proxy's page": {"how": "html", "status": 502},
    "truncated": {"how": "truncated"},
    "no HTTP": {"how": "no-http"},
}
#: Faults that end a run, before the server acts. A 503 or a reset is handled like a 500.
PERMANENT: dict[str, dict[str, Any]] = {
    **{way: TRANSIENT[way] for way in ("500", "timeout", "a proxy's page", "truncated")},
    "a login page": {"how": "html", "status": 200},
    "garbage": {"how": "garbage"},
    "an error inside": {"how": "error-inside"},
    "refused": {"how": "error", "status": 403, "code": "AccessDenied"},
    "unknown key": {"how": "error", "status": 403, "code": "InvalidAccessKeyId"},
}


def can_fail(operation: str, way: str) -> bool:
    return way not in BODIES or operation not in WITHOUT_BODY


def test_lists_of_calls_are_complete(source: Side, target: Side, tmp_path: Path) -> None:
    writes(source, target, tmp_path)
    calls = {(call["side"], call["operation"]) for call in source.sandbox.calls()}
    assert calls == {*CALLS, *OPTIONAL_CALLS}


def with_short_timeouts(
    source: Side, target: Side, folder: Path, how: str, retry_timeout: float
) -> dict[str, Any]:
    """Options with which the client waits for a response no longer than the sandbox delays one."""
    given = options(source, target, folder)
    waits = {"retry_timeout": retry_timeout, "aws_config": SHORT if how == "hang" else LONG}
    for side in ("source", "target"):
        given[side]["s3"] = {**given[side]["s3"], **waits}
    return given


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("way", TRANSIENT)
def test_transient_failures_are_retried(
    source: Side, target: Side, tmp_path: Path, way: str
) -> None:
    """In one run, the first, fourth and ninth call of each kind fail."""
    put_before_the_rule(source, target)
    fault = TRANSIENT[way]
    failing = {one for one in (*CALLS, *OPTIONAL_CALLS) if can_fail(one[1], way)}
    # A delete is not retried: the next run reads whether it was done.
    failing -= {("source", "DeleteObject")}
    for side, operation in failing:
        # Each 503 halves the pace.
        for nth in (1, 4, 9) if way != "slow down" else (1,):
            source.sandbox.fail(operation, nth, side, seconds=1.5, **fault)
    given = with_short_timeouts(source, target, tmp_path, fault["how"], 20.0)
    result = source.run("backfill", **given)
    assert not result.get("failed"), result
    failed = source.sandbox.calls(fault=fault["how"])
    assert {(call["side"], call["operation"]) for call in failed} == failing
    assert content(target) == content(source)


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("way", PERMANENT)
def test_permanent_failure_is_reported_and_the_next_run_continues(
    source: Side, target: Side, tmp_path: Path, way: str
) -> None:
    """One call after the other fails, each in its own run. All runs use the same checkpoint."""
    tags = put_tagged(source, target)
    fault = PERMANENT[way]
    given = with_short_timeouts(source, target, tmp_path, fault["how"], 0.0)

    def run_with(operation: str, side: SideName) -> Result:
        source.sandbox.clear_calls()
        source.sandbox.fail(operation, 1, side, times=0, seconds=1.5, **fault)
        result = source.run("backfill", **given)
        source.sandbox.clear_faults()
        return result

    problems = []
    for side, operation in (*CALLS, *OPTIONAL_CALLS[:-1]):
        if not can_fail(operation, way):
            continue
        called = {"side": side, "operation": operation, "fault": fault["how"]}
        result = run_with(operation, side)
        if not source.sandbox.calls(**called) and (side, operation) in CALLS:
            # If the deleted key is sent before the others, an earlier run made this call, and has sent everything.
            source.sandbox.reset()
            (tmp_path / "checkpoint").unlink(missing_ok=True)
            tags = put_tagged(source, target)
            result = run_with(operation, side)
        where = f"{side} {operation}"
        if not source.sandbox.calls(**called):
            problems.append(f"{where} was not called")
        if "exception" in result:
            problems.append(f"{where}: {result['exception']}")
        elif (side, operation) in OPTIONAL_CALLS:
            if result.get("failed"):
                problems.append(f"{where} ended the run: {result['msg']}")
        elif result.get("failed"):
            if getattr(source.sandbox, side).s3_url not in result["msg"]:
                problems.append(f"{where} is not clear: {result['msg']}")
        elif way != "refused" or not result["backfill"]["skipped"].get("refused"):
            problems.append(f"{where} was not reported")
    assert not problems, "\n".join(problems)
    run_to_the_end(source, target, tmp_path)
    found = content(source)
    assert content(target) == found
    # An unreadable response was never taken for an empty set of tags.
    assert {place: found[place][-1] for place in tags} == tags


def test_without_backbeats_metadata_a_deleted_key_is_sent(
    source: Side, target: Side, tmp_path: Path
) -> None:
    """The delete marker may then be pending, so the backfill waits some seconds."""
    put_before_the_rule(source, target)
    side, operation = OPTIONAL_CALLS[-1]
    source.sandbox.fail(operation, 1, side, times=0, **PERMANENT["refused"])
    given = {**options(source, target, tmp_path), "settle_timeout": 3.0}
    assert not source.run("backfill", **given).get("failed")
    assert content(target) == content(source)
