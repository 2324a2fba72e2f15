# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that a server refuses: another account's bucket, unsupported calls, options that only it can check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.support.bad_input import (
    BUCKET,
    GOOD,
    LEFT_OUT,
    ROLE,
    S3,
    assert_failure,
    run_at,
)
from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import SOURCE_POLICY, SOURCE_ROLE, set_up, steps

OTHER_TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"Service": "x"}, "Action": "sts:AssumeRole"},
}


@pytest.mark.parametrize("module", S3)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_bucket_of_another_account_is_reported(source: Side, module: str, state: str) -> None:
    """The bucket is neither treated as absent nor changed."""
    theirs = source.side.client("s3", source.side.other)
    theirs.create_bucket(Bucket=BUCKET)
    source.sandbox.clear_calls()
    wanted = {"state": state} if module in ("bucket", "bucket_replication", "object") else {}
    result = run_at(source, module, **wanted)
    assert_failure(result, BUCKET, source.side.s3_url, "belong to another account")
    assert result["error"]["status"] == 403
    assert source.writes() == []


def test_bucket_created_by_another_account_meanwhile_is_reported(source: Side) -> None:
    """The module read that the bucket did not exist, and another account created it then."""
    source.sandbox.fail("CreateBucket", status=409, code="BucketAlreadyExists", message="Taken")
    result = run_at(source, "bucket")
    assert_failure(result, BUCKET, source.side.s3_url, "Taken", "choose another name")
    assert result["error"]["code"] == "BucketAlreadyExists"


def test_target_bucket_of_another_account_is_reported_by_object_check(
    source: Side, target: Side
) -> None:
    """The source server does not check the target bucket."""
    target.side.client("s3", target.side.other).create_bucket(Bucket="other-bucket")
    set_up(source, target, but=["object"])
    source.do("object", bucket="source-bucket", key="k")
    checked = source.run(
        "object_check",
        bucket="source-bucket",
        key="k",
        wait=False,
        status=["PENDING", "COMPLETED"],
        target={"bucket": "other-bucket", "s3": target.connection("s3")},
        retry_timeout=0,
    )
    assert_failure(checked, "other-bucket/k", target.side.s3_url, "belong to another account")


def test_missing_bucket_is_reported(source: Side) -> None:
    for module in ("bucket_replication", "object"):
        result = run_at(source, module)
        assert_failure(
            result, BUCKET, source.side.s3_url, "Create the bucket first (backbeat_bucket)"
        )
    missing = f"The bucket {BUCKET} does not exist at {source.side.s3_url}: create it"
    assert_failure(run_at(source, "object_check"), missing)


def test_replication_of_an_unversioned_bucket_is_refused(source: Side) -> None:
    source.do("bucket", name=BUCKET)
    result = run_at(source, "bucket_replication")
    assert_failure(result, BUCKET, source.side.s3_url, "Enable versioning on the bucket first")


def test_suspending_versioning_of_a_replicating_bucket_is_refused(source: Side) -> None:
    source.do("bucket", name=BUCKET, versioning="enabled")
    source.do("bucket_replication", **GOOD["bucket_replication"])
    result = run_at(source, "bucket", versioning="suspended")
    assert_failure(result, BUCKET, "Remove the bucket's replication configuration first")


def test_deletion_of_a_bucket_that_is_not_empty_is_refused(source: Side) -> None:
    source.do("bucket", name=BUCKET, versioning="enabled")
    source.do("object", bucket=BUCKET, key="k")
    source.do("object", bucket=BUCKET, key="k", state="absent")
    result = run_at(source, "bucket", state="absent")
    assert_failure(result, BUCKET, source.side.s3_url, "including all versions and delete markers")


def test_unknown_location_is_refused(source: Side) -> None:
    result = run_at(source, "bucket", location="atlantis")
    assert_failure(result, source.side.s3_url, "atlantis", "Give one of the server's locations")


def test_unknown_site_is_refused(source: Side) -> None:
    source.do("bucket", name=BUCKET, versioning="enabled")
    result = run_at(
        source, "bucket_replication", rules=[{"prefix": "", "sites": [{"name": "node7"}]}]
    )
    assert_failure(result, BUCKET, source.side.s3_url, "The sites sent: node7", "replication sites")


@pytest.mark.parametrize(
    ("roles", "site"), [(f"{ROLE}A", "node6"), (f"{ROLE}A,{ROLE}B", "us-east-2")]
)
def test_wrong_number_of_roles_for_the_site_is_refused(source: Side, roles: str, site: str) -> None:
    source.do("bucket", name=BUCKET, versioning="enabled")
    result = run_at(
        source,
        "bucket_replication",
        source_role=LEFT_OUT,
        target_role=LEFT_OUT,
        role=roles,
        rules=[{"prefix": "", "sites": [{"name": site}]}],
    )
    two = "A Scality site needs two role ARNs (source_role and target_role), cloud sites alone need"
    assert_failure(result, BUCKET, source.side.s3_url, two, f"sent: {roles}")


@pytest.mark.parametrize(
    ("module", "option"), [("policy", "policy"), ("iam_role", "assume_role_policy_document")]
)
def test_malformed_policy_document_is_refused(source: Side, module: str, option: str) -> None:
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow"}}
    generated = {"side": LEFT_OUT, "source_buckets": LEFT_OUT} if module == "policy" else {}
    result = run_at(source, module, **{option: document}, **generated)
    assert_failure(result, source.side.iam_url, "Compare the document with IAM's grammar")
    assert result["error"]["code"] == "MalformedPolicyDocument"


def test_policy_larger_than_the_servers_limit_is_refused(source: Side) -> None:
    source.sandbox.settings(policy_size_limit=200)
    result = run_at(source, "policy", source_buckets=[f"bucket-{n}" for n in range(9)])
    assert_failure(
        result, source.side.iam_url, "PolicySize: 200", "Give this server's limit as max_size"
    )


def test_policy_is_created_although_its_role_is_missing(source: Side) -> None:
    result = run_at(source, "policy")
    assert result["failed"]
    assert result["changes"] == ["CreatePolicy Reading"]
    for part in (source.side.iam_url, "the role Reader", "Create the role (backbeat_iam_role)"):
        assert part in result["msg"]


def test_more_than_10_tags_are_refused(source: Side) -> None:
    source.do("bucket", name=BUCKET)
    result = run_at(source, "object", tags={str(number): "x" for number in range(11)})
    assert_failure(result, f"{BUCKET}/k", source.side.s3_url, "tags cannot be greater than 10")


def create_role(side: Side, _target: Side) -> Result:
    return side.run("iam_role", name=SOURCE_ROLE)


def delete_role(side: Side, _target: Side) -> Result:
    return side.run("iam_role", name=SOURCE_ROLE, state="absent")


def change_trust_policy(side: Side, _target: Side) -> Result:
    return side.run("iam_role", name=SOURCE_ROLE, assume_role_policy_document=OTHER_TRUST)


def create_policy(side: Side, target: Side) -> Result:
    (wanted,) = [
        options
        for _step, where, module, options in steps(side, target)
        if (where, module) == (side, "policy")
    ]
    return side.run("policy", **wanted)


def change_policy(side: Side, _target: Side) -> Result:
    return side.run("policy", name=SOURCE_POLICY, side="source", source_buckets=["other-bucket"])


def delete_policy(side: Side, _target: Side) -> Result:
    return side.run("policy", name=SOURCE_POLICY, state="absent")


#: By IAM call of set-up and teardown: a function that makes it, and whether this needs a set-up before.
CALLS: dict[str, tuple[Callable[[Side, Side], Result], bool]] = {
    "GetRole": (create_role, False),
    "CreateRole": (create_role, False),
    "UpdateAssumeRolePolicy": (change_trust_policy, True),
    "ListAttachedRolePolicies": (create_policy, True),
    "GetPolicy": (create_policy, True),
    "CreatePolicy": (create_policy, False),
    "AttachRolePolicy": (create_policy, False),
    "GetPolicyVersion": (create_policy, True),
    "ListPolicyVersions": (change_policy, True),
    "CreatePolicyVersion": (change_policy, True),
    "ListEntitiesForPolicy": (delete_policy, True),
    "DetachRolePolicy": (delete_policy, True),
    "DeletePolicy": (delete_policy, True),
    "DeleteRole": (delete_role, True),
}


@pytest.mark.parametrize("operation", CALLS)
def test_unsupported_iam_call_is_reported(source: Side, target: Side, operation: str) -> None:
    act, needs_setup = CALLS[operation]
    if needs_setup:
        for result in set_up(source, target, but=["object"]):
            assert not result.get("failed"), result
    source.sandbox.settings("source", unsupported_calls=[operation])
    result = act(source, target)
    assert result["failed"]
    assert result["error"]["operation"] == operation
    assert result["error"]["code"] == "MethodNotAllowed"
    for part in (
        f"at {source.side.iam_url}: ",
        f"does not support the IAM call {operation}.",
        "this server's version lacks the call: make this change with the server's own tools.",
    ):
        assert part in result["msg"]


@pytest.mark.parametrize("code", ["NotImplemented", "InvalidAction", "UnknownOperation"])
def test_other_error_codes_for_an_unsupported_call_are_recognized(source: Side, code: str) -> None:
    source.sandbox.fail("GetRole", status=501 if code == "NotImplemented" else 400, code=code)
    result = run_at(source, "iam_role")
    assert_failure(result, source.side.iam_url, "does not support the IAM call GetRole")


def test_setup_does_not_need_calls_that_vault_may_lack(source: Side, target: Side) -> None:
    """These calls are not known to exist in all versions of Vault."""
    uncertain = ["GetUser", "UpdateAssumeRolePolicy", "SetDefaultPolicyVersion", "TagRole"]
    for one in (source, target):
        one.sandbox.settings(one.name, unsupported_calls=[*uncertain, "UpdateRole", "ListPolicies"])
    for result in set_up(source, target):
        assert not result.get("failed"), result


def test_one_failed_bucket_of_several_does_not_stop_the_others(source: Side) -> None:
    """The message names the buckets that failed."""
    theirs = source.side.client("s3", source.side.other)
    theirs.create_bucket(Bucket=BUCKET)
    items: list[dict[str, Any]] = [{"name": "first-bucket"}, {"name": BUCKET}, {"name": "Third"}]
    result = source.run("bucket", buckets=items, retry_timeout=0)
    assert result["failed"]
    assert result["changed"]
    assert f"2 of 3 buckets failed.\n{BUCKET}: Failed to read the" in result["msg"]
    assert "'Third' is invalid" in result["results"][2]["msg"]
    assert [one["Name"] for one in source.s3.list_buckets()["Buckets"]] == ["first-bucket"]
