# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments are only created if necessary; Python versions that can run are found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devtools import environment
from devtools.processes import Failure


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def commands(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that were run; all of them succeed, except those in FAILING."""
    asked: list[str] = []

    def run(command: list[Any], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(" ".join(map(str, command)))
        code = int(any(word in asked[-1] for word in FAILING))
        return subprocess.CompletedProcess(command, code, stdout="", stderr="")

    (root / "uv").touch()
    monkeypatch.setattr(environment, "UV", root / "uv")
    monkeypatch.setattr(subprocess, "run", run)
    FAILING.clear()
    return asked


FAILING: list[str] = []


def program(folder: Path, name: str, text: str = "") -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)
    return str(folder / name)


def test_uv_installs_and_pip_is_the_fallback(root: Path, commands: list[str]) -> None:
    environment.install(root / "venv", ["-r", "all.txt"])
    assert any("-m venv" in command for command in commands)
    assert commands[-1].endswith(
        f"uv pip install --quiet --python {root}/venv/bin/python -r all.txt"
    )
    FAILING.append("uv pip")
    environment.install(root / "venv", ["-r", "all.txt"])
    assert commands[-1].endswith("-m pip --disable-pip-version-check -qq install -r all.txt")
    FAILING.append("-m pip")
    with pytest.raises(Failure, match="pip could not install"):
        environment.install(root / "venv", ["-r", "all.txt"])


def test_uv_uses_the_index_of_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "VENV", Path(sys.prefix))
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.invalid/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://one.invalid/simple\nhttps://two.invalid")
    found = environment.settings()
    assert found["UV_DEFAULT_INDEX"] == found["PIP_INDEX_URL"] == "https://mirror.invalid/simple"
    assert found["UV_INDEX"] == "https://one.invalid/simple https://two.invalid"


def test_a_python_without_ensurepip_is_named(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    python = program(root, "python3", "echo \"No module named 'ensurepip'\" >&2; exit 1")
    with pytest.raises(Failure, match=f"{python} cannot make virtual environments.*-venv"):
        environment.create(root / "venv", python)
    assert "No module named 'ensurepip'" in capfd.readouterr().out
    assert not (root / "venv").exists()


def test_a_moved_environment_is_not_usable(root: Path) -> None:
    made, moved = root / "made", root / "moved"
    environment.create(made)
    assert environment.usable(made)
    made.rename(moved)
    assert not environment.usable(moved)


def test_the_collection_is_found_below_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "checkout" / ".cache" / "ansible_collections" / "scality" / "backbeat"
    monkeypatch.setattr(environment, "COLLECTION", place)
    place.parent.mkdir(parents=True)
    place.symlink_to("/somewhere/else")
    for _ in range(2):
        environment.link()
        assert place.resolve() == tmp_path / "checkout"
    moved = (tmp_path / "checkout").rename(tmp_path / "another name")
    assert (moved / place.relative_to(tmp_path / "checkout")).resolve() == moved


def test_pyenvs_newest_release_comes_before_its_shims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "shims", "python3.98")
    other = program(tmp_path / "other", "python3.97")
    old, new = (
        program(tmp_path / f"pyenv/versions/3.98.{release}/bin", "python3.98")
        for release in (2, 10)
    )
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", f"{tmp_path}/shims:{tmp_path}/other")
    own = program(tmp_path / "venv" / "bin", "python3")
    monkeypatch.setattr(environment, "VENV", tmp_path / "venv")
    path = environment.path_with_pythons()
    assert shutil.which("python3", path=path) == own
    assert shutil.which("python3.98", path=path) == new != old
    assert shutil.which("python3.97", path=path) == other
    monkeypatch.setenv("PATH", path)
    assert environment.path_with_pythons() == path
    assert environment.first_available(["3.99", "3.98", "3.97"]) == "3.98"
    assert environment.first_available(["3.99", "3.96"]) == "3.99"
