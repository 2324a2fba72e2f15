# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dev.py runs its gates with nox; passed gates have one line, failed ones all output."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import dev
from devtools.places import ROOT, environ

nox = pytest.importorskip("nox", reason="requirements/test.txt alone is installed here")

NOXFILE = """
import sys
sys.path.insert(0, {root!r})
from noxfile import nox, run
nox.options.envdir = "environments"
@nox.session(python=False, allow_parallel=True)
def good(session): run(session, {python!r}, "-c", "print('noise'); print('All checks passed!')")
@nox.session(python=False, allow_parallel=True)
def bad(session): run(session, {python!r}, "-c", "print('the reason'); print('Found 1 error'); raise SystemExit(3)")
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], ["--parallel=3", "--"]),
        (["ruff", "mypy"], ["--parallel=3", "--session", "ruff", "mypy", "--"]),
        (["pytest", "--", "-k", "x"], ["--parallel=1", "--session", "pytest", "--", "-k", "x"]),
        (["-x"], ["--parallel=1", "--stop-on-first-error", "--"]),
        (["-v"], ["--parallel=1", "--verbose", "--"]),
        (["--list"], ["--list"]),
    ],
)
def test_gates_are_run_by_nox(given: list[str], expected: list[str]) -> None:
    options = dev.parse(["test", *given])
    assert dev.nox_arguments(options, options.gates) == expected


def gates(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """The exit code and the lines of nox with the two gates above."""
    (folder / "noxfile.py").write_text(NOXFILE.format(root=str(ROOT), python=sys.executable))
    command = [sys.executable, "-m", "nox", "-f", folder / "noxfile.py", *arguments]
    done = subprocess.run(command, cwd=folder, env=environ(), capture_output=True, text=True)
    return done.returncode, (done.stdout + done.stderr).splitlines()


def test_a_failure_is_shown_and_passed_gates_have_one_line(tmp_path: Path) -> None:
    code, lines = gates(tmp_path, "--parallel=2", "--session", "good", "bad")
    assert code == 1
    assert "All checks passed!" in lines
    assert any("the reason" in line for line in lines)
    assert "noise" not in lines
    assert any("bad" in line and "failed" in line for line in lines[-3:])


def test_verbose_shows_all(tmp_path: Path) -> None:
    code, lines = gates(tmp_path, "--verbose", "--session", "good")
    assert code == 0
    assert "noise" in lines
