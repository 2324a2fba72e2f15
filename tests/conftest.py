# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Isolates all tests from the user's settings and credentials, and distributes them to processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from devtools.places import environ

#: Folders and files whose tests run in one process, because they share fixtures that take long to set up.
TOGETHER = (
    "sandbox/tests/",
    "tests/bench/",
    "tests/contract/",
    "tests/docs/",
    "tests/e2e/",
    "tests/faults/test_both_ways.py",
    "tests/faults/test_least_privilege.py",
    "tests/integration/test_bad_input_playbook.py",
    "tests/packaging/",
)
#: A folder with short tests. Each file runs in one process, because distributing single tests would take longer.
SHORT = "tests/unit/"


def pytest_configure() -> None:
    """Clean the environment before Ansible and botocore are imported, because they read it on import."""
    if "ansible_pytest" in os.environ.get("PYTEST_PLUGINS", ""):
        return  # ansible-test has prepared the environment, and its plugins need it
    clean = environ(Path(sys.prefix))
    for name in set(os.environ) - clean.keys():
        # pytest and its plugins pass such variables to their own processes.
        if not name.startswith("PYTEST_"):
            del os.environ[name]
    os.environ.update(clean)


class Together(LoadScopeScheduling):
    """Gives each test to the next free process; the tests of an entry of TOGETHER, or of a file in SHORT, share one."""

    def _split_scope(self, nodeid: str) -> str:
        alone = nodeid.partition("::")[0] if nodeid.startswith(SHORT) else nodeid
        return next((place for place in TOGETHER if nodeid.startswith(place)), alone)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start slow tests first, so that the run does not wait for one of them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)
