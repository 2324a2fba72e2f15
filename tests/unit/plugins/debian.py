# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds programs of Debian for tests, installs them in CI, or skips the test."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess

import pytest


def debian_program(name: str, package: str) -> str:
    """The program's path. Skips the test if it is missing; in CI, fails if apt cannot install it."""
    path = _found(name, package)
    if path is None:
        reason = f"{name} is not installed: apt-get install {package}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@functools.cache
def _found(name: str, package: str) -> str | None:
    path = shutil.which(name)
    apt = shutil.which("apt-get")
    if path or not apt or not os.environ.get("CI"):
        return path
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", package]):
        done = subprocess.run(
            [*sudo, apt, "-qq", *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(f"{' '.join(done.args)}: {done.stderr[-500:]}")
    return shutil.which(name)
