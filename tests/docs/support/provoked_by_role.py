# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes the messages of the role and the playbooks: set-up with errors in the inventory, teardown, adoption."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import TEARDOWN, PlaybookResult, Plays
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

PAIR = {"source_bucket": SOURCE_BUCKET, "target_bucket": TARGET_BUCKET}

ADOPT = ROOT / "playbooks" / "adopt_replication.yml"
ARN = "arn:aws:iam::123456789012:role/Existing"
IAM = {"endpoint_url": "http://127.0.0.1:1"}


def provoke_by_role(plays: Plays) -> Iterator[str]:
    """The messages of all failed tasks."""
    hosts = plays.inventory()
    node1, node6 = (hosts["all"]["hosts"][name] for name in ("node1", "node6"))
    unreachable_connection = {
        "endpoint_url": "http://127.0.0.1:1",
        "profile": "backbeat-target",
        "retry_timeout": 0,
    }
    connections = {name: node1[name] for name in ("replication_s3", "replication_iam")}

    def source(target_host: str, *pairs: dict[str, Any], **connected: Any) -> dict[str, Any]:
        return {
            "replication_target_host": target_host,
            "replication_pairs": list(pairs),
            **connected,
        }

    incomplete = {
        "node6": node6,
        "without-connections": source("node6", PAIR),
        "duplicate-pair": source("node6", PAIR, PAIR, **connections),
        "unknown-target": source("node7", PAIR, **connections),
        "without-target": source("", PAIR, **connections),
        "without-pairs": source("node6", **connections),
    }
    conflicting = {
        "node6": node6,
        "first": source("node6", PAIR, **connections),
        "same-pair": source("node6", PAIR, **connections),
        "mirrored": source(
            "node6", PAIR, replication_s3=node6["replication_s3"], replication_iam=IAM
        ),
        "invalid-bucket-name": source("node6", {**PAIR, "source_bucket": "Upper"}, **connections),
    }
    invalid = {
        "node6": node6,
        "unknown-option": source("node6", {**PAIR, "target_buket": "a"}, **connections),
        "invalid-type": source("node6", PAIR, **connections, replication_verify="perhaps"),
    }
    for inventory_hosts in (incomplete, conflicting, invalid, {"node6": node6}):
        inventory = {"all": {"vars": hosts["all"]["vars"], "hosts": inventory_hosts}}
        yield from failures(plays(inventory=inventory))

    roles_and_targets = {
        "with-target-role-arn": source("node6", PAIR, **connections),
        "node6": {**node6, "replication_target_role_arn": ARN},
        "with-unreachable-target": source(
            "unreachable", {**PAIR, "source_bucket": "orphan-bucket"}, **connections
        ),
        "unreachable": {
            "replication_s3": unreachable_connection,
            "replication_iam": unreachable_connection,
        },
    }
    # Otherwise preflight would find the unreachable host before the first change, and no other host would start.
    tolerant = {**hosts["all"]["vars"], "replication_preflight_fail_on": "never"}
    inventory = {"all": {"vars": tolerant, "hosts": roles_and_targets}}
    yield from failures(plays("--tags", "buckets,replication", inventory=inventory))

    sides = [Side(plays.sandbox, side) for side in plays.sandbox.environments()]
    plays.sandbox.reset()
    set_up(*sides, but=["buckets", "replication", "object"])
    yield from failures(plays("--tags", "replication", inventory=hosts))
    yield from failures(plays("--limit", "node6", inventory=hosts, playbook=TEARDOWN))

    roles = [{"name": name} for name in ("One", "Other")]
    for side in sides:
        side.do("iam_role", iam_roles=roles)
    for role in ("One", "Other"):
        sides[0].do("bucket", name=f"bucket-{role.lower()}", versioning="enabled")
        sides[0].do(
            "bucket_replication",
            bucket=f"bucket-{role.lower()}",
            target_bucket=TARGET_BUCKET,
            source_role=sides[0].arn("role", role),
            target_role=sides[1].arn("role", role),
        )
    two = {
        name: source("node6", **connections, replication_adopt_buckets=[f"bucket-{name}"])
        for name in ("one", "other")
    }
    inventory = {"all": {"vars": hosts["all"]["vars"], "hosts": {**two, "node6": node6}}}
    yield from failures(plays(inventory=inventory, playbook=ADOPT))


def failures(played: PlaybookResult) -> list[str]:
    found = [one["result"]["msg"] for one in played.records if one["status"] == "failed"]
    assert found, played.output
    return found
