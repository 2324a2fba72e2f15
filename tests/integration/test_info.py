# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The info modules: roles, policies, and the replication of one bucket, several or all."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients import s3_buckets
from tests.integration.support.bad_input import assert_failure
from tests.integration.support.modules import OptionsRefused, Side
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_BUCKET,
    V2_CONFIGURATION,
    set_up,
)

pytestmark = pytest.mark.lowest_boto3

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}],
}
OTHER = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"}],
}


def create_policy_by_hand(side: Side, name: str, document: Any = DOCUMENT, **options: Any) -> str:
    made = side.iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document), **options)
    return str(made["Policy"]["Arn"])


def test_role_created_by_hand(source: Side) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "backbeat"},
            "Action": ["sts:AssumeRole"],
        },
    }
    source.iam.create_role(
        RoleName="Reader",
        Path="/replication/",
        Description="reads",
        AssumeRolePolicyDocument=json.dumps(trust),
    )
    role = source.run_idempotent("iam_role_info", name="Reader")["iam_role"]
    assert role["role_name"] == "Reader"
    assert role["path"] == "/replication/"
    assert role["arn"] == source.arn("role", "replication/Reader")
    assert role["description"] == "reads"
    assert role["assume_role_policy_document"] == trust
    assert role["attached_policies"] == []


def test_role_with_attached_policies_of_more_than_one_page(source: Side) -> None:
    source.do("iam_role", name="Reader")
    arns = [create_policy_by_hand(source, f"Policy{number:03}") for number in range(105)]
    for arn in arns:
        source.iam.attach_role_policy(RoleName="Reader", PolicyArn=arn)
    role = source.do("iam_role_info", name="Reader")["iam_role"]
    assert sorted(one["policy_arn"] for one in role["attached_policies"]) == arns


def test_policy_with_its_default_version_and_its_roles(source: Side) -> None:
    arn = create_policy_by_hand(source, "Reading", Description="for readers")
    source.iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=json.dumps(OTHER), SetAsDefault=True
    )
    for role in ("First", "Second"):
        source.do("iam_role", name=role, managed_policies=[arn])
    source.do("iam_role", name="Third")
    policy = source.run_idempotent("policy_info", name="Reading")["policy"]
    assert policy["arn"] == arn
    assert policy["document"] == OTHER
    assert policy["default_version_id"] == "v2"
    assert policy["description"] == "for readers"
    assert sorted(policy["roles"]) == ["First", "Second"]
    assert policy["parts"] == [{key: value for key, value in policy.items() if key != "parts"}]


def test_unattached_policy_has_no_roles(source: Side) -> None:
    create_policy_by_hand(source, "Reading")
    assert source.run_idempotent("policy_info", name="Reading")["policy"]["roles"] == []


def test_policy_with_a_path_is_found_with_and_without_path(source: Side) -> None:
    arn = create_policy_by_hand(source, "Reading", Path="/replication/")
    for path in ({}, {"path": "/replication/"}):
        assert source.run_idempotent("policy_info", name="Reading", **path)["policy"]["arn"] == arn


def test_policy_in_several_parts(source: Side) -> None:
    source.do("iam_role", name="Reader")
    buckets = [f"source-bucket-{number:03}" for number in range(40)]
    made = source.do(
        "policy",
        name="Reading",
        side="source",
        source_buckets=buckets,
        roles=["Reader"],
        max_size=2000,
    )["policy"]
    policy = source.run_idempotent("policy_info", name="Reading")["policy"]
    assert len(policy["parts"]) == len(made["parts"]) > 1
    assert [one["document"] for one in policy["parts"]] == [
        one["document"] for one in made["parts"]
    ]
    assert {tuple(one["roles"]) for one in policy["parts"]} == {("Reader",)}
    named = json.dumps([one["document"] for one in policy["parts"]])
    assert all(bucket in named for bucket in buckets)


def test_existing_and_missing_policy_in_one_task(source: Side) -> None:
    create_policy_by_hand(source, "Reading")
    items = [{"name": "Reading"}, {"name": "Nothing"}]
    results = source.run_idempotent("policy_info", policies=items)["results"]
    assert [bool(one["policy"]) for one in results] == [True, False]


def test_other_policy_with_the_name_of_a_part_is_not_a_part(source: Side) -> None:
    """The parts of a policy are recognized by their description. The name alone is not enough."""
    create_policy_by_hand(source, "Reading")
    create_policy_by_hand(source, "Reading-2")
    assert len(source.run_idempotent("policy_info", name="Reading")["policy"]["parts"]) == 1


def test_replicating_bucket_and_its_target(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    info = source.run_idempotent(
        "bucket_replication_info", bucket=SOURCE_BUCKET, target_s3=target.connection("s3")
    )
    assert info["bucket"] == {"name": SOURCE_BUCKET, "versioning": "enabled"}
    assert info["unsupported"] is None
    assert info["target"] == {
        "name": TARGET_BUCKET,
        "exists": True,
        "versioning": "enabled",
        "trouble": None,
    }
    again = source.do("bucket_replication", bucket=SOURCE_BUCKET)
    assert info["replication"] == again["replication"]


@pytest.mark.parametrize("state", ["missing", "unversioned", "suspended"])
def test_missing_or_unversioned_target_bucket_is_reported(
    source: Side, target: Side, state: str
) -> None:
    set_up(source, target, but=["object"])
    if state == "suspended":
        target.do("bucket", name=TARGET_BUCKET, versioning="suspended")
    else:
        target.do("bucket", name=TARGET_BUCKET, state="absent")
    if state == "unversioned":
        target.do("bucket", name=TARGET_BUCKET)
    info = source.do(
        "bucket_replication_info", bucket=SOURCE_BUCKET, target_s3=target.connection("s3")
    )
    assert info["target"]["exists"] is (state != "missing")
    assert info["target"]["versioning"] == (None if state == "missing" else state)


def test_target_bucket_of_another_account_is_reported(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    target.do("bucket", name=TARGET_BUCKET, state="absent")
    target.side.client("s3", target.side.other).create_bucket(Bucket=TARGET_BUCKET)
    info = source.do(
        "bucket_replication_info", bucket=SOURCE_BUCKET, target_s3=target.connection("s3")
    )
    assert info["replication"]["target_bucket"] == TARGET_BUCKET
    assert info["target"]["exists"] is None
    assert target.side.s3_url in info["target"]["trouble"]
    assert "belong to another account" in info["target"]["trouble"]


def test_unreachable_target_is_an_error(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        there = {**target.connection("s3"), "endpoint_url": url, "retry_timeout": 0}
        result = source.run("bucket_replication_info", bucket=SOURCE_BUCKET, target_s3=there)
    assert_failure(result, TARGET_BUCKET, url, "Check endpoint_url")


@pytest.mark.parametrize("state", ["missing", "bare"])
def test_missing_or_unconfigured_bucket_has_no_replication(
    source: Side, target: Side, state: str
) -> None:
    if state == "bare":
        source.do("bucket", name=SOURCE_BUCKET)
    info = source.run_idempotent(
        "bucket_replication_info", bucket=SOURCE_BUCKET, target_s3=target.connection("s3")
    )
    there = {"name": SOURCE_BUCKET, "versioning": "unversioned"}
    assert info["bucket"] == (there if state == "bare" else None)
    assert info["replication"] is info["unsupported"] is info["target"] is None


def test_all_buckets_of_the_account(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    source.do("bucket", name="bare-bucket", versioning="suspended")
    theirs = source.side.client("s3", source.side.other)
    theirs.create_bucket(Bucket="their-bucket")
    listed = source.run_idempotent(
        "bucket_replication_info", all_buckets=True, target_s3=target.connection("s3")
    )["results"]
    listed.sort(key=lambda one: str(one["bucket"]["name"]))
    assert [one["bucket"] for one in listed] == [
        {"name": "bare-bucket", "versioning": "suspended"},
        {"name": SOURCE_BUCKET, "versioning": "enabled"},
    ]
    assert [bool(one["replication"]) for one in listed] == [False, True]
    assert [one["target"] and one["target"]["exists"] for one in listed] == [None, True]


def test_all_buckets_of_an_account_without_buckets(source: Side) -> None:
    result = source.run_idempotent("bucket_replication_info", all_buckets=True)
    assert result["results"] == []
    assert source.reads() == ["ListBuckets"]


def test_existing_and_missing_bucket_in_one_task(source: Side) -> None:
    source.do("bucket", name="bare-bucket")
    items = [{"bucket": "no-such-bucket"}, {"bucket": "bare-bucket"}]
    listed = source.run_idempotent("bucket_replication_info", replications=items)["results"]
    assert [bool(one["bucket"]) for one in listed] == [False, True]


@pytest.mark.parametrize("options", [{}, {"bucket": "one-bucket", "all_buckets": True}])
def test_bucket_replications_and_all_buckets_are_mutually_exclusive(
    source: Side, options: dict[str, Any]
) -> None:
    with pytest.raises(
        OptionsRefused, match=r"bucket(\||, )replications(\||, )all_buckets|mutually"
    ):
        source.run("bucket_replication_info", **options)


def test_missing_permission_to_list_buckets_is_an_error(source: Side) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetBucketVersioning", "Resource": "*"}
    keys: dict[str, Any] = source.side.create_user(
        "powerless", {"Version": "2012-10-17", "Statement": [statement]}
    )
    result = source.run("bucket_replication_info", all_buckets=True, retry_timeout=0, **keys)
    assert_failure(result, "list the buckets", source.side.s3_url, "permission")
    assert result["error"]["operation"] == "ListBuckets"


def test_configuration_of_version_2_is_unsupported(
    source: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bucket in ("newer-bucket", "older-bucket"):
        source.do("bucket", name=bucket)
    monkeypatch.setattr(
        s3_buckets, "replication", lambda _api, name: V2_CONFIGURATION if "newer" in name else None
    )
    listed = source.do("bucket_replication_info", all_buckets=True)["results"]
    assert [one["bucket"]["name"] for one in listed] == ["newer-bucket", "older-bucket"]
    newer, older = listed
    assert newer["replication"] is None
    assert "element Priority of rule 1" in newer["unsupported"] or (
        "element Filter of rule 1" in newer["unsupported"]
    )
    assert older["unsupported"] is None


def test_info_modules_never_write(source: Side, target: Side) -> None:
    set_up(source, target, but=["object"])
    source.sandbox.clear_calls()
    source.do("iam_role_info", name=SOURCE_ROLE)
    source.do("policy_info", name=SOURCE_POLICY)
    source.do("bucket_replication_info", all_buckets=True, target_s3=target.connection("s3"))
    source.do("adoption_info", name="x", source={"s3": source.connection("s3")}, target={})
    assert source.writes() == target.writes() == []
