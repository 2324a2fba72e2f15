# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The threads of a backfill: the number of queued keys, and the end of the threads."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_compare import Case
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_workers import (
    HELD,
    KeyTask,
    Workers,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import Control, Stopped


class Done:
    """Replaces a ledger, and counts keys."""

    def __init__(self) -> None:
        self.keys = 0
        self._lock = threading.Lock()

    def done(self, ticket: Any, span: Any) -> None:
        with self._lock:
            self.keys += 1


def task() -> KeyTask:
    return KeyTask(cast(Any, None), None, Case(b"key", (), ()))


def test_only_some_keys_are_held_and_all_are_done() -> None:
    done, control, go = Done(), Control(), threading.Event()

    def work(*_arguments: Any) -> bool:
        go.wait()
        return True

    workers = Workers(work, cast(Any, done), control, 2)
    held = 0

    def meanwhile() -> None:
        # Called before each try to add a key; without room it is called for the same key again.
        nonlocal held
        held += 1
        if held > 14:
            go.set()

    for handed in range(1, 201):
        workers.put(task(), meanwhile)
        if not go.is_set():
            # Two in progress, and four queued for each thread.
            assert handed <= 2 + 8
    workers.drain(lambda: None)
    workers.close()
    assert done.keys == 200


def test_keys_that_require_waiting_do_not_block_other_keys() -> None:
    done, control = Done(), Control()
    go = threading.Event()

    def work(_ticket: Any, case: Case, _listed: bool, patient: bool) -> bool:
        if case.key == b"slow" and not patient:
            return False
        if case.key == b"slow":
            assert go.wait(60)
        return True

    workers = Workers(work, cast(Any, done), control, 1)
    for _key in range(HELD):
        workers.put(KeyTask(cast(Any, None), None, Case(b"slow", (), ())))
    workers.put(task())
    while done.keys < 1:
        control.sleep(0.01)
    go.set()
    workers.drain(lambda: None)
    workers.close()
    assert done.keys == HELD + 1


def test_the_first_error_ends_all_threads_and_put() -> None:
    control = Control()

    def work(*_arguments: Any) -> bool:
        raise ValueError("broken")

    workers = Workers(work, cast(Any, Done()), control, 2)

    def hand_over() -> None:
        for _key in range(1000):
            workers.put(task())

    with pytest.raises(ValueError, match="broken"):
        hand_over()
    workers.close()
    assert not any(thread.is_alive() for thread in workers._threads)


def test_a_stop_ends_put_and_waiting_threads() -> None:
    control = Control()
    workers = Workers(lambda *_arguments: True, cast(Any, Done()), control, 2)
    control.stop.set()
    with pytest.raises(Stopped):
        workers.put(task())
    workers.close()
    assert not any(thread.is_alive() for thread in workers._threads)
