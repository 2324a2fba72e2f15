# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets up a checkout, shows what the collection does, and checks it: `python3 dev.py --help`.

Needs Python 3.11 or newer and nothing else; what it installs goes to .venv and .cache.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from devtools.environment import prepare
from devtools.gates import run_gates
from devtools.places import INVENTORY, ROOT, VENV, environ
from devtools.processes import Failure, end_as_interrupt


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(prog="dev.py", description=(__doc__ or "").splitlines()[0])
    commands = main.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, about: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=about, description=about)
        sub.set_defaults(run=run)
        return sub

    command("setup", setup, "install what running needs into .venv")

    command("demo", run_demo, "set up, break and fix replication between two sandbox environments")

    tests = command("test", test, "run all checks, or the named ones")
    tests.add_argument("gates", nargs="*", metavar="GATE", help="see --list")
    tests.add_argument("--list", action="store_true", help="show the gates and what they check")
    tests.add_argument("-x", "--exitfirst", action="store_true", help="stop at the first failure")
    tests.add_argument("-v", "--verbose", action="store_true", help="show the output of all gates")
    tests.add_argument(
        "--inventory",
        type=Path,
        metavar="FILE",
        help="run the end-to-end tests, and only them, on the real environments of this inventory",
    )
    tests.epilog = "What follows -- goes to pytest: dev.py test pytest -- -k policy"

    command("sandbox", run_sandbox, "run two S3 and IAM servers that replicate, on loopback")

    command("bench", run_bench, "measure how long it takes, beside others that do the same")

    command(
        "mutation", run_mutation, "change the plugins in small ways, and see which tests notice"
    )

    return main


def setup(options: argparse.Namespace) -> int:
    prepare("sandbox.txt")
    print(
        f"Ready. Programs are in {VENV / 'bin'}; `python3 dev.py demo` shows what the collection does, "
        "`python3 dev.py test` installs the rest and runs the checks."
    )
    return 0


def test(options: argparse.Namespace) -> int:
    """Run gates; those on an inventory make, and remove again, only what has a name with a prefix of their own."""
    gates = options.gates
    if options.inventory:
        if gates:
            raise Failure("--inventory runs the end-to-end tests alone; leave the gates out.")
        if not options.inventory.exists():
            raise Failure(f"There is no inventory {options.inventory}.")
        os.environ[INVENTORY] = str(options.inventory.resolve())
        gates = ["inventory"]
    prepare()
    if options.list:
        become("nox", "--list")
    return run_gates(
        gates, options.passed_on, verbose=options.verbose, stop_early=options.exitfirst
    )


def run_demo(options: argparse.Namespace) -> int:
    prepare("sandbox.txt")
    become("devtools.demo", *options.passed_on)


def run_sandbox(options: argparse.Namespace) -> int:
    prepare("sandbox.txt")
    become("sandbox", "run", *options.passed_on)


def run_bench(options: argparse.Namespace) -> int:
    prepare("sandbox.txt")
    become("benchmarks", *options.passed_on)


def run_mutation(options: argparse.Namespace) -> int:
    prepare()
    become("devtools.mutation", *options.passed_on)


def require(oldest: tuple[int, int]) -> None:
    """Raises Failure if the Python that runs this is older."""
    if sys.version_info[:2] < oldest:
        wanted, running = (
            ".".join(map(str, version[:2])) for version in (oldest, sys.version_info)
        )
        raise Failure(f"dev.py needs Python {wanted} or newer; {sys.executable} is {running}.")


def become(*module_and_arguments: str) -> NoReturn:
    """Go on as a module in .venv, so that signals reach it alone."""
    sys.stdout.flush()
    os.chdir(ROOT)
    command = [str(VENV / "bin" / "python"), "-m", *module_and_arguments]
    os.execve(command[0], command, environ())  # noqa: S606


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit code."""
    own, passed_on = list(arguments), []
    if own[:1] == ["test"] and "--" in own:
        at = own.index("--")
        own, passed_on = own[:at], own[at + 1 :]
    elif own[:1] in (["bench"], ["demo"], ["mutation"], ["sandbox"]):
        # They have options of their own, and tell them at --help.
        own, passed_on = own[:1], own[1:]
    options = parser().parse_args(own)
    options.passed_on = passed_on
    end_as_interrupt()
    try:
        require((3, 11))
        return int(options.run(options))
    except Failure as failure:
        print(f"dev.py: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        print(f"dev.py: stopped by {interrupt}", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
