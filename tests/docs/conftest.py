# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the documentation: they run its examples, compare results with RETURN, and cause the quoted messages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import Sandbox
from tests.docs.support.examples import play_examples
from tests.integration.support.fixtures import play, sandbox, source, target
from tests.integration.support.plays import PlaybookResult, Plays

__all__ = ["play", "sandbox", "source", "target"]

HERE = Path(__file__).parent
USING_SERVERS = {"running_sandbox", "sandbox"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE not in item.path.parents:
            continue
        if USING_SERVERS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.sandbox)


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """One sandbox for each test process."""
    with Sandbox(generation=2025, delay=0.05) as sandbox:
        yield sandbox
        assert "Traceback" not in sandbox.log_text()


@pytest.fixture(scope="session")
def examples_played(
    running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> PlaybookResult:
    """The run of all documented examples. Those of each module have their own host, and start with empty servers."""
    folder = tmp_path_factory.mktemp("examples")
    return play_examples(Plays(running_sandbox, folder), folder)
