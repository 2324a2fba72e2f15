# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables given as text, by `-e name=value` or quotes in YAML, have the same effect as typed values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.plugin_utils._role_variables import specs
from tests.integration.support.modules import Side
from tests.integration.support.plays import TEARDOWN, VALIDATE, Inventory, Plays
from tests.integration.support.procedure import ALL_CHANGES, KEY, SOURCE_BUCKET, TARGET_BUCKET

pytestmark = pytest.mark.oldest_core

#: Variables that differ between hosts and cannot be extra variables.
PER_HOST = {"replication_s3", "replication_iam", "replication_target_host", "replication_pairs"}
#: Values other than the role's defaults, for variables whose default has no effect.
VALUES: dict[str, Any] = {"replication_verify_timeout": 30, "replication_servers_since_2025": False}


def as_text() -> list[str]:
    """`-e name=value` for each variable in the role's argument spec."""
    given = []
    for name, spec in specs().items():
        if name not in PER_HOST:
            value = VALUES.get(name, spec.get("default"))
            # Empty text means unset.
            text = value or "" if isinstance(value, (str, type(None))) else json.dumps(value)
            given += ["-e", f"{name}={text!r}" if text else f"{name}=''"]
    assert len(given) == 2 * (len(specs()) - len(PER_HOST))
    return given


def with_nested_text(inventory: Inventory) -> Inventory:
    hosts = inventory["all"]["hosts"]
    for host in hosts.values():
        for service in ("replication_s3", "replication_iam"):
            host[service] |= {"validate_certs": "yes", "retry_timeout": "5"}
    (pair,) = hosts["node1"]["replication_pairs"]
    pair["rules"] = [{"prefix": "on/", "enabled": "yes"}, {"prefix": "off/", "enabled": "no"}]
    return inventory


def test_all_variables_as_text_give_the_same_changes(
    play: Plays, source: Side, target: Side
) -> None:
    inventory = with_nested_text(play.inventory())
    changes = [one.replace(f"/{KEY}", f"/on/{KEY}") for one in ALL_CHANGES]
    assert play(*as_text(), inventory=inventory).ok().changes() == changes
    rules = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"][
        "Rules"
    ]
    assert {one["Prefix"]: one["Status"] for one in rules} == {"on/": "Enabled", "off/": "Disabled"}
    assert play(inventory=inventory).ok().changed() == {}

    validated = play(*as_text(), playbook=VALIDATE, inventory=inventory).ok()
    assert validated.changes() == []
    play(*as_text(), playbook=TEARDOWN, inventory=inventory).ok()
    for side, bucket in ((source, SOURCE_BUCKET), (target, TARGET_BUCKET)):
        assert [one["Name"] for one in side.s3.list_buckets()["Buckets"]] == [bucket]


def test_pairs_and_switches_are_accepted_as_text(play: Plays) -> None:
    pairs = [{"source_bucket": SOURCE_BUCKET, "target_bucket": TARGET_BUCKET}]
    inventory = play.inventory()
    inventory["all"]["hosts"]["node1"]["replication_pairs"] = json.dumps(pairs)
    off = ("-e", "replication_verify=no", "-e", "replication_preflight=off")
    played = play(*off, inventory=inventory).ok()
    assert played.changes() == [one for one in ALL_CHANGES if not one.startswith("PutObject")]
    assert not any("object" in one["action"] for one in played.module_records())
    # The module runs anyway: it checks the endpoints before the first write.
    assert not any(
        "Check both sides of every pair" in one["task"] for one in played.module_records()
    )
