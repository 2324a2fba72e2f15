# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd accepts the systemd units in the guides."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.support.blocks import GUIDES, blocks

NAME = re.compile(r"# /etc/systemd/system/(\S+)\n")
PROGRAM = "systemd-analyze"


def units() -> dict[str, str]:
    """The text of each unit by its name."""
    return {
        named[1]: block.text
        for guide in GUIDES
        for block in blocks(guide, "ini")
        if (named := NAME.match(block.text))
    }


def check(folder: Path, given: dict[str, str]) -> str:
    """The messages of systemd-analyze about the units; "" if there are none."""
    for name, text in given.items():
        # systemd-analyze checks whether the program exists.
        (folder / name).write_text(re.sub(r"(?<=ExecStart=)\S+", shutil.which("true") or "", text))
    done = subprocess.run(
        [PROGRAM, "verify", "--man=no", *(folder / name for name in given)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    # systemd-analyze also reads the units of the machine, so keep only lines about these.
    messages = [line for line in done.stdout.splitlines() if any(name in line for name in given)]
    return "\n".join([*messages, *([f"exit code {done.returncode}"] if done.returncode else [])])


def test_each_timer_has_a_service() -> None:
    found = units()
    timers = {Path(name).stem for name in found if name.endswith(".timer")}
    assert timers
    assert timers == {Path(name).stem for name in found if name.endswith(".service")}


@pytest.mark.skipif(not shutil.which(PROGRAM), reason=f"{PROGRAM} is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    found = units()
    assert check(tmp_path, found) == ""
    broken = {
        name: text.replace("OnCalendar=*-*-* 02:15:00", "OnCalendar=nightly at two")
        for name, text in found.items()
    }
    assert "nightly at two" in check(tmp_path, broken)
