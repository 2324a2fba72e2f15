# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the time of programs, and the peak memory of their process trees."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools.places import ROOT
from devtools.processes import Failure, started

SAMPLING = 0.05  # seconds between two measurements of the memory

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Sample:
    """One run: wall-clock seconds, and CPU seconds of the program and its children."""

    seconds: float
    cpu: float


def run(commands: Sequence[Command], env: Mapping[str, str], cwd: Path = ROOT) -> Sample:
    """Run the commands, one after the other. Raises Failure, with the output, if one fails."""
    cpu_before, before = _cpu(), time.perf_counter()
    for command in commands:
        _succeed(command, env, cwd)
    return Sample(time.perf_counter() - before, _cpu() - cpu_before)


def peak_memory(command: Command, env: Mapping[str, str], cwd: Path = ROOT) -> float:
    """The peak memory of the program's process tree in MB: the sum of proportional set sizes.

    Shared memory (of forked workers and libraries) counts once. Sampling slows the program down: a
    run is either timed or sampled.
    """
    peak = 0.0
    ended = threading.Event()
    pids: list[int] = []

    def watch() -> None:
        nonlocal peak
        while not ended.wait(SAMPLING):
            if pids:
                peak = max(peak, sum(map(_pss, _tree(pids[0]))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        _succeed(command, env, cwd, lambda pid: pids.append(pid))
    finally:
        ended.set()
        watcher.join()
    return peak / 1e6


def _succeed(
    command: Command,
    env: Mapping[str, str],
    cwd: Path,
    on_start: Callable[[int], None] = lambda pid: None,
) -> None:
    with tempfile.TemporaryFile() as output:
        with started(command, cwd=cwd, env=env, output=output) as process:
            on_start(process.pid)
            code = process.wait()
        if code:
            output.seek(0)
            shown = output.read().decode(errors="replace")
            raise Failure(f"{shown}\nexit code {code}: {' '.join(map(str, command))}")


def _cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _tree(root: int) -> list[int]:
    """The process and all its descendants. Not by process group, because Ansible's workers have their own sessions."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                # The name, in brackets, may contain anything; the parent's number comes after it and the state.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def _pss(pid: int) -> int:
    """The proportional set size in bytes."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
