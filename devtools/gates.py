# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs gates with nox: the quiet ones side by side, then those that use all cores; the closing lines come last."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import time
from collections.abc import Sequence
from typing import IO, Any

from devtools.places import CACHE, ROOT, VENV, environ
from devtools.processes import started

LOGS = CACHE / "logs"
# Gates with both cores, and the screen, to themselves.
STREAMED = ("pytest", "inventory")
# The variable by which sessions know that they show what they do.
SHOW = "BACKBEAT_SHOW"
# The line by which a program tells how it ended.
CLOSING = re.compile(
    r"^(=* ?\d+ (passed|failed|skipped|errors?|deselected)\b.* in [\d.]+s"
    r"|no tests ran|TOTAL |Success: |Found \d+ error|Passed[:(]|Failed[:(]|All checks passed|Congratulations"
    r"|Unfortunately|FATAL: |ERROR: |\d+ files? (already|would)|.*Molecule executed).*",
    re.MULTILINE,
)


def run_gates(
    gates: Sequence[str],
    passed_on: Sequence[str] = (),
    *,
    verbose: bool = False,
    stop_early: bool = False,
) -> int:
    """Run the gates, or all if none is named, and print a summary; returns the exit code, 0 if all passed."""
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    report, results = LOGS / "report.json", list[str]()
    nox = [f"{VENV}/bin/nox", f"--report={report}", *["--stop-on-first-error"][: int(stop_early)]]
    shown = verbose or stop_early
    quiet = [gate for gate in gates if gate not in STREAMED]
    streamed = [gate for gate in STREAMED if gate in (gates or STREAMED[:1])]
    runs: list[tuple[bool, list[str]]] = []
    if quiet or not gates:
        named = ["--session", *quiet] if quiet else []
        runs.append((shown, [f"--parallel={1 if shown else 2}", *named]))
    if streamed:
        runs.append((True, ["--session", *streamed]))
    start, worst = time.monotonic(), 0
    try:
        for show, arguments in runs:
            # Empty, since this may run in a gate that is shown itself.
            env = environ() | {SHOW: "1" if show else ""}
            with started([*nox, *arguments, "--", *passed_on], cwd=ROOT, env=env) as process:
                worst = max(worst, abs(process.wait()))
            if report.is_file():
                sessions = json.loads(report.read_text())["sessions"]
                results += [f"{one['name']}: {one['result']}" for one in sessions]
            if worst and stop_early:
                break
    finally:
        print("\n=== Summary", flush=True)
        for log in sorted(LOGS.glob("*.log"), key=lambda file: file.stat().st_mtime):
            print(f"{log.stem}:", *closing(log.read_text(errors="replace")), sep="\n")
        print("", *results, sep="\n")
        print(
            f"All of it: {time.monotonic() - start:.0f} s. Logs are in {LOGS.relative_to(ROOT)}.",
            flush=True,
        )
    return worst


def closing(output: str) -> list[str]:
    return [line[0].strip() for line in CLOSING.finditer(output)]


def run_logged(session: Any, *command: str, **settings: Any) -> str:
    """Run a program in a nox session with its output in a log, and return it; it is shown if the program fails.

    A pipe could be held open by a server that is left behind.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{re.sub('[()]+', '-', session.name).strip('-')}.log"
    show, failed, ended = bool(os.environ.get(SHOW)), True, threading.Event()
    with log.open("ab") as sink, log.open(errors="replace") as output:
        start = output.seek(0, os.SEEK_END)
        following = threading.Thread(target=follow, args=(output, ended))
        if show:
            following.start()
        try:
            session.run(*command, stdout=sink, log=False, **settings)
            failed = False
        finally:
            ended.set()
            if show:
                following.join()
            output.seek(start)
            text = output.read()
            for shown in () if show else (text,) if failed else closing(text):
                print(shown, flush=True)
    return text


def follow(output: IO[str], ended: threading.Event) -> None:
    """Print what is written, until the end."""
    last = False
    while not last:
        last = ended.wait(0.1)
        print(output.read(), end="", flush=True)
