# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interpreters count when they run, not when there is a file of their name."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools import interpreters
from devtools.interpreters import Version

HERE: Version = sys.version_info[:2]
OTHER: Version = (3, 98)


@pytest.fixture(autouse=True)
def _nothing_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    interpreters.find.cache_clear()
    yield
    interpreters.find.cache_clear()


def program(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def shim(folder: Path, version: Version) -> Path:
    """What pyenv puts on PATH for a version that is not chosen."""
    name = "python{}.{}".format(*version)
    return program(folder / name, f"echo 'pyenv: {name}: command not found' >&2; exit 127")


def working(folder: Path, version: Version) -> Path:
    name = "python{}.{}".format(*version)
    return program(folder / name, 'echo "$0 {} {}"'.format(*version))


def test_the_running_interpreter_is_found() -> None:
    found = interpreters.find(HERE)
    assert found == interpreters.running()
    assert interpreters.probe(found.path) is not None


def test_a_program_that_does_not_run_is_none(tmp_path: Path) -> None:
    assert interpreters.probe(shim(tmp_path, OTHER)) is None
    assert interpreters.probe(tmp_path / "missing") is None


def test_a_missing_version_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreters.find(OTHER) is None


def test_behind_a_shim_pyenvs_newest_release_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(shim(tmp_path / "shims", OTHER).parent))
    for release in ("3.98.1", "3.98.2"):
        working(tmp_path / "pyenv" / "versions" / release / "bin", OTHER)
    found = interpreters.find(OTHER)
    assert found is not None
    assert found.path == tmp_path / "pyenv" / "versions" / "3.98.2" / "bin" / "python3.98"


def test_a_program_that_is_another_version_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "python3.98", 'echo "$0 3 97"')
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreters.find(OTHER) is None


def test_the_path_for_tools_has_no_shims_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims = shim(tmp_path / "shims", OTHER).parent
    others = program(tmp_path / "tools" / "python3.98-config", "exit 1").parent
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, (shims, others))))
    monkeypatch.setattr(interpreters, "VERSIONS", (HERE,))
    path = interpreters.directories()
    assert path == [str(interpreters.running().path.parent), str(others)]
