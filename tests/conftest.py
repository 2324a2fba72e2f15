# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: an environment in which no setting and no credential of the user's counts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from devtools.places import environ

#: Folders and files whose tests share what is costly to make, and so a process.
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
#: Where tests are so short that handing them out one by one costs more than it brings: each file has one process.
SHORT = "tests/unit/"


def pytest_configure() -> None:
    """Before anything of Ansible or botocore is imported, for both look at the environment then."""
    if "ansible_pytest" in os.environ.get("PYTEST_PLUGINS", ""):
        return  # ansible-test has made the environment, and its own plugins live by it
    clean = environ(Path(sys.prefix))
    for name in set(os.environ) - clean.keys():
        # pytest and its plugins speak to their own processes by such variables.
        if not name.startswith("PYTEST_"):
            del os.environ[name]
    os.environ.update(clean)


class Together(LoadScopeScheduling):
    """Gives each test to the next free process, but those of TOGETHER, and of a file of SHORT, at once to one."""

    def _split_scope(self, nodeid: str) -> str:
        alone = nodeid.partition("::")[0] if nodeid.startswith(SHORT) else nodeid
        return next((place for place in TOGETHER if nodeid.startswith(place)), alone)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that the end does not wait for one of them."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)
