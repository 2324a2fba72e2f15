# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said in several places about the collection is the same everywhere."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest
import yaml

from .conftest import ROOT

MODULES = sorted(file.stem for file in (ROOT / "plugins" / "modules").glob("backbeat_*.py"))

# They look at both environments, so no one connection could be their default.
TWO_SIDED = {"backbeat_adoption_info", "backbeat_preflight"}


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def groups() -> dict[str, list[str]]:
    found: dict[str, list[str]] = load("meta/runtime.yml")["action_groups"]
    return found


def test_every_module_is_in_one_action_group_or_looks_at_both_sides() -> None:
    listed = [name for members in groups().values() for name in members]
    assert sorted([*listed, *TWO_SIDED]) == MODULES


@pytest.mark.parametrize("name", sorted(set(MODULES) - TWO_SIDED))
def test_a_module_documents_its_action_group(name: str) -> None:
    module = importlib.import_module(f"ansible_collections.scality.backbeat.plugins.modules.{name}")
    fragments = yaml.safe_load(module.DOCUMENTATION)["extends_documentation_fragment"]
    (group,) = (group for group, members in groups().items() if name in members)
    mine = [part for part in fragments if re.search(r"\.attributes\.(iam|s3)$", part)]
    assert mine == [f"scality.backbeat.attributes.{group}"]


def test_the_lowest_botocore_is_the_documented_one() -> None:
    runtime = (ROOT / "meta" / "ee-requirements.txt").read_text()
    fragment = (ROOT / "plugins" / "doc_fragments" / "connection.py").read_text()
    lowest = dict(re.findall(r"^(\w+)>=([\d.]+)$", runtime, re.MULTILINE))
    assert set(lowest) == {"boto3", "botocore"}
    assert f"botocore >= {lowest['botocore']}" in fragment


def test_the_lowest_python_is_the_documented_one() -> None:
    needed = load("tests/config.yml")["modules"]["python_requires"]
    fragment = (ROOT / "plugins" / "doc_fragments" / "connection.py").read_text()
    assert f"python {needed.replace('>=', '>= ')}" in fragment


def test_the_lowest_core_is_tested_and_installed() -> None:
    cores = importlib.import_module("devtools.interpreters").CORES
    lowest = load("meta/runtime.yml")["requires_ansible"]
    assert lowest == f">={min(cores)}.0"
    assert f"ansible-core>={min(cores)}\n" in (ROOT / "requirements/sandbox.txt").read_text()


def test_requirements_of_users_name_lower_bounds_only() -> None:
    lines = (ROOT / "meta" / "ee-requirements.txt").read_text().splitlines()
    assert lines
    for line in lines:
        assert re.fullmatch(r"#.*|[\w-]+>=[\d.]+", line), line
