# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs gates one after the other and tells in the end how each went."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devtools.gates import Gate, Options, Skipped, Step
from devtools.places import CACHE
from devtools.processes import Failure, started

LOGS = CACHE / "logs"
POLL = 0.05  # seconds


@dataclass
class Outcome:
    gate: Gate
    seconds: float = 0.0
    passed: bool = False
    closing_lines: list[str] = field(default_factory=list)


def run_gates(
    gates: Sequence[Gate], options: Options, *, verbose: bool = False, stop_early: bool = False
) -> int:
    """Run the gates, print a summary, and return the exit code: 0 when every one has passed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []
    try:
        for gate in gates:
            outcomes.append(run_gate(gate, options, verbose=verbose))
            if stop_early and not outcomes[-1].passed:
                break
    finally:
        summarise(gates, outcomes)
    return 0 if len(outcomes) == len(gates) and all(o.passed for o in outcomes) else 1


def run_gate(gate: Gate, options: Options, *, verbose: bool = False) -> Outcome:
    """Run all steps of a gate; the output goes to .cache/logs, and is shown when one fails."""
    outcome = Outcome(gate)
    log = LOGS / f"{gate.name}.log"
    shown = verbose or gate.stream
    print(f"\n=== {gate.name}: {gate.about}", flush=True)
    start = time.monotonic()
    codes: list[int] = []
    with log.open("wb"):
        pass
    try:
        for step in gate.steps(options):
            if step.about:
                outcome.closing_lines.append(f"{step.about}:")
            code, output = run_step(step, log, shown=shown)
            codes.append(code)
            closing = step.closing_line(output)
            if closing:
                outcome.closing_lines.append(closing)
            if not shown:
                print(output if code else closing, flush=True)
    except Skipped as reason:
        codes.append(0)
        outcome.closing_lines.append(str(reason))
        print(reason, flush=True)
    except Failure as failure:
        codes.append(1)
        outcome.closing_lines.append(str(failure))
        print(failure, flush=True)
    outcome.seconds = time.monotonic() - start
    outcome.passed = bool(codes) and not any(codes)
    return outcome


def run_step(step: Step, log: Path, *, shown: bool) -> tuple[int, str]:
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
                time.sleep(POLL)
    return process.returncode, output.decode(errors="replace")


def summarise(gates: Sequence[Gate], outcomes: Sequence[Outcome]) -> None:
    print("\n=== Summary")
    for outcome in outcomes:
        for line in outcome.closing_lines:
            print(line)
    print()
    total = 0.0
    for outcome in outcomes:
        total += outcome.seconds
        result = "passed" if outcome.passed else f"FAILED  (.cache/logs/{outcome.gate.name}.log)"
        print(f"{outcome.gate.name:<14}{outcome.seconds:8.1f} s  {result}")
    for gate in gates[len(outcomes) :]:
        print(f"{gate.name:<14}{'':>10}  not run")
    print(f"{'all':<14}{total:8.1f} s", flush=True)
