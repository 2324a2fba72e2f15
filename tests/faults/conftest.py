# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way to a server, and on the server, and what the collection makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients import session
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Backoff
from sandbox import Sandbox
from tests.faults.support.matrix import Matrix
from tests.integration.support.fixtures import play, sandbox, source, target

__all__ = ["play", "sandbox", "source", "target"]


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """One sandbox for each process that runs tests."""
    with Sandbox(generation=2025, delay=0.05) as sandbox:
        yield sandbox
        assert "Traceback" not in sandbox.log_text()


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries begin with milliseconds: how long they are is another test's business."""

    class Short(Backoff):
        def __post_init__(self) -> None:
            self.first = 0.01
            super().__post_init__()

    monkeypatch.setattr(session, "Backoff", Short)


@pytest.fixture(scope="session")
def matrix_of(running_sandbox: Sandbox) -> Callable[[str], Matrix]:
    """The matrix of a scenario, whose clean run is made once."""
    return cache(lambda scenario: Matrix(running_sandbox, scenario))
