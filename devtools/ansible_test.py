# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepares ansible-test: a copy of the collection at a real path, and a way to install without its own downloads.

ansible-test refuses a symlinked collection, and fetches get-pip from a host of its own. Here everything
comes from the package index that pip is configured for, and nothing is written to the user's home.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from devtools.environment import UV, settings
from devtools.places import CACHE, NAME, NAMESPACE, ROOT, environ

# Sanity checks what is shipped. Tests and tools have ruff and mypy; the pylint rules of ansible-test are made for
# plugins, and forbid even the name `_`.
TARGETS = ("changelogs/", "docs/", "meta/", "playbooks/", "plugins/", "roles/")
# Tests of texts, on which no release of Ansible has an influence.
OF_TEXTS = {"test_every_module.py", "test_markup.py", "test_shared_documentation.py"}
MODULES = sorted(ROOT.glob("tests/unit/plugins/modules/test_*.py"))
# Units forks for each test, which would take a minute more for the utilities of modules alone.
UNITS = (
    "tests/unit/plugins/action/",
    "tests/unit/plugins/filter/",
    *(str(file.relative_to(ROOT)) for file in MODULES if file.name not in OF_TEXTS),
)

# Takes the place of get-pip.py, which ansible-test runs in each of its empty virtual environments: it puts a `pip`
# there that hands over to uv.
GET_PIP = """\
import pathlib, sysconfig
package = pathlib.Path(sysconfig.get_path("purelib"), "pip")
package.mkdir(exist_ok=True)
(package / "__init__.py").touch()
(package / "__main__.py").write_text('''
import os, sys
os.environ.update({env!r})
options = [word for word in sys.argv[2:] if word != "--disable-pip-version-check"]
if sys.argv[1] == "install":  # what it uninstalls is pip
    os.execv({uv!r}, [{uv!r}, "pip", "install", "--quiet", "--compile-bytecode", "--python", sys.executable, *options])
''')
"""


def prepare(name: str, venv: Path) -> tuple[Path, Path]:
    """Copy the collection, and make a scratch home, for the ansible-test of `venv`; returns both folders."""
    tree = CACHE / "ansible-test" / name
    copy = tree / "ansible_collections" / NAMESPACE / NAME
    copy_checkout(copy)
    write_get_pip(tree / "home", venv)
    return copy, tree / "home"


def copy_checkout(copy: Path) -> None:
    """Copy the checkout to where ansible-test accepts it.

    The copy is a repository of its own: ansible-test asks git which files there are, and the checkout's ignores .cache.
    """
    shutil.rmtree(copy, ignore_errors=True)
    own = shutil.ignore_patterns(".git", ".venv", ".cache", "__pycache__")
    shutil.copytree(ROOT, copy, symlinks=True, ignore=own)
    subprocess.run(["git", "init", "--quiet", copy], env=environ(), check=True)


def write_get_pip(home: Path, venv: Path) -> None:
    """Put the stand-in where ansible-test expects each release of get-pip that it may ask for."""
    (source,) = venv.glob("lib/python*/site-packages/ansible_test/_internal")
    wanted = set(re.findall(r"pip='([\d.]+)'", (source / "python_requirements.py").read_text()))
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    text = GET_PIP.format(uv=str(UV), env=settings())
    for release in wanted:
        (cache / f"get_pip_{release.replace('.', '_')}.py").write_text(text)
