# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast a job sends requests: never faster than asked, and slower while a server says SlowDown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

Clock = Callable[[], float]
#: The slowest pace that SlowDown leads to, in requests per second.
SLOWEST = 0.5
#: After a SlowDown, others within so many seconds belong to the same moment.
MOMENT = 1.0
#: So much faster the pace becomes with each second without a SlowDown.
RECOVERY = 1.1
#: After so many seconds without one, a pace without a limit of our own is unlimited again.
RECOVERED = 60.0


class Pace:
    """Shared by all threads of a job.

    `limit` is in requests per second, None for no limit of our own. A SlowDown halves the pace at that moment; without
    further ones it recovers by a tenth each second, up to the limit.
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
        """Requests per second that are allowed now; None: any number."""
        return self._rate

    def wait(self) -> None:
        """Return when the next request may be sent."""
        with self._lock:
            now = self._clock()
            self._measure(now)
            rate = self._recovered(now)
            if rate is None:
                return
            # Pauses are not saved up: after one, requests do not come in a burst.
            turn = max(self._next, now)
            self._next = turn + 1 / rate
        if turn > now:
            self._sleep(turn - now)

    def slow_down(self) -> None:
        """A server asked for fewer requests."""
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
        """The pace after the time without a SlowDown."""
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
