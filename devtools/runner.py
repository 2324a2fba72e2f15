# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs gates, the quiet ones side by side, and tells in the end how each went."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devtools.gates import Gate, Options, Skipped, Step
from devtools.places import CACHE
from devtools.processes import Failure, started

LOGS = CACHE / "logs"
POLL = 0.05  # seconds
# Most programs of the quiet gates use one core, and often wait.
SIDE_BY_SIDE = 2


@dataclass
class Outcome:
    gate: Gate
    seconds: float = 0.0
    passed: bool = False
    closing_lines: list[str] = field(default_factory=list)


@dataclass
class Running:
    """A gate on its way; each step of `work` looks once whether its program has ended."""

    outcome: Outcome
    work: Generator[None, None, None]

    def ended(self) -> bool:
        return next(self.work, self) is self


def run_gates(
    gates: Sequence[Gate], options: Options, *, verbose: bool = False, stop_early: bool = False
) -> int:
    """Run the gates, print a summary, and return the exit code: 0 when every one has passed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    room = 1 if verbose or stop_early else SIDE_BY_SIDE
    start = time.monotonic()
    waiting = list(gates)
    running: list[Running] = []
    outcomes: list[Outcome] = []
    try:
        while waiting or running:
            while waiting and fits(waiting[0], running, room):
                outcomes.append(Outcome(waiting.pop(0)))
                running.append(Running(outcomes[-1], run_gate(outcomes[-1], options, verbose)))
            running = [one for one in running if not one.ended()]
            if stop_early and not running and not outcomes[-1].passed:
                break
            time.sleep(POLL)
    finally:
        for one in running:
            one.work.close()  # and with it its program
        summarise(gates, outcomes, time.monotonic() - start)
    return 0 if len(outcomes) == len(gates) and all(o.passed for o in outcomes) else 1


def fits(gate: Gate, running: Sequence[Running], room: int) -> bool:
    """Whether the gate can begin; one that shows what it does has the screen, and all cores, to itself."""
    if gate.stream or any(one.outcome.gate.stream for one in running):
        return not running
    return len(running) < room


def run_gate(outcome: Outcome, options: Options, verbose: bool) -> Generator[None, None, None]:
    """Run all steps of a gate; the output goes to .cache/logs, and is shown when one fails."""
    gate = outcome.gate
    log = LOGS / f"{gate.name}.log"
    shown = verbose or gate.stream
    if shown:
        print(f"\n=== {gate.name}: {gate.about}", flush=True)
    start = time.monotonic()
    codes: list[int] = []
    told: list[str] = []
    log.write_bytes(b"")
    try:
        for step in gate.steps(options):
            if step.about:
                outcome.closing_lines.append(f"{step.about}:")
            code, output = yield from run_step(step, log, shown=shown)
            codes.append(code)
            closing = step.closing_line(output)
            if closing:
                outcome.closing_lines.append(closing)
            told.append(output.rstrip() if code else closing)
    except Skipped as reason:
        codes.append(0)
        outcome.closing_lines.append(str(reason))
        told.append(str(reason))
    except Failure as failure:
        codes.append(1)
        outcome.closing_lines.append(str(failure))
        told.append(str(failure))
        if shown:
            print(failure, flush=True)
    outcome.seconds = time.monotonic() - start
    outcome.passed = bool(codes) and not any(codes)
    if not shown:
        print("\n".join([f"\n=== {gate.name}: {gate.about}", *filter(None, told)]), flush=True)


def run_step(step: Step, log: Path, *, shown: bool) -> Generator[None, None, tuple[int, str]]:
    """Run one program with its output appended to `log`; returns its exit code and that output.

    The output goes to the file and not through a pipe, which a server left behind could hold open.
    """
    with log.open("ab") as sink, log.open("rb") as source:
        source.seek(0, 2)
        output = bytearray()
        with started(step.command, cwd=step.cwd, env=step.environ(), output=sink) as process:
            while True:
                ended = process.poll() is not None
                chunk = source.read()
                output += chunk
                if shown and chunk:
                    sys.stdout.write(chunk.decode(errors="replace"))
                    sys.stdout.flush()
                if ended and not chunk:
                    break
                yield
    return process.returncode, output.decode(errors="replace")


def summarise(gates: Sequence[Gate], outcomes: Sequence[Outcome], seconds: float) -> None:
    """Print what each gate's programs said last, and how long each took; seconds: all of it."""
    print("\n=== Summary")
    for outcome in outcomes:
        for line in outcome.closing_lines:
            print(line)
    print()
    for outcome in outcomes:
        result = "passed" if outcome.passed else f"FAILED  (.cache/logs/{outcome.gate.name}.log)"
        print(f"{outcome.gate.name:<14}{outcome.seconds:8.1f} s  {result}")
    for gate in gates[len(outcomes) :]:
        print(f"{gate.name:<14}{'':>10}  not run")
    print(f"{'all':<14}{seconds:8.1f} s", flush=True)
