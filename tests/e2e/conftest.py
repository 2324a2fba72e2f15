# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the end-to-end tests run: on a sandbox of their own, or where the inventory leads that was given."""

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
from tests.e2e.environments import Ground, Pair, pairs_of
from tests.e2e.story import Story

GIVEN = os.environ.get(INVENTORY, "")


@cache
def pairs() -> list[Pair]:
    """The pairs of the given inventory; collected once, for each of them has its own tests."""
    with tempfile.TemporaryDirectory() as folder:
        found = pairs_of(Path(GIVEN), Path(folder))
    if not found:
        raise pytest.UsageError(f"No host of {GIVEN} says to which one it replicates.")
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "ground" in metafunc.fixturenames:
        grounds = range(len(pairs())) if GIVEN else [-1]
        names = [
            f"{pairs()[n].source.host}-{pairs()[n].target.host}" if n >= 0 else "sandbox"
            for n in grounds
        ]
        metafunc.parametrize("ground", grounds, ids=names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def ground(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """The two environments. What is made there begins with a prefix of its own."""
    folder = tmp_path_factory.mktemp("e2e")
    prefix = f"backbeat-e2e-{secrets.token_hex(4)}"
    if request.param >= 0:
        pair = pairs()[request.param]
        yield Ground(Path(GIVEN), pair.hosts, pair.source, pair.target, prefix, folder)
        return
    with Sandbox(generation=2025, delay=0.1) as sandbox:
        file = folder / "sandbox.json"
        file.write_text(json.dumps(described(sandbox)))
        (pair,) = pairs_of(file, folder)
        yield Ground(file, pair.hosts, pair.source, pair.target, prefix, folder, sandbox=sandbox)


def described(sandbox: Sandbox) -> dict[str, Any]:
    """The shipped inventory with the sandbox's servers and keys, since this process has no profiles."""
    description = sandbox.describe()
    hosts = inventory(description)
    for host, side in HOSTS.items():
        for service in ("s3", "iam"):
            connection = hosts["all"]["hosts"][host][f"replication_{service}"]
            del connection["profile"]
            connection |= {key: description[side][key] for key in ("access_key", "secret_key")}
    return hosts


@pytest.fixture
def hooks(ground: Ground) -> Iterator[Sandbox]:
    """The sandbox, for what only it can be told to do."""
    if ground.sandbox is None:
        pytest.skip(
            "real servers cannot be told to pause, to refuse, or to list the calls they got"
        )
    yield ground.sandbox
    ground.sandbox.clear_faults()
    ground.sandbox.settings(paused=False, refuse_writes=False)


@pytest.fixture
def story(ground: Ground) -> Iterator[Callable[[str], Story]]:
    """Begins a replication of its own, which is gone after the test."""
    begun: list[Story] = []

    def begin(name: str) -> Story:
        begun.append(Story(ground, name))
        return begun[-1]

    yield begin
    for one in begun:
        one.remove()
