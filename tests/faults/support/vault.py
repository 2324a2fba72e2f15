# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes variables that Ansible Vault encrypts, for playbooks that `Plays` runs."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

PASSWORD = "the-password-of-the-vault"


def vault_variables(folder: Path, monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Encrypt the values as variables of all hosts, next to the inventories in this folder."""
    vault = VaultLib([("default", VaultSecret(PASSWORD.encode()))])
    variables = folder / "group_vars" / "all.yml"
    variables.parent.mkdir()
    variables.write_text("".join(_variable(vault, *value) for value in values.items()))
    password_file = folder / "password"
    password_file.write_text(PASSWORD)
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(password_file))


def _variable(vault: VaultLib, name: str, value: str) -> str:
    encrypted = vault.encrypt(value).decode()
    return f"{name}: !vault |\n{textwrap.indent(encrypted, '  ')}\n"
