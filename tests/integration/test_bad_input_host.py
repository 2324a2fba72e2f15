# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts without botocore or with an old one: the messages of modules and of the controller."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devtools.places import CACHE
from tests.integration.support.modules import MODULES
from tests.integration.support.plays import Plays

MISSING = """
import sys
sys.modules["botocore"] = None
"""
OLD = """
import botocore.config
botocore.__version__ = "1.35.99"
del botocore.config.Config.OPTION_DEFAULTS["request_checksum_calculation"]
"""
#: By case: the code that Python runs at its start, and the beginning of the message.
BOTOCORES = {
    "missing": (MISSING, "botocore >= 1.36.0 is missing: install boto3, which brings it"),
    "too old": (OLD, "botocore 1.35.99 is too old, 1.36.0 or newer is needed: upgrade boto3"),
}
CONNECTION = {"endpoint_url": "http://127.0.0.1:9", "access_key": "A", "secret_key": "B"}


@pytest.fixture(params=BOTOCORES)
def botocore(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A folder for PYTHONPATH that simulates the case, and the expected message."""
    program, reason = BOTOCORES[request.param]
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "sitecustomize.py").write_text(program)
    return tmp_path / "path", reason


@pytest.mark.parametrize("module", ["iam_role", "bucket_replication_info"])
def test_module_reports_a_missing_or_old_botocore(botocore: tuple[Path, str], module: str) -> None:
    path, reason = botocore
    options = {"name": "Reader"} if module == "iam_role" else {"bucket": "some-bucket"}
    result = run_module(path, module, {**CONNECTION, **options})
    assert result["failed"]
    assert result["msg"].startswith(reason)
    assert result["msg"].endswith("for the Python that runs this task.")
    assert not result["changed"]


def run_module(path: Path, module: str, options: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", f"{MODULES}.backbeat_{module}"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": options}),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(path), str(CACHE)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 1
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_playbook_reports_a_missing_or_old_botocore(
    play: Plays, botocore: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The action plugins that run modules in the controller's process can be loaded without botocore."""
    path, reason = botocore
    monkeypatch.setenv("PYTHONPATH", str(path))
    played = play("--limit", "node1", "--tags", "roles")
    assert reason in played.failure()
    assert "Traceback" not in played.output
