# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook is killed with all its processes at each of its calls; the next run ends where a clean one does."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import Any

import pytest

from sandbox import Sandbox
from tests.faults.support.matrix import CallAt
from tests.faults.support.processes import descendants
from tests.faults.support.state import state_of
from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays, RunningPlaybook

pytestmark = [pytest.mark.slow]

# One host after the other, so that no two of them write at once and the order of writes is the same in each run.
IN_ORDER = ("--forks", "1")


def test_the_next_run_converges(play: Plays, source: Side, target: Side) -> None:
    """At each write the server acts, and then the processes die before they know.

    The next run goes on from there, and is killed at its own first write. Had the server not acted, what is left
    behind would be that of the write before.
    """
    sandbox = play.sandbox
    play(*IN_ORDER).ok()
    clean = state_of(source, target)
    calls = _writes(sandbox)
    assert {"CreateRole", "CreatePolicy", "AttachRolePolicy", "PutBucketReplication"} <= {
        at.operation for at in calls
    }
    sandbox.reset()
    for at in calls:
        sandbox.clear_calls()
        _run_and_kill(play, at, "hang-after")
        # What was there already is not written once more.
        assert [(call["side"], call["operation"]) for call in sandbox.calls(write=True)] == [
            (at.side, at.operation)
        ]
    play().ok()
    assert state_of(source, target) == clean
    assert not play().ok().changed()


def test_before_the_server_acts(play: Plays, source: Side, target: Side) -> None:
    _run_and_kill(play, CallAt("target", "CreateRole", 1, write=True, step=0), "hang")
    play().ok()
    assert not play().ok().changed()
    assert state_of(source)["source"]["s3"]["source-bucket"]["replication"]


def _writes(sandbox: Sandbox) -> list[CallAt]:
    """Each is the only one of its kind on its side: so the procedure is, and the faults rely on it."""
    calls = [
        CallAt(call["side"], call["operation"], 1, write=True, step=0)
        for call in sandbox.calls(write=True)
    ]
    assert len(set(calls)) == len(calls)
    return calls


def _run_and_kill(play: Plays, at: CallAt, how: str) -> None:
    """Start the playbook and kill all of it as soon as the call has arrived, and the server has acted if it shall."""
    play.sandbox.fail(at.operation, at.nth, at.side, how, seconds=60.0)
    playing = play.start(*IN_ORDER)
    wanted: dict[str, Any] = {"side": at.side, "operation": at.operation, "fault": how}
    play.sandbox.wait_for_call(timeout=60.0, **wanted)
    if how == "hang-after":
        _wait_until_it_acted(play.sandbox, wanted)
    _kill(playing)
    play.sandbox.clear_faults()


def _wait_until_it_acted(sandbox: Sandbox, wanted: dict[str, Any]) -> None:
    """The server names who signed before it acts; what it then does takes milliseconds."""
    deadline = time.monotonic() + 10.0
    while not sandbox.calls(**wanted)[0]["user"] and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)


def _kill(playing: RunningPlaybook) -> None:
    """No process has a chance to clean up, and none is left to go on."""
    process = playing.process
    # Stopped first, so that none of them starts another one while they are counted.
    os.kill(process.pid, signal.SIGSTOP)
    family = [process.pid, *descendants(process.pid)]
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert process.wait(10) == -signal.SIGKILL
    assert process.stdout is not None
    # A survivor would still hold the pipe.
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=10)
    assert process.stdout.closed
