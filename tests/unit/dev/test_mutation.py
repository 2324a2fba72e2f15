# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutants are judged by the tests that cover them: in a project of two files, with pytest itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from devtools import covering as recording
from devtools import mutation
from devtools.covering import Covering, Run, covering, run_pytest
from devtools.mutants import Mutant, mutants
from devtools.mutation import Judge, changed, report
from devtools.places import ROOT
from devtools.processes import Failure

CODE, TESTS = "plugins/sizes.py", "tests/test_sizes.py"
SETTINGS = """\
[tool.pytest.ini_options]
pythonpath = ["plugins"]
cache_dir = ".cache/pytest"

[tool.coverage.run]
source = ["plugins"]
data_file = ".cache/coverage/data"
"""
SIZES = """\
LIMIT = 3


def is_small(size):
    return size < LIMIT


def half(size):
    return size // 2
"""
TEST_SIZES = """\
import time

import pytest
from sizes import half, is_small


@pytest.fixture(scope="module")
def four():
    return half(8)


def test_half(four):
    time.sleep(0.2)
    assert four


def test_value_of_half(four):
    assert four == 4


@pytest.mark.parametrize("size", [1, 2], ids=["the smallest", "two"])
def test_small(size):
    assert is_small(size)


def test_that_fails():
    assert not is_small(1)
"""
HALF, VALUE = f"{TESTS}::test_half", f"{TESTS}::test_value_of_half"
SMALL, FAILS = f"{TESTS}::test_small", f"{TESTS}::test_that_fails"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("project")
    for name, text in (("pyproject.toml", SETTINGS), (CODE, SIZES), (TESTS, TEST_SIZES)):
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(text)
    return tree


@pytest.fixture(scope="module")
def covered(project: Path) -> Covering:
    return covering(project, ["tests"], project / "records")


@pytest.fixture
def judge(project: Path, covered: Covering, tmp_path: Path) -> Judge:
    return Judge(project, covered, tmp_path / "outcomes.json")


def mutant(project: Path, operator: str, line: int) -> Mutant:
    found = mutants(project, CODE)
    return next(one for one in found if operator in one.operator and one.first_line == line)


class Said:
    """Replaces pytest: returns prepared results, and records the tests of each run."""

    def __init__(self, *runs: Run) -> None:
        self.runs = list(runs)
        self.asked: list[list[str]] = []

    def __call__(self, tree: Path, arguments: Sequence[str], timeout: float) -> Run:
        self.asked.append([one for one in arguments if not one.startswith("-")])
        return self.runs.pop(0)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[Said]:
    said = Said()
    monkeypatch.setattr(mutation, "run_pytest", said)
    yield said
    assert not said.runs


PASSED = Run(0, "", [])


def test_a_line_is_covered_by_the_tests_that_run_it(covered: Covering) -> None:
    small = [f"{SMALL}[the smallest]", f"{SMALL}[two]"]
    assert sorted(covered.tests(CODE, 5, 5)) == small
    assert covered.failing == [FAILS]


def test_lines_of_a_fixture_are_covered_by_all_tests_of_the_file(covered: Covering) -> None:
    assert {HALF, VALUE} <= set(covered.tests(CODE, 9, 9))


def test_lines_of_an_import_are_covered_by_all_users_of_the_file(covered: Covering) -> None:
    small = {f"{SMALL}[the smallest]", f"{SMALL}[two]"}
    assert set(covered.tests(CODE, 1, 1)) == {HALF, VALUE, *small}
    assert covered.tests("plugins/other.py", 1, 1) == []


def test_the_fastest_tests_run_first_and_those_of_a_file_together(covered: Covering) -> None:
    assert covered.tests(CODE, 9, 9)[-1] == HALF
    assert covered.seconds[HALF] >= 0.2
    files = Covering(seconds={"a::1": 9.0, "a::2": 1.0, "b::1": 2.0, "b::2": 2.0})
    assert files.quickest_first(files.seconds) == ["b::1", "b::2", "a::2", "a::1"]


def test_a_record_is_kept_until_tests_or_code_change(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[str] = []

    def record(tree: Path, files: Sequence[str]) -> dict[str, object]:
        recorded.extend(files)
        return {file: {"seconds": {HALF: 1.0}, "failing": [], "lines": {}} for file in files}

    monkeypatch.setattr(recording, "_record", record)
    first = covering(project, ["tests"], tmp_path)
    assert first.seconds == {HALF: 1.0}
    assert covering(project, ["tests"], tmp_path) == first
    assert recorded == [TESTS]
    for file in (TESTS, CODE):
        recorded.clear()
        with changed(project / file, (project / file).read_text() + "\n"):
            covering(project, [TESTS], tmp_path)
        assert recorded == [TESTS]


def test_a_record_of_failed_tests_is_not_kept(
    project: Path, covered: Covering, tmp_path: Path
) -> None:
    """Tests that cannot be imported count as failed, too."""
    assert list((project / "records").iterdir()) == []
    with changed(project / TESTS, "import nothing_of_this_name\n"):
        assert covering(project, [TESTS], tmp_path).failing == [TESTS]
    assert list(tmp_path.iterdir()) == []


def test_tests_that_cannot_run_are_reported(project: Path, tmp_path: Path) -> None:
    with (
        changed(project / "pyproject.toml", "[tool.pytest.ini_options]\nminversion = '999'\n"),
        pytest.raises(Failure, match="pytest ended with 4"),
    ):
        covering(project, [TESTS], tmp_path)


def test_a_run_that_does_not_end_is_stopped(project: Path) -> None:
    with changed(project / TESTS, "import time\n\n\ndef test_long():\n    time.sleep(60)\n"):
        assert run_pytest(project, [TESTS], 2.0).code is None


def test_a_detected_mutant_has_its_test_and_the_code_is_restored(
    project: Path, judge: Judge
) -> None:
    one = mutant(project, "ReplaceBinaryOperator_FloorDiv_Mul", 9)
    assert judge.noticed_by(one) == VALUE
    assert (project / CODE).read_text() == SIZES


def test_a_mutant_that_no_test_detects_survives(project: Path, judge: Judge) -> None:
    assert judge.noticed_by(mutant(project, "ReplaceComparisonOperator_Lt_LtE", 5)) == ""


def test_a_mutant_that_cannot_be_imported_is_detected(project: Path, judge: Judge) -> None:
    one = replace(mutant(project, "NumberReplacer", 1))
    one.__dict__["code"] = "raise ImportError\n"
    assert judge.noticed_by(one)


def test_tests_that_do_not_end_have_detected_the_mutant(
    project: Path, judge: Judge, said: Said
) -> None:
    said.runs = [Run(None, "", [])]
    assert judge.noticed_by(mutant(project, "NumberReplacer", 1)) == "timeout"


def test_a_flaky_test_has_detected_nothing(project: Path, judge: Judge, said: Said) -> None:
    said.runs = [Run(1, "", [HALF]), PASSED, Run(1, "", [VALUE]), Run(1, "", [VALUE])]
    assert judge.noticed_by(mutant(project, "FloorDiv_Mul", 9)) == VALUE
    everything, once, others, again = said.asked
    assert HALF in everything
    assert (once, again) == ([HALF], [VALUE])
    assert set(others) == set(everything) - {HALF}


def test_code_that_no_test_runs_in_its_process_is_tested_with_the_procedure(
    project: Path, covered: Covering, tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutation, "PROCEDURE", TESTS)
    said.runs = [PASSED]
    recorded = Covering(seconds=covered.seconds, failing=covered.failing)
    judge = Judge(project, recorded, tmp_path / "outcomes.json")
    assert judge.noticed_by(mutant(project, "FloorDiv_Mul", 9)) == ""
    (asked,) = said.asked
    assert sorted(asked) == sorted(set(covered.seconds) - {FAILS})


def test_the_procedure_is_not_run_if_other_tests_are_requested(
    project: Path, tmp_path: Path, said: Said
) -> None:
    """Its duration is unknown then, and on a busy machine it would be stopped."""
    judge = Judge(project, Covering(), tmp_path / "outcomes.json")
    assert judge.noticed_by(mutant(project, "FloorDiv_Mul", 9)) == ""
    assert said.asked == []


def test_detected_mutants_are_not_run_again(project: Path, judge: Judge, said: Said) -> None:
    one, other = mutant(project, "FloorDiv_Mul", 9), mutant(project, "Lt_LtE", 5)
    noticed = [Run(1, "", [VALUE])] * 2
    said.runs = [*noticed, PASSED, PASSED]
    assert judge.noticed_by(one) == VALUE
    assert judge.noticed_by(other) == ""
    assert judge.noticed_by(one) == VALUE
    assert judge.noticed_by(other) == ""
    assert len(said.asked) == 4


@pytest.mark.parametrize("file", [CODE, TESTS])
def test_mutants_are_run_again_after_a_change_of_code_or_test(
    file: str, project: Path, judge: Judge, said: Said
) -> None:
    one = mutant(project, "FloorDiv_Mul", 9)
    said.runs = [Run(1, "", [VALUE])] * 2
    judge.noticed_by(one)
    with changed(project / file, (project / file).read_text() + "\n"):
        said.runs = [PASSED]
        assert judge.noticed_by(one) == ""
    assert json.loads(judge.outcomes.read_text()) == {}


def test_equivalent_mutants_do_not_count_and_holes_do(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    one, other = mutant(project, "FloorDiv_Mul", 9), mutant(project, "Lt_LtE", 5)
    monkeypatch.setattr(mutation, "EQUIVALENT", tmp_path / "equivalent.json")
    (tmp_path / "equivalent.json").write_text(json.dumps({one.name: "It is the same."}))
    assert report(9, [one, other], 1) == 0
    assert report(9, [one, other], 0) == 1
    output = capsys.readouterr().out
    assert f"{one.name}\n  It is the same." in output
    assert f"{other.name}\n  SURVIVED" in output
    assert "9 mutants: 7 noticed, 1 equivalent, 1 survived" in output


def test_lines_of_equivalent_mutants_still_exist() -> None:
    """A mutant is named by its lines: after a change of one, its reason would apply to no mutant."""
    gone = []
    for name in json.loads(mutation.EQUIVALENT.read_text()):
        file, *lines = name.splitlines()
        code = {line.strip() for line in (ROOT / file).read_text().splitlines()}
        before = [line.removeprefix("- ").strip() for line in lines if line.startswith("- ")]
        assert before, name
        gone += [f"{file}: {line}" for line in before if line not in code]
    assert gone == []
