# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of tests that use a sandbox. The conftest.py of each folder defines its own `running_sandbox`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """The sandbox, reset to its initial state."""
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def source(sandbox: Sandbox) -> Side:
    return Side(sandbox, sandbox.source)


@pytest.fixture
def target(sandbox: Sandbox) -> Side:
    return Side(sandbox, sandbox.target)


@pytest.fixture
def play(sandbox: Sandbox, tmp_path: Path) -> Plays:
    """Runs playbooks on the sandbox."""
    return Plays(sandbox, tmp_path)
