# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits the requests per second of a server."""

from __future__ import annotations

import threading
import time


class RateLimit:
    """A token bucket with the tokens of one second, at least one. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens = 0.0
        self._rate = 0.0
        self._at = 0.0

    def allows(self, rate: float) -> bool:
        """Whether one more request is within this rate per second; 0: unlimited."""
        if not rate:
            return True
        with self._lock:
            now = time.monotonic()
            if rate != self._rate:
                self._rate, self._tokens, self._at = rate, max(rate, 1.0), now
            grown = self._tokens + (now - self._at) * rate
            self._tokens, self._at = min(grown, max(rate, 1.0)), now
            if self._tokens < 1.0:
                return False
            self._tokens -= 1.0
            return True
