# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the network and of servers, and how the collection handles them."""

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
    """One sandbox for each test process."""
    with Sandbox(generation=2025, delay=0.05) as sandbox:
        yield sandbox
        assert "Traceback" not in sandbox.log_text()


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pauses between tries to milliseconds. Other tests check their length."""

    class Short(Backoff):
        def __post_init__(self) -> None:
            self.first = 0.01
            super().__post_init__()

    monkeypatch.setattr(session, "Backoff", Short)


@pytest.fixture(scope="session")
def matrix_of(running_sandbox: Sandbox) -> Callable[[str], Matrix]:
    """The matrix of a scenario. Its run without faults is made once."""
    return cache(lambda scenario: Matrix(running_sandbox, scenario))
