# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory variables of two hosts, and the plans and steps that replication_plan returns for them."""

from __future__ import annotations

from typing import Any

from ansible_collections.scality.backbeat.plugins.filter.replication_plan import FilterModule

replication_plan = FilterModule().filters()["replication_plan"]
S3 = {"endpoint_url": "http://node1"}
IAM = {"endpoint_url": "http://node1:8600"}
THERE_S3 = {"endpoint_url": "http://node6"}
THERE_IAM = {"endpoint_url": "http://node6:8600"}
PAIR = {"source_bucket": "bucket-a", "target_bucket": "bucket-b"}
HostVars = dict[str, dict[str, Any]]


def two_hosts(*pairs: Any, **variables: Any) -> HostVars:
    return {
        "node1": {
            "replication_s3": S3,
            "replication_iam": IAM,
            "replication_target_host": "node6",
            "replication_pairs": list(pairs or [PAIR]),
            **variables,
        },
        "node6": {"replication_s3": THERE_S3, "replication_iam": THERE_IAM},
    }


def plan(hostvars: HostVars, host: str = "node1", **run: Any) -> dict[str, Any]:
    made: dict[str, Any] = replication_plan(hostvars, host, hostvars[host], run=run)
    return made


def step(hostvars: HostVars, name: str, host: str = "node1") -> Any:
    planned = plan(hostvars, host)
    assert planned["refused"] == []
    return replication_plan(hostvars, host, hostvars[host], plan=planned, step=name)
