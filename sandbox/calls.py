# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of an environment's calls."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

from .operations import Call

LIMIT = 200_000


class CallLog:
    """Calls in the order of their arrival.

    An entry: {n, time, side, service, operation, bucket, key, name, write, user, status, error,
    fault, refused}; side is the environment's name; status is None during the call, and after a call without a
    response.
    """

    def __init__(self, side: str) -> None:
        self._side = side
        self._entries: deque[dict[str, Any]] = deque(maxlen=LIMIT)
        self._changed = threading.Condition()
        self._count = 0

    def arrived(self, call: Call) -> dict[str, Any]:
        """Add an entry, which `answered` completes."""
        with self._changed:
            self._count += 1
            entry: dict[str, Any] = {
                "n": self._count,
                "time": time.time(),
                "side": self._side,
                "service": call.service,
                "operation": call.operation,
                "bucket": call.bucket,
                "key": call.key,
                "name": call.name,
                "write": call.write,
                "user": "",
                "status": None,
                "error": "",
                "fault": "",
                "refused": False,
            }
            self._entries.append(entry)
            self._changed.notify_all()
            return entry

    def answered(self, entry: dict[str, Any], **facts: Any) -> None:
        with self._changed:
            entry.update(facts)
            self._changed.notify_all()

    def entries(self) -> list[dict[str, Any]]:
        with self._changed:
            return [dict(entry) for entry in self._entries]

    def wait(self, wanted: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """Wait for a call with these values; None if it does not come in time."""

        def find() -> dict[str, Any] | None:
            return next((one for one in self._entries if wanted.items() <= one.items()), None)

        with self._changed:
            found = self._changed.wait_for(find, seconds)
            return dict(found) if found else None

    def clear(self) -> None:
        with self._changed:
            self._entries.clear()
            self._count = 0
