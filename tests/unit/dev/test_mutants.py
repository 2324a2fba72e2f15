# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample of mutants: which code is changed, and which mutants stay when code changes."""

from __future__ import annotations

from pathlib import Path

from devtools.mutants import Mutant, mutants, sample

FILE = "plugins/code.py"


def written(tree: Path, code: str) -> list[Mutant]:
    """The mutants of this code that are valid Python."""
    file = tree / FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text(code)
    return [one for one in mutants(tree, FILE) if one.is_python()]


def operators(found: list[Mutant]) -> set[str]:
    return {one.operator.removeprefix("core/") for one in found}


def test_a_mutant_names_its_change_and_does_not_write_the_file(tmp_path: Path) -> None:
    code = "def is_small(size):\n    return size < 3\n"
    found = {one.operator.removeprefix("core/"): one for one in written(tmp_path, code)}
    one = found["ReplaceComparisonOperator_Lt_LtE"]
    assert one.code == code.replace("<", "<=")
    assert one.name == f"{FILE}\n- return size < 3\n+ return size <= 3"
    assert one.place == f"{FILE}:2 ReplaceComparisonOperator_Lt_LtE"
    assert (tmp_path / FILE).read_text() == code


def test_type_expressions_are_not_changed(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        "def first(of: list[int] | None = None, *more: 'A | B') -> int | None:\n"
        "    found: int | str\n"
        "    return cast(A | B, of)\n",
    )
    assert found == []


def test_code_next_to_type_expressions_is_changed(tmp_path: Path) -> None:
    found = written(
        tmp_path,
        "def first(of: int | None = 1) -> int | None:\n    size: int | None = 2\n    return cast(A | B, of + 3)\n",
    )
    numbers = {one.first_line for one in found if "NumberReplacer" in one.operator}
    assert numbers == {1, 2, 3}
    assert {one.first_line for one in found if "BinaryOperator" in one.operator} == {3}


def test_documentation_and_lists_of_names_are_not_changed(tmp_path: Path) -> None:
    code = '"""Adds 1 + 1, or not True."""\n__all__ = ["first", "second"]\n'
    assert written(tmp_path, code) == []


def test_decorators_for_type_checkers_stay(tmp_path: Path) -> None:
    code = "class Job:\n    @{}\n    def run(self):\n        pass\n"
    assert operators(written(tmp_path, code.format("property"))) == {"RemoveDecorator"}
    assert written(tmp_path, code.format("abstractmethod")) == []


def test_code_with_warnings_of_python_is_not_a_mutant(tmp_path: Path) -> None:
    """For example `is` with a literal, whose effect depends on the interpreter."""
    found = operators(written(tmp_path, "def find(kind):\n    return kind == 'role'\n"))
    assert "ReplaceComparisonOperator_Eq_NotEq" in found
    assert "ReplaceComparisonOperator_Eq_Is" not in found


def test_a_sample_is_the_same_each_time_and_depends_on_the_seed(tmp_path: Path) -> None:
    written(tmp_path, "def find(a, b):\n    return a < b or a + 2 > b * 3\n")
    one, of = sample(tmp_path, [FILE], 5, 1)
    again, _ = sample(tmp_path, [FILE], 5, 1)
    other, _ = sample(tmp_path, [FILE], 5, 2)
    assert one == again
    assert len(one) == 5 < of
    assert one != other


def test_new_code_replaces_a_part_of_the_sample_only(tmp_path: Path) -> None:
    before = "def find(a, b):\n    return a < b or a + 2 > b * 3\n"
    written(tmp_path, before)
    one, _ = sample(tmp_path, [FILE], 10, 1)
    written(tmp_path, f"SIZE = 1\n\n\n{before}")
    other, _ = sample(tmp_path, [FILE], 10, 1)
    kept = {mutant.identity for mutant in one} & {mutant.identity for mutant in other}
    assert len(kept) >= 8
    assert {mutant.first_line for mutant in one} == {2}


def test_equal_lines_have_separate_mutants(tmp_path: Path) -> None:
    line = "    return 1\n"
    found = written(tmp_path, f"def a():\n{line}\n\ndef b():\n{line}")
    assert len(found) == len({one.identity for one in found}) > 2
