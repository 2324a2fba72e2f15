# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts that are read once in a run."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.session import (
    SingleFlight,
)


def test_each_key_is_read_once() -> None:
    once, asked = SingleFlight(), []

    def find(key: str) -> str:
        asked.append(key)
        return key.upper()

    assert [once(key, partial(find, key)) for key in ("a", "b", "a")] == ["A", "B", "A"]
    assert asked == ["a", "b"]


def test_the_error_is_shared_by_all() -> None:
    once, asked = SingleFlight(), []

    def find() -> None:
        asked.append(1)
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            once("a", find)
    assert asked == [1]


def test_concurrent_calls_wait() -> None:
    once, asked, go = SingleFlight(), [], threading.Event()

    def find() -> int:
        asked.append(1)
        assert go.wait(10)
        return 7

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(once, "a", find) for _ in range(4)]
        go.set()
        assert [answer.result() for answer in answers] == [7] * 4
    assert asked == [1]
