# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual environments and the collection's place on the import path."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from devtools.interpreters import Interpreter, running
from devtools.places import CACHE, COLLECTION, REQUIREMENTS, ROOT, VENV
from devtools.processes import Failure

STAMP = "installed.sha256"


def prepare(requirements: str = "dev.txt") -> None:
    """Make what is missing of `.venv` and of the collection's place; cheap when nothing is."""
    with lock("setup"):
        link()
        install(VENV, running(), ["-r", str(REQUIREMENTS / requirements)])


def link() -> None:
    """Make `.cache/ansible_collections/scality/backbeat` lead to the checkout."""
    target = Path("../../..")
    if COLLECTION.is_symlink() and COLLECTION.readlink() == target:
        return
    COLLECTION.parent.mkdir(parents=True, exist_ok=True)
    COLLECTION.unlink(missing_ok=True)
    COLLECTION.symlink_to(target, target_is_directory=True)


def install(venv: Path, interpreter: Interpreter, arguments: Sequence[str]) -> None:
    """Have `pip install <arguments>` done in `venv`, by one process at a time; skipped when it was done before.

    Raises Failure, with what is missing, when a virtual environment cannot be made or pip fails.
    """
    with lock(f"install-{venv.name.lstrip('.')}"):
        _install(venv, interpreter, arguments)


def _install(venv: Path, interpreter: Interpreter, arguments: Sequence[str]) -> None:
    wanted = fingerprint(venv, interpreter, arguments)
    stamp = venv / STAMP
    if stamp.is_file() and wanted in stamp.read_text().split():
        return
    if not usable(venv, interpreter):
        create(venv, interpreter)
    shown = " ".join(word.removeprefix(f"{ROOT}/") for word in arguments)
    print(f"pip install {shown}  (into {venv.relative_to(ROOT)})", flush=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-qq"]
    command = [*pip, "install", *arguments]
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
        raise Failure("pip could not install the requirements; its own message is above.")
    done = [wanted]
    if arguments[:-1] == ["-r"]:
        # What the file includes is there now as well.
        done += [fingerprint(venv, interpreter, ["-r", str(file)]) for file in files_of(arguments)]
    with stamp.open("a") as out:
        out.writelines(f"{line}\n" for line in done)


def fingerprint(venv: Path, interpreter: Interpreter, arguments: Sequence[str]) -> str:
    """A hash over all that decides what an installation holds, its own place included."""
    digest = hashlib.sha256()
    for word in (str(venv), str(interpreter.version), *arguments):
        digest.update(word.encode() + b"\0")
    for file in files_of(arguments):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def files_of(arguments: Sequence[str]) -> list[Path]:
    """The requirement files among pip's arguments, and those that they include."""
    return [
        file
        for word in arguments
        if word.endswith(".txt")
        for file in requirement_files(Path(word))
    ]


def requirement_files(file: Path) -> list[Path]:
    """The requirement file and those that it includes."""
    files = [file]
    for line in file.read_text().splitlines():
        if line.startswith("-r "):
            files += requirement_files(file.parent / line.removeprefix("-r ").strip())
    return files


def usable(venv: Path, interpreter: Interpreter) -> bool:
    """Whether `venv` is whole, was made at this place, and by this version of Python."""
    question = "import pip, sys; print(sys.prefix, sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [venv / "bin" / "python", "-c", question], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    # The scripts of a moved environment still name its old place.
    pip = venv / "bin" / "pip"
    made_here = pip.is_file() and f"{venv}/bin/" in pip.read_text()
    return answer.stdout.strip() == f"{venv} {interpreter.version}" and made_here


def create(venv: Path, interpreter: Interpreter) -> None:
    """Make an empty virtual environment, in place of a broken one."""
    version = "{}.{}".format(*interpreter.version)
    missing = subprocess.run(
        [interpreter.path, "-c", "import venv, ensurepip"],
        capture_output=True,
        text=True,
        check=False,
    )
    if missing.returncode:
        raise Failure(
            f"{interpreter.path} cannot make virtual environments: "
            f"{missing.stderr.strip().splitlines()[-1]}.\n"
            "Install its venv and ensurepip modules, "
            f"on Debian and Ubuntu the package python{version}-venv, and run this again."
        )
    shutil.rmtree(venv, ignore_errors=True)
    print(f"Making {venv.relative_to(ROOT)} with Python {version}", flush=True)
    made = subprocess.run(
        [interpreter.path, "-m", "venv", venv], capture_output=True, text=True, check=False
    )
    if made.returncode:
        shutil.rmtree(venv, ignore_errors=True)
        raise Failure(f"{interpreter.path} -m venv failed:\n{made.stdout}{made.stderr}")


@contextlib.contextmanager
def lock(name: str) -> Iterator[None]:
    """Let one process at a time do what is in the block."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
