# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the event source on the sandbox, as ansible-rulebook does, and collects its events."""

from __future__ import annotations

import asyncio
import re
import runpy
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from devtools.places import COLLECTION
from tests.integration.support.modules import Side
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_ROLE,
)

PLUGIN = COLLECTION / "extensions" / "eda" / "plugins" / "event_source" / "replication.py"
PAIR = "node1 source-bucket to target-bucket"
Event = dict[str, Any]


class Crash(BaseException):
    """Simulates that the process dies."""


class Collected:
    """Keeps all events. Put number `crash_at` raises Crash, after keeping the event if `takes`, else before."""

    def __init__(self, crash_at: int = 0, *, takes: bool = True) -> None:
        self.events: list[Event] = []
        self._crash_at = crash_at
        self._takes = takes
        self._puts = 0

    async def put(self, event: Event) -> None:
        await asyncio.sleep(0)
        assert event["replication"].keys() <= documented()
        self._puts += 1
        if self._puts == self._crash_at and not self._takes:
            raise Crash
        self.events.append(event["replication"])
        if self._puts == self._crash_at:
            raise Crash

    def of(self, kind: str, state: str | None = None) -> list[Event]:
        return [one for one in self.events if one["kind"] == kind and state in (None, one["state"])]


def arguments(source: Side, target: Side, folder: Path, **more: Any) -> dict[str, Any]:
    """The arguments for the guide's pair, with all intervals and delays as short as possible."""
    sides = {
        name: {
            "bucket": bucket,
            "role": role,
            **{
                service: {**side.connection(service), "retry_timeout": 0}
                for service in ("s3", "iam")
            },
        }
        for name, side, bucket, role in (
            ("source", source, SOURCE_BUCKET, SOURCE_ROLE),
            ("target", target, TARGET_BUCKET, TARGET_ROLE),
        )
    }
    return {
        "pairs": [{"host": "node1", "backbeat_url": source.side.s3_url, **sides}],
        "state_file": str(folder / "events.json"),
        "interval": 0.1,
        "heartbeat": 0,
        "stuck_after": 0,
        "paused_after": 0,
        "preflight_interval": 0,
        **more,
    }


@cache
def documented() -> frozenset[str]:
    """The keys that the plugin's documentation names."""
    text = plugin()["RETURN"]
    return frozenset([*yaml.safe_load(text), *re.findall(r"C\((\w+)\)", text)])


def plugin() -> dict[str, Any]:
    return runpy.run_path(str(PLUGIN))


class Watching:
    """A running event source; `until` waits for a condition on its events."""

    def __init__(self, args: dict[str, Any], queue: Collected | None = None) -> None:
        self.queue = queue or Collected()
        self._args = args
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Watching:
        self._task = asyncio.create_task(plugin()["main"](self.queue, dict(self._args)))
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def until(self, happened: Callable[[Collected], Any], seconds: float = 20.0) -> Any:
        """Wait until `happened` returns a true value, and return it. Raise an error of the source."""
        assert self._task is not None
        deadline = time.monotonic() + seconds
        while not (found := happened(self.queue)):
            if self._task.done():
                self._task.result()
            assert time.monotonic() < deadline, self.queue.events
            await asyncio.sleep(0.02)
        return found

    async def event(self, kind: str, state: str) -> Event:
        """Wait for the first event of this kind and state."""
        found: list[Event] = await self.until(lambda queue: queue.of(kind, state))
        return found[0]
