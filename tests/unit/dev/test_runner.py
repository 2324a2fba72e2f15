# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates are run to their end, shown when they fail, and summed up."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from devtools import runner
from devtools.gates import Gate, Options, Skipped, Step
from devtools.processes import Failure
from devtools.runner import run_gates


@pytest.fixture(autouse=True)
def _logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LOGS", tmp_path / "logs")


def step(code: str, about: str = "", closing: str | None = r"\S") -> Step:
    return Step([sys.executable, "-c", code], about=about, closing=closing)


def gate(name: str, *steps: Step) -> Gate:
    return Gate(name, f"about {name}", lambda _: steps)


GOOD = gate("good", step("print('noise'); print('all is well')"))
BAD = gate("bad", step("print('the reason'); print('1 broken'); raise SystemExit(3)"))


def test_all_passed(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_gates([GOOD], Options()) == 0
    out = capfd.readouterr().out
    assert "noise" not in out
    before, summary = out.split("=== Summary\n")
    assert "all is well\n" in before
    assert summary.splitlines()[0] == "all is well"
    assert "passed" in summary


def test_a_failure_is_shown_and_the_others_run(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_gates([BAD, GOOD], Options()) == 1
    before, summary = capfd.readouterr().out.split("=== Summary\n")
    assert "the reason" in before
    assert summary.splitlines()[:2] == ["1 broken", "all is well"]
    assert "FAILED  (.cache/logs/bad.log)" in summary
    assert (runner.LOGS / "bad.log").read_text() == "the reason\n1 broken\n"


def test_stopping_early_names_what_was_not_run(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_gates([BAD, GOOD], Options(), stop_early=True) == 1
    assert "not run" in capfd.readouterr().out


def test_one_failed_step_of_several_fails_the_gate(capfd: pytest.CaptureFixture[str]) -> None:
    steps = (step("raise SystemExit(1)", "first"), step("print('fine')", "second"))
    assert run_gates([gate("both", *steps)], Options()) == 1
    summary = capfd.readouterr().out.split("=== Summary\n")[1]
    assert summary.splitlines()[:3] == ["first:", "second:", "fine"]


def test_a_gate_that_runs_nothing_has_not_passed() -> None:
    assert run_gates([gate("empty")], Options()) == 1


def test_a_gate_may_fail_while_it_prepares(capfd: pytest.CaptureFixture[str]) -> None:
    def steps(options: Options) -> Iterator[Step]:
        yield step("print('ran')")
        raise Failure("no interpreter for the rest")

    assert run_gates([Gate("half", "", steps)], Options()) == 1
    summary = capfd.readouterr().out.split("=== Summary\n")[1]
    assert summary.splitlines()[:2] == ["ran", "no interpreter for the rest"]


def test_a_gate_that_need_not_run_here_says_why(capfd: pytest.CaptureFixture[str]) -> None:
    def steps(options: Options) -> Iterator[Step]:
        raise Skipped("not for this Python")
        yield

    assert run_gates([Gate("elsewhere", "", steps)], Options()) == 0
    summary = capfd.readouterr().out.split("=== Summary\n")[1]
    assert summary.splitlines()[0] == "not for this Python"


def test_options_reach_the_gate() -> None:
    seen: list[Options] = []

    def steps(options: Options) -> Iterable[Step]:
        seen.append(options)
        return [step("pass")]

    run_gates([Gate("asks", "", steps)], Options(pytest=("-k", "one")))
    assert seen == [Options(pytest=("-k", "one"))]


def test_a_server_left_behind_does_not_hold_the_gate_up(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print('done')"
    )
    assert run_gates([gate("leaves", step(code))], Options()) == 0
    assert (runner.LOGS / "leaves.log").read_text() == "done\n"


def test_the_closing_line_is_the_last_that_matches() -> None:
    pytest_like = Step([], closing=r" in [\d.]+s\b")
    assert pytest_like.closing_line("1 passed in 0.1s\n2 passed in 0.2s\nbye\n") == (
        "2 passed in 0.2s"
    )
    assert pytest_like.closing_line("nothing of the kind") == ""
    assert Step([], closing=None).closing_line("a line") == ""


def test_quiet_gates_run_side_by_side_and_others_alone(capfd: pytest.CaptureFixture[str]) -> None:
    waits = step(
        "import time; print(time.time()); time.sleep(0.7); print(time.time())", closing=None
    )
    alone = Gate("alone", "", lambda _: [waits], stream=True)
    start = time.monotonic()
    assert run_gates([gate("one", waits), gate("other", waits), alone], Options()) == 0
    assert time.monotonic() - start < 3 * 0.7 + 0.6
    spans = {
        name: [float(line) for line in (runner.LOGS / f"{name}.log").read_text().split()]
        for name in ("one", "other", "alone")
    }
    assert spans["other"][0] < spans["one"][1]
    assert spans["alone"][0] > max(spans["one"][1], spans["other"][1])
    out = capfd.readouterr().out
    assert out.index("=== one") < out.index("=== alone")


def test_an_interruption_ends_what_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"""
import pathlib, time
try:
    time.sleep(60)
except KeyboardInterrupt:
    pathlib.Path({str(seen)!r}).touch()
"""
    start = time.monotonic()
    real = time.sleep

    def sleep(seconds: float) -> None:
        real(seconds)
        if time.monotonic() - start > 1.0:
            raise KeyboardInterrupt

    monkeypatch.setattr(runner.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        run_gates([gate("endless", step(code)), GOOD], Options())
    assert seen.exists()
