# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills a playbook with all its processes, after the server acted on a call."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import Any

from sandbox import Sandbox
from tests.faults.support.processes import descendants
from tests.integration.support.plays import RunningPlaybook


def wait_until_the_server_acted(sandbox: Sandbox, wanted: dict[str, Any]) -> None:
    """Wait until the server has logged the user, which it does just before it acts; acting takes milliseconds."""
    deadline = time.monotonic() + 10.0
    while not sandbox.calls(**wanted)[0]["user"] and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)


def kill(playing: RunningPlaybook) -> None:
    """Kill all processes of the playbook, without a chance to clean up."""
    process = playing.process
    # Stop it first, so that it starts no other process while the list is read.
    os.kill(process.pid, signal.SIGSTOP)
    pids = [process.pid, *descendants(process.pid)]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    assert process.stdout is not None
    # A process that is still alive would hold the pipe open.
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=10)
    assert process.stdout.closed
