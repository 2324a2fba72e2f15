# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several changes of one configuration or policy at a time: nothing is lost, in one list or from several processes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy import Policy
from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_BUCKET, SOURCE_POLICY, set_up

PREFIXES = [f"prefix-{number}/" for number in range(4)]


def wanted(prefix: str) -> dict[str, Any]:
    return {"bucket": SOURCE_BUCKET, "rules": [{"id": prefix, "prefix": prefix}]}


def prefixes(side: Side) -> list[str]:
    stored = side.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    return sorted(rule["Prefix"] for rule in stored["Rules"])


def prepare(source: Side, target: Side) -> None:
    for result in set_up(source, target, but=["object"], rules=[{"prefix": "first/"}]):
        assert not result.get("failed"), result


def slowly(side: Side) -> None:
    """Answers take a quarter of a second to arrive, so that what was read is old when it is written."""
    side.sandbox.fail("GetBucketReplication", side="source", how="drip", pause=0.0003, times=0)


def test_a_list_that_names_a_bucket_several_times(source: Side, target: Side) -> None:
    prepare(source, target)
    slowly(source)
    items = [wanted(prefix) for prefix in PREFIXES]
    result = source.run("bucket_replication", replications=items, concurrency=8)
    assert not result.get("failed"), result
    assert prefixes(source) == ["first/", *PREFIXES]


def test_runs_of_several_processes(source: Side, target: Side) -> None:
    prepare(source, target)
    slowly(source)
    with ThreadPoolExecutor(4) as pool:
        results = list(
            pool.map(
                lambda prefix: source.run_process("bucket_replication", **wanted(prefix)),
                PREFIXES,
            )
        )
    assert not [one for one in results if one.get("failed")]
    assert prefixes(source) == ["first/", *PREFIXES]


BUCKETS = [f"bucket-of-inventory-{number}" for number in range(3)]


def granted(side: Side) -> str:
    return str(side.do("policy_info", name=SOURCE_POLICY)["policy"])


def of_inventory(bucket: str) -> dict[str, Any]:
    """The policy as the set-up of an inventory of its own writes it."""
    return {"name": SOURCE_POLICY, "side": "source", "source_buckets": [bucket]}


def test_inventories_that_share_a_policy(source: Side, target: Side) -> None:
    prepare(source, target)
    source.sandbox.fail("GetPolicyVersion", side="source", how="drip", pause=0.0003, times=0)
    with ThreadPoolExecutor(3) as pool:
        results = list(
            pool.map(
                lambda bucket: source.run_process("policy", **of_inventory(bucket)),
                BUCKETS,
            )
        )
    assert not [one for one in results if one.get("failed")]
    source.sandbox.clear_faults()
    assert all(bucket in granted(source) for bucket in (SOURCE_BUCKET, *BUCKETS))


def test_a_policy_that_another_machine_writes_meanwhile(
    source: Side, target: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No lock reaches it: what was lost is an error at the end of the task, and is not put back by itself."""
    prepare(source, target)
    arn = source.arn("policy", SOURCE_POLICY)
    older = source.do("policy_info", name=SOURCE_POLICY)["policy"]["document"]
    confirm = Policy.confirm

    def after_the_other(self: Policy) -> None:
        source.iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=json.dumps(older), SetAsDefault=True
        )
        confirm(self)

    monkeypatch.setattr(Policy, "confirm", after_the_other)
    result = source.run("policy", policies=[of_inventory(BUCKETS[0])])
    assert result["failed"]
    assert f"on {BUCKETS[0]}, no longer existed at the end of the task" in result["msg"]
    assert BUCKETS[0] not in granted(source)
    monkeypatch.undo()
    source.do("policy", **of_inventory(BUCKETS[0]))
    assert BUCKETS[0] in granted(source)
