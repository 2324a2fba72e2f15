# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks to measure, and the commands that run them."""

from __future__ import annotations

from pathlib import Path

from devtools.places import ROOT, VENV

from .measure import Command

FOLDER = Path(__file__).parent / "playbooks"
EMPTY = FOLDER / "empty.yml"
GUIDE = FOLDER / "ours.yml"
AMAZON = FOLDER / "amazon.yml"
SETUP = ROOT / "playbooks" / "setup_replication.yml"


def play(playbook: Path, inventory: Path, venv: Path = VENV, *, preflight: bool = False) -> Command:
    """The command that runs a playbook, without the proof, which waits for the replication.

    preflight: whether both sides are checked before the first change, which no other tool does.
    """
    skipped = "verify" if preflight else "verify,preflight"
    return [venv / "bin" / "ansible-playbook", "-i", inventory, "--skip-tags", skipped, playbook]
