# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set-up from nothing, again, in check mode, and after drift; what arrives; what the info modules say of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import Sandbox
from tests.e2e.environments import Ground
from tests.e2e.story import ARRIVAL, Story, code_of
from tests.integration.support.plays import PlaybookResult, assert_run_as_predicted

OTHER_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "audit"}, "Action": "sts:AssumeRole"}
    ],
}
#: How servers say that they do not have an IAM call.
LACKING = ("MethodNotAllowed", "NotImplemented", "InvalidAction", "UnknownOperation")


@dataclass
class Made:
    """A replication, and how it came to be."""

    story: Story
    predicted: PlaybookResult
    there_then: dict[str, bool]
    first: PlaybookResult


@pytest.fixture(scope="session")
def made(ground: Ground) -> Iterator[Made]:
    story = Story(ground, "setup")
    try:
        assert not any(story.there().values())
        predicted = story.setup("--check")
        there_then = story.there()
        yield Made(story, predicted, there_then, story.setup())
    finally:
        story.remove()
    assert not any(story.there().values())


def test_from_nothing(made: Made) -> None:
    made.first.ok()
    story = made.story
    assert all(story.there().values())
    configuration = story.configuration()
    assert configuration is not None
    assert configuration["Role"] == f"{story.arn('source')},{story.arn('target')}"
    (rule,) = configuration["Rules"]
    assert (rule["Prefix"], rule["Status"]) == ("", "Enabled")
    assert rule["Destination"]["Bucket"] == f"arn:aws:s3:::{story.target_bucket}"


def test_check_mode_predicted_it_and_made_nothing(made: Made) -> None:
    made.predicted.ok()
    assert not any(made.there_then.values())
    assert made.predicted.changes() == made.first.ok().changes()
    assert f"PutBucketReplication {made.story.source_bucket}" in made.predicted.changes()
    assert_run_as_predicted(made.predicted, made.first)


def test_the_proof(made: Made) -> None:
    """The run itself has waited for the object on both sides."""
    proof = made.first.ok().result(made.story.source.host, "proof")["results"][0]
    assert proof["object"]["replication_status"] == "COMPLETED"
    assert proof["replica"]["version_id"] == proof["object"]["version_id"]


@pytest.mark.parametrize("mode", [[], ["--check"]])
def test_again(made: Made, mode: list[str]) -> None:
    assert made.story.setup(*mode).ok().changed() == {}


def test_objects_arrive_with_all_that_belongs_to_them(made: Made) -> None:
    story = made.story
    content = "".join(f"line {number}\n" for number in range(1000))
    rich = {
        "bucket": story.source_bucket,
        "key": "reports/ä & ö +1?.txt",
        "content": content,
        "content_type": "text/plain",
        "metadata": {"author": "operations"},
        "tags": {"month": "november"},
    }
    empty = {"bucket": story.source_bucket, "key": "empty"}
    story.source.do("object", objects=[rich, empty])
    checked = story.arrives(str(rich["key"]), "empty")
    for one in checked:
        assert one["replica"]["etag"] == one["object"]["etag"]
        assert one["replica"]["version_id"] == one["object"]["version_id"]
        assert one["replica"]["replication_status"] == "REPLICA"

    where = {"Bucket": story.target_bucket, "Key": rich["key"]}
    copy = story.target.s3_client.get_object(**where)
    assert copy["Body"].read().decode() == content
    assert copy["ContentType"] == "text/plain"
    assert copy["Metadata"]["author"] == "operations"
    tags = story.target.s3_client.get_object_tagging(**where)["TagSet"]
    assert tags == [{"Key": "month", "Value": "november"}]
    assert not story.source.do("object", objects=[rich, empty])["changed"]


def test_versions_and_deletions_arrive(made: Made) -> None:
    story, key = made.story, "twice"
    where = {"bucket": story.source_bucket, "key": key}
    versions = []
    for content in ("first", "second"):
        done = story.source.do("object", **where, content=content)
        versions.append(done["object"]["version_id"])
        story.arrives(key)
    story.source.do("object", **where, state="absent")
    deadline = time.monotonic() + ARRIVAL
    while not (markers := _listed(story, key)["DeleteMarkers"]) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert len(markers) == 1
    assert sorted(_listed(story, key)["Versions"]) == sorted(versions)


def _listed(story: Story, key: str) -> dict[str, list[str]]:
    page = story.target.s3_client.list_object_versions(Bucket=story.target_bucket, Prefix=key)
    return {
        kind: [one["VersionId"] for one in page.get(kind, ()) if one["Key"] == key]
        for kind in ("Versions", "DeleteMarkers")
    }


def test_an_object_that_does_not_exist(made: Made) -> None:
    story = made.story
    checked = story.source.run(
        "object_check", bucket=story.source_bucket, key="never-put", wait=False
    )
    assert checked["failed"]
    assert f"{story.source_bucket}/never-put" in checked["msg"]
    assert story.source.s3["endpoint_url"] in checked["msg"]
    assert "check bucket and key, and whether it was put" in checked["msg"]


def test_drift_is_repaired(made: Made) -> None:
    story = made.story
    story.arrives(story.key)
    drifted = _drift(story)
    predicted = story.setup("--check").ok()
    repaired = story.setup().ok()
    assert predicted.changes() == repaired.changes()
    assert repaired.changes() == sorted([*drifted, *_proof(story)])
    assert_run_as_predicted(predicted, repaired)
    assert _not_repaired(story) == []
    _purge_statements(story)


def _proof(story: Story) -> list[str]:
    """The changes that prove replication after any other change, sorted."""
    source, target = (f"{name}/{story.key}" for name in (story.source_bucket, story.target_bucket))
    return [
        *(f"DeleteObject {where}-canary" for where in (source, target)),
        f"PutObject {source}-canary",
        f"PutObjectTagging {source}",
    ]


def _purge_statements(story: Story) -> None:
    """Permissions on another bucket stay unless the inventory asks for their removal."""
    managed = [side for side in ("source", "target") if story.manages(side)]
    assert all("x-bucket" in json.dumps(story.policy(side)) for side in managed)
    purged = story.setup(replication_purge_statements=True).ok()
    versions = [f"CreatePolicyVersion {getattr(story, f'{side}_policy')}" for side in managed]
    assert purged.changes() == sorted([*versions, *(_proof(story) if managed else [])])
    assert not any("x-bucket" in json.dumps(story.policy(side)) for side in managed)


def _not_repaired(story: Story) -> list[str]:
    """Resources that still differ from what set-up makes."""
    wrong = []
    for side in ("source", "target"):
        if story.manages(side):
            where, role = getattr(story, side), getattr(story, f"{side}_role")
            found = where.do("iam_role_info", name=role)["iam_role"]
            trusted = found["assume_role_policy_document"]["Statement"][0]["Principal"]
            attached = [one["policy_name"] for one in found["attached_policies"]]
            if trusted != {"Service": "backbeat"} or attached != [getattr(story, f"{side}_policy")]:
                wrong.append(role)
            if getattr(story, f"{side}_bucket") not in json.dumps(story.policy(side)):
                wrong.append(f"policy of {role}")
    info = story.source.do(
        "bucket_replication_info",
        bucket=story.source_bucket,
        target_s3=story.target.connection("s3"),
    )
    if info["replication"] is None or info["target"]["versioning"] != "enabled":
        wrong.append(story.source_bucket)
    return wrong


def _drift(story: Story) -> list[str]:
    """Change by hand what was made, as far as the servers allow; returns what is to be done about it."""
    repairs = []
    story.source.s3_client.delete_bucket_replication(Bucket=story.source_bucket)
    repairs.append(f"PutBucketReplication {story.source_bucket}")
    story.target.s3_client.put_bucket_versioning(
        Bucket=story.target_bucket, VersioningConfiguration={"Status": "Suspended"}
    )
    repairs.append(f"PutBucketVersioning {story.target_bucket}")
    for side in ("source", "target"):
        if story.manages(side):
            repairs += _drift_of_iam(story, side)
    return repairs


def _drift_of_iam(story: Story, side: str) -> list[str]:
    client: Any = getattr(story, side).iam_client
    role, policy = getattr(story, f"{side}_role"), getattr(story, f"{side}_policy")
    found = story.policy(side)
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
        # Not every IAM server has the call; then a trust policy cannot be changed.
        if code_of(error) not in LACKING:
            raise
        return repairs
    return [*repairs, f"UpdateAssumeRolePolicy {role}"]


def test_a_rule_that_is_disabled_and_enabled_again(made: Made) -> None:
    story = made.story
    story.arrives(story.key)
    for status in ("Disabled", "Enabled"):
        rules = [{"prefix": "", "enabled": status == "Enabled"}]
        done = story.source.do("bucket_replication", bucket=story.source_bucket, rules=rules)
        assert done["changes"] == [f"PutBucketReplication {story.source_bucket}"]
        configuration = story.configuration()
        assert configuration is not None
        assert [one["Status"] for one in configuration["Rules"]] == [status]


def test_info(made: Made) -> None:
    story = made.story
    for side in ("source", "target"):
        if not story.manages(side):
            continue
        where = getattr(story, side)
        role = where.do("iam_role_info", name=getattr(story, f"{side}_role"))["iam_role"]
        policy = story.policy(side)
        assert policy is not None
        assert [one["policy_arn"] for one in role["attached_policies"]] == [policy["arn"]]
        assert policy["roles"] == [role["role_name"]]
        assert role["assume_role_policy_document"]["Statement"][0]["Principal"] == {
            "Service": "backbeat"
        }
    info = story.source.do(
        "bucket_replication_info",
        bucket=story.source_bucket,
        target_s3=story.target.connection("s3"),
    )
    assert info["bucket"] == {"name": story.source_bucket, "versioning": "enabled"}
    assert info["replication"]["roles"] == [story.arn("source"), story.arn("target")]
    assert info["target"]["versioning"] == "enabled"
    listed = story.source.do("bucket_replication_info", all_buckets=True)["results"]
    assert story.source_bucket in [one["bucket"]["name"] for one in listed if one["bucket"]]


def test_what_was_made_can_be_adopted(made: Made) -> None:
    """The role with the variables that adoption finds has nothing to do."""
    story = made.story
    found = story.source.do(
        "adoption_info",
        name="e2e",
        source={
            "s3": story.source.connection("s3"),
            "iam": story.source.connection("iam") or None,
            "buckets": [story.source_bucket],
        },
        target={"iam": story.target.connection("iam") or None},
    )
    assert found["left_out"] == []
    variables = {**found["variables"]["target"], **found["variables"]["source"]}
    (pair,) = variables["replication_pairs"]
    assert pair["target_bucket"] == story.target_bucket
    if story.manages("source"):
        assert variables["replication_source_role_name"] == story.source_role
        assert variables["replication_source_policy_name"] == story.source_policy
    assert story.setup(**variables).ok().changed() == {}


def test_check_mode_tries_no_write(made: Made, hooks: Sandbox) -> None:
    """Neither on what is there nor where something is to do."""
    made.story.arrives(made.story.key)
    hooks.clear_calls()
    hooks.refuse_writes()
    rules = [{"prefix": "", "enabled": False}]
    played = made.story.setup("--check", replication_pairs=[{**made.story.pair, "rules": rules}])
    hooks.refuse_writes(False)
    assert f"PutBucketReplication {made.story.source_bucket}" in played.ok().changes()
    assert hooks.calls(write=True) == []
