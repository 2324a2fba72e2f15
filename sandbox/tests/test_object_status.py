# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replication status of objects, as measured on real servers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.tests.helpers import (
    MANY_DELAYS,
    SOURCE,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET,
    TARGET_POLICY,
    TARGET_ROLE,
    TRUST,
    allow,
    configure,
    make_bucket,
    make_role,
    refusal,
    roles_for,
    set_up,
    status,
    wait_for,
    wait_for_status,
    with_md5,
)

pytestmark = pytest.mark.sandbox
OTHER_SERVICE = TRUST.replace('"backbeat"', '"lambda.amazonaws.com"')


def versions(s3: Any, bucket: str) -> list[tuple[str, bool]]:
    """Version ids, newest first, and whether each is a delete marker."""
    page = s3.list_object_versions(Bucket=bucket)
    found = [(one, False) for one in page.get("Versions", [])]
    found += [(one, True) for one in page.get("DeleteMarkers", [])]
    found.sort(key=lambda pair: pair[0]["LastModified"], reverse=True)
    return [(one["VersionId"], marker) for one, marker in found]


def test_object_is_pending_then_completed_and_its_copy_a_replica(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox)
    sandbox.settings(paused=True)
    put = s3.put_object(
        Bucket=SOURCE,
        Key="a key/ü",
        Body=b"content",
        Metadata={"color": "blue", "with_underscore": "1"},
        ContentType="text/x-own",
        CacheControl="no-cache",
        ContentEncoding="x-own",
        Tagging="team=storage",
    )
    assert status(s3, "a key/ü") == "PENDING"
    sandbox.settings(paused=False)
    wait_for_status(s3, "a key/ü", "COMPLETED")
    source = s3.get_object(Bucket=SOURCE, Key="a key/ü")
    replica = target.get_object(Bucket=TARGET, Key="a key/ü", VersionId=put["VersionId"])
    assert replica["ReplicationStatus"] == "REPLICA"
    assert replica["Body"].read() == b"content"
    same = (
        "VersionId", "ETag", "LastModified", "ContentLength", "Metadata", "ContentType",
        "CacheControl", "ContentEncoding",
    )  # fmt: skip
    assert {name: replica[name] for name in same} == {name: source[name] for name in same}
    tags = target.get_object_tagging(Bucket=TARGET, Key="a key/ü")["TagSet"]
    assert tags == [{"Key": "team", "Value": "storage"}]


def test_replica_of_a_multipart_upload_keeps_its_etag(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox)
    where = {"Bucket": SOURCE, "Key": "parts"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    bodies = [b"x" * (5 << 20), b"y"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**where, UploadId=upload, PartNumber=number, Body=body)["ETag"],
        }
        for number, body in enumerate(bodies, 1)
    ]
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    wait_for_status(s3, "parts", "COMPLETED")
    source = s3.head_object(**where)
    replica = target.head_object(Bucket=TARGET, Key="parts")
    assert source["ETag"].endswith('-2"')
    for name in ("ETag", "ContentLength", "VersionId"):
        assert replica[name] == source[name]


def test_copied_object_is_replicated(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox, Prefix="in/")
    s3.put_object(Bucket=SOURCE, Key="out", Body=b"1")
    s3.copy_object(Bucket=SOURCE, Key="in/copy", CopySource=f"{SOURCE}/out")
    wait_for_status(s3, "in/copy", "COMPLETED")
    assert target.get_object(Bucket=TARGET, Key="in/copy")["Body"].read() == b"1"


def test_object_without_a_rule_has_no_status(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    s3.put_object(Bucket=SOURCE, Key="in/before")
    configure(s3, roles_for(sandbox), Prefix="in/")
    s3.put_object(Bucket=SOURCE, Key="elsewhere")
    configure(s3, roles_for(sandbox), Prefix="in/", Status="Disabled")
    s3.put_object(Bucket=SOURCE, Key="in/disabled")
    time.sleep(MANY_DELAYS)
    for key in ("in/before", "elsewhere", "in/disabled"):
        assert status(s3, key) is None


def test_older_objects_are_replicated_when_they_are_tagged(sandbox: Sandbox) -> None:
    make_role(sandbox.source, SOURCE_ROLE, SOURCE_POLICY)
    make_role(sandbox.target, TARGET_ROLE, TARGET_POLICY)
    s3 = make_bucket(sandbox.source, SOURCE, versioning=None)
    target = make_bucket(sandbox.target, TARGET)
    s3.put_object(Bucket=SOURCE, Key="k", Body=b"null")
    s3.put_bucket_versioning(Bucket=SOURCE, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=SOURCE, Key="k", Body=b"newer")
    configure(s3, roles_for(sandbox))
    before = s3.list_object_versions(Bucket=SOURCE)["Versions"]
    # Tag the newest version first, so that the order at the target does not come from the order of tagging.
    for one in before:
        tags = s3.get_object_tagging(Bucket=SOURCE, Key="k", VersionId=one["VersionId"])["TagSet"]
        where = {"Bucket": SOURCE, "Key": "k", "VersionId": one["VersionId"]}
        s3.put_object_tagging(**where, Tagging={"TagSet": tags})
    for one in before:
        wait_for_status(s3, "k", "COMPLETED", version=one["VersionId"])
    assert versions(target, TARGET) == versions(s3, SOURCE)
    assert versions(s3, SOURCE)[-1] == ("null", False)
    after = s3.list_object_versions(Bucket=SOURCE)["Versions"]
    same = ("VersionId", "LastModified", "ETag")
    assert [[one[n] for n in same] for one in after] == [[one[n] for n in same] for one in before]


def test_tags_after_completion_are_replicated(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox)
    s3.put_object(Bucket=SOURCE, Key="k", Body=b"1")
    wait_for_status(s3, "k", "COMPLETED")
    sandbox.settings("source", paused=True)
    tagging = {"TagSet": [{"Key": "a", "Value": "b"}]}
    s3.put_object_tagging(Bucket=SOURCE, Key="k", Tagging=tagging)
    assert status(s3, "k") == "PENDING"
    sandbox.settings("source", paused=False)
    wait_for_status(s3, "k", "COMPLETED")
    assert target.get_object_tagging(Bucket=TARGET, Key="k")["TagSet"] == tagging["TagSet"]
    s3.delete_object_tagging(Bucket=SOURCE, Key="k")
    wait_for(lambda: not target.get_object_tagging(Bucket=TARGET, Key="k")["TagSet"])
    assert len(versions(target, TARGET)) == 1


def test_delete_markers_are_replicated_and_permanent_deletes_are_not(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox)
    first = s3.put_object(Bucket=SOURCE, Key="k")["VersionId"]
    wait_for_status(s3, "k", "COMPLETED")
    marker = s3.delete_object(Bucket=SOURCE, Key="k")["VersionId"]
    wait_for(lambda: (marker, True) in versions(target, TARGET))
    assert refusal(target.head_object, Bucket=TARGET, Key="k")[0] == 404
    tagging: dict[str, list[str]] = {"TagSet": []}
    where = {"Bucket": SOURCE, "Key": "k", "VersionId": marker}
    assert refusal(s3.put_object_tagging, **where, Tagging=tagging)[0] == 405
    for version in (first, marker):
        s3.delete_object(Bucket=SOURCE, Key="k", VersionId=version)
    time.sleep(MANY_DELAYS)
    assert versions(s3, SOURCE) == []
    assert versions(target, TARGET) == [(marker, True), (first, False)]


def test_delete_markers_of_delete_objects_are_replicated(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox)
    for key in ("a", "b"):
        s3.put_object(Bucket=SOURCE, Key=key)
        wait_for_status(s3, key, "COMPLETED")
    client = with_md5(sandbox.source.new_client("s3"))
    client.delete_objects(Bucket=SOURCE, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    wait_for(lambda: sum(marker for _, marker in versions(target, TARGET)) == 2)


def test_replicas_are_not_replicated_again(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox, target_policy=TARGET_POLICY)
    there = "arn:aws:s3:::target-bucket"
    back = allow(
        (["s3:GetReplicationConfiguration"], there),
        (["s3:GetObjectVersion", "s3:ReplicateObject"], f"{there}/*"),
    )
    home = allow((["s3:ReplicateObject"], "arn:aws:s3:::source-bucket/*"))
    roles = [make_role(sandbox.target, "back", back), make_role(sandbox.source, "home", home)]
    configure(target, ",".join(roles), bucket=TARGET, target=SOURCE)
    s3.put_object(Bucket=SOURCE, Key="there")
    target.put_object(Bucket=TARGET, Key="back")
    wait_for_status(s3, "there", "COMPLETED")
    wait_for_status(target, "back", "COMPLETED", bucket=TARGET)
    time.sleep(MANY_DELAYS)
    assert status(target, "there", TARGET) == "REPLICA"
    assert status(s3, "back") == "REPLICA"
    assert len(versions(s3, SOURCE)) == len(versions(target, TARGET)) == 2


@pytest.mark.parametrize("versioning", [None, "Suspended"])
def test_target_without_versioning_keeps_only_the_last_version(
    sandbox: Sandbox, versioning: str | None
) -> None:
    make_role(sandbox.source, SOURCE_ROLE, SOURCE_POLICY)
    make_role(sandbox.target, TARGET_ROLE, TARGET_POLICY)
    s3 = make_bucket(sandbox.source, SOURCE)
    target = make_bucket(sandbox.target, TARGET, versioning)
    configure(s3, roles_for(sandbox))
    for body in (b"1", b"2"):
        s3.put_object(Bucket=SOURCE, Key="k", Body=body)
        wait_for_status(s3, "k", "COMPLETED")
    assert len(versions(target, TARGET)) == 1
    assert target.get_object(Bucket=TARGET, Key="k")["Body"].read() == b"2"


# Changes to a working set-up while the replicator is paused, after which an object fails or stays pending.
def delete_target_bucket(sandbox: Sandbox) -> None:
    sandbox.target.client("s3").delete_bucket(Bucket=TARGET)


def give_target_bucket_to_another_account(sandbox: Sandbox) -> None:
    delete_target_bucket(sandbox)
    sandbox.target.client("s3", sandbox.target.other).create_bucket(Bucket=TARGET)


def delete_configuration(sandbox: Sandbox) -> None:
    sandbox.source.client("s3").delete_bucket_replication(Bucket=SOURCE)


def disable_rule(sandbox: Sandbox) -> None:
    configure(sandbox.source.client("s3"), roles_for(sandbox), Status="Disabled")


def change_roles(sandbox: Sandbox) -> None:
    configure(sandbox.source.client("s3"), roles_for(sandbox).replace("Target", "Other"))


def delete_role(side: str) -> Any:
    def change(sandbox: Sandbox) -> None:
        one = getattr(sandbox, side)
        name = SOURCE_ROLE if side == "source" else TARGET_ROLE
        iam = one.client("iam")
        policy = f"arn:aws:iam::{one.account_id}:policy/{name}-policy"
        iam.detach_role_policy(RoleName=name, PolicyArn=policy)
        iam.delete_role(RoleName=name)

    return change


def remove_trust(side: str) -> Any:
    def change(sandbox: Sandbox) -> None:
        name = SOURCE_ROLE if side == "source" else TARGET_ROLE
        iam = getattr(sandbox, side).client("iam")
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=OTHER_SERVICE)

    return change


def deny_replication(side: str) -> Any:
    def change(sandbox: Sandbox) -> None:
        name = SOURCE_ROLE if side == "source" else TARGET_ROLE
        document = allow((["s3:ReplicateObject"], "*")).replace("Allow", "Deny")
        iam = getattr(sandbox, side).client("iam")
        iam.put_role_policy(RoleName=name, PolicyName="deny", PolicyDocument=document)

    return change


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        pytest.param(delete_target_bucket, "FAILED", id="target bucket missing"),
        pytest.param(
            give_target_bucket_to_another_account, "FAILED", id="target bucket of another account"
        ),
        pytest.param(delete_configuration, "FAILED", id="configuration deleted"),
        pytest.param(disable_rule, "FAILED", id="rule disabled"),
        pytest.param(change_roles, "PENDING", id="roles changed"),
        pytest.param(delete_role("source"), "PENDING", id="source role missing"),
        pytest.param(remove_trust("source"), "PENDING", id="source role trust missing"),
        pytest.param(deny_replication("source"), "PENDING", id="source role denied"),
        pytest.param(delete_role("target"), "FAILED", id="target role missing"),
        pytest.param(remove_trust("target"), "FAILED", id="target role trust missing"),
        pytest.param(deny_replication("target"), "FAILED", id="target role denied"),
    ],
)
def test_object_fails_or_stays_pending_after_a_change(
    sandbox: Sandbox, change: Any, outcome: str
) -> None:
    s3, _ = set_up(sandbox)
    sandbox.settings(paused=True)
    s3.put_object(Bucket=SOURCE, Key="k")
    change(sandbox)
    sandbox.settings(paused=False)
    if outcome == "FAILED":
        wait_for_status(s3, "k", "FAILED")
    time.sleep(MANY_DELAYS)
    assert status(s3, "k") == outcome


@pytest.mark.parametrize("roles", ["345678901234", "111122223333", "*"])
def test_target_role_of_another_account_fails(sandbox: Sandbox, roles: str) -> None:
    s3, _ = set_up(sandbox)
    source = roles_for(sandbox).split(",")[0]
    configure(s3, f"{source},arn:aws:iam::{roles}:role/{TARGET_ROLE}")
    s3.put_object(Bucket=SOURCE, Key="k")
    wait_for_status(s3, "k", "FAILED")


def test_object_of_an_unknown_account_stays_pending(sandbox: Sandbox) -> None:
    s3 = sandbox.source.client("s3", sandbox.source.other)
    s3.create_bucket(Bucket=SOURCE)
    s3.put_bucket_versioning(Bucket=SOURCE, VersioningConfiguration={"Status": "Enabled"})
    configure(s3, roles_for(sandbox))
    s3.put_object(Bucket=SOURCE, Key="k")
    time.sleep(MANY_DELAYS)
    assert status(s3, "k") == "PENDING"


def test_status_is_processing_during_retries(sandbox: Sandbox) -> None:
    s3, _ = set_up(sandbox)
    delete_target_bucket(sandbox)
    sandbox.settings("source", retries=5, delay=0.3, paused=True)
    s3.put_object(Bucket=SOURCE, Key="k")
    assert status(s3, "k") == "PENDING"
    sandbox.settings("source", paused=False)
    wait_for_status(s3, "k", "PROCESSING")
    make_bucket(sandbox.target, TARGET)
    wait_for_status(s3, "k", "COMPLETED")


@pytest.mark.parametrize("change", [delete_target_bucket, change_roles])
def test_tagging_replicates_a_failed_or_stuck_object(sandbox: Sandbox, change: Any) -> None:
    s3, _ = set_up(sandbox)
    sandbox.settings(paused=True, retries=0)
    s3.put_object(Bucket=SOURCE, Key="k")
    change(sandbox)
    sandbox.settings(paused=False)
    time.sleep(MANY_DELAYS)
    assert status(s3, "k") in ("FAILED", "PENDING")
    if change is delete_target_bucket:
        make_bucket(sandbox.target, TARGET)
    configure(s3, roles_for(sandbox))
    s3.put_object_tagging(Bucket=SOURCE, Key="k", Tagging={"TagSet": []})
    wait_for_status(s3, "k", "COMPLETED")


def test_each_of_several_sites_has_a_status(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox, StorageClass="node6:preferred_read,us-east-2")
    sandbox.settings("source", delay=0.4)
    s3.put_object(Bucket=SOURCE, Key="k", Metadata={"own": "1"})
    wait_for_status(s3, "k", "PROCESSING")
    metadata = s3.head_object(Bucket=SOURCE, Key="k")["Metadata"]
    assert metadata == {"own": "1", "us-east-2-replication-status": "PENDING"}
    wait_for_status(s3, "k", "COMPLETED")
    metadata = s3.head_object(Bucket=SOURCE, Key="k")["Metadata"]
    assert metadata == {"own": "1", "us-east-2-replication-status": "COMPLETED"}
    assert target.head_object(Bucket=TARGET, Key="k")["Metadata"] == {"own": "1"}


def test_roles_do_not_have_to_exist_if_they_are_not_assumed(sandbox: Sandbox) -> None:
    """On installations with service accounts no role exists, and no policy is evaluated."""
    sandbox.settings(assume_roles=False)
    s3, target = make_bucket(sandbox.source, SOURCE), make_bucket(sandbox.target, TARGET)
    roles = [
        f"arn:aws:iam::{side.account_id}:role/scality-internal/replication-role"
        for side in (sandbox.source, sandbox.target)
    ]
    configure(s3, ",".join(roles))
    s3.put_object(Bucket=SOURCE, Key="k")
    wait_for_status(s3, "k", "COMPLETED")
    assert status(target, "k", TARGET) == "REPLICA"


def test_faults_of_the_target_do_not_affect_replication(sandbox: Sandbox) -> None:
    """The replicator does not use the ports in which tests cause faults."""
    s3, target = set_up(sandbox)
    sandbox.fail(side="target", how="reset", times=0)
    s3.put_object(Bucket=SOURCE, Key="k")
    wait_for_status(s3, "k", "COMPLETED")
    sandbox.clear_faults()
    assert status(target, "k", TARGET) == "REPLICA"


def test_cloud_copies_have_their_own_ids_and_name_their_source(sandbox: Sandbox) -> None:
    sandbox.settings("source", clouds={"us-east-2": "target/cloud-bucket"}, bucket_match=False)
    s3, target = set_up(sandbox)
    configure(s3, roles_for(sandbox).partition(",")[0], StorageClass="us-east-2")
    make_bucket(sandbox.target, "cloud-bucket")
    where = {"Bucket": SOURCE, "Key": "k"}
    put = s3.put_object(**where, Body=b"content", Metadata={"own": "1"})
    wait_for_status(s3, "k", "COMPLETED")
    source = s3.head_object(**where)
    copy = target.get_object(Bucket="cloud-bucket", Key=f"{SOURCE}/k")
    assert copy["Body"].read() == b"content"
    assert "ReplicationStatus" not in copy
    assert copy["Metadata"] == {
        "own": "1",
        "scal-replication-status": "REPLICA",
        "scal-version-id": put["VersionId"],
    }
    assert copy["VersionId"] != put["VersionId"]
    assert source["Metadata"]["us-east-2-version-id"] == copy["VersionId"]
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    s3.put_object_tagging(**where, Tagging=tags)
    wait_for_status(s3, "k", "COMPLETED")
    cloud = {"Bucket": "cloud-bucket", "Key": f"{SOURCE}/k"}
    assert target.get_object_tagging(**cloud)["TagSet"] == tags["TagSet"]
    assert len(versions(target, "cloud-bucket")) == 1
    s3.delete_object(**where)
    wait_for(lambda: len(versions(target, "cloud-bucket")) == 2)
    assert [marker for _version, marker in versions(target, "cloud-bucket")] == [True, False]
