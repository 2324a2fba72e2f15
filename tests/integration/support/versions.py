# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts versions, waits for their replication, and compares both sides."""

from __future__ import annotations

import time
from typing import Any

from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    TARGET_BUCKET,
    sides,
)


def put(side: Side, key: str, body: bytes = b"x") -> str:
    version: str = side.s3.put_object(Bucket=bucket_of(side), Key=key, Body=body)["VersionId"]
    return version


def bucket_of(side: Side) -> str:
    return SOURCE_BUCKET if side.name == "source" else TARGET_BUCKET


def wait_for_status(source: Side, *keys: str, status: str = "COMPLETED") -> None:
    deadline = time.monotonic() + 15
    for key in keys:
        while True:
            head = source.s3.head_object(Bucket=bucket_of(source), Key=key)
            if head.get("ReplicationStatus") == status:
                break
            assert time.monotonic() < deadline, head
            time.sleep(0.05)


def verify(source: Side, target_side: Side, **options: Any) -> Result:
    before = source.sandbox.calls(write=True)
    given: dict[str, Any] = {
        **sides(source, target_side),
        **options,
    }
    result = source.run("verify", **given)
    assert source.sandbox.calls(write=True) == before
    assert result["changed"] is False
    return result


def states(result: Result) -> dict[str, int]:
    found = result["verification"]["states"]
    return {name: tally["count"] for name, tally in found.items() if tally["count"]}


def pause(source: Side, paused: bool = True) -> None:
    source.sandbox.settings("source", paused=paused)


def disable(source: Side) -> Any:
    """Delete the configuration as an operator would; return a function that restores it."""
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    source.s3.delete_bucket_replication(Bucket=SOURCE_BUCKET)
    return lambda: source.s3.put_bucket_replication(
        Bucket=SOURCE_BUCKET, ReplicationConfiguration=stored
    )
