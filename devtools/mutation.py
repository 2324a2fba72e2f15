# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes the plugins in small ways, one at a time, and runs the tests that cover the changed line (cosmic-ray).

A change that all tests survive is a hole in the tests, or changes nothing: then it is named, with the reason, in
devtools/equivalent_mutants.json. The sample is the same in each run on the same code.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test, mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome
from coverage import CoverageData

from devtools.ansible_test import copy_checkout
from devtools.places import CACHE, NAME, NAMESPACE

FOLDER = CACHE / "mutation"
TREE = FOLDER / "tree"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.json")
SEED = 2026
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "--numprocesses=2")
PROCEDURE = "tests/integration/test_playbook.py"
TIMEOUT = 900.0  # seconds; tests that do not end have noticed the change


def main() -> int:
    """Returns 1 if more mutants survive than `--limit` allows."""
    parser = argparse.ArgumentParser(
        prog="dev.py mutation", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--sample", type=int, default=100, help="how many mutants (default: 100)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the sample (default: {SEED})")
    parser.add_argument("--limit", type=int, default=5, help="how many may survive (default: 5)")
    parser.add_argument(
        "tests", nargs="*", default=["tests"], help="which tests may notice (default: all)"
    )
    options = parser.parse_args()
    prepare()
    covering = tests_by_line(options.tests)
    mutations = list(all_mutations())
    chosen = random.Random(options.seed).sample(mutations, min(options.sample, len(mutations)))  # noqa: S311
    print(
        f"{len(chosen)} of {len(mutations)} mutants; tests: {' '.join(options.tests)}", flush=True
    )
    survivors = [
        name for place, one in enumerate(chosen, 1) if (name := survives(place, one, covering))
    ]
    reasons = json.loads(EQUIVALENT.read_text())
    holes = [name for name in survivors if name not in reasons]
    for name in survivors:
        print(f"\n{name}\n  {reasons.get(name, 'SURVIVED')}")
    print(
        f"\n{len(chosen)} mutants: {len(chosen) - len(survivors)} noticed, "
        f"{len(survivors) - len(holes)} equivalent, {len(holes)} survived"
    )
    return int(len(holes) > options.limit)


def prepare() -> None:
    """Copy the checkout, so that the mutants are never seen in it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    copy_checkout(TREE)
    place = TREE / ".cache" / "ansible_collections" / NAMESPACE / NAME
    place.parent.mkdir(parents=True)
    place.symlink_to("../../..")
    os.chdir(TREE)


def tests_by_line(tests: list[str]) -> dict[str, dict[int, list[str]]]:
    """For each file, and each line of it, the tests that run it; they must pass without a change."""
    coverage = ("--cov", "--cov-context=test", "--cov-report=")
    subprocess.run([*PYTEST, *coverage, *tests], check=True)
    data = CoverageData(".cache/coverage/data")
    data.read()
    return {
        str(Path(file).resolve().relative_to(TREE)): {
            line: sorted(
                {context.split("|")[0] for context in contexts if context}, key=unit_tests_first
            )
            for line, contexts in data.contexts_by_lineno(file).items()
        }
        for file in data.measured_files()
    }


def unit_tests_first(test: str) -> tuple[bool, str]:
    return not test.startswith("tests/unit/"), test


def shuffled_mutations(seed: int) -> Iterator[MutationSpec]:
    """All mutations in an order that depends on the seed only, without those that are no Python."""
    mutations = list(all_mutations())
    random.Random(seed).shuffle(mutations)  # noqa: S311
    for mutation in mutations:
        operator = get_operator(mutation.operator_name)(**mutation.operator_args)
        code = mutate_code(mutation.module_path.read_text(), operator, mutation.occurrence)
        try:
            compile(code or "", str(mutation.module_path), "exec")
        except SyntaxError:
            continue
        yield mutation


def all_mutations() -> Iterator[MutationSpec]:
    """All changes to code that is run; annotations are not."""
    files = sorted(
        file for file in Path("plugins").rglob("*.py") if "doc_fragments" not in file.parts
    )
    with use_db(":memory:", WorkDB.Mode.create) as work:
        init(files, work, {})
        found = [item.mutations[0] for item in work.work_items]
    hints = {str(file): list(hints_of(file)) for file in files}
    for mutation in sorted(
        found, key=lambda one: (str(one.module_path), one.operator_name, one.occurrence)
    ):
        spans = hints[str(mutation.module_path)]
        if not any(start <= mutation.start_pos < end for start, end in spans):
            yield mutation


def hints_of(file: Path) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where the annotations of a file begin and end, as (line, column)."""
    for node in ast.walk(ast.parse(file.read_text())):
        for hint in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if hint:
                yield (hint.lineno, hint.col_offset), (hint.end_lineno, hint.end_col_offset)


def survives(place: int, mutation: MutationSpec, covering: dict[str, dict[int, list[str]]]) -> str:
    """The name of the mutant if no test noticed it, else nothing."""
    lines = range(mutation.start_pos[0], mutation.end_pos[0] + 1)
    by_line = covering.get(str(mutation.module_path), {})
    # What runs while a module is imported belongs to no test, so all that use the module count; what runs only in the
    # processes of Ansible is seen by the procedure's own tests.
    tests = list(
        dict.fromkeys(test for line in lines for test in by_line.get(line, []))
        or dict.fromkeys(itertools.chain.from_iterable(by_line.values()))
    ) or [PROCEDURE]
    Path(".cache/tests.txt").write_text("\n".join(tests))
    # Tests whose names hold blanks, and more of them than a command line has room for, come from a file.
    command = " ".join([*PYTEST, "-x", "@.cache/tests.txt"])
    result = mutate_and_test([mutation], command, TIMEOUT)
    survived = result.test_outcome == TestOutcome.SURVIVED
    outcome = "SURVIVED" if survived else "noticed"
    at = f"{mutation.module_path}:{lines[0]}"
    print(f"{place:4} {outcome:9} {at} {mutation.operator_name} ({len(tests)} tests)", flush=True)
    return name_of(mutation, result.diff or "") if survived else ""


def name_of(mutation: MutationSpec, diff: str) -> str:
    """The file and the changed lines before and after: it stays the same while other lines come and go."""
    changed = [
        f"{line[0]} {line[1:].strip()}"
        for line in diff.splitlines()
        if re.match(r"[-+](?![-+]{2} )", line)
    ]
    return "\n".join([str(mutation.module_path), *changed])


if __name__ == "__main__":
    sys.exit(main())
