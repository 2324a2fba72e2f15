# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Pythons this machine has.

Each is run before it counts: a name on PATH may be a shim for a version that is not installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from devtools.processes import Failure

Version = tuple[int, int]

# Those that the collection supports.
VERSIONS: tuple[Version, ...] = ((3, 10), (3, 11), (3, 12), (3, 13), (3, 14))
QUESTION = "import sys; print(sys.executable, *sys.version_info[:2])"


@dataclass(frozen=True)
class Interpreter:
    path: Path
    version: Version


def running() -> Interpreter:
    """The Python that runs this, or the one below it when that is a virtual environment."""
    path = getattr(sys, "_base_executable", None) or sys.executable
    return Interpreter(Path(path), sys.version_info[:2])


def probe(path: str | Path) -> Interpreter | None:
    """The interpreter at `path`, or None when nothing there answers."""
    try:
        answer = subprocess.run(
            [path, "-I", "-c", QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if answer.returncode:
        return None
    executable, major, minor = answer.stdout.strip().rsplit(" ", 2)
    return Interpreter(Path(executable), (int(major), int(minor)))


@cache
def find(version: Version) -> Interpreter | None:
    """The first interpreter of this version that runs: this one, then PATH's, then pyenv's."""
    if running().version == version:
        return running()
    for candidate in candidates(version):
        found = probe(candidate)
        if found and found.version == version:
            return found
    return None


def candidates(version: Version) -> Iterator[Path]:
    name = "python{}.{}".format(*version)
    on_path = shutil.which(name)
    if on_path:
        yield Path(on_path)
    for root in pyenv_roots():
        yield from sorted(
            root.glob(f"versions/{version[0]}.{version[1]}.*/bin/{name}"), reverse=True
        )


def directories() -> list[str]:
    """PATH without the directories of shims for Pythons that are not installed.

    In front come the directories of the Pythons that are, so that programs which look for
    `python3.N` on PATH find each of them.
    """
    found = [interpreter for version in VERSIONS if (interpreter := find(version))]
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    honest = [place for place in path if not any(map(broken, Path(place).glob("python3.[0-9]*")))]
    return [*(str(interpreter.path.parent) for interpreter in found), *honest]


def broken(program: Path) -> bool:
    """Whether `program` is named as an interpreter and does not run as one."""
    return bool(re.fullmatch(r"python3\.\d+", program.name)) and probe(program) is None


def pyenv_roots() -> list[Path]:
    """Where pyenv may keep its versions, each once, most particular first."""
    places = [os.environ.get("PYENV_ROOT", "")]
    if shutil.which("pyenv"):
        answer = subprocess.run(["pyenv", "root"], capture_output=True, text=True)
        places.append(answer.stdout.strip())
    places.append(str(Path.home() / ".pyenv"))
    return list(dict.fromkeys(Path(place) for place in places if place))


def require(oldest: Version) -> None:
    """Raises Failure when the Python that runs this is older."""
    if sys.version_info[:2] < oldest:
        raise Failure(
            "dev.py needs Python {}.{} or newer; this is {}.{} ({}).".format(
                *oldest, *sys.version_info[:2], sys.executable
            )
        )
