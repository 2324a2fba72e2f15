# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook with several pairs, sources or directions."""

from __future__ import annotations

from typing import Any

from tests.integration.support.modules import Side
from tests.integration.support.plays import Inventory, Plays, assert_run_as_predicted
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    SOURCE_POLICY,
    TARGET_BUCKET,
    TARGET_POLICY,
)

FROM_1, FROM_6 = f"{KEY}-from-node1", f"{KEY}-from-node6"


def pair(source: str, target: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {"source_bucket": source, "target_bucket": target, **({"rules": rules} if rules else {})}


def inventory_of_four_pairs(play: Plays) -> Inventory:
    """Two sources replicate to one target, which replicates back to the first: four pairs, one in each direction.

    Both sources are the sandbox's source environment; their roles and buckets have different names.
    """
    inventory = play.inventory()
    hosts = inventory["all"]["hosts"]
    hosts["node1"]["replication_pairs"] = [
        pair("both-ways-1", "both-ways-6"),
        pair(
            "by-prefix",
            "by-prefix-copy",
            {"id": "off", "prefix": "off/", "enabled": False},
            {"id": "invoices", "prefix": "invoices/"},
            {"prefix": "letters/", "sites": [{"name": "node6", "preferred_read": True}]},
        ),
    ]
    hosts["node2"] = {
        **hosts["node1"],
        # Only the host itself can evaluate these, not another host that reads its variables.
        "replication_s3": "{{ hostvars.node1.replication_s3 }}",
        "replication_iam": "{{ hostvars.node1.replication_iam }}",
        "replication_source_role_name": "SecondSourceRole",
        "replication_source_policy_name": "SecondSourcePolicy",
        "replication_pairs": [pair("second-source", "second-copy")],
    }
    hosts["node6"]["replication_target_host"] = "node1"
    hosts["node6"]["replication_pairs"] = [pair("both-ways-6", "both-ways-1")]
    return inventory


def resources(side: Side, policy: str) -> set[str]:
    """The resources that the policy's statements name."""
    arn = side.arn("policy", policy)
    version = side.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = side.iam.get_policy_version(PolicyArn=arn, VersionId=version)
    statements = answer["PolicyVersion"]["Document"]["Statement"]
    return {one.removeprefix("arn:aws:s3:::") for each in statements for one in each["Resource"]}


def status(side: Side, bucket: str, key: str) -> str:
    return str(side.s3.head_object(Bucket=bucket, Key=key).get("ReplicationStatus"))


def test_two_sources_and_both_directions_in_one_inventory(
    play: Plays, source: Side, target: Side
) -> None:
    inventory = inventory_of_four_pairs(play)
    check = play.check(inventory=inventory).ok()
    run = play("--diff", inventory=inventory).ok()
    assert run.changes() == check.changes()
    assert_run_as_predicted(check, run)

    assert status(target, "both-ways-6", FROM_1) == "REPLICA"
    assert status(source, "both-ways-1", FROM_6) == "REPLICA"
    assert status(target, "second-copy", KEY) == "REPLICA"
    assert status(target, "by-prefix-copy", f"invoices/{FROM_1}") == "REPLICA"
    assert resources(source, SOURCE_POLICY) == {
        "both-ways-1", "both-ways-1/*", "by-prefix", "by-prefix/*"
    }  # fmt: skip
    assert resources(source, "SecondSourcePolicy") == {"second-source", "second-source/*"}
    assert resources(source, TARGET_POLICY) == {"both-ways-1/*"}
    assert resources(target, TARGET_POLICY) == {
        "both-ways-6/*",
        "by-prefix-copy/*",
        "second-copy/*",
    }
    assert resources(target, SOURCE_POLICY) == {"both-ways-6", "both-ways-6/*"}

    play.sandbox.clear_calls()
    assert play(inventory=inventory).ok().changed() == {}
    assert source.writes() == target.writes() == []


def test_with_the_arns_of_existing_roles_iam_is_not_called(play: Plays) -> None:
    """Installations with service accounts: the roles exist only as ARNs in the configuration."""
    play.sandbox.settings(assume_roles=False)
    arn = "arn:aws:iam::{}:role/scality-internal/replication-role"
    inventory = play.inventory()
    hosts = inventory["all"]["hosts"]
    hosts["node1"]["replication_source_role_arn"] = arn.format("123456789012")
    hosts["node6"]["replication_target_role_arn"] = arn.format("678901234567")
    for host in hosts.values():
        del host["replication_iam"]
    check = play.check(inventory=inventory).ok()
    run = play("--diff", inventory=inventory).ok()
    assert_run_as_predicted(check, run)
    replication = run.result("node1", "bucket_replication")["results"][0]["replication"]
    assert replication["roles"] == [arn.format("123456789012"), arn.format("678901234567")]
    assert play(inventory=inventory).ok().changed() == {}
    assert play.sandbox.calls(service="iam") == []


def test_policies_are_split_for_many_pairs_and_merged_for_few(
    play: Plays, source: Side, target: Side
) -> None:
    names = [
        f"a-bucket-whose-name-is-as-long-as-its-copys-may-just-be-{number:02}"
        for number in range(42)
    ]
    assert len(f"{names[0]}-copy") == 63
    inventory = play.inventory()
    node1 = inventory["all"]["hosts"]["node1"]
    node1["replication_pairs"] = [pair(name, f"{name}-copy") for name in names]
    play(inventory=inventory).ok()
    parts = [f"{SOURCE_POLICY}-2", f"{SOURCE_POLICY}-3"]
    listed = {one["PolicyName"] for one in source.iam.list_policies(Scope="Local")["Policies"]}
    assert {SOURCE_POLICY, parts[0]} <= listed <= {SOURCE_POLICY, *parts}
    resources_of_parts = [resources(source, name) for name in sorted(listed)]
    assert set().union(*resources_of_parts) == {*names, *(f"{name}/*" for name in names)}
    assert {status(target, f"{name}-copy", KEY) for name in names} == {"REPLICA"}

    assert play(inventory=inventory).ok().changed() == {}

    node1["replication_pairs"] = node1["replication_pairs"][:2]
    assert play(inventory=inventory).ok().changed() == {}
    inventory["all"]["vars"]["replication_purge_statements"] = True
    play(inventory=inventory).ok()
    listed = {one["PolicyName"] for one in source.iam.list_policies(Scope="Local")["Policies"]}
    assert listed == {SOURCE_POLICY}
    assert resources(source, SOURCE_POLICY) == {*names[:2], *(f"{name}/*" for name in names[:2])}
    assert status(source, names[-1], KEY) == "COMPLETED"


def test_a_source_bucket_in_two_pairs_is_refused(play: Plays) -> None:
    inventory = play.inventory()
    inventory["all"]["hosts"]["node1"]["replication_pairs"] = [
        pair(SOURCE_BUCKET, TARGET_BUCKET, {"prefix": "a/"}),
        pair(SOURCE_BUCKET, "other-bucket", {"prefix": "b/"}),
    ]
    message = play(inventory=inventory).failure()
    assert f"The source bucket {SOURCE_BUCKET} is in several pairs" in message
    assert play.sandbox.calls() == []
