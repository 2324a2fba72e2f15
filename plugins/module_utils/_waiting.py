# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: one clock, one way to grow the pauses, for retries and for polling alike."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Clock = Callable[[], float]
Sleep = Callable[[float], None]
Jitter = Callable[[float, float], float]
# No cap makes the pauses shorter than this: a server is not to be asked without a break.
SHORTEST = 0.01


@dataclass
class Backoff:
    """Pauses that grow up to a cap, until a deadline.

    All times are in seconds; `timeout` counts from the creation of the object, on a monotonic clock.
    A pause lasts between half of the current step and the whole of it, so that many clients that
    failed at the same moment do not come back at the same moment.
    """

    timeout: float
    first: float = 0.2
    cap: float = 5.0
    growth: float = 2.0
    clock: Clock = time.monotonic
    sleep: Sleep = time.sleep
    jitter: Jitter = random.uniform
    started: float = field(init=False)
    step: float = field(init=False)

    def __post_init__(self) -> None:
        self.cap = max(self.cap, SHORTEST)
        self.restart()

    def restart(self) -> None:
        """Begin anew, with the whole time and the first pause."""
        self.started = self.clock()
        self.step = min(self.first, self.cap)

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self.clock() - self.started

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, 0 once it has passed."""
        return max(0.0, self.timeout - self.elapsed)

    def pause(self) -> bool:
        """Sleep for the next pause and return True, or return False at once when time is up.

        The last pause is cut so that one more look happens at the deadline.
        """
        remaining = self.remaining
        if remaining <= 0:
            return False
        self.sleep(min(self.jitter(self.step / 2, self.step), remaining))
        self.step = min(self.step * self.growth, self.cap)
        return True
