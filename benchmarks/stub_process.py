# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the stub as a process, and writes inventories for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from devtools.places import ROOT

# Never use a proxy.
_open = build_opener(ProxyHandler({})).open


class Stub:
    """A running stub."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}

    def reset(self) -> None:
        """Clear its state."""
        for url in self.urls.values():
            _open(f"{url}/_/reset").read()

    def calls(self) -> Counter[str]:
        """How often each call, such as "source_s3 GET /bucket?versioning", was made since the last call of this."""
        found: Counter[str] = Counter()
        for name, url in self.urls.items():
            found.update(f"{name} {call}" for call in json.load(_open(f"{url}/_/calls")))
        return found

    def make_role(self, name: str) -> None:
        """Create a role with this name at the source."""
        form = {"Action": "CreateRole", "RoleName": name, "AssumeRolePolicyDocument": "{}"}
        _open(self.urls["source_iam"], urlencode(form).encode()).read()

    def write_inventory(self, file: Path, pairs: int) -> Path:
        """Write an inventory with two hosts, of which the first replicates `pairs` buckets to the second."""
        node1: dict[str, Any] = self._connections("source")
        node1["replication_target_host"] = "node6"
        node1["replication_pairs"] = [
            {"source_bucket": f"source-bucket-{n:04}", "target_bucket": f"target-bucket-{n:04}"}
            for n in range(pairs)
        ]
        common = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        }
        hosts = {"node1": node1, "node6": self._connections("target")}
        file.write_text(json.dumps({"all": {"vars": common, "hosts": hosts}}))
        return file

    def _connections(self, side: str) -> dict[str, Any]:
        return {
            f"replication_{service}": {
                "endpoint_url": self.urls[f"{side}_{service}"],
                "access_key": "BENCHMARK",
                "secret_key": "not-a-secret",
            }
            for service in ("s3", "iam")
        }


@contextmanager
def running_stub() -> Iterator[Stub]:
    """A stub that runs during the block."""
    command = [sys.executable, "-m", "benchmarks.stub"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        line = process.stdout.readline() if process.stdout else b""
        yield Stub(json.loads(line))
    finally:
        # The stub ends with its standard input.
        process.communicate(timeout=10)
