# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The structure of plugins: which layer may import which, and how many files a reader opens to follow a module."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from .documented import COLLECTION, MODULES

PLUGINS = COLLECTION / "plugins"
UTILS = PLUGINS / "module_utils"
# As in docs/docsite/rst/contributing.rst, innermost first. All layers share the files next to the folders.
LAYERS = ("_documents", "_clients", "_resources", "_queries", "_jobs", "_engine")
# The layers that may import packages other than Python's and this collection's.
FOREIGN = {
    "ansible": ("_engine",),
    "botocore": ("_clients",),
    "boto3": (),
    "urllib3": ("_clients",),
}
# Files from a module to the wire, including itself; jobs, and queries of many kinds of resources, open more.
MOST = 20
MORE = {
    "backbeat_adoption_info": 24,
    "backbeat_backfill": 53,
    "backbeat_preflight": 35,
    "backbeat_proof": 21,
    "backbeat_report": 26,
    "backbeat_retry": 25,
    "backbeat_verify": 46,
    "backbeat_verify_merge": 21,
    "backbeat_verify_plan": 22,
}


@cache
def imports(file: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """The import statements of a file, cached for many tests."""
    nodes = ast.walk(ast.parse(file.read_text()))
    return tuple(node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom)))


@cache
def imported(file: Path) -> tuple[Path, ...]:
    """The files of this collection that a file imports, except empty ones."""
    return tuple(_imported(file))


def _imported(file: Path) -> Iterator[Path]:
    package = file.relative_to(COLLECTION).parts[:-1]
    for node in imports(file):
        if not isinstance(node, ast.ImportFrom):
            continue
        name = node.module or ""
        if node.level:
            name = ".".join((*package[: len(package) + 1 - node.level], *name.split(".")))
        name = name.removeprefix("ansible_collections.scality.backbeat.").strip(".")
        for one in (f"{name}.{alias.name}" for alias in node.names):
            for dotted in (one, name):
                found = COLLECTION.joinpath(*dotted.split(".")).with_suffix(".py")
                if found.is_file():
                    yield found
                    break


def opened(file: Path) -> set[Path]:
    """A file, and all that it imports."""
    seen: set[Path] = set()
    to_read = [file]
    while to_read:
        one = to_read.pop()
        if one not in seen:
            seen.add(one)
            to_read.extend(imported(one))
    return seen


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_inner_ones(layer: str) -> None:
    outer = LAYERS[LAYERS.index(layer) + 1 :]
    files = list((UTILS / layer).rglob("*.py"))
    upward = [
        f"{file.relative_to(UTILS)} imports {found.relative_to(UTILS)}"
        for file in files
        for found in imported(file)
        if UTILS not in found.parents or found.relative_to(UTILS).parts[0] in outer
    ]
    assert any(True for file in files for _found in imported(file))
    assert not upward


def test_shared_files_import_no_layer() -> None:
    shared = list(UTILS.glob("_*.py"))
    assert shared
    assert not {found for file in shared for found in imported(file) if found.parent != UTILS}


@pytest.mark.parametrize(("package", "layers"), FOREIGN.items())
def test_only_one_layer_imports_a_foreign_package(package: str, layers: tuple[str, ...]) -> None:
    importing = {
        file.relative_to(UTILS).parts[0]
        for file in UTILS.rglob("*.py")
        for node in imports(file)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if not node.level
            else []
        )
        if name.partition(".")[0] == package
    }
    assert importing == set(layers)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_followed_in_few_files(name: str) -> None:
    files = sorted(
        str(file.relative_to(PLUGINS)) for file in opened(PLUGINS / "modules" / f"{name}.py")
    )
    # The engine and the clients, which all modules use.
    assert "module_utils/_clients/wire.py" in files
    assert len(files) <= MORE.get(name, MOST), files
