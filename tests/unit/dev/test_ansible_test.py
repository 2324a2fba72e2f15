# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test gets a copy of the checkout, and an offline way to install pip."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from devtools import ansible_test

VENV = Path(sys.prefix)


def test_the_copy_has_tracked_and_unignored_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, copy = tmp_path / "check out", tmp_path / "check out" / ".cache" / "copy"
    for name in ("plugins/new.py", "noise.log", ".venv/lib.py", ".cache/copy/stale.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{name}\n")
    (root / ".gitignore").write_text("*.log\n")
    monkeypatch.setattr(ansible_test, "ROOT", root)
    ansible_test.copy_checkout(copy)
    asked = ["git", "ls-files", "--others", "--exclude-standard"]
    known = subprocess.run(asked, cwd=copy, capture_output=True, text=True, check=True)
    assert set(known.stdout.split()) == {".gitignore", "plugins/new.py"}
    assert not (copy / "stale.py").exists()
    assert not (copy / ".venv").exists()


def test_get_pip_is_where_ansible_test_expects_it(tmp_path: Path) -> None:
    ansible_test.write_get_pip(tmp_path / "home", VENV)
    (source,) = VENV.glob("lib/python*/site-packages/ansible_test/_util/target/setup")
    assert "'~/.ansible/test/cache/get_pip_%s.py'" in (source / "requirements.py").read_text()
    files = list((tmp_path / "home" / ".ansible" / "test" / "cache").iterdir())
    assert files
    for file in files:
        compile(file.read_text(), str(file), "exec")


@pytest.mark.skipif(not ansible_test.UV.exists(), reason="uv is not installed here")
def test_the_replacement_installs(tmp_path: Path) -> None:
    """In the way of ansible-test: in an empty environment, then pip with its options; from a folder, offline."""
    ansible_test.write_get_pip(tmp_path / "home", VENV)
    file = next((tmp_path / "home" / ".ansible" / "test" / "cache").iterdir())
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "v"], check=True)
    python = tmp_path / "v" / "bin" / "python"
    subprocess.run([python, file, "--disable-pip-version-check", "pip"], check=True, env={})
    install = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    wheel(tmp_path / "thing-1-py3-none-any.whl")
    subprocess.run([*install, tmp_path / "thing-1-py3-none-any.whl"], check=True, env={})
    check = "import gc, thing; assert not gc.isenabled()"
    subprocess.run([python, "-c", check], check=True, env={})


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
