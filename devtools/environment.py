# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates virtual environments such as `.venv`, links the collection into the import path, and finds Python
versions.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from devtools.places import COLLECTION, REQUIREMENTS, ROOT, VENV, environ
from devtools.processes import Failure

UV = VENV / "bin" / "uv"
# pip's settings with another name in uv: both must use the same index.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


def prepare(requirements: str = "dev.txt") -> None:
    """Create or complete `.venv` and the link to the collection; takes a second if they are complete."""
    link()
    install(VENV, ["-r", str(REQUIREMENTS / requirements)])


def link() -> None:
    """Link `.cache/ansible_collections/scality/backbeat` to the checkout."""
    target = Path("../../..")
    if COLLECTION.is_symlink() and COLLECTION.readlink() == target:
        return
    COLLECTION.parent.mkdir(parents=True, exist_ok=True)
    COLLECTION.unlink(missing_ok=True)
    COLLECTION.symlink_to(target, target_is_directory=True)


def install(venv: Path, arguments: Sequence[str]) -> None:
    """Install packages into `venv` by pip's arguments, with uv, or with pip if uv is unavailable or fails.

    Raises Failure, with the missing requirement, if a virtual environment cannot be created or pip fails too.
    """
    if not usable(venv):
        create(venv)
    pip = ["-m", "pip", "--disable-pip-version-check", "-qq", "install"]
    if not UV.is_file() and usable(VENV):
        subprocess.run([f"{VENV}/bin/python", *pip, "uv"], capture_output=True)
    uv = [str(UV), "pip", "install", "--quiet", "--python", f"{venv}/bin/python", *arguments]
    if UV.is_file() and not subprocess.run(uv, env=os.environ | settings()).returncode:
        return
    command = [f"{venv}/bin/python", *pip, *arguments]
    if subprocess.run(command, stdin=subprocess.DEVNULL).returncode:
        raise Failure("pip could not install the requirements; its own message is above.")


def settings() -> dict[str, str]:
    """The environment with which uv uses pip's configured index and certificate authority."""
    pip = [f"{VENV}/bin/python", "-m", "pip", "config", "list"]
    listing = subprocess.run(pip, env=environ(), capture_output=True, text=True, check=True)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    found = {
        "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR") or f"{cache}/uv",
        "UV_INDEX_STRATEGY": "unsafe-best-match",  # as pip chooses
        "UV_PYTHON_DOWNLOADS": "never",
    }
    # Settings from the environment are listed first, and have precedence over files.
    for line in reversed(listing.stdout.splitlines()):
        name, value = line.split("=", 1)
        option = name.rsplit(".", 1)[1]
        if option in UV_NAMES:
            words = str(ast.literal_eval(value)).split()
            found[UV_NAMES[option]] = ("," if option == "find-links" else " ").join(words)
            found[f"PIP_{option.upper().replace('-', '_')}"] = " ".join(words)
    return found


def usable(venv: Path) -> bool:
    """Whether `venv` is complete, and was created at this path by this version of Python."""
    question = "import pip, sys; print(sys.prefix, sys.version_info[:2])"
    command = [str(venv / "bin" / "python"), "-c", question]
    try:
        answer = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return False
    # The scripts of a moved environment still contain its old path.
    pip = venv / "bin" / "pip"
    made_here = pip.is_file() and f"{venv}/bin/" in pip.read_text()
    return made_here and answer == f"{venv} {sys.version_info[:2]}"


def create(
    venv: Path, python: str = getattr(sys, "_base_executable", "") or sys.executable
) -> None:
    """Create an empty virtual environment, in place of a broken one."""
    print(f"Making {venv.relative_to(ROOT)} with {python}", flush=True)
    made = subprocess.run([python, "-m", "venv", "--clear", str(venv)], stderr=subprocess.STDOUT)
    if made.returncode:
        shutil.rmtree(venv, ignore_errors=True)
        version = "{}.{}".format(*sys.version_info)
        raise Failure(
            f"{python} cannot make virtual environments; its own message is above. It needs the modules venv and "
            f"ensurepip, on Debian and Ubuntu the package python{version}-venv."
        )


# The supported releases of ansible-core, each with its Python versions: the first available one is used, so that
# together they cover all Python versions.
CORES = {
    "2.17": ("3.10", "3.11", "3.12"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.12", "3.11", "3.13"),
    "2.20": ("3.13", "3.12", "3.14"),
    "2.21": ("3.14", "3.13", "3.12"),
}


def path_with_pythons() -> str:
    """PATH with pyenv's versions, newest first, before its shims, which only run the selected versions."""
    releases = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions").glob("3.*")
    order = {
        one: [int(part) for part in one.name.split(".") if part.isdecimal()] for one in releases
    }
    newest = [f"{one}/bin" for one in sorted(order, key=order.__getitem__, reverse=True)]
    own, *others = [f"{VENV}/bin", *os.environ.get("PATH", os.defpath).split(os.pathsep)]
    return os.pathsep.join(dict.fromkeys([own, *newest, *others, f"{sys.base_prefix}/bin"]))


def first_available(versions: Sequence[str]) -> str:
    """The first of the versions that is on PATH; if none is, the first, which nox then reports as missing."""
    return next((one for one in versions if shutil.which(f"python{one}")), versions[0])
