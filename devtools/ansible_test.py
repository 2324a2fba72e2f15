# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-test needs: a copy of the collection at a real path, and a way to pip without downloads.

ansible-test refuses a symlinked collection, and fetches get-pip from a host of its own. Here everything
comes from the package index that pip is configured for, and nothing is written to the user's home.
"""

from __future__ import annotations

import ast
import configparser
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from devtools.gates import Options, Step
from devtools.interpreters import directories, running
from devtools.places import CACHE, NAME, NAMESPACE, ROOT, VENV, environ
from devtools.processes import Failure

TREE = CACHE / "ansible-test"
COPY = TREE / "ansible_collections" / NAMESPACE / NAME
HOME = TREE / "home"

# What sanity looks at: what is shipped. Tests and tools have ruff and mypy; the pylint rules of
# ansible-test are made for plugins, and forbid even the name `_`.
TARGETS = ("changelogs/", "docs/", "meta/", "playbooks/", "plugins/", "roles/")
# What units runs: it forks for each test, which takes a minute more for the utilities of modules alone.
UNITS = tuple(f"tests/unit/plugins/{name}/" for name in ("action", "filter", "modules"))

# Takes the place of get-pip.py: ansible-test runs it in an empty virtual environment, with pip's options.
GET_PIP = """\
import subprocess, sys
subprocess.check_call([sys.executable, "-m", "ensurepip"])
options = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *options]))
"""


def ansible_test_steps(options: Options) -> Iterator[Step]:
    """Sanity of what is shipped, with all Pythons that are here, then the unit tests of plugins.

    It gives the tests of modules and their utilities no more of Ansible than a managed host gets.
    """
    prepare(VENV)
    path = os.pathsep.join([str(VENV / "bin"), *directories()])
    targets = [target for target in TARGETS if (COPY / target).is_dir()]
    python = "{}.{}".format(*running().version)
    commands = {
        "sanity": (targets, "^(FATAL|ERROR)"),
        "units": (["--python", python, *UNITS], r" in [\d.]+s\b"),
    }
    for name, (arguments, closing) in commands.items():
        yield Step(
            [VENV / "bin" / "ansible-test", name, "--local", "--color", "no", *arguments],
            about=f"ansible-test {name}",
            env=(("HOME", str(HOME)), ("PATH", path)),
            cwd=COPY,
            closing=closing,
        )


def prepare(venv: Path) -> None:
    """Make the copy and the scratch home. Raises Failure when this is not a git checkout."""
    copy_checkout()
    write_get_pip(venv)
    write_pip_config(venv)


def checked_in_files() -> list[Path]:
    """Paths, relative to the checkout, of all files that are in git or that git would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failure(
            f"ansible-test works on the files that git knows, and git failed: {error}"
        ) from error
    names = sorted(set(listing.stdout.split("\0")) - {""})
    return [Path(name) for name in names if (ROOT / name).is_file()]


def copy_checkout() -> None:
    """Copy what git knows to where ansible-test accepts it.

    The copy is a repository of its own, or ansible-test asks the checkout's, which ignores .cache.
    """
    shutil.rmtree(COPY, ignore_errors=True)
    for name in checked_in_files():
        (COPY / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, COPY / name, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet", COPY], env=environ(), check=True)


def write_get_pip(venv: Path) -> None:
    """Put the stand-in where ansible-test looks for each release of get-pip that it may ask for."""
    modules = list(
        venv.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py")
    )
    wanted = {
        release for file in modules for release in re.findall(r"pip='([\d.]+)'", file.read_text())
    }
    if not wanted:
        raise Failure(f"The ansible-test in {venv} does not tell which pip it wants.")
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for release in wanted:
        (cache / f"get_pip_{release.replace('.', '_')}.py").write_text(GET_PIP)


def write_pip_config(venv: Path) -> None:
    """Give pip in the scratch home the settings that it has here: ansible-test passes no PIP_ variables on."""
    listing = subprocess.run(
        [venv / "bin" / "python", "-m", "pip", "config", "list"],
        env=environ(venv),
        capture_output=True,
        text=True,
        check=True,
    )
    config = configparser.RawConfigParser()
    # What comes from the environment is listed first, and counts more than what is in files.
    for line in reversed(listing.stdout.splitlines()):
        name, value = line.split("=", 1)
        section, option = name.rsplit(".", 1)
        config.read_dict({section.replace(":env:", "global"): {option: ast.literal_eval(value)}})
    file = HOME / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as out:
        config.write(out)
