# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedure with refused writes, lost responses and concurrent runs: the next run always completes it."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_POLICY,
    TARGET_ROLE,
    assert_converged,
    assert_replicated,
    set_up,
)

#: The writes of the complete procedure, by side.
WRITES = {
    "source": [
        "CreateRole",
        "CreatePolicy",
        "AttachRolePolicy",
        "CreateBucket",
        "PutBucketVersioning",
        "PutBucketReplication",
        "PutObject",
    ],
    "target": [
        "CreateRole",
        "CreatePolicy",
        "AttachRolePolicy",
        "CreateBucket",
        "PutBucketVersioning",
    ],
}
EACH_WRITE = [
    pytest.param(side, number, id=f"{side}-{operation}")
    for side, operations in WRITES.items()
    for number, operation in enumerate(operations, 1)
]


def state_of_both_sides(source: Side, target: Side) -> dict[str, Any]:
    """The resources as both servers return them, without values that differ between two runs."""
    found: dict[str, Any] = {}
    for side, role, policy, bucket in (
        (source, SOURCE_ROLE, SOURCE_POLICY, SOURCE_BUCKET),
        (target, TARGET_ROLE, TARGET_POLICY, TARGET_BUCKET),
    ):
        arn = side.arn("policy", policy)
        attached = side.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        made = side.iam.get_policy(PolicyArn=arn)["Policy"]
        found[side.name] = {
            "roles": [one["RoleName"] for one in side.iam.list_roles()["Roles"]],
            "trust": side.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"],
            "policies": [
                one["PolicyName"] for one in side.iam.list_policies(Scope="Local")["Policies"]
            ],
            "attached": [one["PolicyName"] for one in attached],
            "versions": len(side.iam.list_policy_versions(PolicyArn=arn)["Versions"]),
            "document": side.iam.get_policy_version(
                PolicyArn=arn, VersionId=made["DefaultVersionId"]
            )["PolicyVersion"]["Document"],
            "buckets": [one["Name"] for one in side.s3.list_buckets()["Buckets"]],
            "versioning": side.s3.get_bucket_versioning(Bucket=bucket).get("Status"),
        }
    answer = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    found["role"] = answer["Role"]
    found["rules"] = [{**rule, "ID": None} for rule in answer["Rules"]]
    listing = source.s3.list_object_versions(Bucket=SOURCE_BUCKET)
    found["objects"] = [one["Key"] for one in listing["Versions"]]
    return found


@pytest.fixture(scope="session")
def expected_state(running_sandbox: Any) -> dict[str, Any]:
    """The state after a procedure without faults."""
    running_sandbox.reset()
    source, target = (Side(running_sandbox, side) for side in running_sandbox.environments())
    results = set_up(source, target)
    assert not any(result.get("failed") for result in results)
    assert {side.name: side.writes() for side in (source, target)} == WRITES
    return state_of_both_sides(source, target)


def test_object_is_replicated_and_a_second_run_changes_nothing(source: Side, target: Side) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    assert_converged(source, target)


@pytest.mark.parametrize(("side", "number"), EACH_WRITE)
def test_run_after_a_refused_write_completes_the_procedure(
    expected_state: dict[str, Any], source: Side, target: Side, side: Any, number: int
) -> None:
    source.sandbox.fail(side=side, write=True, nth=number, status=403, code="AccessDenied", times=0)
    interrupted = set_up(source, target)
    assert interrupted[-1]["failed"]
    assert interrupted[-1]["error"]["operation"] == WRITES[side][number - 1]
    source.sandbox.clear_faults()
    assert not set_up(source, target)[-1].get("failed")
    assert state_of_both_sides(source, target) == expected_state
    assert_converged(source, target)
    assert_replicated(source, target)


@pytest.mark.parametrize("how", ["reset-after", "error-after"])
@pytest.mark.parametrize(("side", "number"), EACH_WRITE)
def test_write_with_a_lost_response_is_not_repeated(
    expected_state: dict[str, Any], source: Side, target: Side, side: Any, number: int, how: str
) -> None:
    """The server applied the write, but the response was lost. The same run reads the resource and continues."""
    source.sandbox.fail(side=side, write=True, nth=number, how=how)
    results = set_up(source, target)
    faults = source.sandbox.calls(fault=how)
    assert [call["operation"] for call in faults] == [WRITES[side][number - 1]]
    assert not results[-1].get("failed"), results[-1]
    assert all(result["changed"] for result in results)
    assert state_of_both_sides(source, target) == expected_state


@pytest.mark.parametrize("how", ["truncated", "garbage"])
def test_unreadable_response_is_not_a_success(
    expected_state: dict[str, Any], source: Side, target: Side, how: str
) -> None:
    source.sandbox.fail(operation="CreatePolicy", side="source", how=how)
    results = set_up(source, target)
    # Some releases of the HTTP library detect a truncated body. Then the run reads the resource and continues.
    if how == "garbage" or results[-1].get("failed"):
        assert "the response cannot be read" in results[-1]["msg"]
        assert source.side.iam_url in results[-1]["msg"]
    assert not set_up(source, target)[-1].get("failed")
    assert state_of_both_sides(source, target) == expected_state


def test_first_request_of_each_operation_fails_and_is_repeated(
    expected_state: dict[str, Any], source: Side, target: Side
) -> None:
    ways = itertools.cycle(["reset", "error", "html"])
    for operation in ("GetRole", "GetPolicy", "GetBucketVersioning", *WRITES["source"]):
        source.sandbox.fail(operation=operation, how=next(ways))
    results = set_up(source, target)
    assert not results[-1].get("failed"), results[-1]
    assert state_of_both_sides(source, target) == expected_state


def test_two_concurrent_runs_complete_the_procedure(
    expected_state: dict[str, Any], source: Side, target: Side
) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _run: set_up(source, target), range(2)))
    for results in runs:
        assert not results[-1].get("failed"), results[-1]
    assert _without_repeated_objects(state_of_both_sides(source, target)) == expected_state
    assert_converged(source, target)


def test_concurrent_runs_with_different_rules_converge_when_repeated(
    source: Side, target: Side
) -> None:
    """The server has no compare-and-swap, so runs may overwrite each other's rules. A run that detects this fails."""
    set_up(source, target, but=("replication", "object"))
    prefixes = ["a/", "b/", "c/", "d/"]
    wanted: dict[str, Any] = {
        "bucket": SOURCE_BUCKET,
        "target_bucket": TARGET_BUCKET,
        "source_role": source.arn("role", SOURCE_ROLE),
        "target_role": target.arn("role", TARGET_ROLE),
    }

    def put(prefix: str) -> Result:
        rules = [{"id": prefix, "prefix": prefix}]
        return source.run("bucket_replication", **wanted, rules=rules)

    with ThreadPoolExecutor(len(prefixes)) as pool:
        for result in pool.map(put, prefixes):
            assert not result.get("failed") or "now has a different one" in result["msg"]
    for prefix in prefixes:
        assert not put(prefix).get("failed")
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    assert sorted(rule["ID"] for rule in stored["Rules"]) == prefixes


def test_setup_works_again_after_teardown(source: Side, target: Side) -> None:
    set_up(source, target)
    assert_replicated(source, target)
    gone = {"state": "absent"}
    steps = [
        (source, "bucket_replication", {"bucket": SOURCE_BUCKET}),
        (source, "policy", {"name": SOURCE_POLICY}),
        (target, "policy", {"name": TARGET_POLICY}),
        (source, "iam_role", {"name": SOURCE_ROLE}),
        (target, "iam_role", {"name": TARGET_ROLE}),
    ]
    for side, module, options in steps:
        assert side.run_idempotent(module, **options, **gone)["changed"]
    for side in (source, target):
        assert side.iam.list_roles()["Roles"] == []
        assert side.iam.list_policies(Scope="Local")["Policies"] == []
    assert not set_up(source, target)[-1].get("failed")
    assert source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)


def _without_repeated_objects(found: dict[str, Any]) -> dict[str, Any]:
    """Two runs may both read that there is no object, and put one version each."""
    return {**found, "objects": sorted(set(found["objects"]))}
