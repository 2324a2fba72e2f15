# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths in the checkout, and the environment of its programs."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "requirements"
NAMESPACE, NAME = "scality", "backbeat"
FULL_NAME = f"{NAMESPACE}.{NAME}"
COLLECTION = CACHE / "ansible_collections" / NAMESPACE / NAME

# The variable for an inventory of real environments: with it, tests use the user's credentials.
INVENTORY = "BACKBEAT_INVENTORY"
CREDENTIALS = ("ANSIBLE_VAULT_", "AWS_")

# Without it, no variable of the user's shell may affect a test, and no credentials may be used.
# PYTHONDONTWRITEBYTECODE would only take time: half of the start of a sandbox or a playbook.
FOREIGN = (
    *("ANSIBLE_", "AWS_", "BOTO_", "GIT_", "MOLECULE_", "MOTO_", "PYTEST_", "PYTHON"),
    *("CLICOLOR_FORCE", "FORCE_COLOR", "PY_COLORS"),
)


def environ(venv: Path = VENV) -> dict[str, str]:
    """The environment for programs in `venv`: the user's, without variables that would change a result."""
    own = CREDENTIALS if os.environ.get(INVENTORY) else ()
    env = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(own) or not name.startswith(FOREIGN)
    }
    no_proxy = env.get("NO_PROXY") or env.get("no_proxy") or ""
    loopback = ",".join(filter(None, [no_proxy, "127.0.0.1", "localhost", "::1"]))
    if not own:
        env |= {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    return env | {
        "VIRTUAL_ENV": str(venv),
        "PATH": os.pathsep.join([str(venv / "bin"), env.get("PATH", os.defpath)]),
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        # Ansible ignores an ansible.cfg in a world-writable directory unless it is named.
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        # Not the name of a package: mypy looks for packages in .cache, and would use the folder as Ansible's.
        "ANSIBLE_HOME": str(CACHE / "ansible-home"),
        "NO_PROXY": loopback,
        "no_proxy": loopback,
    }
