# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a watch in ansible-rulebook: reads in threads, and delivers each event at least once.

Events are written to the state file before delivery, and marked as delivered afterwards. Events that a crash may have
lost are delivered again with the same id.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from .._documents import events
from .._documents.events import Event, Reading
from .._jobs.checkpoint import Checkpoint
from .._work import InvalidDocument

LOG = logging.getLogger("scality.backbeat.replication")
State = dict[str, Any]
Scrub = Callable[[Any], Any]
#: Seconds between two writes of the state while many events are delivered.
SAVE_EVERY = 1.0


class Queue(Protocol):
    """The queue that ansible-rulebook passes to a source."""

    async def put(self, event: Event) -> None:
        """Deliver an event; wait while the queue is full."""


class Reader(Protocol):
    """Reads the areas that are watched."""

    @property
    def areas(self) -> Collection[str]:
        """The names of all areas."""

    def read(
        self, state: Mapping[str, Any], now: datetime, *, findings: bool = True
    ) -> list[Reading]:
        """Read all areas. Returns a reading for each area that could be read."""


@dataclass(frozen=True)
class Times:
    """Seconds between readings, between those that run preflight (0: never), and between heartbeats (0: none)."""

    interval: float
    preflight_interval: float
    heartbeat: float


class EventSource:
    """A watch with its state file. scrub: removes secrets from events."""

    def __init__(self, reader: Reader, file: str, times: Times, scrub: Scrub) -> None:
        self._reader = reader
        self._file = Checkpoint(Path(file), {"holds": "events"}, {})
        self._times = times
        self._scrub = scrub
        self._state: State = events.empty_state()
        self._read_at: str | None = None
        self._findings_at: float | None = None

    async def run(self, queue: Queue) -> None:
        """Watch until this is cancelled. Raises InvalidDocument if the state file cannot be used."""
        # Locked in this thread, because the lock belongs to the process and does not block.
        with self._file.locked():
            self._state = await asyncio.to_thread(self._load)
            tasks = [asyncio.create_task(self._watch(queue))]
            if self._times.heartbeat:
                tasks.append(asyncio.create_task(self._beat(queue)))
            try:
                done, _running = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
                for task in done:
                    task.result()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, queue: Queue) -> None:
        await self._hand_over(queue)
        while True:
            began = time.monotonic()
            await asyncio.to_thread(self._read)
            await self._hand_over(queue)
            await asyncio.sleep(max(0.0, self._times.interval - (time.monotonic() - began)))

    async def _beat(self, queue: Queue) -> None:
        while True:
            event = events.heartbeat(self._state, _now(), self._read_at)
            await queue.put(_message(event))
            await asyncio.sleep(self._times.heartbeat)

    async def _hand_over(self, queue: Queue) -> None:
        saved = time.monotonic()
        outbox = list(self._state["outbox"])
        for event in outbox:
            await queue.put(_message(event))
            self._state = events.mark_delivered(self._state, {event["id"]}, _now())
            # After a crash before the next write, the events since the last write are delivered again.
            if event is outbox[-1] or time.monotonic() - saved > SAVE_EVERY:
                await asyncio.to_thread(self._file.save, self._state)
                saved = time.monotonic()

    def _load(self) -> State:
        saved = self._file.load()
        if saved is None:
            return events.empty_state()
        if not events.is_state(saved):
            raise InvalidDocument(
                f"The file {self._file.path} holds no events of this version of the collection: "
                "name another file, or remove it."
            )
        return events.restarted(saved, _now())

    def _read(self) -> None:
        """Read all areas, and write the new events to the state file."""
        findings = self._wants_findings()
        readings = self._reader.read(self._state, _now(), findings=findings)
        now = _now()
        known = {event["area"] for event in self._state["open"].values()}
        # Drop problems of pairs that are no longer watched.
        readings += [Reading(area) for area in sorted(known - set(self._reader.areas))]
        state, new = events.advance(self._state, map(self._clean, readings), now)
        if new or state["notes"] != self._state["notes"]:
            self._file.save(state)
        self._state = state
        self._read_at = events.moment(now)
        if findings:
            self._findings_at = time.monotonic()
        for event in new:
            LOG.info("%s %s (%s)", event["state"], event["kind"], event["id"])

    def _wants_findings(self) -> bool:
        every = self._times.preflight_interval
        if not every:
            return False
        last = self._findings_at
        return last is None or time.monotonic() - last >= every

    def _clean(self, reading: Reading) -> Reading:
        """The reading without secrets, and without text that could be evaluated as a template later."""
        problems = tuple(
            replace(one, facts=self._scrub(events.harmless(dict(one.facts))))
            for one in reading.problems
        )
        return replace(reading, problems=problems)


def _message(event: Event) -> Event:
    """The event with the hosts to which a rule limits the playbook that it runs."""
    hosts = {"meta": {"hosts": [event["host"]]}} if "host" in event else {}
    return {"replication": event, **hosts}


def _now() -> datetime:
    return datetime.now(timezone.utc)
