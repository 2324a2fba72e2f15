# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests share: an environment in which no setting and no credential of the user's counts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from devtools.places import environ


def pytest_configure() -> None:
    """Before anything of Ansible or botocore is imported, for both look at the environment then."""
    clean = environ(Path(sys.prefix))
    for name in set(os.environ) - clean.keys():
        # pytest and its plugins speak to their own processes by such variables.
        if not name.startswith("PYTEST_"):
            del os.environ[name]
    os.environ.update(clean)
