# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-playbook without repeating its imports, which take a second of CPU: see play_server.py."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from devtools.places import ROOT

SERVER = Path(__file__).with_name("play_server.py")
#: Prefixes of variables that are read during a run, not at import: runs of one server may have different values.
READ_DURING_RUN = ("AWS_", "INJECTED_", "PYTEST_", "RECORDS_")


class Preloaded:
    """A run of ansible-playbook, with the methods of subprocess.Popen that the tests use."""

    def __init__(self, arguments: Sequence[str | Path], environ: Mapping[str, str]) -> None:
        read_at_import = {
            name: environ[name] for name in environ if not name.startswith(READ_DURING_RUN)
        }
        self._control, server_end = socket.socketpair()
        read, write = os.pipe()
        self.stdout = open(read, "rb", buffering=0)  # noqa: SIM115
        server, _process = _server(frozenset(read_at_import.items()))
        socket.send_fds(server, [b"."], [server_end.fileno(), write])
        server_end.close()
        os.close(write)
        self._lines = self._control.makefile("rw")
        request = {"arguments": list(map(str, arguments)), "environ": dict(environ)}
        print(json.dumps(request), file=self._lines, flush=True)
        self.pid = int(self._lines.readline())
        self.returncode: int | None = None
        self._output = b""

    def __enter__(self) -> Preloaded:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.wait()
        for one in (self.stdout, self._lines, self._control):
            one.close()

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            _wait_for(self._control, timeout)
            self.returncode = int(self._lines.readline())
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Return the output, complete when all processes have closed it. The timeout applies to each read."""
        while not self.stdout.closed:
            _wait_for(self.stdout, timeout)
            part = self.stdout.read(1 << 16)
            self._output += part
            if not part:
                self.stdout.close()
        self.wait(timeout)
        return self._output.decode(errors="replace"), None


def _wait_for(file: Any, timeout: float | None) -> None:
    if not select.select([file], [], [], timeout)[0]:
        raise subprocess.TimeoutExpired("ansible-playbook", timeout or 0)


@cache
def _server(
    environ: frozenset[tuple[str, str]],
) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start the server for runs with this environment; return its socket and its process. It ends with this process."""
    client_end, server_end = socket.socketpair()
    with server_end:
        process = subprocess.Popen(
            [sys.executable, SERVER],
            cwd=ROOT,
            env=dict(environ),
            stdin=server_end,
            # Only the tests handle Ctrl-C.
            start_new_session=True,
        )
    return client_end, process
