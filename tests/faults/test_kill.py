# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook is killed with all its processes at each write; the next run ends in the state of a clean run."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import Sandbox
from tests.faults.support.interruption import kill, wait_until_the_server_acted
from tests.faults.support.matrix import CallAt
from tests.faults.support.state import state_of
from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays

pytestmark = [pytest.mark.slow]

# One host after the other, so that the order of writes is the same in each run.
IN_ORDER = ("--forks", "1")


def test_next_run_converges_after_a_kill_at_each_write(
    play: Plays, source: Side, target: Side
) -> None:
    """At each write the server acts, and the processes are killed before they get the response.

    The next run starts from that state, and is killed at its own first write. A kill before the server acts would
    leave the state of the previous write, so it needs no test at each write.
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
        # Resources that exist already are not written again.
        assert [(call["side"], call["operation"]) for call in sandbox.calls(write=True)] == [
            (at.side, at.operation)
        ]
    play().ok()
    assert state_of(source, target) == clean
    assert not play().ok().changed()


def test_next_run_converges_after_a_kill_before_the_server_acts(
    play: Plays, source: Side, target: Side
) -> None:
    _run_and_kill(play, CallAt("target", "CreateRole", 1, write=True, step=0), "hang")
    play().ok()
    assert not play().ok().changed()
    assert state_of(source)["source"]["s3"]["source-bucket"]["replication"]


def _writes(sandbox: Sandbox) -> list[CallAt]:
    """The write calls. Each operation is called once on its side, on which the faults rely."""
    calls = [
        CallAt(call["side"], call["operation"], 1, write=True, step=0)
        for call in sandbox.calls(write=True)
    ]
    assert len(set(calls)) == len(calls)
    return calls


def _run_and_kill(play: Plays, at: CallAt, how: str) -> None:
    """Start the playbook and kill it once the call has arrived, or once the server has acted if how is "hang-after"."""
    play.sandbox.fail(at.operation, at.nth, at.side, how, seconds=60.0)
    playing = play.start(*IN_ORDER)
    wanted: dict[str, Any] = {"side": at.side, "operation": at.operation, "fault": how}
    play.sandbox.wait_for_call(timeout=60.0, **wanted)
    if how == "hang-after":
        wait_until_the_server_acted(play.sandbox, wanted)
    kill(playing)
    play.sandbox.clear_faults()
