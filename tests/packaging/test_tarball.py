# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball contains what users of the collection need, and no development files."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

import pytest

from .conftest import ROOT

pytestmark = pytest.mark.packaging

SHIPPED = (
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "COPYING",
    "LICENSES/",
    "README.md",
    "REUSE.toml",
    "changelogs/",
    "docs/",
    "extensions/",
    "inventory/",
    "meta/",
    "playbooks/",
    "plugins/",
    "roles/",
)
NOT_SHIPPED = (
    ".ansible-lint",
    ".ci/",
    ".gitignore",
    ".yamllint",
    "ansible.cfg",
    "benchmarks/",
    "dev.py",
    "devtools/",
    "galaxy.yml",  # MANIFEST.json has the same content
    "noxfile.py",
    "pyproject.toml",
    "requirements/",
    "sandbox/",
    "tests/",
)
GENERATED = {"FILES.json", "MANIFEST.json"}


@pytest.fixture(scope="module")
def members(tarball: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(tarball) as archive:
        return {member.name: member for member in archive.getmembers()}


@pytest.fixture(scope="module")
def project() -> set[str]:
    """All files of the project: those in git, and new files that git does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()}


def test_every_file_is_listed_as_shipped_or_not_shipped(project: set[str]) -> None:
    unknown = {name for name in project if not name.startswith(SHIPPED + NOT_SHIPPED)}
    assert not unknown, "name them in build_ignore of galaxy.yml or not, and in this test"


def test_tarball_contains_exactly_the_shipped_files(
    members: dict[str, tarfile.TarInfo], project: set[str]
) -> None:
    files = {name for name, member in members.items() if not member.isdir()}
    assert files == {name for name in project if name.startswith(SHIPPED)} | GENERATED


def test_tarball_contains_only_folders_with_files(members: dict[str, tarfile.TarInfo]) -> None:
    folders = {name for name, member in members.items() if member.isdir()}
    files = {PurePosixPath(name) for name, member in members.items() if not member.isdir()}
    assert folders == {str(folder) for file in files for folder in file.parents} - {"."}


def test_tarball_contains_no_links(members: dict[str, tarfile.TarInfo]) -> None:
    assert [name for name, member in members.items() if member.issym() or member.islnk()] == []


def test_tarball_contains_what_users_expect(members: dict[str, tarfile.TarInfo]) -> None:
    for name in (
        "README.md",
        "LICENSES/GPL-3.0-or-later.txt",
        "meta/runtime.yml",
        "meta/execution-environment.yml",
        "meta/ee-requirements.txt",
        "meta/ee-bindep.txt",
        "COPYING",
        "playbooks/setup_replication.yml",
        "roles/replication/meta/argument_specs.yml",
    ):
        assert name in members


def test_manifest_requires_no_other_collection(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        file = archive.extractfile("MANIFEST.json")
        assert file is not None
        info = json.load(file)["collection_info"]
    assert (info["namespace"], info["name"]) == ("scality", "backbeat")
    assert info["dependencies"] == {}
    assert info["license"] == ["GPL-3.0-or-later"]
    assert tarball.name == f"scality-backbeat-{info['version']}.tar.gz"
