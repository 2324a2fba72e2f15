# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test gets a copy of what git knows, and a way to pip."""

from __future__ import annotations

import configparser
import subprocess
import sys
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
    monkeypatch.setattr(ansible_test, "COPY", root / "copy")
    monkeypatch.setattr(ansible_test, "HOME", tmp_path / "home")
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
    ansible_test.copy_checkout()
    copied = {
        str(file.relative_to(ansible_test.COPY))
        for file in ansible_test.COPY.rglob("*")
        if file.is_file() and ".git" not in file.parts
    }
    assert copied == {".gitignore", "plugins/tracked.py", "new.py"}
    known = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],
        cwd=ansible_test.COPY,
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
        ansible_test.copy_checkout()


def test_get_pip_is_where_ansible_test_looks(checkout: Path) -> None:
    ansible_test.write_get_pip(VENV)
    (source,) = VENV.glob("lib/python*/site-packages/ansible_test/_util/target/setup")
    assert "'~/.ansible/test/cache/get_pip_%s.py'" in (source / "requirements.py").read_text()
    files = list((ansible_test.HOME / ".ansible" / "test" / "cache").iterdir())
    assert files
    for file in files:
        compile(file.read_text(), str(file), "exec")


def test_an_ansible_test_that_asks_for_no_pip_is_an_error(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="does not tell which pip"):
        ansible_test.write_get_pip(tmp_path)


def test_pip_keeps_its_settings(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "7")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://one.invalid/simple\nhttps://two.invalid")
    ansible_test.write_pip_config(VENV)
    config = configparser.RawConfigParser()
    config.read(ansible_test.HOME / ".config" / "pip" / "pip.conf")
    assert config["global"]["default-timeout"] == "7"
    urls = config["global"]["extra-index-url"].split()
    assert urls == ["https://one.invalid/simple", "https://two.invalid"]
