# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backfill is killed at each of its writes, or a call of it fails: the next run ends where a clean one does."""

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
from tests.integration.support.modules import MODULES, Result, Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

pytestmark = pytest.mark.slow
FILES = ("checkpoint", "sent_file", "skipped_file")


def existing(source: Side, target: Side) -> None:
    """Plain versions, a key with a null version below others, a deleted one; the rule came later."""
    source.s3.create_bucket(Bucket=SOURCE_BUCKET)
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key="null", Body=b"1")
    set_up(source, target, but=("object", "replication"))
    for key in ("a", "a", "deleted", "null"):
        source.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"2", Tagging="team=storage")
    source.s3.delete_object(Bucket=SOURCE_BUCKET, Key="deleted")
    set_up(source, target, but=("object",))


def options(source: Side, target: Side, folder: Path) -> dict[str, Any]:
    return {
        "source": {"bucket": SOURCE_BUCKET, "s3": source.connection("s3")},
        "target": {"bucket": TARGET_BUCKET, "s3": target.connection("s3")},
        "resend_deleted_keys": True,
        "wait": True,
        "wait_timeout": 20.0,
        "first_timeout": 20.0,
        "settle_timeout": 20.0,
        "senders": 2,
        **{name: str(folder / name) for name in FILES},
    }


def content(side: Side) -> dict[str, Any]:
    """What a side holds, without the names of delete markers, of which more than one may be made."""
    bucket = SOURCE_BUCKET if side.name == "source" else TARGET_BUCKET
    found: dict[str, Any] = {}
    page = side.s3.list_object_versions(Bucket=bucket)
    for row in page.get("Versions", ()):
        named = {"Bucket": bucket, "Key": row["Key"], "VersionId": row["VersionId"]}
        tags = side.s3.get_object_tagging(**named)["TagSet"]
        place = f"{row['Key']} {row['VersionId']}"
        found[place] = [row["IsLatest"], row["ETag"], tags]
    markers = {row["Key"] for row in page.get("DeleteMarkers", ()) if row["IsLatest"]}
    return {**found, "deleted": sorted(markers)}


def start(given: dict[str, Any]) -> subprocess.Popen[str]:
    """The module in a process of its own."""
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


def whole(source: Side, target: Side, folder: Path) -> Result:
    result = source.run("backfill", **options(source, target, folder))
    assert not result.get("failed"), result
    assert not (folder / "checkpoint").exists()
    return result


def writes(source: Side, target: Side, folder: Path) -> list[str]:
    """The writes of a clean run."""
    source.sandbox.reset()
    existing(source, target)
    source.sandbox.clear_calls()
    whole(source, target, folder)
    return source.writes()


def test_after_a_kill_at_any_write_the_next_run_converges(
    source: Side, target: Side, tmp_path: Path
) -> None:
    """The server acts, and then the process dies before it knows."""
    clean = writes(source, target, tmp_path)
    assert sorted(clean) == ["DeleteObject", *["PutObjectTagging"] * 5]
    own = content(source)
    for number in range(len(clean)):
        folder = tmp_path / str(number)
        folder.mkdir()
        source.sandbox.reset()
        existing(source, target)
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
        whole(source, target, folder)
        found = content(source)
        assert {name.split()[0] for name in found} == {name.split()[0] for name in own}
        # Nothing is half done: tags, order and what is current are the source's.
        there = content(target)
        assert there == found, number
        lines = (folder / "sent_file").read_text().splitlines()
        sent = [json.loads(line) for line in lines if json.loads(line).get("action") == "send"]
        # The last write before the kill is not written down.
        assert 4 <= len({(one["key"], one["version_id"]) for one in sent}) <= 5
        assert not source.run("backfill", **options(source, target, folder))["changed"]


@pytest.mark.parametrize("how", ["error", "reset", "reset-after", "html", "truncated"])
def test_a_call_that_fails_once_is_made_good(
    source: Side, target: Side, tmp_path: Path, how: str
) -> None:
    writes(source, target, tmp_path)
    calls = {(call["side"], call["operation"]) for call in source.sandbox.calls()}
    assert {
        ("source", "PutObjectTagging"),
        ("source", "GetObjectTagging"),
        ("source", "HeadObject"),
        ("target", "HeadObject"),
        ("source", "GetBucketReplication"),
        ("target", "ListObjectVersions"),
    } <= calls
    for side, operation in sorted(calls):
        source.sandbox.reset()
        existing(source, target)
        folder = tmp_path / f"{side}-{operation}"
        folder.mkdir()
        source.sandbox.fail(operation, 2 if operation.endswith("Tagging") else 1, side, how)
        result = source.run("backfill", **options(source, target, folder))
        if operation == "DeleteObject" and result.get("failed"):
            # It is not repeated: whether it was done is read by the next run.
            whole(source, target, folder)
        else:
            assert not result.get("failed"), (side, operation, result)
        assert content(target) == content(source), (side, operation)
