# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One version is sent first: the others wait until it is replicated, and are then sent in parallel."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_sender import Gate

WAITING = 4


def test_keys_that_waited_for_the_first_are_sent_side_by_side() -> None:
    ledger = SimpleNamespace(proven=False)
    gate = Gate(cast(Any, ledger))
    begun = threading.Barrier(WAITING + 1)
    together = threading.Barrier(WAITING)

    def send() -> None:
        begun.wait(60)
        with gate.turn():
            # This barrier breaks unless all of them are here at the same time.
            together.wait(60)

    with ThreadPoolExecutor(WAITING) as pool:
        with gate.turn():
            others = [pool.submit(send) for _number in range(WAITING)]
            begun.wait(60)
            # Time for all threads to reach the gate: later ones are admitted too, and prove less.
            time.sleep(0.2)
            assert not together.n_waiting
            ledger.proven = True
        for other in others:
            other.result(60)


def test_a_key_that_was_skipped_proves_nothing_so_that_the_next_one_is_first() -> None:
    ledger = SimpleNamespace(proven=False)
    gate = Gate(cast(Any, ledger))
    with gate.turn():
        pass
    inside = []

    def send() -> None:
        with gate.turn():
            inside.append(ledger.proven)

    with gate.turn():
        thread = threading.Thread(target=send)
        thread.start()
        thread.join(0.2)
        assert not inside
        ledger.proven = True
    thread.join(60)
    assert inside == [True]


def test_the_error_of_the_first_key_is_raised_for_all_waiting_keys() -> None:
    ledger = SimpleNamespace(proven=False)
    gate = Gate(cast(Any, ledger))

    def fail() -> None:
        with gate.turn():
            raise ValueError("refused")

    for _turn in range(2):
        with pytest.raises(ValueError, match="refused"):
            fail()
