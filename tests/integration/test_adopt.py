# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adoption of replication that was set up by hand: the variables found, and that set-up then changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.scality.backbeat.plugins.module_utils._clients import s3_buckets
from ansible_collections.scality.backbeat.plugins.module_utils._documents import permissions
from devtools.places import ROOT
from tests.integration.support.bad_input import assert_failure
from tests.integration.support.entry_points import playbook
from tests.integration.support.guide import (
    bucket_by_hand,
    guide_by_hand,
    replication_by_hand,
    role_by_hand,
    unrelated_policy,
)
from tests.integration.support.modules import Result, Side
from tests.integration.support.plays import SETUP, Plays
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_POLICY,
    TARGET_ROLE,
    V2_CONFIGURATION,
    set_up,
)

ADOPT = ROOT / "playbooks" / "adopt_replication.yml"


def adopt(source: Side, target: Side, **options: Any) -> Result:
    """Result of backbeat_adoption_info, which never changes anything."""
    sides = {
        "source": {"s3": source.connection("s3"), "iam": source.connection("iam"), **options},
        "target": {"iam": target.connection("iam")},
    }
    return source.run_idempotent("adoption_info", name="node1 to node6", **sides)


def role_variables(side: str, policies: str) -> dict[str, str]:
    role, policy = {
        "source": (SOURCE_ROLE, SOURCE_POLICY),
        "target": (TARGET_ROLE, TARGET_POLICY),
    }[side]
    return {
        f"replication_{side}_role_name": role,
        f"replication_{side}_policy_name": policy,
        "replication_permissions": policies,
    }


def test_roles_and_rules_of_the_guide_are_found(source: Side, target: Side) -> None:
    guide_by_hand(source, target)
    found = adopt(source, target)
    (rule,) = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"][
        "Rules"
    ]
    assert found["left_out"] == []
    assert found["variables"]["target"] == role_variables("target", "guide")
    assert found["variables"]["source"] == {
        **role_variables("source", "guide"),
        "replication_verify": False,
        "replication_pairs": [
            {
                "source_bucket": SOURCE_BUCKET,
                "target_bucket": TARGET_BUCKET,
                "rules": [{"id": rule["ID"], "prefix": "", "enabled": True}],
            }
        ],
    }


def test_roles_created_by_the_collection_are_found_with_least_permissions(
    source: Side, target: Side
) -> None:
    set_up(source, target, but=["object"])
    variables = adopt(source, target)["variables"]
    assert variables["target"] == role_variables("target", "least")
    assert role_variables("source", "least").items() <= variables["source"].items()


def test_policy_document_in_another_order_is_recognized(source: Side, target: Side) -> None:
    document = permissions.guide_policy([SOURCE_BUCKET], [TARGET_BUCKET])
    document["Statement"].reverse()
    for statement in document["Statement"]:
        statement["Action"].reverse()
    guide_by_hand(source, target, json.dumps(document, indent=4))
    assert adopt(source, target)["variables"]["target"] == role_variables("target", "guide")


@pytest.mark.parametrize("difference", ["policy", "trust", "no policy"])
def test_roles_that_setup_would_change_are_given_by_arn(
    source: Side, target: Side, difference: str
) -> None:
    roles = guide_by_hand(
        source,
        target,
        unrelated_policy() if difference == "policy" else unrelated_policy("s3:GetObject"),
    )
    if difference == "trust":
        trust = unrelated_policy("sts:AssumeRole").replace(
            '"Resource": "*"', '"Principal": {"AWS": "*"}'
        )
        source.iam.update_assume_role_policy(RoleName=SOURCE_ROLE, PolicyDocument=trust)
    if difference == "no policy":
        arn = source.arn("policy", SOURCE_POLICY)
        source.iam.detach_role_policy(RoleName=SOURCE_ROLE, PolicyArn=arn)
    variables = adopt(source, target)["variables"]
    assert variables["source"]["replication_source_role_arn"] == roles[0]
    assert "replication_source_role_name" not in variables["source"]
    assert variables["target"] == {"replication_target_role_arn": roles[1]}


def test_roles_that_cannot_be_read_are_given_by_arn(source: Side, target: Side) -> None:
    """Without a connection to IAM, and for an ARN without an existing role."""
    roles = guide_by_hand(source, target)
    bare = {"s3": source.connection("s3")}
    found = source.run_idempotent("adoption_info", name="x", source=bare, target={})["variables"]
    assert found["source"]["replication_source_role_arn"] == roles[0]
    assert found["target"] == {"replication_target_role_arn": roles[1]}

    placeholder = "arn:aws:iam::123456789012:role/scality-internal/replication-role"
    replication_by_hand(source, SOURCE_BUCKET, TARGET_BUCKET, placeholder, placeholder)
    variables = adopt(source, target)["variables"]
    assert variables["source"]["replication_source_role_arn"] == placeholder
    assert variables["target"] == {"replication_target_role_arn": placeholder}


def test_pair_lists_its_role_if_most_buckets_have_another(source: Side, target: Side) -> None:
    """The roles of most buckets become variables of the host; other roles are listed in their pairs."""
    roles = guide_by_hand(source, target)
    others = (
        role_by_hand(source, "OtherSource", "OtherSourcePolicy", unrelated_policy()),
        role_by_hand(target, "OtherTarget", "OtherTargetPolicy", unrelated_policy()),
    )
    for name in ("one-more-bucket", "own-bucket", "cloud-bucket", "bare-bucket"):
        bucket_by_hand(source, name)
    replication_by_hand(source, "one-more-bucket", TARGET_BUCKET, *roles)
    replication_by_hand(source, "own-bucket", "own-target", *others)
    cloud = {"Destination": {"StorageClass": "us-east-2"}, "Prefix": "logs/"}
    replication_by_hand(source, "cloud-bucket", "cloud-target", others[0], rule=cloud)

    variables = adopt(source, target)["variables"]["source"]
    pairs = {pair["source_bucket"]: pair for pair in variables["replication_pairs"]}
    assert set(pairs) == {SOURCE_BUCKET, "one-more-bucket", "own-bucket", "cloud-bucket"}
    assert "role" not in pairs[SOURCE_BUCKET]
    assert "role" not in pairs["one-more-bucket"]
    assert pairs["own-bucket"]["role"] == ",".join(others)
    assert pairs["cloud-bucket"]["role"] == others[0]
    (rule,) = pairs["cloud-bucket"]["rules"]
    assert rule["prefix"] == "logs/"
    assert rule["sites"] == [{"name": "us-east-2", "preferred_read": False}]
    # The guide's policy permits one source bucket. Set-up would add the second one, so the role is given by ARN.
    assert variables["replication_source_role_arn"] == roles[0]


def test_buckets_option_limits_adoption_to_these_buckets(source: Side, target: Side) -> None:
    roles = guide_by_hand(source, target)
    bucket_by_hand(source, "one-more-bucket")
    replication_by_hand(source, "one-more-bucket", TARGET_BUCKET, *roles)
    found = adopt(source, target, buckets=[SOURCE_BUCKET])
    (pair,) = found["variables"]["source"]["replication_pairs"]
    assert pair["source_bucket"] == SOURCE_BUCKET
    assert found["variables"]["target"] == role_variables("target", "guide")


def test_missing_bucket_is_an_error(source: Side, target: Side) -> None:
    result = adopt(source, target, buckets=["no-such-bucket"])
    assert_failure(result, "no-such-bucket", source.side.s3_url, "check its name")


def test_account_without_replication_has_no_pairs(source: Side, target: Side) -> None:
    found = adopt(source, target)
    assert found["left_out"] == []
    assert found["variables"]["source"]["replication_pairs"] == []
    assert found["variables"]["target"] == {}


def test_configurations_of_version_2_are_left_out(
    source: Side, target: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide_by_hand(source, target)
    source.s3.create_bucket(Bucket="newer-bucket")
    read = s3_buckets.replication
    monkeypatch.setattr(
        s3_buckets,
        "replication",
        lambda api, bucket: V2_CONFIGURATION if bucket == "newer-bucket" else read(api, bucket),
    )
    found = adopt(source, target)
    (pair,) = found["variables"]["source"]["replication_pairs"]
    assert pair["source_bucket"] == SOURCE_BUCKET
    ((bucket, reason),) = [(one["bucket"], one["why"]) for one in found["left_out"]]
    assert bucket == "newer-bucket"
    assert "is not part of the V1 form" in reason


def test_several_environments_in_one_task(source: Side, target: Side) -> None:
    guide_by_hand(source, target)
    sides = {
        "source": {"s3": source.connection("s3"), "iam": source.connection("iam")},
        "target": {"iam": target.connection("iam")},
    }
    nothing = {"source": {"s3": target.connection("s3")}, "target": {}}
    found = source.run_idempotent(
        "adoption_info", environments=[{"name": "one", **sides}, {"name": "other", **nothing}]
    )["results"]
    assert [len(one["variables"]["source"]["replication_pairs"]) for one in found] == [1, 0]


def test_denied_read_of_a_role_is_an_error(source: Side, target: Side) -> None:
    """The role is neither treated as absent nor given by ARN."""
    guide_by_hand(source, target)
    source.sandbox.fail("GetRole", side="target", status=403, code="AccessDenied", times=0)
    result = adopt(source, target)
    assert_failure(result, TARGET_ROLE, target.side.iam_url, "check the account's permissions")


class Loader(yaml.SafeLoader):
    """Loads YAML with !unsafe, which Ansible supports in inventories."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def play_adoption(play: Plays, folder: Path) -> dict[str, dict[str, Any]]:
    """Runs the adoption playbook without replication_pairs; returns the variables that it wrote, by host."""
    inventory = play.inventory(replication_adopt_to=str(folder))
    for variables in inventory["all"]["hosts"].values():
        variables.pop("replication_pairs", None)
    play(inventory=inventory, playbook=ADOPT).ok()
    return {
        host: yaml.load((folder / host / "replication_adopted.yml").read_text(), Loader)  # noqa: S506
        for host in ("node1", "node6")
    }


def run_setup(play: Plays, found: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Runs the setup playbook with these variables; returns the number of changes by host."""
    inventory = play.inventory()
    for host, variables in found.items():
        inventory["all"]["hosts"][host].update(variables)
    return play(inventory=inventory).ok().changed()


def test_setup_changes_nothing_after_adoption_of_the_guide(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    guide_by_hand(source, target)
    found = play_adoption(play, tmp_path)
    assert source.writes()[-1] == "PutBucketReplication"
    assert role_variables("source", "guide").items() <= found["node1"].items()
    assert found["node6"] == role_variables("target", "guide")
    assert run_setup(play, found) == {}


def test_setup_changes_nothing_after_adoption_of_other_roles_and_policies(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    """Policies that the collection would not write, and a second bucket with other roles and a disabled rule."""
    roles = guide_by_hand(source, target, unrelated_policy())
    others = (
        role_by_hand(source, "OtherSource", "OtherSourcePolicy"),
        role_by_hand(target, "OtherTarget", "OtherTargetPolicy"),
    )
    bucket_by_hand(source, "own-bucket")
    bucket_by_hand(target, "own-target")
    rule = {"ID": "paused", "Prefix": "logs/", "Status": "Disabled"}
    replication_by_hand(source, "own-bucket", "own-target", *others, rule=rule)
    before = len(source.writes()), len(target.writes())
    found = play_adoption(play, tmp_path)
    assert found["node1"]["replication_source_role_arn"] in (roles[0], others[0])
    assert run_setup(play, found) == {}
    assert (len(source.writes()), len(target.writes())) == before


def test_text_from_a_server_is_not_evaluated_as_a_template(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    """Users of the account choose a rule's ID and prefix, which must not run code on the controller."""
    guide_by_hand(source, target)
    marks = [tmp_path / name for name in ("id", "prefix")]
    texts = [f"{{{{ lookup('pipe', 'touch {mark}') }}}}" for mark in marks]
    rule = {"ID": texts[0], "Prefix": texts[1], "Status": "Enabled"}
    roles = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    replication_by_hand(source, SOURCE_BUCKET, TARGET_BUCKET, *roles["Role"].split(","), rule=rule)
    # Ansible loads host_vars in the runs that follow.
    folder = play.folder / "host_vars"
    (pair,) = play_adoption(play, folder)["node1"]["replication_pairs"]
    assert pair["rules"] == [{"id": texts[0], "prefix": texts[1], "enabled": True}]
    inventory = play.inventory()
    for variables in inventory["all"]["hosts"].values():
        variables.pop("replication_pairs", None)
    others = [f"{name}_replication" for name in ("validate", "adopt", "teardown")]
    for one in (SETUP, playbook(tmp_path, others)):
        ran = play(inventory=inventory, playbook=one).ok()
        assert [mark for mark in marks if mark.exists()] == [], one
        if one == SETUP:
            assert ran.changed() == {}


def test_sources_with_different_roles_at_one_target_are_refused(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    """The target host has one variable for its role, which cannot hold the roles of two sources."""
    guide_by_hand(source, target)
    others = (
        role_by_hand(source, "OtherSource", "OtherSourcePolicy", unrelated_policy()),
        role_by_hand(target, "OtherTarget", "OtherTargetPolicy", unrelated_policy()),
    )
    bucket_by_hand(source, "own-bucket")
    replication_by_hand(source, "own-bucket", "own-target", *others)
    inventory = play.inventory(replication_adopt_to=str(tmp_path / "adopted"))
    hosts = inventory["all"]["hosts"]
    hosts["node2"] = {**hosts["node1"], "replication_adopt_buckets": ["own-bucket"]}
    hosts["node1"] |= {"replication_adopt_buckets": [SOURCE_BUCKET]}
    message = play(inventory=inventory, playbook=ADOPT).failure()
    assert "Several sources replicate to node6 with different roles or policies there" in message
    assert others[1] in message
    assert not (tmp_path / "adopted").exists()
