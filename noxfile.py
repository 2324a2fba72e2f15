# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of `dev.py test` as nox sessions, with all their settings.

Run them with `dev.py test`, which gives them a clean environment. Sessions without a Python use the programs of .venv.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import nox

sys.path.insert(0, str(Path(__file__).parent))
from devtools import ansible_test, environment
from devtools.places import CACHE, FULL_NAME, REQUIREMENTS, ROOT

nox.needs_version = ">=2026.2"
nox.options.envdir = str(CACHE / "nox")
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.download_python = "never"
os.environ["PATH"] = environment.path_with_pythons()

check = functools.partial(nox.session, python=False, allow_parallel=True)


def run(session: nox.Session, *command: str, **settings: Any) -> str:
    """Run a program and return its output, of which the last line is shown; all of it if it fails, or with -v."""
    output = str(session.run(*command, silent=True, **settings) or "")
    print(*output.rstrip().splitlines()[-1:], flush=True)
    return output


# tests/conftest.py tells which tests share a process.
PYTEST = ("python", "-m", "pytest", "-q", "--dist=loadscope", "--no-loadscope-reorder")
# One process more than cores, since tests also wait: for servers, and for time to pass.
ALL_CORES = (f"--numprocesses={min((os.cpu_count() or 1) + 1, 4)}",)

# In the process of pytest itself.
ALONE = "--numprocesses=0"


def marked(*markers: str) -> tuple[str, ...]:
    """The tests with one of these markers of pyproject.toml, found without an import of all other files."""
    word = re.compile(rf"\bmark\.({'|'.join(markers)})\b")
    files = [file for file in sorted(ROOT.glob("tests/**/*.py")) if word.search(file.read_text())]
    # A conftest.py marks all tests of its folder.
    places = (file.parent if file.name == "conftest.py" else file for file in files)
    return "-m", " or ".join(markers), *map(str, places)


# The core of .venv, with which the gate pytest runs all tests.
OWN_CORE = ".".join(importlib.metadata.version("ansible-core").split(".")[:2])
OLDEST, NEWEST = min(environment.CORES), max(environment.CORES)
ENDS = (OLDEST, NEWEST)
ENDS_FIRST = sorted(environment.CORES, key=lambda core: core not in ENDS)


# In this order they begin, three at a time: the longest first, so that the end does not wait for one of them.


@check()
def pytest(session: nox.Session) -> None:
    """The tests; arguments after -- are passed on, such as --cov for coverage."""
    # It pins its botocore, so it has an environment of its own.
    environment.install(CACHE / "aws", ["-r", str(REQUIREMENTS / "aws.txt")])
    # A Python that has ansible-rulebook may lack what the sandbox needs, and the other way round.
    environment.install(CACHE / "rulebook", ["-r", str(REQUIREMENTS / "rulebook.txt")])
    arguments = session.posargs or ("-m", "not only_end_cores")
    env = {"BACKBEAT_AWS_CLI": str(CACHE / "aws"), "BACKBEAT_RULEBOOK": str(CACHE / "rulebook")}
    session.run(*PYTEST, *ALL_CORES, *arguments, env=env)


@nox.session(allow_parallel=True)
@nox.parametrize(
    "python,core",
    [(environment.first_available(environment.CORES[core]), core) for core in ENDS_FIRST],
    ids=ENDS_FIRST,
)
def cores(session: nox.Session, core: str) -> None:
    """Sanity and unit tests with each ansible-core, and the playbooks with those that pytest does not use."""
    session.install("-r", str(REQUIREMENTS / "test.txt"), f"ansible-core=={core}.*")
    if not session.posargs:
        folder, home = ansible_test.prepare(core, Path(session.virtualenv.location))
        # All Pythons are covered by the cores together.
        local = ("--local", "--color", "no", f"--python={session.python}")
        with session.chdir(folder):
            for name, *arguments in (
                ("sanity", *ansible_test.TARGETS),
                # A second worker imports everything once more, and other sessions use the time.
                ("units", "--num-workers=1", *ansible_test.UNITS),
                # With the others, the playbooks below do what it does.
                *([("integration", "replication")] if core == NEWEST else []),
            ):
                env = {"HOME": str(home)}
                run(session, "ansible-test", name, *local, *arguments, env=env)
    markers = {
        # pytest runs these with the core of .venv.
        "each_core": core != OWN_CORE,
        "end_cores": core in ENDS and core != OWN_CORE,
        "only_end_cores": core in ENDS,
        "oldest_core": core == OLDEST,
    }
    if any(markers.values()):
        tests = marked(*(name for name, chosen in markers.items() if chosen))
        run(session, *PYTEST, ALONE, *tests, *session.posargs)


@nox.session(name="boto-oldest", allow_parallel=True)
def boto_oldest(session: nox.Session) -> None:
    """Clients and whole modules with the lowest boto3."""
    runtime = (ROOT / "meta" / "ee-requirements.txt").read_text()
    lowest = [
        f"{name}=={version}"
        for name, version in re.findall(r"^([\w-]+)>=(\S+)", runtime, re.MULTILINE)
    ]
    session.install("-r", str(REQUIREMENTS / "test.txt"), *lowest)
    # Modules that share a connection fail in the same way.
    same = ("-k", "not bad_input_connection or iam_role or object")
    run(session, *PYTEST, ALONE, *same, *marked("lowest_boto3"), *session.posargs)


@check()
def molecule(session: nox.Session) -> None:
    """All molecule scenarios."""
    run(session, "molecule", "test", "--all")


@nox.session(allow_parallel=True)
def galaxy(session: nox.Session) -> None:
    """The tarball, as Galaxy imports it (galaxy-importer)."""
    try:
        session.install("-r", str(REQUIREMENTS / "importer.txt"))
    except nox.command.CommandFailed:
        session.skip("galaxy-importer does not install here")
    tarballs = Path(session.create_tmp()).resolve() / "tarballs"
    shutil.rmtree(tarballs, ignore_errors=True)
    run(session, "ansible-galaxy", "collection", "build", f"--output-path={tarballs}")
    (tarball,) = map(str, tarballs.glob("*.tar.gz"))
    # ansible-lint has a gate of its own, with the project's profile.
    env = {"GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"}
    with session.chdir(tarballs.parent):
        answer = run(session, "python", "-m", "galaxy_importer.main", tarball, env=env)
    # Galaxy shows warnings on the collection's page.
    if re.search(r"^(WARNING|ERROR|CRITICAL): ", answer, re.MULTILINE):
        session.error(f"galaxy-importer complains:\n{answer}")


@check()
def lint(session: nox.Session) -> None:
    """Playbooks, roles, metadata and all YAML (ansible-lint, production)."""
    run(session, "ansible-lint", "--nocolor")


@check()
def docs(session: nox.Session) -> None:
    """Documentation: lint, and a build as HTML (antsibull-docs, Sphinx)."""
    references = ("--validate-collection-refs=self", "--disallow-unknown-collection-refs")
    # Sphinx reads the plugins' pages below, and fails if it complains.
    plugins = ("--plugin-docs", "--skip-rstcheck")
    run(session, "antsibull-docs", "lint-collection-docs", *plugins, *references, ".")
    pages, html = CACHE / "docsite" / "rst", CACHE / "docsite" / "html"
    shutil.rmtree(pages, ignore_errors=True)
    # antsibull-docs refuses to write to a folder that others may write to.
    (pages / "collection").mkdir(mode=0o755, parents=True)
    settings = ("--use-current", "--squash-hierarchy", "--fail-on-error")
    destination = f"--dest-dir={pages / 'collection'}"
    run(session, "antsibull-docs", "collection", *settings, destination, FULL_NAME)
    shutil.copy(ROOT / "devtools" / "site" / "index.rst", pages)
    shutil.copytree(ROOT / "docs" / "images", pages / "images")
    shutil.copy(ROOT / "inventory" / "hosts.yml", pages / "inventory.yml")
    strict = ("--quiet", "--fresh-env", "--fail-on-warning", "--keep-going")
    run(session, "sphinx-build", *strict, "--conf-dir=devtools/site", str(pages), str(html))


@check()
def mypy(session: nox.Session) -> None:
    """Strict types of plugins, sandbox and tools."""
    packages = (f"ansible_collections.{FULL_NAME}.plugins", "devtools", "benchmarks", "sandbox")
    run(session, "mypy", *(word for name in packages for word in ("-p", name)))


@check()
def ruff(session: nox.Session) -> None:
    """Style, likely mistakes and formatting of all Python."""
    run(session, "ruff", "check", "--output-format", "concise")
    run(session, "ruff", "format", "--check")


@check()
def licences(session: nox.Session) -> None:
    """Every file states its licence (REUSE)."""
    run(session, "reuse", "lint")


@check()
def changelog(session: nox.Session) -> None:
    """Changelog and its fragments (antsibull-changelog)."""
    run(session, "antsibull-changelog", "lint", "-v")


@nox.session(python=False, default=False)
def inventory(session: nox.Session) -> None:
    """The end-to-end tests on the environments of an inventory (dev.py test --inventory FILE)."""
    session.run(*PYTEST, ALONE, "tests/contract", "tests/e2e", *session.posargs)
