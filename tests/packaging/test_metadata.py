# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata that several files repeat is the same in all of them."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest
import yaml

from .conftest import ROOT

MODULES = sorted(file.stem for file in (ROOT / "plugins" / "modules").glob("backbeat_*.py"))


def service(name: str) -> str | None:
    """The service of a module; None if it takes connections to both environments."""
    task = importlib.import_module(
        f"ansible_collections.scality.backbeat.plugins.modules.{name}"
    ).TASK
    found: str | None = task.service and str(getattr(task.service, "name", task.service))
    return found


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def groups() -> dict[str, list[str]]:
    found: dict[str, list[str]] = load("meta/runtime.yml")["action_groups"]
    return found


@pytest.mark.parametrize("name", MODULES)
def test_module_of_one_service_is_in_its_documented_action_group(name: str) -> None:
    mine = [group for group, members in groups().items() if name in members]
    assert mine == ([service(name)] if service(name) else [])
    module = importlib.import_module(f"ansible_collections.scality.backbeat.plugins.modules.{name}")
    fragments = yaml.safe_load(module.DOCUMENTATION)["extends_documentation_fragment"]
    documented = [part for part in fragments if re.search(r"\.attributes\.(iam|s3)$", part)]
    assert documented == [f"scality.backbeat.attributes.{group}" for group in mine]


def test_lowest_botocore_version_is_documented() -> None:
    runtime = (ROOT / "meta" / "ee-requirements.txt").read_text()
    fragment = (ROOT / "plugins" / "doc_fragments" / "connection.py").read_text()
    lowest = dict(re.findall(r"^(\w+)>=([\d.]+)$", runtime, re.MULTILINE))
    assert set(lowest) == {"boto3", "botocore"}
    assert f"botocore >= {lowest['botocore']}" in fragment


def test_lowest_python_version_is_documented() -> None:
    needed = load("tests/config.yml")["modules"]["python_requires"]
    fragment = (ROOT / "plugins" / "doc_fragments" / "connection.py").read_text()
    assert f"python {needed.replace('>=', '>= ')}" in fragment


def test_lowest_ansible_core_version_is_tested() -> None:
    cores = importlib.import_module("devtools.environment").CORES
    lowest = load("meta/runtime.yml")["requires_ansible"]
    assert lowest == f">={min(cores)}.0"
    assert f"ansible-core>={min(cores)}\n" in (ROOT / "requirements/sandbox.txt").read_text()


def test_requirements_have_only_lower_bounds() -> None:
    lines = (ROOT / "meta" / "ee-requirements.txt").read_text().splitlines()
    assert lines
    for line in lines:
        assert re.fullmatch(r"#.*|[\w-]+>=[\d.]+", line), line
