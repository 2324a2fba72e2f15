# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs programs so that none outlives the process that started it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

GRACE = 10.0  # seconds between SIGTERM and SIGKILL for a process group


class Failure(Exception):
    """An error that is shown to the user as one message, without a traceback."""


def end_as_interrupt() -> None:
    """Make SIGTERM and SIGHUP unwind the stack like Ctrl-C, so that all processes are ended.

    Ctrl-C is enabled too, because background jobs of a shell ignore it by default.
    """

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(signum).name)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


@contextlib.contextmanager
def started(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    output: IO[bytes] | int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` in its own process group, which is ended at the end of the block."""
    sys.stdout.flush()
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    # End the program's remaining children; the group's number is in use as long as one of them exists.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
