# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records which tests run which lines of the plugins, and their durations.

The record of a test file is reused as long as neither this file nor the plugins change, if its tests pass.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coverage import CoverageData

from devtools.places import environ
from devtools.processes import Failure, started

# -B: compiled code of a mutant must not be used for the next one, which may have the same size and time.
PYTEST = (sys.executable, "-B", "-m", "pytest", "-q", "--tb=no", "-p", "no:randomly")
TWO_AT_A_TIME, ONE_AT_A_TIME = "--numprocesses=2", "--numprocesses=0"
DURATION = re.compile(r"([\d.]+)s (?:setup|call|teardown) +(.+)")
FAILED = Path(".cache", "pytest", "v", "cache", "lastfailed")
DATA = Path(".cache", "coverage", "data")


@dataclass(frozen=True)
class Run:
    """The result of pytest: its exit code, or None after a timeout, and the failed tests."""

    code: int | None
    output: str
    failed: list[str]


def run_pytest(tree: Path, arguments: Sequence[str], timeout: float | None = None) -> Run:
    """Run pytest in this folder, and end all its processes."""
    (tree / FAILED).unlink(missing_ok=True)
    # Test names may contain blanks, and thousands of them do not fit into a command line.
    with tempfile.TemporaryFile() as output, tempfile.NamedTemporaryFile("w") as file:
        file.write("\n".join(arguments))
        file.flush()
        command = [*PYTEST, f"@{file.name}"]
        code = None
        with (
            started(command, cwd=tree, env=environ(Path(sys.prefix)), output=output) as process,
            contextlib.suppress(subprocess.TimeoutExpired),
        ):
            code = process.wait(timeout)
        output.seek(0)
        text = output.read().decode(errors="replace")
    failed = list(json.loads((tree / FAILED).read_text())) if (tree / FAILED).exists() else []
    return Run(code, text, failed)


@dataclass
class Covering:
    """The tests that run each line. Lines that run during an import belong to no test."""

    lines: dict[str, dict[int, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    seconds: dict[str, float] = field(default_factory=dict)
    #: Tests that fail without a mutant, so that they cannot detect one.
    failing: list[str] = field(default_factory=list)

    def tests(self, file: str, first_line: int, last_line: int) -> list[str]:
        """The tests that run one of these lines, else all that use the file, the fastest first."""
        by_line = self.lines.get(file, {})
        tests = set().union(
            *(by_line.get(line, ()) for line in range(first_line, last_line + 1))
        ) or set().union(*by_line.values())
        return self.quickest_first(tests - set(self.failing))

    def tests_of(self, file: str) -> list[str]:
        """All recorded, passing tests that use this file, the fastest first."""
        found = {test for test in self.seconds if _file_of(test) == file}
        return self.quickest_first(found - set(self.failing))

    def quickest_first(self, tests: Iterable[str]) -> list[str]:
        """The tests in order of duration; those of a file stay together, because they share expensive fixtures."""
        ordered = sorted(tests, key=lambda test: (_file_of(test), self.seconds.get(test, 0.0)))
        groups = [list(group) for _, group in itertools.groupby(ordered, key=_file_of)]
        groups.sort(key=lambda group: self.duration(group) / len(group))
        return list(itertools.chain.from_iterable(groups))

    def duration(self, tests: Iterable[str]) -> float:
        return sum(self.seconds.get(test, 0.0) for test in tests)

    def add(self, record: dict[str, Any]) -> None:
        self.seconds |= record["seconds"]
        self.failing += record["failing"]
        for test, files in record["lines"].items():
            for file, lines in files.items():
                for line in lines:
                    self.lines[file][line].add(test)


def covering(tree: Path, tests: Sequence[str], records: Path) -> Covering:
    """The lines that these tests (files or folders) cover; records: the folder for the records."""
    records.mkdir(parents=True, exist_ok=True)
    code = _digest(sorted((tree / "plugins").rglob("*.py")))
    kept = {
        file: records / f"{_digest([tree / file], code)}.json" for file in test_files(tree, tests)
    }
    found = Covering()
    # Record by folder, so that an interruption loses little work.
    for folder, files in itertools.groupby(kept, key=lambda file: Path(file).parts[:3]):
        missing = [file for file in files if not kept[file].exists()]
        if missing:
            print(f"Recording what {len(missing)} files of {'/'.join(folder)} cover", flush=True)
            for file, record in _record(tree, missing).items():
                if record["failing"]:
                    found.add(record)
                    continue
                new = kept[file].with_suffix(".new")
                new.write_text(json.dumps(record))
                new.replace(kept[file])
    for place in kept.values():
        if place.exists():
            found.add(json.loads(place.read_text()))
    return found


def test_files(tree: Path, tests: Sequence[str]) -> list[str]:
    """The files of these tests, files or folders."""
    found: set[Path] = set()
    for test in tests:
        place = tree / _file_of(test)
        found.update(place.rglob("test_*.py") if place.is_dir() else [place])
    return sorted(str(file.relative_to(tree)) for file in found)


def _record(tree: Path, files: Sequence[str]) -> dict[str, dict[str, Any]]:
    """For each file, the durations of its tests, the failed tests, and the lines that each runs."""
    coverage = ("--cov", "--cov-context=test", "--cov-report=")
    durations = ("--durations=0", "--durations-min=0")
    processes = TWO_AT_A_TIME if len(files) > 1 else ONE_AT_A_TIME
    further = ("--continue-on-collection-errors", processes)
    run = run_pytest(tree, [*coverage, *durations, *further, *files])
    if run.code not in (0, 1):
        raise Failure(f"pytest ended with {run.code}:\n{run.output[-2000:]}")
    records: dict[str, dict[str, Any]] = {
        file: {"seconds": {}, "failing": [], "lines": {}} for file in files
    }
    for shown in run.output.splitlines():
        if found := DURATION.fullmatch(shown.strip()):
            seconds = records[_file_of(found[2])]["seconds"]
            seconds[found[2]] = round(seconds.get(found[2], 0.0) + float(found[1]), 3)
    for test in run.failed:
        records[_file_of(test)]["failing"].append(test)
    data = CoverageData(str(tree / DATA))
    data.read()
    for file in data.measured_files():
        name = os.path.relpath(Path(file).resolve(), tree.resolve())
        for line, contexts in data.contexts_by_lineno(file).items():
            for context in filter(None, contexts):
                test, _, phase = context.rpartition("|")
                record = records[_file_of(test)]
                # Lines that a shared fixture runs for the first test may be covered by the others too.
                users = list(record["seconds"]) if phase == "setup" else [test]
                for user in users:
                    lines = record["lines"].setdefault(user, {}).setdefault(name, [])
                    if line not in lines[-2:]:
                        lines.append(line)
    return records


def _file_of(test: str) -> str:
    return test.split("::")[0]


def _digest(files: Iterable[Path], *more: str) -> str:
    found = hashlib.sha256("\n".join(more).encode())
    for file in files:
        found.update(f"{file.name}\n".encode() + file.read_bytes())
    return found.hexdigest()[:24]
