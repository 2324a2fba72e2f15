# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of `dev.py test`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from devtools.ansible_test import ansible_test_steps
from devtools.cores import BOTH_WAYS, core_steps, oldest_boto_steps
from devtools.docsite import site_steps
from devtools.environment import install
from devtools.gates import Gate, Options, Step, pytest, tool
from devtools.importer import importer_steps
from devtools.interpreters import running
from devtools.places import CACHE, NAME, NAMESPACE, REQUIREMENTS

COLLECTION_NAME = f"{NAMESPACE}.{NAME}"


def _ruff(options: Options) -> Iterable[Step]:
    yield tool("ruff", "check", "--output-format", "concise")
    yield tool("ruff", "format", "--check")


def _mypy(options: Options) -> Iterable[Step]:
    plugins = f"ansible_collections.{COLLECTION_NAME}.plugins"
    packages = (plugins, "devtools", "benchmarks", "sandbox")
    yield tool("mypy", *(word for name in packages for word in ("-p", name)))


def _licences(options: Options) -> Iterable[Step]:
    yield tool("reuse", "lint", closing="compliant|non-compliant")


def _changelog(options: Options) -> Iterable[Step]:
    yield tool("antsibull-changelog", "lint", "-v", closing=None)


def _docs(options: Options) -> Iterable[Step]:
    yield tool(
        "antsibull-docs",
        "lint-collection-docs",
        "--plugin-docs",
        "--validate-collection-refs=self",
        "--disallow-unknown-collection-refs",
        ".",
        closing=None,
    )
    yield from site_steps()


def _lint(options: Options) -> Iterable[Step]:
    yield tool("ansible-lint", "--nocolor", closing="^(Passed|Failed)")


def _pytest(options: Options) -> Iterable[Step]:
    aws = CACHE / "aws"
    install(aws, running(), ["-r", str(REQUIREMENTS / "aws.txt")])
    arguments = options.pytest or ("--cov", "--cov-report=", f"--ignore={BOTH_WAYS}")
    yield replace(pytest(arguments), env=(("BACKBEAT_AWS_CLI", str(aws)),))
    if not options.pytest:
        yield tool("coverage", "report", closing="^TOTAL")


def on_inventory(file: Path) -> Gate:
    """The end-to-end tests against the environments of an inventory, one after the other."""
    arguments = ("--numprocesses=0", "tests/e2e")
    return Gate(
        "inventory",
        f"end to end on the environments of {file}",
        lambda options: [pytest([*arguments, *options.pytest])],
        stream=True,
    )


def _molecule(options: Options) -> Iterable[Step]:
    yield tool("molecule", "test", "--all")


# The quick ones first: what is likely to fail is seen early. Beside them runs what takes longest of the quiet ones.
GATES = (
    Gate("ruff", "style, likely mistakes and formatting of all Python", _ruff),
    Gate("ansible-test", "sanity with all Pythons that are here, and units", ansible_test_steps),
    Gate("licences", "every file says its licence (REUSE)", _licences),
    Gate("changelog", "changelog and its fragments (antsibull-changelog)", _changelog),
    Gate("mypy", "strict types of plugins, sandbox and devtools", _mypy),
    Gate("docs", "documentation: lint, and a build as HTML (antsibull-docs, Sphinx)", _docs),
    Gate("lint", "playbooks, roles, metadata and all YAML (ansible-lint, production)", _lint),
    Gate("galaxy", "the tarball as Galaxy takes it (galaxy-importer)", importer_steps),
    Gate("molecule", "all molecule scenarios", _molecule),
    Gate(
        "pytest",
        "the tests, and how much of the plugins they cover; what follows -- is passed on",
        _pytest,
        stream=True,
    ),
    Gate(
        "boto-oldest",
        "whole modules with the lowest boto3",
        oldest_boto_steps,
        stream=True,
    ),
    Gate("cores", "role and playbooks with each ansible-core", core_steps, stream=True),
)
