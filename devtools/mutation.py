# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes the plugins in small ways, one at a time, and runs the tests that cover the changed line (cosmic-ray).

A change that no test detects shows a gap in the tests, unless it has no effect: such changes are listed with the reason
in devtools/equivalent_mutants.json. A further run only repeats undetected mutants, changed code, and mutants that an
interruption left out.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtools.ansible_test import copy_checkout
from devtools.covering import ONE_AT_A_TIME, TWO_AT_A_TIME, Covering, covering, run_pytest
from devtools.mutants import Mutant, sample
from devtools.places import CACHE, NAME, NAMESPACE

FOLDER = CACHE / "mutation"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.json")
SEED = 2026
# Code that only runs in processes of Ansible is not in the coverage records.
PROCEDURE = "tests/integration/test_playbook.py"
# Tests that take more than LONG seconds get a second process. Tests that take PATIENCE seconds more than FACTOR times
# their recorded duration have detected the mutant: it does not end.
LONG, PATIENCE, FACTOR = 20.0, 120.0, 10.0


def main() -> int:
    """Run the mutants of a sample. Returns 1 if more of them survive than `--limit` allows."""
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
    tree = FOLDER / "tree"
    prepare(tree)
    chosen, number = sample(tree, files_to_change(tree), options.sample, options.seed)
    print(f"{len(chosen)} of {number} mutants; tests: {' '.join(options.tests)}", flush=True)
    judge = Judge(
        tree, covering(tree, options.tests, FOLDER / "covering"), FOLDER / "outcomes.json"
    )
    if judge.covering.failing:
        print("These tests fail without a change:", *judge.covering.failing, sep="\n  ")
    survivors = []
    for place, mutant in enumerate(chosen, 1):
        noticed_by = judge.noticed_by(mutant)
        print(f"{place:4} {mutant.place}: {noticed_by or 'SURVIVED'}", flush=True)
        if not noticed_by:
            survivors.append(mutant)
    return report(len(chosen), survivors, options.limit)


def prepare(tree: Path) -> None:
    """Copy the checkout, so that mutants are never written to it."""
    copy_checkout(tree)
    place = tree / ".cache" / "ansible_collections" / NAMESPACE / NAME
    place.parent.mkdir(parents=True)
    place.symlink_to("../../..")


def files_to_change(tree: Path) -> list[str]:
    """All shipped Python files, except documentation."""
    return sorted(
        str(file.relative_to(tree))
        for file in (tree / "plugins").rglob("*.py")
        if "doc_fragments" not in file.parts
    )


@dataclass(frozen=True)
class Judge:
    """Finds the test that detects a mutant, and records it.

    outcomes: a file with the results for mutants, by identity.
    """

    tree: Path
    covering: Covering
    outcomes: Path

    def noticed_by(self, mutant: Mutant) -> str:
        """The test that fails because of the mutant, or another sign of it; empty if it survives."""
        known = self._known()
        outcome = known.get(mutant.identity, {})
        if outcome and outcome == self._outcome(mutant, outcome["noticed_by"]):
            return str(outcome["noticed_by"])
        noticed_by = self._try(mutant)
        known.pop(mutant.identity, None)
        if noticed_by:
            known[mutant.identity] = self._outcome(mutant, noticed_by)
        new = self.outcomes.with_suffix(".new")
        new.write_text(json.dumps(known, indent=2))
        new.replace(self.outcomes)
        return noticed_by

    def _known(self) -> dict[str, Any]:
        return dict(json.loads(self.outcomes.read_text())) if self.outcomes.exists() else {}

    def _outcome(self, mutant: Mutant, noticed_by: str) -> dict[str, Any]:
        """The result for a mutant, which is valid as long as the changed file and the test's file stay the same."""
        test = self.tree / noticed_by.split("::")[0]
        files = [self.tree / mutant.file, *([test] if test.is_file() else [])]
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        return {"noticed_by": noticed_by, "files": digest}

    def _try(self, mutant: Mutant) -> str:
        tests = self.covering.tests(mutant.file, mutant.first_line, mutant.last_line)
        if not tests:
            tests = self.covering.tests_of(PROCEDURE)
        with changed(self.tree / mutant.file, mutant.code):
            while tests:
                noticed_by, failed = self._run(tests)
                if noticed_by or not failed:
                    return noticed_by
                # A flaky test has detected nothing.
                noticed_by, again = self._run(failed)
                if noticed_by or again:
                    return noticed_by or again[0]
                tests = [test for test in tests if test not in failed]
        return ""

    def _run(self, tests: Sequence[str]) -> tuple[str, list[str]]:
        """Run tests. Returns a sign of the mutant other than a failed test, and the failed tests."""
        seconds = self.covering.duration(tests)
        processes = TWO_AT_A_TIME if seconds > LONG else ONE_AT_A_TIME
        run = run_pytest(self.tree, ["-x", processes, *tests], PATIENCE + FACTOR * seconds)
        if run.code is None:
            return "timeout", []
        if run.code and not run.failed:
            return f"exit code {run.code}", []
        return "", run.failed


@contextlib.contextmanager
def changed(file: Path, code: str) -> Iterator[None]:
    """Replace the file's contents during the block."""
    before = file.read_bytes()
    file.write_text(code)
    try:
        yield
    finally:
        file.write_bytes(before)


def report(number: int, survivors: Sequence[Mutant], limit: int) -> int:
    """Print the survivors, with the reasons for equivalent ones. Returns the exit code."""
    reasons = json.loads(EQUIVALENT.read_text())
    for mutant in survivors:
        print(f"\n{mutant.name}\n  {reasons.get(mutant.name, 'SURVIVED')}")
    holes = sum(mutant.name not in reasons for mutant in survivors)
    print(
        f"\n{number} mutants: {number - len(survivors)} noticed, "
        f"{len(survivors) - holes} equivalent, {holes} survived"
    )
    return int(holes > limit)


if __name__ == "__main__":
    sys.exit(main())
