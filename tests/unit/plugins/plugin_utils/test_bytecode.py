# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which imports Python's own loader does, so that their bytecode is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from ansible_collections.scality.backbeat.plugins.plugin_utils._bytecode import (
    PLUGINS,
    BytecodeFinder,
)
from devtools.places import ROOT

UTILS = [str(ROOT / "plugins" / "module_utils")]
# As Ansible imports a plugin: with its finder for collections, which compiles everything anew.
IMPORT = """
import json, sys
from importlib import import_module
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
_AnsibleCollectionFinder(paths=[sys.argv[1]])._install()
plugins = "ansible_collections.scality.backbeat.plugins"
import_module(f"{plugins}.action.backbeat_report")
print(json.dumps({name: type(module.__loader__).__name__ for name, module in sys.modules.items() if plugins in name}))
"""


def test_files_of_this_collection_are_loaded_by_python() -> None:
    spec = BytecodeFinder().find_spec(f"{PLUGINS}.module_utils._work", UTILS)
    assert spec is not None
    assert isinstance(spec.loader, SourceFileLoader)
    assert spec.cached is not None
    assert "__pycache__" in spec.cached


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (f"{PLUGINS}.module_utils._clients", UTILS),
        (f"{PLUGINS}.module_utils._missing", UTILS),
        (f"{PLUGINS}.module_utils._work", None),
        ("ansible_collections.other.one.plugins.module_utils._work", UTILS),
        ("json", None),
    ],
)
def test_everything_else_is_left_to_other_finders(name: str, path: list[str] | None) -> None:
    assert BytecodeFinder().find_spec(name, path) is None


def test_what_a_plugin_imports_is_loaded_by_python_beside_ansibles_finder(tmp_path: Path) -> None:
    link = tmp_path / "ansible_collections" / "scality" / "backbeat"
    link.parent.mkdir(parents=True)
    link.symlink_to(ROOT)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", IMPORT, str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaders = json.loads(done.stdout)
    by_ansible = {name for name, loader in loaders.items() if loader != "SourceFileLoader"}
    files = {name for name in by_ansible if (ROOT / "plugins" / _file(name)).is_file()}
    assert {name.removeprefix(PLUGINS) for name in files} == {
        ".action.backbeat_report",
        ".plugin_utils._bytecode",
        ".plugin_utils._in_process",
    }
    assert f"{PLUGINS}.modules.backbeat_report" in loaders


def _file(name: str) -> str:
    return f"{name.removeprefix(PLUGINS).lstrip('.').replace('.', '/')}.py"
