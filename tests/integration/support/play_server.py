# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports ansible-playbook and the collection once, and forks a process for each run that preloaded.py requests.

Ansible reads its settings from the environment at import, so all runs of one server share them. Only variables that
are read during a run may differ between runs.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import warnings
from pathlib import Path

PROGRAM = "ansible-playbook"
MODULES = ("ansible.executor.playbook_executor", "ansible.plugins.strategy.linear")
#: Kinds of plugins that Ansible loads completely, with their documentation, in every run. Without vars plugins: loaded
#: before a run, they do not find its host_vars.
KINDS = ("connection", "inventory", "shell")
#: Seconds between two polls for results. Ansible's 1 ms costs 5 to 10 percent of a core while a run waits.
POLL_INTERVAL = 0.01
ACTIONS = "ansible_collections.scality.backbeat.plugins.action"


def preload() -> None:
    import ansible.cli.playbook  # noqa: F401
    from ansible import constants
    from ansible.plugins import loader

    # No environment variable sets it, and a separate ansible.cfg would replace that of the checkout.
    constants.DEFAULT_INTERNAL_POLL_INTERVAL = POLL_INTERVAL
    for name in MODULES:
        importlib.import_module(name)
    loader.init_plugin_loader()
    for kind in KINDS:
        list(getattr(loader, f"{kind}_loader").all(class_only=True))
    # Each run configures the finder again.
    warnings.filterwarnings("ignore", message="AnsibleCollectionFinder has already been configured")
    for file in Path("plugins", "action").glob("backbeat_*.py"):
        importlib.import_module(f"{ACTIONS}.{file.stem}")
    gc.collect()
    gc.freeze()
    # The runs are too short to benefit from it.
    gc.disable()


def serve(requests: socket.socket) -> None:
    """Serve each request in a separate process, until the client closes the socket."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        files = socket.recv_fds(requests, 1, 2)[1]
        if not files:
            return
        if not os.fork():
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with contextlib.suppress(BrokenPipeError):
                run(*files)
            os._exit(0)
        for file in files:
            os.close(file)


def run(control: int, output: int) -> None:
    """Start the run that the request in `control` describes; write its process id there, then its exit code."""
    with socket.socket(fileno=control) as connection, connection.makefile("rw") as lines:
        request = json.loads(lines.readline())
        pid = os.fork()
        if not pid:
            connection.close()
            run_ansible_playbook(output, **request)
        os.close(output)
        print(pid, file=lines, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=lines, flush=True)


def run_ansible_playbook(output: int, arguments: list[str], environ: dict[str, str]) -> None:
    """Run ansible-playbook in this process, in a new session. Does not return."""
    os.setsid()
    for number in (1, 2):
        os.dup2(output, number)
    os.close(output)
    # All runs share the temporary folder, so no run removes it.
    atexit.unregister(sys.modules["ansible.utils.path"].cleanup_tmp_file)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = [PROGRAM, *arguments]
    code: object = 1
    try:
        sys.modules["ansible.cli.playbook"].main(sys.argv)
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    with socket.socket(fileno=os.dup(0)) as requests:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        preload()
        serve(requests)
