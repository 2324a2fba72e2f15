# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pythons of this machine that the gates run on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from devtools.processes import Failure

# Those that the collection supports.
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")

# The supported releases of ansible-core, each with its Pythons: the first that is here tests it, so that together
# they cover the range.
CORES = {
    "2.17": ("3.10", "3.11", "3.12"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.13", "3.12", "3.14"),
    "2.21": ("3.14", "3.13", "3.12"),
}


def runs(program: str | Path) -> bool:
    """Whether an interpreter answers: pyenv's shims exist for versions that are not chosen, too."""
    try:
        command = [program, "-I", "-c", ""]
        return subprocess.run(command, capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def path() -> str:
    """PATH on which every `python3.N` runs: pyenv's versions instead of its shims, and the Python that runs this."""
    folders = [
        folder
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)
        if all(map(runs, pythons_in(Path(folder))))
    ]
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    further = [Path(sys.base_prefix, "bin")]
    for version in VERSIONS:
        further += sorted(root.glob(f"versions/{version}.*/bin"), key=release, reverse=True)[:1]
    return os.pathsep.join(dict.fromkeys([*folders, *map(str, further)]))


def pythons_in(folder: Path) -> Iterable[Path]:
    names = (folder / f"python{version}" for version in VERSIONS)
    return (program for program in names if program.is_file())


def release(folder: Path) -> list[int]:
    """The version of a folder of pyenv's, as numbers."""
    return [int(part) for part in folder.parent.name.split(".") if part.isdecimal()]


def first_available(versions: Sequence[str]) -> str:
    """The first of the versions that is on PATH; if none is, the first, for nox to say that it is missing."""
    return next((one for one in versions if shutil.which(f"python{one}")), versions[0])


def require(oldest: tuple[int, int]) -> None:
    """Raises Failure if the Python that runs this is older."""
    if sys.version_info[:2] < oldest:
        wanted, running = (
            ".".join(map(str, version[:2])) for version in (oldest, sys.version_info)
        )
        raise Failure(f"dev.py needs Python {wanted} or newer; {sys.executable} is {running}.")
