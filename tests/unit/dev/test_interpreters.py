# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interpreters count when they run, not when there is a file of their name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from devtools import interpreters


def program(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_shims_of_absent_versions_are_replaced_by_pyenvs_newest_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = program(tmp_path / "shims" / "python3.98", "echo 'command not found' >&2; exit 127")
    works = program(tmp_path / "works" / "python3.97", "exit 0")
    other = program(tmp_path / "tools" / "python3.98-config", "exit 1")
    releases = [
        program(tmp_path / f"pyenv/versions/{release}/bin/python3.98", "exit 0")
        for release in ("3.98.2", "3.98.10")
    ]
    monkeypatch.setattr(interpreters, "VERSIONS", ("3.97", "3.98"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    folders = [str(file.parent) for file in (shim, works, other)]
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    own = f"{sys.base_prefix}/bin"
    assert interpreters.path().split(os.pathsep) == [*folders[1:], own, str(releases[1].parent)]
    monkeypatch.setenv("PATH", interpreters.path())
    assert interpreters.first_available(["3.99", "3.98", "3.97"]) == "3.98"
    assert interpreters.first_available(["3.99", "3.96"]) == "3.99"


def test_a_program_that_is_missing_does_not_run(tmp_path: Path) -> None:
    assert not interpreters.runs(tmp_path / "missing")
    assert interpreters.runs(sys.executable)
