# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test gets a copy of what git knows, and a way to pip."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from devtools import ansible_test
from devtools.processes import Failure

VENV = Path(sys.prefix)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "check out"
    (root / "plugins").mkdir(parents=True)
    (root / "plugins" / "tracked.py").write_text("tracked\n")
    (root / "deleted.py").write_text("deleted\n")
    (root / ".gitignore").write_text("*.log\n")
    monkeypatch.setattr(ansible_test, "ROOT", root)
    return root


def test_the_copy_has_what_git_knows_or_would_take(checkout: Path) -> None:
    subprocess.run(["git", "init", "--quiet", checkout], check=True)
    subprocess.run(["git", "-C", checkout, "add", "."], check=True)
    (checkout / "deleted.py").unlink()
    (checkout / "new.py").write_text("new\n")
    (checkout / "noise.log").write_text("noise\n")
    (checkout / "copy" / "plugins").mkdir(parents=True)
    (checkout / "copy" / "plugins" / "stale.py").write_text("stale\n")
    with (checkout / ".gitignore").open("a") as file:
        file.write("copy\n")
    ansible_test.copy_checkout(checkout / "copy")
    copied = {
        str(file.relative_to(checkout / "copy"))
        for file in (checkout / "copy").rglob("*")
        if file.is_file() and ".git" not in file.parts
    }
    assert copied == {".gitignore", "plugins/tracked.py", "new.py"}
    known = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],
        cwd=(checkout / "copy"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(known.stdout.split()) == copied


def test_without_git_it_is_said_what_is_missing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(checkout.parent))
    with pytest.raises(Failure, match="works on the files that git knows"):
        ansible_test.copy_checkout(checkout / "copy")


def test_get_pip_is_where_ansible_test_looks(checkout: Path) -> None:
    ansible_test.write_get_pip(checkout / "home", VENV)
    (source,) = VENV.glob("lib/python*/site-packages/ansible_test/_util/target/setup")
    assert "'~/.ansible/test/cache/get_pip_%s.py'" in (source / "requirements.py").read_text()
    files = list((checkout / "home" / ".ansible" / "test" / "cache").iterdir())
    assert files
    for file in files:
        compile(file.read_text(), str(file), "exec")


@pytest.mark.parametrize("uv", [True, False])
def test_the_stand_in_installs(
    checkout: Path, tmp_path: Path, uv: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ansible-test uses it: in an empty environment, then pip with its own options; from a folder, offline."""
    if uv and not ansible_test.UV.exists():
        pytest.skip("uv is not installed here")
    if not uv:
        monkeypatch.setattr(ansible_test, "UV", tmp_path / "no-uv")
    ansible_test.write_get_pip(checkout / "home", VENV)
    file = next((checkout / "home" / ".ansible" / "test" / "cache").iterdir())
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "v"], check=True)
    python = tmp_path / "v" / "bin" / "python"
    subprocess.run([python, file, "--disable-pip-version-check", "pip"], check=True, env={})
    install = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    wheel(tmp_path / "thing-1-py3-none-any.whl")
    subprocess.run([*install, tmp_path / "thing-1-py3-none-any.whl"], check=True, env={})
    subprocess.run([python, "-c", "import thing"], check=True, env={})


def wheel(file: Path) -> None:
    """Write a package with one empty module."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("thing.py", "")
        about = "thing-1.dist-info"
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
