# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of modules, roles and playbooks against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.integration.support.fixtures import play, sandbox, source, target

__all__ = ["play", "sandbox", "source", "target"]

HERE = Path(__file__).parent
# Seconds until the sandbox's Backbeat replicates an object.
DELAY = 0.1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.sandbox)
            if "play" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.playbook)


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """One sandbox for each test process."""
    with Sandbox(generation=2025, delay=DELAY) as sandbox:
        yield sandbox
        assert "Traceback" not in sandbox.log_text()
