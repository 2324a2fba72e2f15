# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of a playbook that waits: lines on a terminal, and none in other output."""

from __future__ import annotations

import itertools
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from devtools.places import ROOT
from tests.integration.support.plays import SETUP, Plays
from tests.integration.support.procedure import KEY, SOURCE_BUCKET

pytestmark = pytest.mark.end_cores

LINE = re.compile(rf"\[node1\] {SOURCE_BUCKET}/{KEY} is PENDING after (\d+) s")
#: Seconds until the object is replicated: enough for two progress lines, too few for a third.
DELAY = 8.0


def output_on_a_terminal(command: list[str | Path], environ: dict[str, str]) -> str:
    """Run the command on a pseudo-terminal of its own; return its output."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:  # Linux: EIO when the other end is closed
                break
            if not piece:
                break
            shown += piece
    os.close(master)
    assert process.returncode == 0, shown.decode()
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.slow
@pytest.mark.playbook
def test_progress_lines_are_shown_on_a_terminal_only(play: Plays, tmp_path: Path) -> None:
    play.sandbox.settings(delay=DELAY)
    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps(play.inventory()))
    program = Path(sys.executable).with_name("ansible-playbook")
    environ = {**os.environ, **play.sandbox.environ, "ANSIBLE_NOCOLOR": "1", "TERM": "xterm"}

    shown = output_on_a_terminal([program, "-i", inventory, SETUP], environ)
    found = [
        LINE.fullmatch(line)
        for line in shown.splitlines()
        if line.startswith(f"[node1] {SOURCE_BUCKET}/")
    ]
    assert all(found), shown
    seconds = [int(one[1]) for one in found if one]
    assert 1 <= len(seconds) <= 3, shown
    assert all(later - earlier >= 2 for earlier, later in itertools.pairwise(seconds))

    play.sandbox.reset()
    play.sandbox.settings(delay=DELAY / 2)
    assert not LINE.search(play().ok().output)
