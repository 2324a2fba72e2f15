# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads that process keys in parallel.

Keys that require waiting (with a null version, or deleted) have separate threads, which mostly sleep, so that they do
not delay other keys.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from .._documents.verify_compare import Case
from .._documents.verify_ranges import Span
from .backfill_ledger import Ledger, Ticket
from .job import Control

#: Threads for keys that require waiting, and the maximum number of such keys in the queue.
PATIENT, HELD = 32, 256
POLL = 0.1
Work = Callable[[Ticket, Case, bool, bool], bool]


@dataclass(frozen=True)
class KeyTask:
    """A key that differs; listed: whether its rows are known too."""

    ticket: Ticket
    span: Span | None
    case: Case
    listed: bool = True


class _Tasks:
    """A queue of about `most` keys at most."""

    def __init__(self, most: int) -> None:
        # queue.Queue takes ten times as long: it is written in Python, and a thread that also has to check whether the
        # work has ended must poll it.
        self._tasks: queue.SimpleQueue[KeyTask | None] = queue.SimpleQueue()
        self._most = most
        self._room = threading.Event()
        self._room.set()

    def put(self, task: KeyTask, seconds: float) -> bool:
        """Add a key if there is room within so many seconds. Returns whether it was added."""
        if self._tasks.qsize() >= self._most:
            self._room.clear()
            # Another thread may have removed a key in the meantime.
            if self._tasks.qsize() >= self._most and not self._room.wait(seconds):
                return False
        self._tasks.put(task)
        return True

    def get(self) -> KeyTask | None:
        """Wait for the next key; None if there will be no more."""
        task = self._tasks.get()
        if not self._room.is_set() and self._tasks.qsize() <= self._most // 2:
            self._room.set()
        return task

    def end(self, threads: int) -> None:
        """Return None to this number of waiting threads."""
        for _thread in range(threads):
            self._tasks.put(None)


class Workers:
    """Runs `work` on keys in threads; the first error ends all of them."""

    def __init__(self, work: Work, ledger: Ledger, control: Control, count: int) -> None:
        self._work = work
        self._ledger = ledger
        self._control = control
        self._quick, self._patient = _Tasks(4 * count), _Tasks(HELD)
        self._ended = threading.Event()
        self._open = 0
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(tasks, tasks is self._patient), daemon=True)
            for tasks, number in ((self._quick, count), (self._patient, PATIENT))
            for _number in range(number)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, task: KeyTask, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Add a key as soon as there is room. Raises the error that ended the work, or Stopped."""
        with self._lock:
            self._open += 1
        self._put(self._quick, task, meanwhile)

    def _put(self, tasks: _Tasks, task: KeyTask, meanwhile: Callable[[], None]) -> None:
        while True:
            self.check()
            meanwhile()
            if tasks.put(task, POLL):
                return

    def check(self) -> None:
        """Raise the error that ended the work, or Stopped."""
        if self._error is not None:
            raise self._error
        self._control.check("sending")

    def drain(self, meanwhile: Callable[[], None]) -> None:
        """Wait until all keys are done. Raises the error that ended the work."""
        while True:
            self.check()
            with self._lock:
                if not self._open:
                    return
            meanwhile()
            self._ended.wait(POLL / 4)

    def close(self) -> None:
        """End the threads, each after the version that it is sending."""
        self._ended.set()
        for tasks in (self._quick, self._patient):
            tasks.end(len(self._threads))
        for thread in self._threads:
            thread.join()

    def _run(self, tasks: _Tasks, patient: bool) -> None:
        while True:
            task = tasks.get()
            if task is None or self._ended.is_set():
                return
            try:
                if not self._work(task.ticket, task.case, task.listed, patient):
                    self._put(self._patient, task, lambda: None)
                    continue
                self._ledger.done(task.ticket, task.span)
                with self._lock:
                    self._open -= 1
            except BaseException as error:
                with self._lock:
                    self._error = self._error or error
                self._ended.set()
