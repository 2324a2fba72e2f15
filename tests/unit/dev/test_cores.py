# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each declared core is run, or it is said that it was not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devtools import cores
from devtools.gates import Options
from devtools.interpreters import Interpreter, Version
from devtools.processes import Failure


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """What was installed into which environment; there are Pythons 3.11 and 3.12."""
    done: dict[str, tuple[str, ...]] = {}

    def install(venv: Path, interpreter: Interpreter, arguments: Any) -> None:
        done[venv.name] = ("{}.{}".format(*interpreter.version), *arguments[2:])

    def find(version: Version) -> Interpreter | None:
        name = "python{}.{}".format(*version)
        return Interpreter(Path(name), version) if version in {(3, 11), (3, 12)} else None

    monkeypatch.setattr(cores, "CACHE", tmp_path)
    monkeypatch.setattr(cores, "install", install)
    monkeypatch.setattr(cores, "find", find)
    monkeypatch.delenv("CI", raising=False)
    return done


def test_each_core_runs_on_the_first_python_that_is_here(
    installed: dict[str, tuple[str, ...]],
) -> None:
    steps = list(cores.core_steps(Options(pytest=("-x",))))
    assert installed == {
        "2.17": ("3.11", "ansible-core==2.17.*"),
        "2.18": ("3.11", "ansible-core==2.18.*"),
        "2.19": ("3.11", "ansible-core==2.19.*"),
        "2.20": ("3.12", "ansible-core==2.20.*"),
        "2.21": ("3.12", "ansible-core==2.21.*"),
    }
    assert steps[0].about == "ansible-core 2.17, Python 3.11"
    for step in steps:
        assert str(step.command[0]).startswith(str(step.venv))
        at_an_end = step in (steps[0], steps[-1])
        further = (*cores.AT_THE_ENDS, cores.BOTH_WAYS) if at_an_end else ()
        expected = [*cores.ON_EACH_CORE, *further, "-x"]
        assert list(step.command[-len(expected) :]) == expected
        assert at_an_end or cores.BOTH_WAYS not in step.command


def test_a_missing_interpreter_is_named(
    installed: dict[str, tuple[str, ...]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cores, "CORES", (cores.Core("9.9", ((3, 98), (3, 99))), cores.CORES[2]))
    assert len(list(cores.core_steps(Options()))) == 1
    assert "ansible-core 9.9 needs Python 3.98 or 3.99" in capsys.readouterr().out


def test_a_missing_interpreter_fails_in_ci_after_the_others_ran(
    installed: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr(cores, "CORES", (cores.Core("9.9", ((3, 99),)), cores.CORES[2]))
    steps = cores.core_steps(Options())
    assert "2.19" in next(steps).about
    with pytest.raises(Failure, match=r"ansible-core 9\.9 needs Python 3\.99"):
        next(steps)


def test_the_oldest_boto_is_what_the_requirements_allow(
    installed: dict[str, tuple[str, ...]],
) -> None:
    (step,) = cores.oldest_boto_steps(Options())
    assert installed["boto-oldest"][1:] == tuple(step.about.split(", "))
    assert cores.lowest_versions("# a comment\nboto3>=1.2.3\n\nboto-core>=4\nother\n") == [
        "boto3==1.2.3",
        "boto-core==4",
    ]
