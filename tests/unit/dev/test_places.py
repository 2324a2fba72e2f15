# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs run in an environment that is the same for all users."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devtools.places import INVENTORY, ROOT, environ

VENV = Path("/somewhere/.venv")

MINE = {
    "ANSIBLE_STDOUT_CALLBACK": "minimal",
    "ANSIBLE_VAULT_PASSWORD_FILE": "/my/vault",
    "AWS_PROFILE": "mine",
    "AWS_SECRET_ACCESS_KEY": "my-secret",
    "FORCE_COLOR": "1",
    "GIT_DIR": "/my/git",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": "/my/modules",
}


@pytest.fixture(autouse=True)
def _my_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(INVENTORY, raising=False)
    for name, value in MINE.items():
        monkeypatch.setenv(name, value)


def test_the_users_variables_have_no_effect() -> None:
    assert environ(VENV).keys() & MINE.keys() == set()
    assert environ(VENV)["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert environ(VENV)["AWS_CONFIG_FILE"] == os.devnull


def test_the_users_credentials_are_used_with_an_inventory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SHARED_CREDENTIALS_FILE", raising=False)
    monkeypatch.setenv(INVENTORY, "/my/inventory.yml")
    kept = environ(VENV)
    assert kept.keys() & MINE.keys() == {
        "ANSIBLE_VAULT_PASSWORD_FILE",
        "AWS_PROFILE",
        "AWS_SECRET_ACCESS_KEY",
    }
    assert kept[INVENTORY] == "/my/inventory.yml"
    assert "AWS_SHARED_CREDENTIALS_FILE" not in kept


def test_the_programs_of_the_virtual_environment_come_first() -> None:
    path = environ(VENV)["PATH"].split(os.pathsep)
    assert path[0] == "/somewhere/.venv/bin"
    assert path[1:] == os.environ["PATH"].split(os.pathsep)


def test_the_settings_file_is_named_because_ansible_ignores_some_folders() -> None:
    assert environ(VENV)["ANSIBLE_CONFIG"] == str(ROOT / "ansible.cfg")


@pytest.mark.parametrize("given", ["", "intranet.example"])
def test_loopback_does_not_use_a_proxy(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", given)
    monkeypatch.delenv("no_proxy", raising=False)
    hosts = environ(VENV)["NO_PROXY"].split(",")
    assert hosts == [*filter(None, [given]), "127.0.0.1", "localhost", "::1"]
