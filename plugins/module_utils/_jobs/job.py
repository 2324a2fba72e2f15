# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface of jobs, and the objects that they use: limits, pace, progress, and a stop signal.

A job reads or writes many objects. It streams them, so that its memory does not depend on their number. It can be
stopped at any point and continued from its checkpoint, and its result lists all its changes.
"""

from __future__ import annotations

import json
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._waiting import Progress
from .._work import Failure
from .checkpoint import write_atomically

Clock = Callable[[], float]
STATUS_SCHEMA = "scality.backbeat.status/1"
#: Seconds between two writes of the status file.
STATUS_INTERVAL = 2.0
#: The minimum pace after SlowDown responses, in requests per second.
SLOWEST = 0.5
#: SlowDown responses within this many seconds of the first one count as one.
MOMENT = 1.0
#: The growth of the pace for each second without a SlowDown.
RECOVERY = 1.1
#: Seconds without a SlowDown after which a pace without a configured limit is unlimited again.
RECOVERED = 60.0


class Stopped(Failure):
    """The job was stopped. It can continue from its checkpoint, if it has one."""


class Interrupted(BaseException):
    """A signal stopped the job. Not an Exception, because libraries handle those as connection errors."""


class Stalled(Failure):
    """The job made no progress for too long; `str()` is a sentence."""


@dataclass(frozen=True)
class JobLimits:
    """The limits of a job: requests per second (None: unlimited), and seconds without progress."""

    requests_per_second: float | None = None
    no_progress: float = 900.0


class Job(ABC):
    """Work over many objects. The engine calls `run`, or in check mode `predict`.

    Both return the result, with "changes", a list of the writes that were or would be made. They raise Unsatisfied if
    the outcome is not as requested, and ApiError if a call failed.
    """

    limits = JobLimits()

    @abstractmethod
    def run(self, control: Control) -> dict[str, Any]:
        """Do the work."""

    @abstractmethod
    def predict(self, control: Control) -> dict[str, Any]:
        """The result that `run` would have, without a write. A job that only reads runs here too."""


@dataclass
class Deadlines:
    """Limits the time without progress, in seconds. Threads share it.

    The whole job has no deadline, because it may take days; each request has its own.
    """

    progress: float = 900.0
    clock: Clock = time.monotonic
    _moved: float = field(init=False)

    def __post_init__(self) -> None:
        self._moved = self.clock()

    def moved(self) -> None:
        """Restart the time without progress."""
        self._moved = self.clock()

    def check(self, doing: str) -> None:
        """Raise Stalled after too long without progress; `doing` completes "no progress for 900 s while"."""
        idle = self.clock() - self._moved
        if idle > self.progress:
            raise Stalled(
                f"The job made no progress for {idle:.0f} s while {doing}. "
                "Check that both endpoints answer, then run again: the job continues from its checkpoint if it has one."
            )


class Pace:
    """Limits the rate of requests. All threads of a job share it.

    `limit` is in requests per second, None for no configured limit. A SlowDown halves the current pace; after that it
    recovers by a tenth each second, up to the limit.
    """

    def __init__(
        self,
        limit: float | None = None,
        *,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limit = limit
        self.slowed = 0
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._rate = limit
        self._next = clock()
        self._slowed_at: float | None = None
        self._recovered_at = clock()
        self._window = (clock(), 0)
        self._measured = 0.0

    @property
    def rate(self) -> float | None:
        """The current limit in requests per second; None: unlimited."""
        return self._rate

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        with self._lock:
            now = self._clock()
            self._measure(now)
            rate = self._recovered(now)
            if rate is None:
                return
            # Unused time is not saved: there is no burst of requests after a pause.
            turn = max(self._next, now)
            self._next = turn + 1 / rate
        if turn > now:
            self._sleep(turn - now)

    def slow_down(self) -> None:
        """Reduce the pace after a SlowDown response."""
        with self._lock:
            now = self._clock()
            self.slowed += 1
            self._recovered_at = now
            if self._slowed_at is not None and now - self._slowed_at < MOMENT:
                return
            self._slowed_at = now
            current = self._rate if self._rate is not None else self._speed(now)
            self._rate = max(SLOWEST, current / 2)
            self._next = now + 1 / self._rate

    def _measure(self, now: float) -> None:
        since, count = self._window
        if now - since >= 1.0:
            self._measured = count / (now - since)
            since, count = now, 0
        self._window = (since, count + 1)

    def _speed(self, now: float) -> float:
        since, count = self._window
        return max(self._measured, count / max(1.0, now - since))

    def _recovered(self, now: float) -> float | None:
        """The pace, recovered by the time since the last SlowDown."""
        if self._slowed_at is None or self._rate is None:
            return self._rate
        quiet = int(now - self._recovered_at)
        self._recovered_at += quiet
        self._rate *= RECOVERY**quiet
        if self.limit is not None and self._rate >= self.limit:
            self._rate, self._slowed_at = self.limit, None
        elif self.limit is None and now - self._slowed_at > RECOVERED:
            self._rate, self._slowed_at = None, None
        return self._rate


class JobProgress:
    """Counts completed work, and reports it as lines and in a status file. Threads share it.

    `things`: the unit, such as "versions". `share`: the completed share, between 0 and 1, None while it is unknown.
    `counts`: further numbers by name, such as "sent". `refresh`: called before each report, to set values that are too
    expensive to update for each unit.
    """

    def __init__(
        self,
        things: str,
        lines: Progress | None = None,
        status_file: str | None = None,
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self.things = things
        self.done = 0
        self.problems = 0
        self.share: float | None = None
        self.counts: dict[str, int] = {}
        self.refresh: Callable[[], None] = lambda: None
        self._lines = lines or Progress()
        self._file = Path(status_file) if status_file else None
        self._clock = clock
        self._began = clock()
        self._started = _now()
        self._base = (0, 0.0)
        self._written = -STATUS_INTERVAL
        self._lock = threading.Lock()

    def resume(self, done: int, share: float) -> None:
        """Add the work of an earlier run, which does not count for the rate."""
        self.done, self.share, self._base = done, share, (done, share)

    @property
    def due(self) -> bool:
        """Whether a report is due."""
        return self._lines.due or self._write_due

    @property
    def _write_due(self) -> bool:
        return self._file is not None and self._clock() - self._written >= STATUS_INTERVAL

    def add(self, done: int) -> None:
        """Count completed work."""
        with self._lock:
            self.done += done
            if not self.due:
                return
            self.refresh()
            if self._lines.due:
                self._lines.waiting(self.line())
            if self._write_due:
                self._write("running")

    def end(self, state: str) -> None:
        """Write the last status: "finished", "stopped" or "failed"."""
        self.refresh()
        with self._lock:
            self._write(state)

    @property
    def rate(self) -> float:
        """Units per second in this run."""
        elapsed = self._clock() - self._began
        return (self.done - self._base[0]) / elapsed if elapsed > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """An estimate from this run's share of the work; None while it is unknown."""
        if self.share is None or self.share - self._base[1] <= 0:
            return None
        elapsed = self._clock() - self._began
        return elapsed * (1 - self.share) / (self.share - self._base[1])

    def line(self) -> str:
        """A line such as "1,234,567 versions, 52,000/s, 34 % done, 2 min left, 12 problems"."""
        parts = [f"{self.done:,} {self.things}", f"{self.rate:,.0f}/s"]
        if self.share is not None:
            parts.append(f"{self.share:.0%} done")
        left = self.seconds_left
        if left is not None:
            parts.append(f"{_duration(left)} left")
        if self.problems:
            parts.append(f"{self.problems:,} problems")
        parts += [f"{count:,} {name}" for name, count in self.counts.items() if count]
        return ", ".join(parts)

    def _write(self, state: str) -> None:
        if self._file is None:
            return
        self._written = self._clock()
        left = self.seconds_left
        status = {
            "schema": STATUS_SCHEMA,
            "state": state,
            "pid": os.getpid(),
            "started": self._started,
            "updated": _now(),
            "things": self.things,
            "done": self.done,
            "per_second": round(self.rate, 1),
            "share": None if self.share is None else round(self.share, 4),
            "seconds_left": None if left is None else round(left),
            "problems": self.problems,
            **self.counts,
        }
        write_atomically(self._file, json.dumps(status).encode() + b"\n", sync=False)


@dataclass
class Control:
    """The engine's interface for a job. `stop` is set when it is to end; `lines` shows lines in the terminal.

    conceal: returns a text, such as an error's, without the secrets in the process. The engine removes secrets from
    results, but not from files that a job writes.
    """

    pace: Pace = field(default_factory=Pace)
    deadlines: Deadlines = field(default_factory=Deadlines)
    lines: Progress = field(default_factory=Progress)
    stop: threading.Event = field(default_factory=threading.Event)
    conceal: Callable[[str], str] = str

    def check(self, doing: str) -> None:
        """Raise Stopped or Stalled if the job has to end."""
        if self.stop.is_set():
            raise Stopped(f"Stopped while {doing}.")
        self.deadlines.check(doing)

    def sleep(self, seconds: float) -> None:
        """Sleep; raise Stopped as soon as the job has to end."""
        if self.stop.wait(seconds):
            raise Stopped("Stopped while waiting.")


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
