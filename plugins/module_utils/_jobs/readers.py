# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Independent reads in parallel."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Readers:
    """Runs reads in up to `most` threads, which start on demand. Several threads may call `all` at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="read")

    def close(self) -> None:
        """Wait for running requests."""
        self._pool.shutdown(cancel_futures=True)

    def all(self, read: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """The results for all items, in order. Raises the first error after all threads have ended."""
        if len(items) < 3:
            return [read(item) for item in items]
        results: list[Any] = [None] * len(items)
        lock, following = threading.Lock(), iter(range(len(items)))

        def work() -> None:
            while True:
                with lock:
                    number = next(following, None)
                if number is None:
                    return
                results[number] = read(items[number])

        futures = [self._pool.submit(work) for _reader in range(min(self._most, len(items)))]
        errors = [error for error in (future.exception() for future in futures) if error]
        if errors:
            raise errors[0]
        return results
