# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments of the end-to-end tests: their own sandbox, or the servers of a given inventory."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from devtools.places import INVENTORY
from sandbox import Sandbox
from sandbox.inventory import HOSTS, inventory
from tests.e2e.environments import Environments, Pair, pairs_of
from tests.e2e.replication import Replication

GIVEN = os.environ.get(INVENTORY, "")


@cache
def pairs() -> list[Pair]:
    """The pairs of the given inventory, read once. Each of them has its own tests."""
    with tempfile.TemporaryDirectory() as folder:
        found = pairs_of(Path(GIVEN), Path(folder))
    if not found:
        raise pytest.UsageError(f"No host of {GIVEN} names a target host.")
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "environments" in metafunc.fixturenames:
        params = range(len(pairs())) if GIVEN else [-1]
        names = [
            f"{pairs()[n].source.host}-{pairs()[n].target.host}" if n >= 0 else "sandbox"
            for n in params
        ]
        metafunc.parametrize("environments", params, ids=names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def environments(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Environments]:
    """The two environments, and a unique prefix for the names of all resources that the tests create."""
    folder = tmp_path_factory.mktemp("e2e")
    prefix = f"backbeat-e2e-{secrets.token_hex(4)}"
    if request.param >= 0:
        pair = pairs()[request.param]
        yield Environments(Path(GIVEN), pair.hosts, pair.source, pair.target, prefix, folder)
        return
    with Sandbox(generation=2025, delay=0.1) as sandbox:
        file = folder / "sandbox.json"
        file.write_text(json.dumps(described(sandbox)))
        (pair,) = pairs_of(file, folder)
        yield Environments(
            file, pair.hosts, pair.source, pair.target, prefix, folder, sandbox=sandbox
        )


def described(sandbox: Sandbox) -> dict[str, Any]:
    """The shipped inventory with the sandbox's servers and keys, because this process has no profiles."""
    description = sandbox.describe()
    hosts = inventory(description)
    for host, side in HOSTS.items():
        for service in ("s3", "iam"):
            connection = hosts["all"]["hosts"][host][f"replication_{service}"]
            del connection["profile"]
            connection |= {key: description[side][key] for key in ("access_key", "secret_key")}
    return hosts


@pytest.fixture
def hooks(environments: Environments) -> Iterator[Sandbox]:
    """The sandbox, for tests that control the server. Skips the test on real servers."""
    if environments.sandbox is None:
        pytest.skip(
            "real servers cannot be told to pause, to refuse, or to list the calls they got"
        )
    yield environments.sandbox
    environments.sandbox.clear_faults()
    environments.sandbox.settings(paused=False, refuse_writes=False)


@pytest.fixture
def new_replication(environments: Environments) -> Iterator[Callable[[str], Replication]]:
    """Returns a function that names a new replication. All its resources are removed after the test."""
    created: list[Replication] = []

    def create(name: str) -> Replication:
        created.append(Replication(environments, name))
        return created[-1]

    yield create
    for one in created:
        one.remove()
