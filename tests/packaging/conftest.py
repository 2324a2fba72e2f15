# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball, the collection installed from it elsewhere, and a sandbox to use it on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import Sandbox
from sandbox.inventory import write_inventory

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent


@dataclass(frozen=True)
class Elsewhere:
    """A folder far from the checkout, with Ansible's programs and a home of its own."""

    folder: Path

    @property
    def collections(self) -> Path:
        return self.folder / "collections"

    def run(self, program: str, *arguments: str | Path, **env: str) -> str:
        """Run one of Ansible's programs here; returns its output, and fails the test with it."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "AWS_", "PYTHON"))
        }
        result = subprocess.run(
            [PROGRAMS / program, *arguments],
            cwd=self.folder,
            env=clean
            | {
                "HOME": str(self.folder),
                "PATH": os.pathsep.join([str(PROGRAMS), os.environ["PATH"]]),
                "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
                "ANSIBLE_NOCOLOR": "true",
            }
            | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{program} {arguments}\n{result.stdout}{result.stderr}"
        return result.stdout

    def play(self, playbook: str | Path, inventory: Path, sandbox: Sandbox) -> int:
        """Run a playbook against the sandbox; returns how many tasks changed something."""
        output = self.run("ansible-playbook", playbook, "-i", inventory, **sandbox.environ)
        counts = re.findall(r"^\S+ +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)
        assert counts, output
        return sum(map(int, counts))


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    return Elsewhere(tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="session")
def tarball(elsewhere: Elsewhere) -> Path:
    elsewhere.run("ansible-galaxy", "collection", "build", ROOT, "--output-path", "dist")
    (built,) = (elsewhere.folder / "dist").glob("*.tar.gz")
    return built


@pytest.fixture(scope="session")
def installed(elsewhere: Elsewhere, tarball: Path) -> Elsewhere:
    """`elsewhere`, with the collection installed from the tarball and from nowhere else."""
    elsewhere.run(
        "ansible-galaxy", "collection", "install", tarball, "--offline", "-p", elsewhere.collections
    )
    return elsewhere


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox(generation=2025, delay=0.3) as running:
        yield running


@pytest.fixture(scope="module")
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """The sandbox as it was at its start."""
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture(scope="module")
def inventory(installed: Elsewhere, sandbox: Sandbox) -> Path:
    return write_inventory(installed.folder / "inventory.json", sandbox.describe())
