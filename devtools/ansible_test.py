# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepares ansible-test: copies the collection to a real path, and replaces its downloads.

ansible-test refuses a symlinked collection, and downloads get-pip from another host. Here everything is installed from
pip's configured package index, and nothing is written to the user's home.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from devtools.environment import UV, settings
from devtools.places import CACHE, NAME, NAMESPACE, ROOT, environ

# Sanity only checks shipped files. Tests and tools are checked by ruff and mypy; ansible-test's pylint rules are for
# plugins, and even forbid the name `_`.
TARGETS = ("changelogs/", "docs/", "meta/", "playbooks/", "plugins/", "roles/")
# Tests of texts, which do not depend on the release of Ansible.
OF_TEXTS = {"test_every_module.py", "test_markup.py", "test_shared_documentation.py"}
MODULES = sorted(ROOT.glob("tests/unit/plugins/modules/test_*.py"))
# `ansible-test units` forks for each test, which takes a minute more for module_utils alone.
UNITS = (
    "tests/unit/plugins/action/",
    "tests/unit/plugins/filter/",
    *(str(file.relative_to(ROOT)) for file in MODULES if file.name not in OF_TEXTS),
)

# A replacement for get-pip.py, which ansible-test runs in each of its empty virtual environments: it creates a `pip`
# there that calls uv. It also turns the garbage collector off: sanity tests take 37 s of CPU time without it, 46 s with
# it (pylint 19 and 26), and at most 25 MB more memory.
GET_PIP = """\
import pathlib, sysconfig
packages = pathlib.Path(sysconfig.get_path("purelib"))
(packages / "no_collector.pth").write_text("import gc; gc.disable()\\n")
package = packages / "pip"
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
    """Copy the collection and create a temporary home for the ansible-test in `venv`. Returns both folders."""
    tree = CACHE / "ansible-test" / name
    copy = tree / "ansible_collections" / NAMESPACE / NAME
    copy_checkout(copy)
    write_get_pip(tree / "home", venv)
    return copy, tree / "home"


def copy_checkout(copy: Path) -> None:
    """Copy the checkout to a path that ansible-test accepts.

    The copy is a separate repository: ansible-test gets the list of files from git, and the checkout ignores .cache.
    """
    shutil.rmtree(copy, ignore_errors=True)
    own = shutil.ignore_patterns(".git", ".venv", ".cache", "__pycache__")
    shutil.copytree(ROOT, copy, symlinks=True, ignore=own)
    subprocess.run(["git", "init", "--quiet", copy], env=environ(), check=True)


def write_get_pip(home: Path, venv: Path) -> None:
    """Write the replacement to each path where ansible-test may look for get-pip."""
    (source,) = venv.glob("lib/python*/site-packages/ansible_test/_internal")
    wanted = set(re.findall(r"pip='([\d.]+)'", (source / "python_requirements.py").read_text()))
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    text = GET_PIP.format(uv=str(UV), env=settings())
    for release in wanted:
        (cache / f"get_pip_{release.replace('.', '_')}.py").write_text(text)
