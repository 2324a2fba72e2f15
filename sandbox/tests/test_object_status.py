# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to objects: the measured table, row by row."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.tests.scenes import (
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
#: Many times the replicator's delay, which is 0.02 s here: what has not happened by then never will.
LONG = 0.25
OTHER_SERVICE = TRUST.replace('"backbeat"', '"lambda.amazonaws.com"')


def versions(s3: Any, bucket: str) -> list[tuple[str, bool]]:
    """Version ids, newest first, and whether each is a delete marker."""
    page = s3.list_object_versions(Bucket=bucket)
    found = [(one, False) for one in page.get("Versions", [])]
    found += [(one, True) for one in page.get("DeleteMarkers", [])]
    found.sort(key=lambda pair: pair[0]["LastModified"], reverse=True)
    return [(one["VersionId"], marker) for one, marker in found]


def test_pending_then_completed_and_replica(sandbox: Sandbox) -> None:
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


def test_a_multipart_upload_keeps_its_etag(sandbox: Sandbox) -> None:
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


def test_a_copy_is_replicated(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox, Prefix="in/")
    s3.put_object(Bucket=SOURCE, Key="out", Body=b"1")
    s3.copy_object(Bucket=SOURCE, Key="in/copy", CopySource=f"{SOURCE}/out")
    wait_for_status(s3, "in/copy", "COMPLETED")
    assert target.get_object(Bucket=TARGET, Key="in/copy")["Body"].read() == b"1"


def test_no_status_without_a_rule(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    s3.put_object(Bucket=SOURCE, Key="in/before")
    configure(s3, roles_for(sandbox), Prefix="in/")
    s3.put_object(Bucket=SOURCE, Key="elsewhere")
    configure(s3, roles_for(sandbox), Prefix="in/", Status="Disabled")
    s3.put_object(Bucket=SOURCE, Key="in/disabled")
    time.sleep(LONG)
    for key in ("in/before", "elsewhere", "in/disabled"):
        assert status(s3, key) is None


def test_older_objects_are_sent_when_they_are_tagged(sandbox: Sandbox) -> None:
    make_role(sandbox.source, SOURCE_ROLE, SOURCE_POLICY)
    make_role(sandbox.target, TARGET_ROLE, TARGET_POLICY)
    s3 = make_bucket(sandbox.source, SOURCE, versioning=None)
    target = make_bucket(sandbox.target, TARGET)
    s3.put_object(Bucket=SOURCE, Key="k", Body=b"null")
    s3.put_bucket_versioning(Bucket=SOURCE, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=SOURCE, Key="k", Body=b"newer")
    configure(s3, roles_for(sandbox))
    before = s3.list_object_versions(Bucket=SOURCE)["Versions"]
    # Newest first, to see that the versions' order is that of their writing.
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


def test_tags_after_completion_are_sent(sandbox: Sandbox) -> None:
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


def test_delete_markers_go_and_permanent_deletes_do_not(sandbox: Sandbox) -> None:
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
    time.sleep(LONG)
    assert versions(s3, SOURCE) == []
    assert versions(target, TARGET) == [(marker, True), (first, False)]


def test_a_delete_of_many_leaves_markers_that_are_replicated(sandbox: Sandbox) -> None:
    s3, target = set_up(sandbox)
    for key in ("a", "b"):
        s3.put_object(Bucket=SOURCE, Key=key)
        wait_for_status(s3, key, "COMPLETED")
    careful = with_md5(sandbox.source.new_client("s3"))
    careful.delete_objects(Bucket=SOURCE, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    wait_for(lambda: sum(marker for _, marker in versions(target, TARGET)) == 2)


def test_both_ways_and_never_onward(sandbox: Sandbox) -> None:
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
    time.sleep(LONG)
    assert status(target, "there", TARGET) == "REPLICA"
    assert status(s3, "back") == "REPLICA"
    assert len(versions(s3, SOURCE)) == len(versions(target, TARGET)) == 2


@pytest.mark.parametrize("versioning", [None, "Suspended"])
def test_a_target_without_versioning_loses_its_history(
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


# What makes it fail or stick: a change of a fine set-up while the replicator is paused.
def no_target_bucket(sandbox: Sandbox) -> None:
    sandbox.target.client("s3").delete_bucket(Bucket=TARGET)


def target_bucket_of_another(sandbox: Sandbox) -> None:
    no_target_bucket(sandbox)
    sandbox.target.client("s3", sandbox.target.other).create_bucket(Bucket=TARGET)


def no_configuration(sandbox: Sandbox) -> None:
    sandbox.source.client("s3").delete_bucket_replication(Bucket=SOURCE)


def disabled_rule(sandbox: Sandbox) -> None:
    configure(sandbox.source.client("s3"), roles_for(sandbox), Status="Disabled")


def other_roles(sandbox: Sandbox) -> None:
    configure(sandbox.source.client("s3"), roles_for(sandbox).replace("Target", "Other"))


def drop_role(side: str) -> Any:
    def change(sandbox: Sandbox) -> None:
        one = getattr(sandbox, side)
        name = SOURCE_ROLE if side == "source" else TARGET_ROLE
        iam = one.client("iam")
        policy = f"arn:aws:iam::{one.account_id}:policy/{name}-policy"
        iam.detach_role_policy(RoleName=name, PolicyArn=policy)
        iam.delete_role(RoleName=name)

    return change


def distrust(side: str) -> Any:
    def change(sandbox: Sandbox) -> None:
        name = SOURCE_ROLE if side == "source" else TARGET_ROLE
        iam = getattr(sandbox, side).client("iam")
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=OTHER_SERVICE)

    return change


def deny(side: str) -> Any:
    def change(sandbox: Sandbox) -> None:
        name = SOURCE_ROLE if side == "source" else TARGET_ROLE
        document = allow((["s3:ReplicateObject"], "*")).replace("Allow", "Deny")
        iam = getattr(sandbox, side).client("iam")
        iam.put_role_policy(RoleName=name, PolicyName="deny", PolicyDocument=document)

    return change


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        pytest.param(no_target_bucket, "FAILED", id="target bucket missing"),
        pytest.param(target_bucket_of_another, "FAILED", id="target bucket of another account"),
        pytest.param(no_configuration, "FAILED", id="configuration deleted"),
        pytest.param(disabled_rule, "FAILED", id="rule disabled"),
        pytest.param(other_roles, "PENDING", id="roles changed"),
        pytest.param(drop_role("source"), "PENDING", id="source role missing"),
        pytest.param(distrust("source"), "PENDING", id="source role not trusting"),
        pytest.param(deny("source"), "PENDING", id="source role denied"),
        pytest.param(drop_role("target"), "FAILED", id="target role missing"),
        pytest.param(distrust("target"), "FAILED", id="target role not trusting"),
        pytest.param(deny("target"), "FAILED", id="target role denied"),
    ],
)
def test_what_fails_and_what_sticks(sandbox: Sandbox, change: Any, outcome: str) -> None:
    s3, _ = set_up(sandbox)
    sandbox.settings(paused=True)
    s3.put_object(Bucket=SOURCE, Key="k")
    change(sandbox)
    sandbox.settings(paused=False)
    if outcome == "FAILED":
        wait_for_status(s3, "k", "FAILED")
    time.sleep(LONG)
    assert status(s3, "k") == outcome


@pytest.mark.parametrize("roles", ["345678901234", "111122223333", "*"])
def test_role_2_of_an_account_that_is_not_the_targets(sandbox: Sandbox, roles: str) -> None:
    s3, _ = set_up(sandbox)
    source = roles_for(sandbox).split(",")[0]
    configure(s3, f"{source},arn:aws:iam::{roles}:role/{TARGET_ROLE}")
    s3.put_object(Bucket=SOURCE, Key="k")
    wait_for_status(s3, "k", "FAILED")


def test_a_bucket_of_an_account_that_backbeat_does_not_work_for(sandbox: Sandbox) -> None:
    s3 = sandbox.source.client("s3", sandbox.source.other)
    s3.create_bucket(Bucket=SOURCE)
    s3.put_bucket_versioning(Bucket=SOURCE, VersioningConfiguration={"Status": "Enabled"})
    configure(s3, roles_for(sandbox))
    s3.put_object(Bucket=SOURCE, Key="k")
    time.sleep(LONG)
    assert status(s3, "k") == "PENDING"


def test_processing_while_it_is_tried_again(sandbox: Sandbox) -> None:
    s3, _ = set_up(sandbox)
    no_target_bucket(sandbox)
    sandbox.settings("source", retries=5, delay=0.3, paused=True)
    s3.put_object(Bucket=SOURCE, Key="k")
    assert status(s3, "k") == "PENDING"
    sandbox.settings("source", paused=False)
    wait_for_status(s3, "k", "PROCESSING")
    make_bucket(sandbox.target, TARGET)
    wait_for_status(s3, "k", "COMPLETED")


@pytest.mark.parametrize("change", [no_target_bucket, other_roles])
def test_tagging_brings_an_object_back_to_life(sandbox: Sandbox, change: Any) -> None:
    s3, _ = set_up(sandbox)
    sandbox.settings(paused=True, retries=0)
    s3.put_object(Bucket=SOURCE, Key="k")
    change(sandbox)
    sandbox.settings(paused=False)
    time.sleep(LONG)
    assert status(s3, "k") in ("FAILED", "PENDING")
    if change is no_target_bucket:
        make_bucket(sandbox.target, TARGET)
    configure(s3, roles_for(sandbox))
    s3.put_object_tagging(Bucket=SOURCE, Key="k", Tagging={"TagSet": []})
    wait_for_status(s3, "k", "COMPLETED")


def test_several_sites(sandbox: Sandbox) -> None:
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


def test_roles_that_are_only_names(sandbox: Sandbox) -> None:
    """Installations with service accounts: no role exists, and no policy is looked at."""
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


def test_an_outage_of_the_other_side(sandbox: Sandbox) -> None:
    """The replicator does not pass through the ports that tests make fail."""
    s3, target = set_up(sandbox)
    sandbox.fail(side="target", how="reset", times=0)
    s3.put_object(Bucket=SOURCE, Key="k")
    wait_for_status(s3, "k", "COMPLETED")
    sandbox.clear_faults()
    assert status(target, "k", TARGET) == "REPLICA"


def test_copies_in_a_cloud_have_ids_of_their_own_and_name_their_source(sandbox: Sandbox) -> None:
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
