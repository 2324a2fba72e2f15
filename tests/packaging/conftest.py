# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: the tarball, the collection installed from it outside the checkout, and a sandbox."""

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
class OutsideCheckout:
    """A folder outside the checkout, with its own home directory and Ansible's programs."""

    folder: Path

    @property
    def collections(self) -> Path:
        return self.folder / "collections"

    def run(self, program: str, *arguments: str | Path, **env: str) -> str:
        """Run one of Ansible's programs in the folder; returns its output. Fails the test if the program fails."""
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
        """Run a playbook against the sandbox; returns the number of changed tasks."""
        output = self.run("ansible-playbook", playbook, "-i", inventory, **sandbox.environ)
        counts = re.findall(r"^\S+ +: ok=\d+ +changed=(\d+)", output, re.MULTILINE)
        assert counts, output
        return sum(map(int, counts))


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> OutsideCheckout:
    return OutsideCheckout(tmp_path_factory.mktemp("outside"))


@pytest.fixture(scope="session")
def tarball(outside: OutsideCheckout) -> Path:
    outside.run("ansible-galaxy", "collection", "build", ROOT, "--output-path", "dist")
    (built,) = (outside.folder / "dist").glob("*.tar.gz")
    return built


@pytest.fixture(scope="session")
def installed(outside: OutsideCheckout, tarball: Path) -> OutsideCheckout:
    """The outside folder with the collection, installed from the tarball only."""
    outside.run(
        "ansible-galaxy", "collection", "install", tarball, "--offline", "-p", outside.collections
    )
    return outside


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox(generation=2025, delay=0.3) as running:
        yield running


@pytest.fixture(scope="module")
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """The sandbox in its initial state."""
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture(scope="module")
def inventory(installed: OutsideCheckout, sandbox: Sandbox) -> Path:
    return write_inventory(installed.folder / "inventory.json", sandbox.describe())
