# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source's documentation against its argument spec, and how it finds the collection."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.scality.backbeat.plugins.module_utils._engine import watch_task
from ansible_collections.scality.backbeat.plugins.module_utils._queries.watch import WatchRequest

from .documented import COLLECTION, documented, specified

PLUGIN = COLLECTION / "extensions" / "eda" / "plugins" / "event_source" / "replication.py"
#: Documented in the module with the same options.
ELSEWHERE = ("source", "target", "rules")


def shallow(options: dict[str, Any]) -> dict[str, Any]:
    pair = options["pairs"]["options"]
    for name in ELSEWHERE:
        pair[name]["options"] = None
    return options


def test_documents_its_options() -> None:
    document = yaml.safe_load(runpy.run_path(str(PLUGIN))["DOCUMENTATION"])
    assert shallow(documented(document["options"])) == shallow(specified(watch_task.SPEC))


def test_requests_have_the_defaults_of_the_arguments() -> None:
    side = {"bucket": "a-bucket", "s3": {"endpoint_url": "http://node1"}}
    given = {"pairs": [{"host": "node1", "source": side, "target": side}], "state_file": "/state"}
    validated = ArgumentSpecValidator(deepcopy(watch_task.SPEC)).validate(
        json.loads(json.dumps(given))
    )
    assert validated.error_messages == []
    options = validated.validated_parameters
    request = WatchRequest.from_options(options)
    assert request == WatchRequest(request.pairs, request.options)
    assert not WatchRequest.from_options({**options, "preflight_interval": 0.0}).findings


def test_it_finds_the_collection_that_it_belongs_to(tmp_path: Path) -> None:
    """ansible-rulebook runs it by its path, without the collection on Python's path."""
    program = (
        "import runpy, sys\n"
        "plugin = runpy.run_path(sys.argv[1])\n"
        "try:\n"
        "    plugin['source']({'state_file': 'x', 'pairs': []})\n"
        "except ValueError as error:\n"
        "    print(error)\n"
    )
    place = COLLECTION / ".cache" / "ansible_collections" / "scality" / "backbeat"
    plugin = place / PLUGIN.relative_to(COLLECTION)
    done = subprocess.run(
        [sys.executable, "-c", program, plugin],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pairs is empty" in done.stdout, done.stderr
