# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Galaxy says of the collection's tarball when it is published: galaxy-importer, in an environment of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

from devtools.environment import install
from devtools.gates import Options, Skipped, Step, tool
from devtools.interpreters import running
from devtools.places import CACHE, REQUIREMENTS, environ
from devtools.processes import Failure

FOLDER = CACHE / "importer"
VENV = FOLDER / "venv"
TARBALLS = FOLDER / "tarballs"
# ansible-lint has a gate of its own, with the project's profile.
SETTINGS = {"GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"}
COMPLAINT = re.compile(r"^(WARNING|ERROR|CRITICAL): ", re.MULTILINE)


def importer_steps(options: Options) -> Iterator[Step]:
    """Build the tarball and import it. Raises Skipped where galaxy-importer does not install."""
    try:
        install(VENV, running(), ["-r", str(REQUIREMENTS / "importer.txt")])
    except Failure as failure:
        raise Skipped(f"Not checked, galaxy-importer does not install here: {failure}") from failure
    shutil.rmtree(TARBALLS, ignore_errors=True)
    yield tool("ansible-galaxy", "collection", "build", f"--output-path={TARBALLS}", closing=None)
    yield Step([VENV / "bin" / "python", "-m", "devtools.importer"], venv=VENV)


def main() -> int:
    """Import the tarball; returns the exit code. A warning fails, for Galaxy shows it to everybody."""
    (tarball,) = TARBALLS.glob("*.tar.gz")
    imported = subprocess.run(
        [VENV / "bin" / "python", "-m", "galaxy_importer.main", tarball],
        cwd=FOLDER,
        env=environ(VENV) | SETTINGS,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(imported.stdout)
    return 1 if imported.returncode or COMPLAINT.search(imported.stdout) else 0


if __name__ == "__main__":
    sys.exit(main())
