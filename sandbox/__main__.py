# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run S3 and IAM environments that replicate to each other, on loopback: run, or start, status and stop."""

from __future__ import annotations

import argparse
import fcntl
import json
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from .client import Sandbox, default_state
from .environments import SERVICES, SIDES, Environment, mesh, pair
from .process import SandboxError, end_running, read_state
from .settings import Settings, help_texts

#: Defaults of the command line that differ from those in settings.py.
DEFAULTS = {"delay": 2.0}
EPILOG = """\
Without --environment there are two, source and target, each the other's site "node6". With it, as often as there are
environments, each has a site for every other one, named after it: --environment a --environment b --environment c
replicates a to b (StorageClass b), b to a, or a to both (StorageClass b,c; give b and c one account then, as in
--environment b=678901234567 --environment c=678901234567). All settings can be changed while it runs:
Sandbox.attach(STATE).settings(NAME, delay=5).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    commands = {"run": _run, "start": _start, "status": _status, "stop": _stop}
    try:
        return commands[options.command](options)
    except (SandboxError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = main.add_subparsers(dest="command", required=True)
    for name, text in (
        ("run", "run in the foreground, until Ctrl-C"),
        ("start", "start in the background; without effect if it runs already"),
        ("status", "print where it is; fails if it does not run"),
        ("stop", "stop what start began; without effect if it does not run"),
    ):
        command = commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog=EPILOG if name in ("run", "start") else None,
        )
        command.add_argument(
            "--state",
            type=Path,
            default=None if name == "run" else default_state(),
            help="folder for sandbox.json, profile files and logs",
        )
        if name in ("run", "start"):
            _add_start_options(command)
    return main


def _add_start_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--environment",
        dest="environments",
        action="append",
        default=[],
        metavar="NAME[=ACCOUNT]",
        help="an environment and the number of its account; as often as there are environments",
    )
    command.add_argument(
        "--tls",
        action="store_true",
        help="serve S3 and IAM by TLS, with a certificate authority of the sandbox's own",
    )
    ports = command.add_argument_group("ports", "free ports are chosen by default")
    for name in SIDES:
        for service in SERVICES:
            ports.add_argument(
                f"--{name}-{service}-port",
                dest=f"port_{name}_{service}",
                type=int,
                metavar="PORT",
                help=f"port of the {name} environment's {service}",
            )
    ports.add_argument(
        "--port",
        dest="ports",
        action="append",
        default=[],
        metavar="NAME_SERVICE=PORT",
        help=f"port of any environment's service ({', '.join(SERVICES)}), for example c_s3=8000",
    )
    settings = command.add_argument_group("settings", "of all environments")
    texts = help_texts()
    for setting in fields(Settings):
        _add_setting(settings, setting, texts[setting.name])


def _add_setting(group: argparse._ArgumentGroup, setting: Field[Any], text: str) -> None:
    """Add the option for a setting; lists and objects are given as JSON."""
    made: Any = setting.default_factory
    default = DEFAULTS.get(setting.name, setting.default if made is MISSING else made())
    kind: Callable[[str], Any] = type(default) if type(default) in (int, float, str) else _json
    shown = default if isinstance(default, str) else json.dumps(default)
    group.add_argument(
        f"--{setting.name.replace('_', '-')}",
        dest=f"setting_{setting.name}",
        type=kind,
        metavar="JSON" if kind is _json else kind.__name__.upper(),
        help=f"{text} (default: {shown})".replace("%", "%%"),
    )


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"no JSON: {text!r} ({error})") from None


def _sandbox(options: Any) -> Sandbox:
    given = {
        name.removeprefix("setting_"): value
        for name, value in vars(options).items()
        if name.startswith("setting_") and value is not None
    }
    ports = {
        name.removeprefix("port_"): value
        for name, value in vars(options).items()
        if name.startswith("port_") and value is not None
    }
    for text in options.ports:
        name, _, number = text.partition("=")
        if not number.isdigit():
            raise ValueError(f"--port {text}: expected NAME_SERVICE=PORT")
        ports[name] = int(number)
    environments = _environments(options.environments, "sites" in given)
    settings = {**DEFAULTS, **given}
    Settings().changed(settings)
    return Sandbox(
        tls=options.tls,
        state=options.state,
        ports=ports,
        environments=environments,
        **{"generation": Settings().generation, **settings},
    )


def _environments(named: list[str], own_sites: bool) -> tuple[Environment, ...]:
    """The environments with these names. own_sites: sites are given as a setting, so none are created here."""
    if not named:
        return pair()
    accounts = dict(one.partition("=")[::2] for one in named)
    if own_sites:
        return tuple(Environment(name, account) for name, account in accounts.items())
    return mesh(accounts, accounts)


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
    """The running sandbox of this state folder; remaining processes of a broken one are ended."""
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
    """Prevent two commands from using one state folder at the same time."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def how_to_reach(sandbox: Sandbox) -> str:
    """Shell commands after which the guide's commands use this sandbox."""
    environ = dict(sandbox.environ)
    if sandbox.ca_bundle:
        environ["AWS_CA_BUNDLE"] = sandbox.ca_bundle
    exports = "\n".join(f"export {name}={shlex.quote(text)}" for name, text in environ.items())
    nodes = {"source": "node1", "target": "node6"}
    rows = []
    for one in sandbox.environments():
        node = nodes.get(one.name)
        rows += [
            f"  {one.name}  account {one.account_id}  profile {one.profile}",
            f"          S3       {one.s3_url}" + (f" (the guide's http://{node})" if node else ""),
            f"          IAM      {one.iam_url}"
            + (f" (the guide's http://{node}:8600)" if node else ""),
            f"          Backbeat {one.backbeat_url}/_/",
        ]
    first = sandbox.environments()[0]
    example = f"aws s3api list-buckets --endpoint {first.s3_url} --profile {first.profile}"
    listed = "\n".join(rows)
    return (
        f"The sandbox runs until Ctrl-C.\n\n{listed}\n\nIn another shell:\n\n{exports}\n{example}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
