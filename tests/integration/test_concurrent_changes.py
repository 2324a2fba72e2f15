# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Concurrent changes of one configuration or policy, by one list or several processes, are all kept."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy import Policy
from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_BUCKET, SOURCE_POLICY, set_up

PREFIXES = [f"prefix-{number}/" for number in range(4)]


def replication_options(prefix: str) -> dict[str, Any]:
    return {"bucket": SOURCE_BUCKET, "rules": [{"id": prefix, "prefix": prefix}]}


def prefixes(side: Side) -> list[str]:
    stored = side.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    return sorted(rule["Prefix"] for rule in stored["Rules"])


def set_up_first_rule(source: Side, target: Side) -> None:
    for result in set_up(source, target, but=["object"], rules=[{"prefix": "first/"}]):
        assert not result.get("failed"), result


def delay_reads(side: Side) -> None:
    """Delay answers by a quarter of a second, so that reads are outdated at the time of the write."""
    side.sandbox.fail("GetBucketReplication", side="source", how="drip", pause=0.0003, times=0)


def test_a_list_with_several_items_for_one_bucket_keeps_all_rules(
    source: Side, target: Side
) -> None:
    set_up_first_rule(source, target)
    delay_reads(source)
    items = [replication_options(prefix) for prefix in PREFIXES]
    result = source.run("bucket_replication", replications=items, concurrency=8)
    assert not result.get("failed"), result
    assert prefixes(source) == ["first/", *PREFIXES]


def test_concurrent_processes_keep_all_rules_of_a_bucket(source: Side, target: Side) -> None:
    set_up_first_rule(source, target)
    delay_reads(source)
    with ThreadPoolExecutor(4) as pool:
        results = list(
            pool.map(
                lambda prefix: source.run_process(
                    "bucket_replication", **replication_options(prefix)
                ),
                PREFIXES,
            )
        )
    assert not [one for one in results if one.get("failed")]
    assert prefixes(source) == ["first/", *PREFIXES]


BUCKETS = [f"bucket-of-inventory-{number}" for number in range(3)]


def granted(side: Side) -> str:
    return str(side.do("policy_info", name=SOURCE_POLICY)["policy"])


def policy_options(bucket: str) -> dict[str, Any]:
    """Options of the policy as the set-up of a separate inventory passes them."""
    return {"name": SOURCE_POLICY, "side": "source", "source_buckets": [bucket]}


def test_concurrent_processes_keep_all_statements_of_a_policy(source: Side, target: Side) -> None:
    set_up_first_rule(source, target)
    source.sandbox.fail("GetPolicyVersion", side="source", how="drip", pause=0.0003, times=0)
    with ThreadPoolExecutor(3) as pool:
        results = list(
            pool.map(
                lambda bucket: source.run_process("policy", **policy_options(bucket)),
                BUCKETS,
            )
        )
    assert not [one for one in results if one.get("failed")]
    source.sandbox.clear_faults()
    assert all(bucket in granted(source) for bucket in (SOURCE_BUCKET, *BUCKETS))


def test_a_concurrent_write_of_another_machine_is_an_error(
    source: Side, target: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locks cover one machine only: lost statements are an error at the end of the task, and are not restored."""
    set_up_first_rule(source, target)
    arn = source.arn("policy", SOURCE_POLICY)
    older = source.do("policy_info", name=SOURCE_POLICY)["policy"]["document"]
    confirm = Policy.confirm

    def confirm_after_other_write(self: Policy) -> None:
        source.iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=json.dumps(older), SetAsDefault=True
        )
        confirm(self)

    monkeypatch.setattr(Policy, "confirm", confirm_after_other_write)
    result = source.run("policy", policies=[policy_options(BUCKETS[0])])
    assert result["failed"]
    assert f"on {BUCKETS[0]}, no longer existed at the end of the task" in result["msg"]
    assert BUCKETS[0] not in granted(source)
    monkeypatch.undo()
    source.do("policy", **policy_options(BUCKETS[0]))
    assert BUCKETS[0] in granted(source)
