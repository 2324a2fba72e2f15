# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new module that is added at the places in CONTRIBUTING.md passes the general tests."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

pytestmark = [pytest.mark.packaging, pytest.mark.sandbox, pytest.mark.slow]

MODEL, THING = "policy_info", "sample_info"
GENERAL_TESTS = (
    "tests/unit/plugins/modules/test_every_module.py",
    "tests/unit/plugins/modules/test_backbeat_sample_info.py",
    "tests/unit/plugins/action",
    "tests/packaging/test_metadata.py",
    "tests/docs/test_pages.py::test_readme_lists_every_module_and_playbook",
    "tests/docs/test_returns.py::test_results_match_the_documentation[backbeat_sample_info]",
)
#: The files that all modules share, and the general test that fails if a module is missing in that file.
CHECKED_BY = {
    "README.md": "tests/docs/test_pages.py::test_readme_lists_every_module_and_playbook",
    "meta/runtime.yml": "tests/packaging/test_metadata.py",
}


def places() -> list[str]:
    """The first path in each item of the list."""
    section = (
        (ROOT / "CONTRIBUTING.md").read_text().split("## Adding a module")[1].split("\n## ")[0]
    )
    return re.findall(r"^\d+\. `([^`]+)`", section, re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project, in the folder that the collection's import path requires."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listing.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    place = tmp_path / ".cache" / "ansible_collections" / "scality" / "backbeat"
    place.parent.mkdir(parents=True)
    place.symlink_to("../../..")
    return tmp_path


def add(checkout: Path, place: str) -> None:
    """Make the listed change at one place, copied from an existing module."""
    if "<thing>" in place:
        text = (checkout / place.replace("<thing>", MODEL)).read_text()
        (checkout / place.replace("<thing>", THING)).write_text(text.replace(MODEL, THING))
        return
    file = checkout / place
    lines = [
        extended
        for line in file.read_text().splitlines(keepends=True)
        for extended in (
            [line, line.replace(MODEL, THING)] if f"backbeat_{MODEL}" in line else [line]
        )
    ]
    file.write_text("".join(lines))


def run_tests(checkout: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", *tests]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def test_module_at_all_listed_places_passes_the_tests(checkout: Path) -> None:
    assert 3 <= len(places()) <= 6
    for place in places():
        add(checkout, place)
    done = run_tests(checkout, *GENERAL_TESTS)
    assert done.returncode == 0, done.stdout[-6000:]
    assert "backbeat_sample_info" in (checkout / "README.md").read_text()


def test_each_listed_place_is_required(checkout: Path) -> None:
    """For a module that is missing at all shared places, one test fails for each place."""
    shared = [place for place in places() if "<thing>" not in place]
    assert CHECKED_BY.keys() == set(shared)
    for place in places():
        if place not in shared:
            add(checkout, place)
    done = run_tests(checkout, *CHECKED_BY.values())
    for test in CHECKED_BY.values():
        assert f"FAILED {test}" in done.stdout, done.stdout[-6000:]
