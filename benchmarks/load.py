# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The use of the machine's processors by other programs, which makes wall times meaningless."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

#: Processors that others may use on average during a round that counts.
MOST = 0.25
#: Seconds over which the load is measured.
LOOK = 1.0


class OtherLoad:
    """The processors that others used since this was made: those of this process and its children are not counted.

    `running` are children that have not ended yet, such as stubs. Needs /proc, so on other systems it is None.
    """

    def __init__(self, running: Sequence[subprocess.Popen[bytes]] = ()) -> None:
        self._running = running
        self._began = self._now()

    def processors(self) -> float | None:
        """On average, such as 1.5."""
        now = self._now()
        if now is None or self._began is None:
            return None
        seconds, busy, own = (
            after - before for after, before in zip(now, self._began, strict=True)
        )
        return max(0.0, busy - own) / seconds if seconds else 0.0

    def _now(self) -> tuple[float, float, float] | None:
        """The clock, and seconds of processor time: of everything, and of this process and its children."""
        busy = busy_seconds()
        if busy is None:
            return None
        own = sum(_used(process.pid) for process in self._running)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            usage = resource.getrusage(who)
            own += usage.ru_utime + usage.ru_stime
        return time.monotonic(), busy, own


def busy_seconds() -> float | None:
    """Processor time that all programs together have used so far, None if the system does not tell."""
    try:
        first = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, first.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _used(pid: int) -> float:
    """Processor time of a process that runs."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(most: float, patience: float) -> bool:
    """Wait until others use at most so many processors, and no longer than so many seconds; whether it is quiet."""
    deadline = time.monotonic() + patience
    while True:
        load = OtherLoad()
        time.sleep(LOOK)
        found = load.processors()
        if found is None or found <= most:
            return True
        if time.monotonic() >= deadline:
            return False
