# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forks ansible-playbook from a process with its imports, for tests of programs that start it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from devtools import processes
from devtools.places import ROOT
from tests.integration.support.preloaded import Preloaded


@contextmanager
def started(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    output: IO[bytes] | int | None = None,
) -> Iterator[subprocess.Popen[bytes] | Preloaded]:
    """Replaces devtools.processes.started: forks ansible-playbook, and starts other programs as usual."""
    program, *arguments = command
    if Path(program).name != "ansible-playbook":
        with processes.started(command, cwd=cwd, env=env, output=output) as process:
            yield process
        return
    # The forked process needs neither the program nor the folder of the command.
    assert os.access(program, os.X_OK)
    assert cwd == ROOT
    with Preloaded(arguments, env) as fork:
        if output not in (None, subprocess.PIPE):
            assert not isinstance(output, int)
            output.write(fork.communicate()[0].encode())
        yield fork
