# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set-up: first run, second run, check mode and drift; what is replicated; the info modules."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import Sandbox
from tests.e2e.environments import Environments
from tests.e2e.replication import REPLICATION_TIMEOUT, Replication, code_of
from tests.integration.support.plays import PlaybookResult, assert_run_as_predicted

OTHER_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "audit"}, "Action": "sts:AssumeRole"}
    ],
}
#: Error codes with which servers refuse an IAM call that they do not implement.
NOT_IMPLEMENTED = ("MethodNotAllowed", "NotImplemented", "InvalidAction", "UnknownOperation")


@dataclass
class SetUp:
    """A replication that was set up, and the runs that did it."""

    replication: Replication
    predicted: PlaybookResult
    existing_after_check: dict[str, bool]
    first: PlaybookResult


@pytest.fixture(scope="session")
def done_setup(environments: Environments) -> Iterator[SetUp]:
    replication = Replication(environments, "setup")
    try:
        assert not any(replication.existing().values())
        predicted = replication.setup("--check")
        existing_after_check = replication.existing()
        yield SetUp(replication, predicted, existing_after_check, replication.setup())
    finally:
        replication.remove()
    assert not any(replication.existing().values())


def test_first_run_creates_all_resources(done_setup: SetUp) -> None:
    done_setup.first.ok()
    replication = done_setup.replication
    assert all(replication.existing().values())
    configuration = replication.configuration()
    assert configuration is not None
    assert configuration["Role"] == f"{replication.arn('source')},{replication.arn('target')}"
    (rule,) = configuration["Rules"]
    assert (rule["Prefix"], rule["Status"]) == ("", "Enabled")
    assert rule["Destination"]["Bucket"] == f"arn:aws:s3:::{replication.target_bucket}"


def test_check_mode_predicts_the_first_run_and_creates_nothing(done_setup: SetUp) -> None:
    done_setup.predicted.ok()
    assert not any(done_setup.existing_after_check.values())
    assert done_setup.predicted.changes() == done_setup.first.ok().changes()
    assert (
        f"PutBucketReplication {done_setup.replication.source_bucket}"
        in done_setup.predicted.changes()
    )
    assert_run_as_predicted(done_setup.predicted, done_setup.first)


def test_first_run_verifies_replication(done_setup: SetUp) -> None:
    """The run has waited for the object on both sides."""
    proof = done_setup.first.ok().result(done_setup.replication.source.host, "proof")["results"][0]
    assert proof["object"]["replication_status"] == "COMPLETED"
    assert proof["replica"]["version_id"] == proof["object"]["version_id"]


@pytest.mark.parametrize("mode", [[], ["--check"]])
def test_second_run_changes_nothing(done_setup: SetUp, mode: list[str]) -> None:
    assert done_setup.replication.setup(*mode).ok().changed() == {}


def test_objects_are_replicated_with_metadata_and_tags(done_setup: SetUp) -> None:
    replication = done_setup.replication
    content = "".join(f"line {number}\n" for number in range(1000))
    rich = {
        "bucket": replication.source_bucket,
        "key": "reports/ä & ö +1?.txt",
        "content": content,
        "content_type": "text/plain",
        "metadata": {"author": "operations"},
        "tags": {"month": "november"},
    }
    empty = {"bucket": replication.source_bucket, "key": "empty"}
    replication.source.do("object", objects=[rich, empty])
    checked = replication.wait_until_replicated(str(rich["key"]), "empty")
    for one in checked:
        assert one["replica"]["etag"] == one["object"]["etag"]
        assert one["replica"]["version_id"] == one["object"]["version_id"]
        assert one["replica"]["replication_status"] == "REPLICA"

    where = {"Bucket": replication.target_bucket, "Key": rich["key"]}
    copy = replication.target.s3_client.get_object(**where)
    assert copy["Body"].read().decode() == content
    assert copy["ContentType"] == "text/plain"
    assert copy["Metadata"]["author"] == "operations"
    tags = replication.target.s3_client.get_object_tagging(**where)["TagSet"]
    assert tags == [{"Key": "month", "Value": "november"}]
    assert not replication.source.do("object", objects=[rich, empty])["changed"]


def test_versions_and_delete_markers_are_replicated(done_setup: SetUp) -> None:
    replication, key = done_setup.replication, "twice"
    where = {"bucket": replication.source_bucket, "key": key}
    versions = []
    for content in ("first", "second"):
        done = replication.source.do("object", **where, content=content)
        versions.append(done["object"]["version_id"])
        replication.wait_until_replicated(key)
    replication.source.do("object", **where, state="absent")
    deadline = time.monotonic() + REPLICATION_TIMEOUT
    while (
        not (markers := _listed(replication, key)["DeleteMarkers"]) and time.monotonic() < deadline
    ):
        time.sleep(0.5)
    assert len(markers) == 1
    assert sorted(_listed(replication, key)["Versions"]) == sorted(versions)


def _listed(replication: Replication, key: str) -> dict[str, list[str]]:
    page = replication.target.s3_client.list_object_versions(
        Bucket=replication.target_bucket, Prefix=key
    )
    return {
        kind: [one["VersionId"] for one in page.get(kind, ()) if one["Key"] == key]
        for kind in ("Versions", "DeleteMarkers")
    }


def test_check_of_a_missing_object_fails(done_setup: SetUp) -> None:
    replication = done_setup.replication
    checked = replication.source.run(
        "object_check", bucket=replication.source_bucket, key="never-put", wait=False
    )
    assert checked["failed"]
    assert f"{replication.source_bucket}/never-put" in checked["msg"]
    assert replication.source.s3["endpoint_url"] in checked["msg"]
    assert "check bucket and key, and whether it was put" in checked["msg"]


def test_drift_is_repaired(done_setup: SetUp) -> None:
    replication = done_setup.replication
    replication.wait_until_replicated(replication.key)
    drifted = _drift(replication)
    predicted = replication.setup("--check").ok()
    repaired = replication.setup().ok()
    assert predicted.changes() == repaired.changes()
    assert repaired.changes() == sorted([*drifted, *_proof(replication)])
    assert_run_as_predicted(predicted, repaired)
    assert _not_repaired(replication) == []
    _purge_statements(replication)


def _proof(replication: Replication) -> list[str]:
    """The changes that prove replication after any other change, sorted."""
    source, target = (
        f"{name}/{replication.key}"
        for name in (replication.source_bucket, replication.target_bucket)
    )
    return [
        *(f"DeleteObject {where}-canary" for where in (source, target)),
        f"PutObject {source}-canary",
        f"PutObjectTagging {source}",
    ]


def _purge_statements(replication: Replication) -> None:
    """Permissions on another bucket stay unless the inventory asks for their removal."""
    managed = [side for side in ("source", "target") if replication.manages(side)]
    assert all("x-bucket" in json.dumps(replication.policy(side)) for side in managed)
    purged = replication.setup(replication_purge_statements=True).ok()
    versions = [f"CreatePolicyVersion {getattr(replication, f'{side}_policy')}" for side in managed]
    assert purged.changes() == sorted([*versions, *(_proof(replication) if managed else [])])
    assert not any("x-bucket" in json.dumps(replication.policy(side)) for side in managed)


def _not_repaired(replication: Replication) -> list[str]:
    """Resources that still differ from what set-up makes."""
    wrong = []
    for side in ("source", "target"):
        if replication.manages(side):
            where, role = getattr(replication, side), getattr(replication, f"{side}_role")
            found = where.do("iam_role_info", name=role)["iam_role"]
            trusted = found["assume_role_policy_document"]["Statement"][0]["Principal"]
            attached = [one["policy_name"] for one in found["attached_policies"]]
            if trusted != {"Service": "backbeat"} or attached != [
                getattr(replication, f"{side}_policy")
            ]:
                wrong.append(role)
            if getattr(replication, f"{side}_bucket") not in json.dumps(replication.policy(side)):
                wrong.append(f"policy of {role}")
    info = replication.source.do(
        "bucket_replication_info",
        bucket=replication.source_bucket,
        target_s3=replication.target.connection("s3"),
    )
    if info["replication"] is None or info["target"]["versioning"] != "enabled":
        wrong.append(replication.source_bucket)
    return wrong


def _drift(replication: Replication) -> list[str]:
    """Change resources by hand, as far as the servers allow; returns the changes that repair them."""
    repairs = []
    replication.source.s3_client.delete_bucket_replication(Bucket=replication.source_bucket)
    repairs.append(f"PutBucketReplication {replication.source_bucket}")
    replication.target.s3_client.put_bucket_versioning(
        Bucket=replication.target_bucket, VersioningConfiguration={"Status": "Suspended"}
    )
    repairs.append(f"PutBucketVersioning {replication.target_bucket}")
    for side in ("source", "target"):
        if replication.manages(side):
            repairs += _drift_of_iam(replication, side)
    return repairs


def _drift_of_iam(replication: Replication, side: str) -> list[str]:
    client: Any = getattr(replication, side).iam_client
    role, policy = getattr(replication, f"{side}_role"), getattr(replication, f"{side}_policy")
    found = replication.policy(side)
    assert found is not None
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::x-bucket"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    client.create_policy_version(
        PolicyArn=found["arn"], PolicyDocument=json.dumps(document), SetAsDefault=True
    )
    client.detach_role_policy(RoleName=role, PolicyArn=found["arn"])
    repairs = [f"CreatePolicyVersion {policy}", f"AttachRolePolicy {policy} to {role}"]
    try:
        client.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(OTHER_TRUST))
    except ClientError as error:
        # Not every IAM server implements the call; without it the trust policy stays as it is.
        if code_of(error) not in NOT_IMPLEMENTED:
            raise
        return repairs
    return [*repairs, f"UpdateAssumeRolePolicy {role}"]


def test_rule_can_be_disabled_and_enabled_again(done_setup: SetUp) -> None:
    replication = done_setup.replication
    replication.wait_until_replicated(replication.key)
    for status in ("Disabled", "Enabled"):
        rules = [{"prefix": "", "enabled": status == "Enabled"}]
        done = replication.source.do(
            "bucket_replication", bucket=replication.source_bucket, rules=rules
        )
        assert done["changes"] == [f"PutBucketReplication {replication.source_bucket}"]
        configuration = replication.configuration()
        assert configuration is not None
        assert [one["Status"] for one in configuration["Rules"]] == [status]


def test_info_modules_return_the_set_up(done_setup: SetUp) -> None:
    replication = done_setup.replication
    for side in ("source", "target"):
        if not replication.manages(side):
            continue
        where = getattr(replication, side)
        role = where.do("iam_role_info", name=getattr(replication, f"{side}_role"))["iam_role"]
        policy = replication.policy(side)
        assert policy is not None
        assert [one["policy_arn"] for one in role["attached_policies"]] == [policy["arn"]]
        assert policy["roles"] == [role["role_name"]]
        assert role["assume_role_policy_document"]["Statement"][0]["Principal"] == {
            "Service": "backbeat"
        }
    info = replication.source.do(
        "bucket_replication_info",
        bucket=replication.source_bucket,
        target_s3=replication.target.connection("s3"),
    )
    assert info["bucket"] == {"name": replication.source_bucket, "versioning": "enabled"}
    assert info["replication"]["roles"] == [replication.arn("source"), replication.arn("target")]
    assert info["target"]["versioning"] == "enabled"
    listed = replication.source.do("bucket_replication_info", all_buckets=True)["results"]
    assert replication.source_bucket in [one["bucket"]["name"] for one in listed if one["bucket"]]


def test_variables_of_adoption_match_the_set_up(done_setup: SetUp) -> None:
    """A run of the role with the variables that adoption returns makes no changes."""
    replication = done_setup.replication
    found = replication.source.do(
        "adoption_info",
        name="e2e",
        source={
            "s3": replication.source.connection("s3"),
            "iam": replication.source.connection("iam") or None,
            "buckets": [replication.source_bucket],
        },
        target={"iam": replication.target.connection("iam") or None},
    )
    assert found["left_out"] == []
    variables = {**found["variables"]["target"], **found["variables"]["source"]}
    (pair,) = variables["replication_pairs"]
    assert pair["target_bucket"] == replication.target_bucket
    if replication.manages("source"):
        assert variables["replication_source_role_name"] == replication.source_role
        assert variables["replication_source_policy_name"] == replication.source_policy
    assert replication.setup(**variables).ok().changed() == {}


def test_check_mode_sends_no_write(done_setup: SetUp, hooks: Sandbox) -> None:
    """Neither for existing resources nor for a resource that would change."""
    done_setup.replication.wait_until_replicated(done_setup.replication.key)
    hooks.clear_calls()
    hooks.refuse_writes()
    rules = [{"prefix": "", "enabled": False}]
    played = done_setup.replication.setup(
        "--check", replication_pairs=[{**done_setup.replication.pair, "rules": rules}]
    )
    hooks.refuse_writes(False)
    assert f"PutBucketReplication {done_setup.replication.source_bucket}" in played.ok().changes()
    assert hooks.calls(write=True) == []
