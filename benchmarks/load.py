# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the CPU load by other programs, with which wall times are meaningless."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

#: The average number of processors that others may use during a valid round.
MOST = 0.25
#: Seconds over which the load is measured.
LOOK = 1.0


class OtherLoad:
    """Measures how many processors others use from its creation on, without this process and its children.

    `running`: children that have not ended yet, such as stubs. It needs /proc: on other systems the result is None.
    """

    def __init__(self, running: Sequence[subprocess.Popen[bytes]] = ()) -> None:
        self._running = running
        self._began = self._now()

    def processors(self) -> float | None:
        """The average number of processors, such as 1.5."""
        now = self._now()
        if now is None or self._began is None:
            return None
        seconds, busy, own = (
            after - before for after, before in zip(now, self._began, strict=True)
        )
        return max(0.0, busy - own) / seconds if seconds else 0.0

    def _now(self) -> tuple[float, float, float] | None:
        """The clock, and seconds of CPU time: of all programs, and of this process and its children."""
        busy = busy_seconds()
        if busy is None:
            return None
        own = sum(_used(process.pid) for process in self._running)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            usage = resource.getrusage(who)
            own += usage.ru_utime + usage.ru_stime
        return time.monotonic(), busy, own


def busy_seconds() -> float | None:
    """The CPU time of all programs so far, None if the system does not provide it."""
    try:
        first = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, first.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _used(pid: int) -> float:
    """The CPU time of a running process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(most: float, patience: float) -> bool:
    """Wait until others use at most `most` processors, at most `patience` seconds. Returns whether they do."""
    deadline = time.monotonic() + patience
    while True:
        load = OtherLoad()
        time.sleep(LOOK)
        found = load.processors()
        if found is None or found <= most:
            return True
        if time.monotonic() >= deadline:
            return False
