# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on while a task takes its time, in whole lines for whoever wants to hear them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

Tell = Callable[[str], None]
# Seconds between two lines, and before the first: what takes no longer than this needs no words.
INTERVAL = 3.0


class Progress:
    """Tells how many of `total` items are done, and what is waited for. Threads may share it.

    `tell` takes one line without its end, never sooner than INTERVAL seconds after the last one; None is told nothing.
    `things` is how the items are called, such as "buckets".
    """

    def __init__(
        self,
        tell: Tell | None = None,
        total: int = 1,
        things: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._total = total
        self._things = things
        self._done = 0
        self._clock = clock
        self._last = clock()
        self._lock = threading.Lock()

    def done(self) -> None:
        """One more item is done."""
        with self._lock:
            self._done += 1
            if self._done < self._total:
                self._say("")

    def waiting(self, what: str) -> None:
        """What is being waited for, and how it is now."""
        with self._lock:
            self._say(what)

    def _say(self, what: str) -> None:
        if self._tell is None or self._clock() - self._last < INTERVAL:
            return
        self._last = self._clock()
        count = f"{self._done:,} of {self._total:,} {self._things} done" if self._total > 1 else ""
        self._tell("; ".join(filter(None, (count, what))))
