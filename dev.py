# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets up a checkout, demonstrates the collection, and checks it: `python3 dev.py --help`.

Only needs Python 3.11 or newer; it installs into .venv and .cache.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from devtools.environment import prepare
from devtools.places import INVENTORY, ROOT, VENV, environ
from devtools.processes import Failure, end_as_interrupt, started

# Commands with their own --help: their requirements, their module, and their description.
MODULES = {
    "demo": ("sandbox.txt", "devtools.demo", "set up, break and repair replication on a sandbox"),
    "sandbox": ("sandbox.txt", "sandbox run", "run two S3 and IAM environments with replication"),
    "bench": ("sandbox.txt", "benchmarks", "compare the performance with other tools"),
    "mutation": (
        "dev.txt",
        "devtools.mutation",
        "change the plugins, and report changes that no test notices",
    ),
}


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="dev.py", description=(__doc__ or "").splitlines()[0])
    commands = main.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, about: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(run=run)
        return sub

    command("setup", setup, "install the runtime requirements into .venv")
    tests = command("test", test, "run all checks, or the named ones")
    tests.add_argument("gates", nargs="*", metavar="CHECK", help="see --list")
    tests.add_argument("--list", action="store_true", help="list the checks")
    tests.add_argument("-x", "--exitfirst", action="store_true", help="stop at the first failure")
    tests.add_argument("-v", "--verbose", action="store_true", help="show the output of all checks")
    tests.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="run the end-to-end tests, and only them, on the real environments of this inventory",
    )
    tests.epilog = "Arguments after -- are passed to pytest: dev.py test pytest -- -k policy"
    for name, (requirements, module, about) in MODULES.items():
        command(name, functools.partial(run_module, requirements, module), about)
    return main


def setup(options: argparse.Namespace) -> int:
    prepare("sandbox.txt")
    print(
        f"Ready. Programs are in {VENV / 'bin'}; `python3 dev.py demo` demonstrates the collection, `python3 "
        "dev.py test` installs the other requirements and runs the checks."
    )
    return 0


def test(options: argparse.Namespace) -> int:
    """Run checks; those on an inventory only create and remove resources whose names have a test prefix."""
    gates = options.gates
    if options.inventory:
        if gates:
            raise Failure("--inventory only runs the end-to-end tests: do not name checks.")
        if not options.inventory.exists():
            raise Failure(f"There is no inventory {options.inventory}.")
        os.environ[INVENTORY] = str(options.inventory.resolve())
        gates = ["inventory"]
    prepare()
    command = [f"{VENV}/bin/nox", *nox_arguments(options, gates)]
    with started(command, cwd=ROOT, env=environ()) as process:
        return abs(process.wait())


def nox_arguments(options: argparse.Namespace, gates: Sequence[str]) -> list[str]:
    if options.list:
        return ["--list"]
    # The output of parallel checks is shown at their end, other output at once.
    follow = options.verbose or options.exitfirst or len(gates) == 1
    arguments = [f"--parallel={1 if follow else 3}"]
    arguments += ["--verbose"] if options.verbose else []
    arguments += ["--stop-on-first-error"] if options.exitfirst else []
    arguments += ["--session", *gates] if gates else []
    return [*arguments, "--", *options.passed_on]


def run_module(requirements: str, module: str, options: argparse.Namespace) -> NoReturn:
    """Continue as the module in .venv, so that only it receives signals."""
    prepare(requirements)
    sys.stdout.flush()
    os.chdir(ROOT)
    command = [str(VENV / "bin" / "python"), "-m", *module.split(), *options.passed_on]
    os.execve(command[0], command, environ())  # noqa: S606


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    own, passed_on = list(arguments), []
    if own[:1] == ["test"] and "--" in own:
        at = own.index("--")
        own, passed_on = own[:at], own[at + 1 :]
    elif own and own[0] in MODULES:
        own, passed_on = own[:1], own[1:]
    options = parser().parse_args(own)
    options.passed_on = passed_on
    return options


def main(arguments: Sequence[str]) -> int:
    """Run a command. Returns the exit code."""
    options = parse(arguments)
    end_as_interrupt()
    try:
        if sys.version_info < (3, 11):
            raise Failure(f"dev.py needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
        return int(options.run(options))
    except Failure as failure:
        print(f"dev.py: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        print(f"dev.py: stopped by {interrupt}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
