# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates run to their end; what failed is shown, what each said last is summed up, and nothing is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devtools import gates
from devtools.places import ROOT

pytest.importorskip("nox", reason="requirements/test.txt alone is installed here")

NOXFILE = """
import nox, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from devtools import gates
gates.LOGS = Path("logs").absolute()
check = nox.session(python=False, allow_parallel=True)
def program(session, code):
    gates.run_logged(session, {python!r}, "-c", code)
@check
def good(session): program(session, "print('noise'); print('All checks passed!')")
@check
def bad(session): program(session, "print('the reason'); print('Found 1 error'); raise SystemExit(3)")
@check
def leaves(session): program(session, "import subprocess; subprocess.Popen(['sleep', '30'], stdout=subprocess.DEVNULL)")
@check
def endless(session): program(session, "import time; print('begun', flush=True); time.sleep(60)")
def spans(name):
    now = "print(time.time(), file=p); "
    return f"import time; p = open('{folder}/{name}', 'w'); {now} time.sleep(0.7); {now}"
@check
def one(session): program(session, spans("one"))
@check
def other(session): program(session, spans("other"))
@nox.session(python=False, default=False)
def pytest(session): program(session, spans("pytest") + "print('3 passed in 0.01s', *" + repr(session.posargs) + ")")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    values = {"{python!r}": sys.executable, "{root!r}": str(ROOT)}
    text = NOXFILE.replace("{folder}", str(tmp_path))
    for name, value in values.items():
        text = text.replace(name, repr(value))
    (tmp_path / "noxfile.py").write_text(text)
    monkeypatch.setattr(gates, "ROOT", tmp_path)
    monkeypatch.setattr(gates, "LOGS", tmp_path / "logs")
    return tmp_path


def test_gates_that_pass_show_their_closing_line_only(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in the gate that runs this test, whose output is shown.
    monkeypatch.setenv(gates.SHOW, "1")
    assert gates.run_gates(["good"]) == 0
    before, summary = capfd.readouterr().out.split("=== Summary\n")
    assert "All checks passed!" in before
    assert "noise" not in before
    assert summary.splitlines()[:2] == ["good:", "All checks passed!"]
    assert "good: success" in summary
    assert "noise\n" in (folder / "logs" / "good.log").read_text()


def test_a_failure_is_shown_and_the_others_run(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert gates.run_gates(["bad", "good"]) == 1
    before, summary = capfd.readouterr().out.split("=== Summary\n")
    assert "the reason" in before
    assert {"Found 1 error", "All checks passed!", "bad: failed"} <= set(summary.splitlines())


def test_at_the_first_failure_it_may_stop(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert gates.run_gates(["bad", "good", "pytest"], stop_early=True) == 1
    assert "good" not in capfd.readouterr().out
    assert not (folder / "pytest").exists()


def test_verbose_shows_all(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert gates.run_gates(["good"], verbose=True) == 0
    assert "noise" in capfd.readouterr().out


def test_an_unknown_gate_is_an_error(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert gates.run_gates(["nope"]) != 0
    assert "nope" in "".join(capfd.readouterr())


def test_a_server_left_behind_does_not_hold_the_gate_up(folder: Path) -> None:
    start = time.monotonic()
    assert gates.run_gates(["leaves"], verbose=True) == 0
    assert time.monotonic() - start < 20


def test_quiet_gates_run_side_by_side_and_others_alone(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The order of what they wrote, which no load on the machine changes."""
    assert gates.run_gates(["pytest", "one", "other"], ["-k", "this"]) == 0
    first, second, alone = (
        [float(line) for line in (folder / name).read_text().split()]
        for name in ("one", "other", "pytest")
    )
    assert max(first[0], second[0]) < min(first[1], second[1])
    assert alone[0] > max(first[1], second[1])
    assert "3 passed in 0.01s -k this\n" in capfd.readouterr().out.split("=== Summary\n")[1]


def test_an_interruption_ends_what_runs(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from devtools import gates, processes\n"
        "processes.end_as_interrupt(); gates.ROOT = Path(sys.argv[1]); gates.LOGS = gates.ROOT / 'logs'\n"
        "gates.run_gates(['endless'], verbose=True)"
    )
    command = [sys.executable, "-c", program, str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as it:
        assert it.stdout is not None
        assert any(b"begun" in line for line in it.stdout)
        it.send_signal(signal.SIGTERM)
        assert b"=== Summary" in it.stdout.read()
        assert it.wait(30) != 0
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert str(folder) not in listed.stdout, os.linesep.join(listed.stdout.splitlines())
