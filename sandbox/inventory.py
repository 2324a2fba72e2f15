# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory inventory/hosts.yml with a running sandbox in place of the guide's servers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HOSTS = {"node1": "source", "node6": "target"}


def inventory(description: Mapping[str, Any], **variables: Any) -> dict[str, Any]:
    """An inventory for a sandbox, from the result of `describe()`; `variables` are for all hosts.

    Source and target are the guide's node1 and node6, other environments are hosts with their own names. The profiles
    are those of the sandbox's files, so Ansible also needs `Sandbox.environ`.
    """
    names = description.get("environments", list(HOSTS.values()))
    hosts_of = {name: host for host, name in HOSTS.items()}
    hosts = {hosts_of.get(name, name): _connections(description, name) for name in names}
    if set(HOSTS) <= set(hosts):
        pair = {"source_bucket": "source-bucket", "target_bucket": "target-bucket"}
        hosts["node1"] |= {"replication_target_host": "node6", "replication_pairs": [pair]}
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    }
    return {"all": {"vars": common | variables, "hosts": hosts}}


def write_inventory(file: Path, description: Mapping[str, Any], **variables: Any) -> Path:
    """Write the inventory to `file`, whose name must end in .json, .yml or .yaml. Returns `file`."""
    file.write_text(json.dumps(inventory(description, **variables), indent=2) + "\n")
    return file


def _connections(description: Mapping[str, Any], name: str) -> dict[str, Any]:
    facts = description[name]
    common = {"profile": facts["profile"], "region": "us-east-1"}
    if description.get("ca_bundle"):
        common["aws_ca_bundle"] = description["ca_bundle"]
    return {
        f"replication_{service}": {"endpoint_url": facts[f"{service}_url"], **common}
        for service in ("s3", "iam")
    }
