# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows sent versions until they are replicated or have failed, and pauses the sending while too many are
pending.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from .._documents.backfill_report import SourceVersion
from .._documents.names import key_bytes
from .._documents.replication import PENDING_STATUSES
from .._waiting import Deadline
from .backfill_ledger import Ledger
from .backfill_sender import Requests
from .readers import Readers

#: The number of versions in memory; the others are in the file of sent versions.
HELD = 1000
#: A poll of pending versions ends after this number of pending or completed versions, or of seconds.
STILL, DONE, LOOK = 20, 1000, 1.0
#: Seconds between two polls of versions, and of Backbeat.
PAUSE, BACKLOG_INTERVAL = 0.5, 5.0
POLL = 0.1


class Outcomes:
    """Follows the outcome of sent versions, and limits the backlog. One thread polls for all.

    limit: the maximum number of pending versions, None for any number. backlog: returns the size of Backbeat's backlog,
    if its API is configured. wanted: whether outcomes are followed at all. side_by_side: the number of parallel HEAD
    requests, as many as there are senders: sequential ones on a slow connection would block all senders at the limit.
    """

    def __init__(
        self,
        requests: Requests,
        ledger: Ledger,
        *,
        limit: int | None,
        backlog: Callable[[], int] | None = None,
        wanted: bool,
        side_by_side: int = 1,
    ) -> None:
        self._requests = requests
        self._ledger = ledger
        self._limit = limit
        self._backlog = backlog
        self._control = requests.control
        self.following = wanted or limit is not None
        awaited = ledger.awaited
        self._offset: int = awaited.get("offset", ledger.began)
        self._waiting = deque(SourceVersion(**one) for one in awaited.get("waiting", ()))
        self._resolved: int = awaited.get("resolved", 0)
        self._looked = 0.0
        self._backlog_read = 0.0
        self._theirs = 0
        self.paused = False
        self._room = threading.Event()
        self._room.set()
        if wanted and ledger.report.outcome is None:
            ledger.report.outcome = {}
        self._wanted = wanted
        self._side_by_side = side_by_side
        self._readers = Readers(side_by_side)

    def close(self) -> None:
        """End the threads."""
        self._readers.close()

    @property
    def under_way(self) -> int:
        """The number of sent versions that are not known to be replicated or failed."""
        return max(0, self._ledger.lines_sent - self._resolved)

    def admit(self) -> None:
        """Return when the backlog allows another version. Raises Stopped or Stalled."""
        # Versions that were sent since the last poll count too.
        while not self._room.is_set() or (
            self._limit is not None and self.under_way >= self._limit
        ):
            self._control.check("waiting for Backbeat's backlog to shrink")
            self._control.sleep(POLL)

    def step(self) -> None:
        """Poll pending versions if a poll is due."""
        if not self.following or time.monotonic() - self._looked < PAUSE:
            return
        self._poll()
        self._looked = time.monotonic()
        if self._limit is not None:
            self._open_or_close(self._limit)

    def _open_or_close(self, limit: int) -> None:
        if self._backlog is not None and time.monotonic() - self._backlog_read > BACKLOG_INTERVAL:
            self._theirs = self._backlog()
            self._backlog_read = time.monotonic()
        most = max(self.under_way, self._theirs)
        # It opens again only well below the limit, so that it does not open and close with each version.
        if most >= limit:
            self.paused = True
            self._room.clear()
            self._control.lines.waiting(f"paused: {most:,} versions are under way")
        elif most <= limit * 0.8 or limit <= 1:
            self.paused = False
            self._room.set()

    def _poll(self) -> None:
        self._fill()
        still = done = 0
        left, began = len(self._waiting), time.monotonic()
        while left and still < STILL and done < DONE and time.monotonic() - began < LOOK:
            found = self._read(min(left, STILL - still, DONE - done))
            left -= len(found)
            for version, status in found:
                if status in PENDING_STATUSES:
                    still += 1
                    self._waiting.append(version)
                    continue
                done += 1
                self._resolved += 1
                self._control.deadlines.moved()
                if self._wanted:
                    with self._ledger.lock:
                        self._ledger.report.became(version.state, status)
        self._keep()

    def _read(self, most: int) -> list[tuple[SourceVersion, str]]:
        """Take the next waiting versions, and read their statuses."""
        count = min(most, self._side_by_side, len(self._waiting))
        versions = [self._waiting.popleft() for _version in range(count)]
        try:
            return list(zip(versions, self._readers.all(self._status, versions), strict=True))
        except BaseException:
            self._waiting.extendleft(reversed(versions))
            raise

    def _status(self, version: SourceVersion) -> str:
        key = key_bytes(version.key)
        head = self._requests.head("source", key, version.version_id.encode())
        return "gone" if head is None else head.status or "none"

    def _fill(self) -> None:
        lines: Iterator[tuple[int, SourceVersion]] = self._ledger.sent_lines(self._offset)
        while len(self._waiting) < HELD:
            entry = next(lines, None)
            if entry is None:
                return
            self._offset = entry[0]
            self._waiting.append(entry[1])

    def _keep(self) -> None:
        """Add the versions that are still pending to the next checkpoint."""
        self._ledger.awaited = {
            "offset": self._offset,
            "waiting": [dict(vars(one)) for one in self._waiting],
            "resolved": self._resolved,
        }

    def wait(self, seconds: float, meanwhile: Callable[[], None]) -> None:
        """Follow all versions until they are done or time runs out; the others count as pending then."""
        deadline = Deadline(seconds)
        while True:
            self._poll()
            self._fill()
            if not self._waiting:
                return
            if deadline.expired:
                break
            self._control.lines.waiting(
                f"{self.under_way:,} versions are under way, {self._resolved:,} are done"
            )
            self._control.deadlines.moved()
            meanwhile()
            self._control.sleep(min(PAUSE, deadline.remaining))
        while self._waiting:
            for version, status in self._read(len(self._waiting)):
                self._ledger.report.became(version.state, status)
                self._resolved += 1
            self._fill()
            meanwhile()
