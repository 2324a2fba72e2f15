# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deadlines, growing pauses, and progress lines."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

#: The minimum of number options for which 0 makes no sense: there would be no work, or no pause.
LEAST = {"concurrency": 1, "interval": 0.1, "wait_max_delay": 0.01}

Clock = Callable[[], float]
Sleep = Callable[[float], None]
Jitter = Callable[[float, float], float]
Tell = Callable[[str], None]
# The minimum cap of pauses: a server must not be polled without a break.
SHORTEST = 0.01
# Seconds before the first line of progress and between lines: shorter work needs no progress lines.
INTERVAL = 3.0


class Deadline:
    """The time limit for all work of a task; `seconds` count from the creation, on a monotonic clock.

    The engine creates one for each task and passes it down; no layer waits beyond it.
    """

    def __init__(self, seconds: float = math.inf, clock: Clock = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._started = clock()

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, 0 once it has passed."""
        return max(0.0, self.seconds - (self._clock() - self._started))

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.remaining <= 0

    def extend(self, seconds: float) -> None:
        """Add time, for work whose size was not known before."""
        self.seconds += seconds

    def within(self, seconds: float) -> Deadline:
        """A deadline for a part of the work: `seconds` from now, but not later than this one."""
        return Deadline(min(seconds, self.remaining), self._clock)


@dataclass
class Backoff:
    """Pauses that grow up to a cap, until a time limit.

    All times are in seconds; `timeout` counts from the creation of the object, on a monotonic clock, and `deadline`
    ends it early. A pause lasts between half of the current step and all of it, so that clients that failed at the same
    time do not retry at the same time.
    """

    timeout: float
    first: float = 0.2
    cap: float = 5.0
    growth: float = 2.0
    clock: Clock = time.monotonic
    sleep: Sleep = time.sleep
    jitter: Jitter = random.uniform
    deadline: Deadline = field(default_factory=Deadline)
    started: float = field(init=False)
    step: float = field(init=False)

    def __post_init__(self) -> None:
        self.cap = max(self.cap, SHORTEST)
        self.restart()

    def restart(self) -> None:
        """Begin again with the full time limit and the first pause; the deadline stays."""
        self.started = self.clock()
        self.step = min(self.first, self.cap)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self.clock() - self.started

    @property
    def remaining(self) -> float:
        """Seconds until the time limit or the deadline, 0 once one has passed."""
        return min(max(0.0, self.timeout - self.elapsed), self.deadline.remaining)

    def pause(self) -> bool:
        """Sleep for the next pause and return True, or return False at once if the time is up.

        The last pause is shortened so that the last read happens at the time limit.
        """
        remaining = self.remaining
        if remaining <= 0:
            return False
        self.sleep(min(self.jitter(self.step / 2, self.step), remaining))
        self.step = min(self.step * self.growth, self.cap)
        return True


class Progress:
    """Reports how many of `total` items are done, and what the task waits for. Threads may share it.

    `tell` is called with one line, at least INTERVAL seconds after the last one; None: no lines. `things`: the items in
    messages, such as "buckets".
    """

    def __init__(
        self,
        tell: Tell | None = None,
        total: int = 1,
        things: str = "",
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self._tell = tell
        self._total = total
        self._things = things
        self._done = 0
        self._clock = clock
        self._last = clock()
        self._lock = threading.Lock()

    @property
    def due(self) -> bool:
        """Whether a line would be shown now; callers check this before they build an expensive line."""
        return self._tell is not None and self._clock() - self._last >= INTERVAL

    def done(self) -> None:
        """Count one more completed item."""
        with self._lock:
            self._done += 1
            if self._done < self._total:
                self._show("")

    def waiting(self, what: str) -> None:
        """Report what the task waits for, and its current state."""
        with self._lock:
            self._show(what)

    def _show(self, what: str) -> None:
        if self._tell is None or not self.due:
            return
        self._last = self._clock()
        count = f"{self._done:,} of {self._total:,} {self._things} done" if self._total > 1 else ""
        self._tell("; ".join(filter(None, (count, what))))
