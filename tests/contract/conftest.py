# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs each test on all servers that support its topic, and removes the resources that it creates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.contract.replicating import Replicated, replicated
from tests.contract.servers import TOPICS, Server, claims, names, running

FIXTURES = ("server", "pair", "replicating")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("contract")
    used = [name for name in FIXTURES if name in metafunc.fixturenames]
    if not used:
        return
    assert marker is not None, f"{metafunc.function.__name__} needs @pytest.mark.contract(topic)"
    (topic,) = marker.args
    assert topic in TOPICS, topic
    answering = [name for name in names() if topic in claims(name)]
    metafunc.parametrize("answering", answering, ids=answering, scope="session")


@pytest.fixture(scope="session")
def _running(answering: str) -> Iterator[tuple[Server, Server]]:
    with running(answering) as found:
        yield found


@pytest.fixture(scope="session")
def _clean(_running: tuple[Server, Server]) -> Iterator[tuple[Server, Server]]:
    yield _running
    for one in _running:
        # Servers without keys are in memory, and end with this process.
        for step in reversed(one.undo if one.keys else []):
            try:
                step()
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("NoSuchBucket", "NoSuchEntity"):
                    raise


@pytest.fixture
def pair(_clean: tuple[Server, Server]) -> Iterator[tuple[Server, Server]]:
    """Source and target."""
    yield _clean
    sandbox = _clean[0].sandbox
    if sandbox is not None:
        sandbox.clear_faults()
        # After a test that fails half-way, other tests must find the expected state.
        sandbox.settings(paused=False, assume_roles=True)


@pytest.fixture
def server(pair: tuple[Server, Server]) -> Server:
    """One environment."""
    return pair[0]


@pytest.fixture(scope="session")
def _replicated(_clean: tuple[Server, Server]) -> Replicated:
    return replicated(*_clean)


@pytest.fixture
def replicating(_replicated: Replicated, pair: tuple[Server, Server]) -> Replicated:
    """Two buckets, the first of which replicates to the second; each test uses its own keys."""
    return _replicated
