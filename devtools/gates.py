# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check of `dev.py test` is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools.places import ROOT, VENV, environ


class Skipped(Exception):
    """A gate that cannot be run here, and need not be; says why."""


# Which tests share a process is said in tests/conftest.py.
PARALLEL = ("--numprocesses=auto", "--maxprocesses=4", "--dist=loadscope")


@dataclass(frozen=True)
class Options:
    """What the user added to `dev.py test`."""

    pytest: Sequence[str] = ()


@dataclass(frozen=True)
class Step:
    """One program of a gate: all that it takes to run it, and how it tells its outcome."""

    command: Sequence[str | Path]
    about: str = ""  # set where a gate has several steps of a kind
    venv: Path = VENV
    env: Sequence[tuple[str, str]] = ()
    cwd: Path = ROOT
    closing: str | None = r"\S"  # the last line of the output that matches tells the outcome

    def environ(self) -> dict[str, str]:
        return environ(self.venv) | dict(self.env)

    def closing_line(self, output: str) -> str:
        if self.closing is None:
            return ""
        lines = [line for line in output.splitlines() if re.search(self.closing, line)]
        return lines[-1].strip() if lines else ""


@dataclass(frozen=True)
class Gate:
    """A named check. `steps` may prepare what they need when asked for, and raise Failure."""

    name: str
    about: str
    steps: Callable[[Options], Iterable[Step]]
    stream: bool = False  # shown while it runs, since it takes long


def tool(name: str, *arguments: str, closing: str | None = r"\S") -> Step:
    """A program of `.venv`."""
    return Step([VENV / "bin" / name, *arguments], closing=closing)


def pytest(arguments: Sequence[str], *, venv: Path = VENV, about: str = "") -> Step:
    command = [str(venv / "bin" / "python"), "-m", "pytest", "-q", *PARALLEL, *arguments]
    return Step(command, about=about, venv=venv, closing=r" in [\d.]+s\b")
