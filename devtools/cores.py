# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions of ansible-core and boto3 that the collection declares to work with, each run for itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from devtools.environment import install
from devtools.gates import Options, Step, pytest
from devtools.interpreters import Interpreter, Version, find, running
from devtools.places import CACHE, REQUIREMENTS
from devtools.processes import Failure

# The procedure on each core, from nothing and again, from the checkout and as it is installed.
ON_EACH_CORE = (
    "tests/integration/test_playbook.py::test_check_and_run_and_again",
    "tests/packaging/test_installed.py",
)
# What differs between cores shows at the ends of the range: messages, tags and limits, progress.
AT_THE_ENDS = (
    "tests/integration/test_bad_input_playbook.py",
    "tests/integration/test_playbook_steps.py",
    "tests/integration/test_progress.py",
)
# In process and as a module, compared on the oldest and the newest core, and so not once more with the others.
BOTH_WAYS = "tests/faults/test_both_ways.py"
# What runs through the clients; the playbook's tests make the same calls.
WITH_OLDEST_BOTO = ("-m", "sandbox and not playbook", "tests/integration")
TESTS = str(REQUIREMENTS / "test.txt")


@dataclass(frozen=True)
class Core:
    """A release of ansible-core and the Pythons that it runs on, the one to test it with first."""

    release: str
    pythons: tuple[Version, ...]

    def interpreter(self) -> Interpreter | None:
        return next(filter(None, map(find, self.pythons)), None)

    def wanted(self) -> str:
        return " or ".join("{}.{}".format(*version) for version in self.pythons)


# Each on the oldest or the newest Python that it supports, so that together they cover the range.
CORES = (
    Core("2.17", ((3, 10), (3, 11), (3, 12))),
    Core("2.18", ((3, 11), (3, 12), (3, 13))),
    Core("2.19", ((3, 11), (3, 12), (3, 13))),
    Core("2.20", ((3, 12), (3, 13), (3, 14))),
    Core("2.21", ((3, 14), (3, 13), (3, 12))),
)


def core_steps(options: Options) -> Iterator[Step]:
    """The selected tests once with each core. A core that no interpreter here can run is named.

    Raises Failure for such a core where CI is set, after the others have run.
    """
    missing = []
    for core in CORES:
        interpreter = core.interpreter()
        if interpreter is None:
            missing.append(f"ansible-core {core.release} needs Python {core.wanted()}")
            continue
        venv = CACHE / "cores" / core.release
        install(venv, interpreter, ["-r", TESTS, f"ansible-core=={core.release}.*"])
        about = "ansible-core {}, Python {}.{}".format(core.release, *interpreter.version)
        further = (*AT_THE_ENDS, BOTH_WAYS) if core in (CORES[0], CORES[-1]) else ()
        yield pytest([*ON_EACH_CORE, *further, *options.pytest], venv=venv, about=about)
    if missing:
        report = f"Not tested, for want of an interpreter: {'; '.join(missing)}."
        if os.environ.get("CI") == "true":
            raise Failure(report)
        print(report, flush=True)


def oldest_boto_steps(options: Options) -> Iterator[Step]:
    """The selected tests with the lowest boto3 and botocore that requirements/runtime.txt allows."""
    lowest = lowest_versions((REQUIREMENTS / "runtime.txt").read_text())
    venv = CACHE / "cores" / "boto-oldest"
    install(venv, running(), ["-r", TESTS, *lowest])
    yield pytest([*WITH_OLDEST_BOTO, *options.pytest], venv=venv, about=", ".join(lowest))


def lowest_versions(requirements: str) -> list[str]:
    """`name==version` for each `name>=version` of a requirement file."""
    return [
        f"{name}=={version}"
        for name, version in re.findall(r"^([\w-]+)>=([\d.]+)", requirements, re.MULTILINE)
    ]
