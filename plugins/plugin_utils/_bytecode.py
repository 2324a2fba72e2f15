# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the bytecode of this collection's Python from one run to the next, as Python does for installed packages.

Ansible keeps that of plugins, and compiles anew at every start what they import: for a set-up 60 files, which takes as
long as its calls.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from types import ModuleType

PLUGINS = __name__.removesuffix(".plugin_utils._bytecode")


class BytecodeFinder(MetaPathFinder):
    """Finds files below plugins/ for Python's own loader, which uses __pycache__ if it may and notices newer source."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for packages and for what is not of this collection: other finders follow."""
        if not path or not fullname.startswith(f"{PLUGINS}."):
            return None
        file = os.path.join(path[0], f"{fullname.rpartition('.')[2]}.py")
        return spec_from_file_location(fullname, file) if os.path.isfile(file) else None


# Before Ansible's finder, which knows all collections.
sys.meta_path.insert(0, BytecodeFinder())
