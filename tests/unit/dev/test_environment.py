# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments are made when they have to be, and only then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devtools import environment
from devtools.interpreters import Interpreter, running
from devtools.processes import Failure


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The programs that were asked for; each of them seems to work."""
    asked: list[str] = []

    def run(command: list[Any], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(" ".join(map(str, command)))
        if command[1:3] == ["-m", "venv"]:
            Path(command[3]).mkdir()
        return subprocess.CompletedProcess(command, 0, stdout="", stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    return asked


def requirement_files(root: Path) -> list[str]:
    (root / "base.txt").write_text("one>=1\n")
    (root / "all.txt").write_text("# what there is\n-r base.txt\ntwo>=2\n")
    return ["-r", str(root / "all.txt")]


def test_the_second_time_nothing_is_run(root: Path, commands: list[str]) -> None:
    arguments = requirement_files(root)
    environment.install(root / "venv", running(), arguments)
    assert any("-m venv" in command for command in commands)
    assert commands[-1].endswith(f"install -r {root}/all.txt")
    commands.clear()
    environment.install(root / "venv", running(), arguments)
    assert commands == []


def test_what_is_included_counts_as_installed(root: Path, commands: list[str]) -> None:
    environment.install(root / "venv", running(), requirement_files(root))
    commands.clear()
    environment.install(root / "venv", running(), ["-r", str(root / "base.txt")])
    assert commands == []


@pytest.mark.parametrize("changed", ["all.txt", "base.txt"])
def test_a_changed_file_is_installed(root: Path, commands: list[str], changed: str) -> None:
    arguments = requirement_files(root)
    environment.install(root / "venv", running(), arguments)
    commands.clear()
    with (root / changed).open("a") as file:
        file.write("three>=3\n")
    environment.install(root / "venv", running(), arguments)
    assert any(" install -r " in command for command in commands)


def test_another_python_is_another_installation(root: Path, commands: list[str]) -> None:
    arguments = requirement_files(root)
    environment.install(root / "venv", running(), arguments)
    commands.clear()
    environment.install(root / "venv", Interpreter(Path(sys.executable), (3, 99)), arguments)
    assert any("-m venv" in command for command in commands)


def test_a_failed_installation_is_tried_again(
    root: Path, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = requirement_files(root)
    working = subprocess.run

    def failing(command: list[Any], **options: Any) -> subprocess.CompletedProcess[str]:
        result = working(command, **options)
        result.returncode = int("install" in command)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", failing)
        with pytest.raises(Failure, match="pip could not install"):
            environment.install(root / "venv", running(), arguments)
    commands.clear()
    environment.install(root / "venv", running(), arguments)
    assert any(" install -r " in command for command in commands)


def test_a_python_without_ensurepip_is_named(tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text(
        "#!/bin/sh\n"
        "echo 'Traceback (most recent call last):' >&2\n"
        "echo \"ModuleNotFoundError: No module named 'ensurepip'\" >&2\n"
        "exit 1\n"
    )
    python.chmod(0o755)
    with pytest.raises(Failure) as failure:
        environment.create(tmp_path / "venv", Interpreter(python, (3, 12)))
    message = str(failure.value)
    assert f"{python} cannot make virtual environments" in message
    assert "No module named 'ensurepip'" in message
    assert "python3.12-venv" in message
    assert not (tmp_path / "venv").exists()


def test_the_environment_of_these_tests_is_usable() -> None:
    venv = Path(sys.prefix)
    version = sys.version_info[:2]
    assert environment.usable(venv, Interpreter(Path(sys.executable), version))
    assert not environment.usable(venv, Interpreter(Path(sys.executable), (3, 99)))


def test_a_moved_environment_is_not_usable(root: Path) -> None:
    made, moved = root / "made", root / "moved"
    environment.create(made, running())
    assert environment.usable(made, running())
    made.rename(moved)
    assert not environment.usable(moved, running())


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
