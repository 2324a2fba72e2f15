# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs gates with nox: the quiet ones side by side, then those that use all cores; the closing lines come last."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from devtools.places import CACHE, ROOT, VENV, environ
from devtools.processes import started

LOGS = CACHE / "logs"
SIDE_BY_SIDE = 2
POLL = 0.05  # seconds
# Gates with both cores, and the screen, to themselves.
STREAMED = ("pytest", "inventory")
# The line by which a program tells how it ended.
CLOSING = re.compile(
    r"=* ?\d+ (passed|failed|skipped|errors?|deselected)\b.* in [\d.]+s"
    r"|no tests ran|TOTAL |Success: |Found \d+ error|Passed[:(]|Failed[:(]|All checks passed|Congratulations"
    r"|Unfortunately|FATAL: |ERROR: |\d+ files? (already|would)|.*Molecule executed"
)
SESSION = re.compile(r"nox > Running session ([\w-]+)(?:\((.+)\))?$")
BLOCK = re.compile(r"=+ \S \S+: (\w+).* =+$")
RESULT = re.compile(r"nox > Session (\S+ (?:was successful|failed|skipped|aborted|interrupted).*)")


class Screen:
    """Takes nox's output line by line: shows what should be seen, keeps logs, remembers how each gate ended."""

    def __init__(self, *, hide_successes: bool) -> None:
        self.hide_successes = hide_successes
        self.shown = True
        self.log: Path | None = None
        self.closing: list[str] = []
        self.results: list[str] = []

    def take(self, line: str) -> None:
        if session := SESSION.match(line):
            name = "-".join(filter(None, session.groups()))
            self.log = LOGS / f"{name}.log"
            self.log.write_text("")
            self.closing.append(f"{name}:")
        elif block := BLOCK.match(line):
            # nox shows the gates that run side by side when they have ended.
            self.log = None
            self.shown = block[1] != "success" or not self.hide_successes
            print(f"\n{line}", end="")
        elif line.startswith("Starting session "):
            self.log, self.shown = None, True
        elif result := RESULT.match(line):
            self.results.append(result[1])
        elif CLOSING.match(line):
            self.closing.append(line.strip())
            if not self.shown:
                print(line, end="")
        if self.shown and not BLOCK.match(line):
            print(line, end="")
        if self.log:
            with self.log.open("a") as out:
                out.write(line)
        sys.stdout.flush()

    def summarise(self, seconds: float) -> None:
        print("\n=== Summary", *self.closing, "", *self.results, sep="\n")
        print(f"All of it: {seconds:.0f} s. Logs are in {LOGS.relative_to(ROOT)}.", flush=True)


def run_gates(
    gates: Sequence[str],
    passed_on: Sequence[str] = (),
    *,
    verbose: bool = False,
    stop_early: bool = False,
) -> int:
    """Run the gates, or all if none is named, and print a summary; returns the exit code, 0 if all passed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    quiet = [gate for gate in gates if gate not in STREAMED]
    streamed = [gate for gate in STREAMED if gate in (gates or STREAMED[:1])]
    runs = []
    if quiet or not gates:
        side_by_side = 1 if verbose or stop_early else SIDE_BY_SIDE
        runs.append([f"--parallel={side_by_side}", *(["--session", *quiet] if quiet else [])])
    if streamed:
        runs.append(["--session", *streamed])
    screen = Screen(hide_successes=not (verbose or stop_early))
    start, worst = time.monotonic(), 0
    try:
        for run in runs:
            stop = ["--stop-on-first-error"] if stop_early else []
            command: list[str | Path] = [VENV / "bin" / "nox", *stop, *run, "--", *passed_on]
            worst = max(worst, abs(follow(command, screen)))
            if worst and stop_early:
                break
    finally:
        screen.summarise(time.monotonic() - start)
    return worst


def follow(command: Sequence[str | Path], screen: Screen) -> int:
    """Run nox to its end; returns its exit code.

    Its output goes through a file and not through a pipe, which a server left behind could hold open.
    """
    file = LOGS / "nox.log"
    with file.open("wb") as sink, file.open(errors="replace") as source:
        with started(command, cwd=ROOT, env=environ(), output=sink) as process:
            pending = ""
            while True:
                ended = process.poll() is not None
                *lines, pending = (pending + source.read()).splitlines(keepends=True) or [""]
                if pending.endswith("\n"):
                    lines, pending = [*lines, pending], ""
                for line in lines:
                    screen.take(line)
                if ended and not lines:
                    break
                time.sleep(POLL)
        if pending:
            screen.take(f"{pending}\n")
    return process.returncode
