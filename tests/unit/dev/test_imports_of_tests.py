# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test modules import what they share from helper modules, not from each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from devtools.places import ROOT

FOLDERS = ("tests", "sandbox/tests")


def imported_test_modules(text: str) -> Iterator[str]:
    """The names of test modules that this Python code imports, or imports from."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module or ''}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            # Whether the last part is a module or a function is not known here; no helper has a name like this.
            yield from (part for part in name.split(".") if part.startswith("test_"))


@pytest.mark.parametrize(
    "text",
    [
        "import tests.faults.test_kill",
        "import tests.faults.test_kill as kill",
        "from tests.faults.test_kill import kill",
        "from tests.faults import test_kill",
        "from .test_kill import kill",
        "from . import test_kill",
        "def load():\n    from ..faults.test_kill import kill",
    ],
)
def test_each_form_of_import_is_found(text: str) -> None:
    assert list(imported_test_modules(text)) == ["test_kill"]


def test_imports_of_helper_modules_are_allowed() -> None:
    text = "import tests.support\nfrom tests.faults.support.state import state_of\nfrom . import helpers"
    assert list(imported_test_modules(text)) == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_test_module_imports_another(folder: str) -> None:
    files = list((ROOT / folder).rglob("test_*.py"))
    assert len(files) > 10
    found = {
        str(file.relative_to(ROOT)): names
        for file in files
        if (names := sorted(set(imported_test_modules(file.read_text()))))
    }
    assert not found
