# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a job: check mode, `changed`, and stopping."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from ansible.module_utils.common.parameters import remove_values

from .._clients.session import Connections
from .._jobs.job import Control, Deadlines, Interrupted, Job, Pace, Stopped
from .._waiting import Progress
from .._work import Unsatisfied
from .options import hidden
from .task import Kind, Task


def run_job(job: Job, control: Control, *, check_mode: bool) -> dict[str, Any]:
    """Run a job. Returns its result with "changes", and with "changed" if something was or would be written.

    Raises the job's errors; `seen` of an Unsatisfied has the same keys.
    """
    try:
        with interruptible(control.stop):
            facts = job.predict(control) if check_mode else job.run(control)
    except Unsatisfied as unsatisfied:
        raise unsatisfied.with_seen(_changed(unsatisfied.seen)) from unsatisfied
    return _changed(facts)


def control_of(job: Job, lines: Progress, conceal: Callable[[str], str]) -> Control:
    """The Control of a job: with its limits, `lines` for the terminal, and `conceal` for its files."""
    limits = job.limits
    return Control(
        Pace(limits.requests_per_second), Deadlines(limits.no_progress), lines, conceal=conceal
    )


def _changed(facts: dict[str, Any]) -> dict[str, Any]:
    return {"changed": bool(facts.get("changes")), **facts}


@contextlib.contextmanager
def interruptible(stop: threading.Event) -> Iterator[None]:
    """Make Ctrl-C and SIGTERM stop a job cleanly: `stop` is set for its threads, and Stopped is raised here.

    A second signal has its default effect. Only the main thread can catch signals; in others this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def interrupt(number: int, _frame: FrameType | None) -> None:
        restore()
        # Not stop.set() here: this thread may be waiting for `stop` and hold its lock.
        raise Interrupted(f"Interrupted by {signal.Signals(number).name}.")

    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    except Interrupted as interrupted:
        stop.set()
        raise Stopped(str(interrupted)) from None
    finally:
        restore()


def _run(
    task: Task[Any], work: Job, connections: Connections, _name: str, changes: list[str]
) -> dict[str, Any]:
    def conceal(text: str) -> str:
        # Secrets of profiles are only known after the profiles were read.
        known = hidden(task.argument_spec()["argument_spec"], connections.options)
        return str(remove_values(text, known))

    control = control_of(work, connections.progress, conceal)
    result = run_job(work, control, check_mode=connections.check_mode)
    changes.extend(result.get("changes", ()))
    return result


# Jobs have deadlines for a request and for no progress, but not as a whole: they may take days. A scan is a job without
# writes.
JOB = Kind(_run, limited=False)
SCAN = Kind(_run, writes=False, limited=False)
