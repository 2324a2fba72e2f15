# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of `dev.py test`: what each is called and which programs it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools.places import NAME, NAMESPACE, ROOT, VENV, environ

COLLECTION_NAME = f"{NAMESPACE}.{NAME}"


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
    closing: str = r"\S"  # the last line of the output that matches is the outcome

    def environ(self) -> dict[str, str]:
        return environ(self.venv) | dict(self.env)

    def closing_line(self, output: str) -> str:
        lines = [line for line in output.splitlines() if re.search(self.closing, line)]
        return lines[-1].strip() if lines else ""


@dataclass(frozen=True)
class Gate:
    """A named check. `steps` may prepare what they need when asked for, and raise Failure."""

    name: str
    about: str
    steps: Callable[[Options], Iterable[Step]]
    stream: bool = False  # shown while it runs, since it takes long


def tool(name: str, *arguments: str | Path) -> Step:
    """A program of `.venv`."""
    return Step([VENV / "bin" / name, *arguments])


def pytest(arguments: Sequence[str], *, venv: Path = VENV, about: str = "") -> Step:
    command = [str(venv / "bin" / "python"), "-m", "pytest", "-q", *arguments]
    return Step(command, about=about, venv=venv, closing=r" in [\d.]+s\b")


def _ruff(options: Options) -> Iterable[Step]:
    yield tool("ruff", "check", "--output-format", "concise")
    yield tool("ruff", "format", "--check")


def _mypy(options: Options) -> Iterable[Step]:
    packages = (f"ansible_collections.{COLLECTION_NAME}.plugins", "devtools", "tests.sandbox")
    yield tool("mypy", *(word for name in packages for word in ("-p", name)))


def _pytest(options: Options) -> Iterable[Step]:
    yield pytest(options.pytest)


# The quick ones first: what is likely to fail is seen early.
GATES = (
    Gate("ruff", "style, likely mistakes and formatting of all Python", _ruff),
    Gate("mypy", "strict types of plugins, sandbox and devtools", _mypy),
    Gate("pytest", "all tests; what follows -- is passed on", _pytest, stream=True),
)
