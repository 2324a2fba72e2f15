# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of whole modules, the role and the playbook, against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays
from tests.sandbox import Sandbox

HERE = Path(__file__).parent
# Seconds until the sandbox's Backbeat carries out an order.
DELAY = 0.1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.sandbox)
            if "play" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.playbook)


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """One sandbox for each process that runs tests."""
    with Sandbox(generation=2025, delay=DELAY) as sandbox:
        yield sandbox
        assert "Traceback" not in sandbox.log_text()


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """The sandbox as it was at its start."""
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
