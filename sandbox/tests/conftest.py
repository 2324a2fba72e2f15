# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One sandbox for all tests in this folder, which is reset before each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("moto")
pytest.importorskip("boto3")

from sandbox import Sandbox


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox(generation=2025, delay=0.02) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox without state, faults and log. An internal error of the sandbox fails the test."""
    running_sandbox.reset()
    before = len(running_sandbox.log_text())
    yield running_sandbox
    assert running_sandbox.log_text()[before:] == ""
