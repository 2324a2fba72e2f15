# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox by hand: python -m sandbox run, or start, status and stop in the background."""

from __future__ import annotations

import argparse
import fcntl
import json
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .accounts import SIDES
from .client import Sandbox, default_state
from .process import SandboxError, end_running, read_state
from .settings import GENERATIONS

PORTS = tuple(f"{side}_{service}" for side in SIDES for service in ("s3", "iam"))


def main() -> int:
    options = _parse()
    commands = {"run": _run, "start": _start, "status": _status, "stop": _stop}
    try:
        return commands[options.command](options)
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1


def _parse() -> Any:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("run", "in the foreground, until Ctrl-C"),
        ("start", "in the background; does nothing where it runs already"),
        ("status", "say where it is; fails where it does not run"),
        ("stop", "stop what start began; does nothing where nothing runs"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument(
            "--state",
            type=Path,
            default=None if name == "run" else default_state(),
            help="folder for sandbox.json, profile files and logs",
        )
        if name in ("run", "start"):
            _add_start_options(command)
    return parser.parse_args()


def _add_start_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--generation", type=int, choices=GENERATIONS, default=2024)
    command.add_argument("--delay", type=float, default=2.0, help="of the replicator, in seconds")
    command.add_argument(
        "--tls", action="store_true", help="with a certificate authority of its own"
    )
    for name in PORTS:
        flag = f"--{name.replace('_', '-')}-port"
        command.add_argument(flag, dest=name, type=int, default=0, metavar="PORT")


def _sandbox(options: Any) -> Sandbox:
    ports = {name: getattr(options, name) for name in PORTS if getattr(options, name)}
    return Sandbox(options.generation, options.delay, options.tls, options.state, ports)


def _run(options: Any) -> int:
    finished = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: finished.set())
    with _sandbox(options) as sandbox:
        print(how_to_reach(sandbox), flush=True)
        finished.wait()
    return 0


def _start(options: Any) -> int:
    with _locked(options.state):
        running = _running(options.state)
        if running is None:
            running = _sandbox(options).start(owned=False)
    print(json.dumps(running.describe(), indent=2))
    return 0


def _status(options: Any) -> int:
    print(json.dumps(Sandbox.attach(options.state).describe(), indent=2))
    return 0


def _stop(options: Any) -> int:
    with _locked(options.state):
        description = read_state(options.state)
        if description is not None:
            end_running(description)
    return 0


def _running(state: Path) -> Sandbox | None:
    """The sandbox of that state folder; what is left of a broken one is stopped."""
    description = read_state(state)
    if description is None:
        return None
    try:
        return Sandbox.attach(state)
    except SandboxError:
        end_running(description)
        return None


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    """Keeps two commands from working on one state folder at the same time."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def how_to_reach(sandbox: Sandbox) -> str:
    """What to type in another shell, for the guide's commands to work on this sandbox."""
    environ = dict(sandbox.environ)
    if sandbox.ca_bundle:
        environ["AWS_CA_BUNDLE"] = sandbox.ca_bundle
    exports = "\n".join(f"export {name}={shlex.quote(text)}" for name, text in environ.items())
    rows = "\n".join(
        f"  {one.name}  account {one.account_id}  profile {one.profile}\n"
        f"          S3  {one.s3_url} (the guide's http://{node})\n"
        f"          IAM {one.iam_url} (the guide's http://{node}:8600)"
        for one, node in ((sandbox.source, "node1"), (sandbox.target, "node6"))
    )
    example = f"aws s3api list-buckets --endpoint {sandbox.source.s3_url} --profile backbeat-source"
    return (
        f"The sandbox runs until Ctrl-C.\n\n{rows}\n\nIn another shell:\n\n{exports}\n{example}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
