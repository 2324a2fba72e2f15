# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what all users of the machine can see of processes: their arguments and their parents."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def watching_processes() -> Iterator[set[str]]:
    """Collect the arguments of all descendants of this process, ten times a second, until the context ends."""
    seen: set[str] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            for pid in descendants(os.getpid()):
                with suppress(OSError):
                    seen.add(Path(f"/proc/{pid}/cmdline").read_text(errors="replace"))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def descendants(pid: int) -> list[int]:
    """The ids of the processes that this one has started, directly or indirectly."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name may contain anything, also brackets. After it come the state and the parent.
            parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found: list[int] = []
    left = [pid]
    while left:
        of_this = children.get(left.pop(), [])
        found += of_this
        left += of_this
    return found
