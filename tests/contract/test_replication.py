# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replication of objects and their properties."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.contract.replicating import Replicated, code_of, new_bucket, replicated, rows
from tests.contract.servers import Server, only_in_sandbox

SAME = ("VersionId", "ETag", "LastModified", "ContentLength", "Metadata", "ContentType")


@pytest.mark.contract("replication")
def test_a_copy_has_everything_of_the_original(replicating: Replicated) -> None:
    given = {"Metadata": {"color": "blue"}, "ContentType": "text/x-own", "Tagging": "team=storage"}
    version = replicating.put("copy/ü", b"content", **given)
    replicating.arrived("copy/ü", version)
    source, copy = replicating.head("copy/ü"), replicating.head_target("copy/ü")
    assert {name: copy[name] for name in SAME} == {name: source[name] for name in SAME}
    where = {"Bucket": replicating.target_bucket, "Key": "copy/ü"}
    tags = replicating.target.s3.get_object_tagging(**where)["TagSet"]
    assert tags == [{"Key": "team", "Value": "storage"}]


@pytest.mark.contract("replication")
def test_a_multipart_upload_keeps_its_etag(replicating: Replicated) -> None:
    s3, where = replicating.source.s3, {"Bucket": replicating.bucket, "Key": "parts"}
    upload = {**where, "UploadId": s3.create_multipart_upload(**where)["UploadId"]}
    part = s3.upload_part(**upload, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    replicating.arrived("parts")
    assert replicating.head("parts")["ETag"].endswith('-1"')
    assert replicating.head_target("parts")["ETag"] == replicating.head("parts")["ETag"]


@pytest.mark.contract("replication")
def test_delete_markers_replicate_and_permanent_deletes_do_not(replicating: Replicated) -> None:
    first = replicating.put("deleted")
    second = replicating.put("deleted")
    replicating.arrived("deleted", second)
    replicating.arrived("deleted", first)
    s3, where = replicating.source.s3, {"Bucket": replicating.bucket, "Key": "deleted"}
    s3.delete_object(**where, VersionId=first)
    marker = s3.delete_object(**where)["VersionId"]
    target = replicating.target.s3

    def ids() -> list[str]:
        return [
            one["VersionId"] for one in rows(target, replicating.target_bucket, Prefix="deleted")
        ]

    replicating.wait(lambda: marker in ids())
    assert set(ids()) == {first, second, marker}
    assert replicating.target_status("deleted") is None


@pytest.mark.contract("replication")
def test_tags_send_a_version_again(replicating: Replicated) -> None:
    """Version id, date, ETag and the order of versions do not change."""
    old = replicating.put("tagged", b"old")
    new = replicating.put("tagged", b"new")
    for version in (old, new):
        replicating.arrived("tagged", version)
    before = [replicating.head("tagged", version) for version in (old, new)]
    replicating.tag("tagged", old, team="storage")
    replicating.arrived("tagged", old)
    where = {"Bucket": replicating.target_bucket, "Key": "tagged"}

    def tags() -> Any:
        return replicating.target.s3.get_object_tagging(**where, VersionId=old)["TagSet"]

    replicating.wait(lambda: tags() == [{"Key": "team", "Value": "storage"}])
    after = [replicating.head("tagged", version) for version in (old, new)]
    for one, other in zip(before, after, strict=True):
        assert {name: other.get(name) for name in SAME} == {name: one.get(name) for name in SAME}
    for server, bucket in (
        (replicating.source, replicating.bucket),
        (replicating.target, replicating.target_bucket),
    ):
        listed = [one["VersionId"] for one in rows(server.s3, bucket, Prefix="tagged")]
        assert listed == [new, old]
    assert replicating.head("tagged")["VersionId"] == new


@pytest.mark.contract("replication")
def test_the_status_is_pending_again_when_own_tags_are_put_back(replicating: Replicated) -> None:
    sandbox = only_in_sandbox(replicating.source)
    version = replicating.put("again")
    replicating.arrived("again", version)
    sandbox.settings("source", paused=True)
    replicating.tag("again", version)
    assert replicating.status("again", version) == "PENDING"
    sandbox.settings("source", paused=False)
    replicating.arrived("again", version)


@pytest.mark.contract("replication")
def test_delete_markers_refuse_tags(replicating: Replicated) -> None:
    replicating.put("untaggable")
    s3, where = replicating.source.s3, {"Bucket": replicating.bucket, "Key": "untaggable"}
    marker = s3.delete_object(**where)["VersionId"]
    named = {**where, "VersionId": marker}
    for tags in ([], [{"Key": "k", "Value": "v"}]):
        refused = code_of(s3.put_object_tagging, **named, Tagging={"TagSet": tags})
        assert refused == (405, "MethodNotAllowed")


@pytest.mark.contract("replication")
def test_older_objects_are_sent_when_they_are_tagged(replicating: Replicated) -> None:
    replicating.configure(Prefix="elsewhere/")
    versions = [replicating.put("before", body) for body in (b"1", b"2", b"3")]
    replicating.configure()
    assert replicating.status("before") is None
    for version in versions:
        replicating.tag("before", version)
        replicating.arrived("before", version)
    listed = rows(replicating.target.s3, replicating.target_bucket, Prefix="before")
    assert [one["VersionId"] for one in listed] == versions[::-1]


@pytest.mark.contract("replication")
def test_an_older_version_arrives_below_a_newer_one(replicating: Replicated) -> None:
    replicating.configure(Prefix="elsewhere/")
    old, new = (replicating.put("late", body) for body in (b"old", b"new"))
    replicating.configure()
    for version in (new, old):
        replicating.tag("late", version)
        replicating.arrived("late", version)
    assert replicating.head_target("late")["VersionId"] == new


@pytest.mark.contract("replication")
def test_a_deleted_key_exists_again_at_the_target(replicating: Replicated) -> None:
    """If its versions are sent without the marker; but not if a new marker is sent first."""
    s3, where = replicating.source.s3, {"Bucket": replicating.bucket}
    replicating.configure(Prefix="elsewhere/")
    versions = {key: replicating.put(key) for key in ("risen", "kept-down")}
    for key in versions:
        s3.delete_object(**where, Key=key)
    replicating.configure()
    replicating.tag("risen", versions["risen"])
    replicating.arrived("risen", versions["risen"])
    assert replicating.target_status("risen") == "REPLICA"
    marker = s3.delete_object(**where, Key="kept-down")["VersionId"]
    target, bucket = replicating.target.s3, replicating.target_bucket
    replicating.wait(lambda: rows(target, bucket, Prefix="kept-down"))
    replicating.tag("kept-down", versions["kept-down"])
    replicating.arrived("kept-down", versions["kept-down"])
    assert replicating.target_status("kept-down") is None
    listed = rows(target, bucket, Prefix="kept-down")
    current = {one["VersionId"]: one["IsLatest"] for one in listed}
    assert current == {marker: True, versions["kept-down"]: False}


@pytest.mark.contract("replication")
@pytest.mark.parametrize("reason", ["configuration deleted", "rule disabled"])
def test_pending_versions_fail_without_their_rule(replicating: Replicated, reason: str) -> None:
    sandbox = only_in_sandbox(replicating.source)
    sandbox.settings("source", paused=True)
    key = f"fails/{reason}"
    version = replicating.put(key)
    if reason == "rule disabled":
        replicating.configure(Status="Disabled")
    else:
        replicating.unconfigure()
    sandbox.settings("source", paused=False)
    replicating.wait(lambda: replicating.status(key) == "FAILED")
    replicating.configure()
    time.sleep(0.3)
    assert replicating.status(key) == "FAILED"
    # Putting its own tags sends it again.
    replicating.tag(key, version)
    replicating.arrived(key, version)


@pytest.mark.contract("replication")
def test_pending_versions_stay_pending_after_a_change_of_roles(replicating: Replicated) -> None:
    """The roles are stamped on an object when it is put; changing them back does not help."""
    sandbox = only_in_sandbox(replicating.source)
    sandbox.settings("source", paused=True)
    version = replicating.put("stuck")
    other = replicating.roles.replace("role-", "other-")
    s3 = replicating.source.s3
    rule = {
        "Prefix": "",
        "Status": "Enabled",
        "Destination": {"Bucket": f"arn:aws:s3:::{replicating.target_bucket}"},
    }
    s3.put_bucket_replication(
        Bucket=replicating.bucket, ReplicationConfiguration={"Role": other, "Rules": [rule]}
    )
    sandbox.settings("source", paused=False)
    time.sleep(0.4)
    assert replicating.status("stuck") == "PENDING"
    replicating.configure()
    time.sleep(0.4)
    assert replicating.status("stuck") == "PENDING"
    replicating.tag("stuck", version)
    replicating.arrived("stuck", version)


@pytest.mark.contract("replication")
def test_a_replica_sent_back_swaps_roles(replicating: Replicated) -> None:
    """If the target bucket replicates back, putting tags on the replica makes it the source version."""
    version = replicating.put("swapped")
    replicating.arrived("swapped", version)
    target, roles = replicating.target, replicating.roles.split(",")
    rule = {
        "Prefix": "",
        "Status": "Enabled",
        "Destination": {"Bucket": f"arn:aws:s3:::{replicating.bucket}"},
    }
    back = {"Role": ",".join(reversed(roles)), "Rules": [rule]}
    sandbox = only_in_sandbox(replicating.source)
    # The guide's roles lack the permissions for the other direction.
    sandbox.settings(assume_roles=False)
    target.s3.put_bucket_replication(
        Bucket=replicating.target_bucket, ReplicationConfiguration=back
    )
    named = {"Bucket": replicating.target_bucket, "Key": "swapped", "VersionId": version}
    target.s3.put_object_tagging(**named, Tagging={"TagSet": []})
    replicating.wait(lambda: replicating.target_status("swapped") == "COMPLETED")
    assert replicating.status("swapped") == "REPLICA"
    time.sleep(0.3)
    assert replicating.status("swapped") == "REPLICA"
    marker = target.s3.delete_object(Bucket=replicating.target_bucket, Key="swapped")["VersionId"]

    def ids() -> list[str]:
        listed = rows(replicating.source.s3, replicating.bucket, Prefix="swapped")
        return [one["VersionId"] for one in listed]

    replicating.wait(lambda: marker in ids())
    target.s3.delete_bucket_replication(Bucket=replicating.target_bucket)
    sandbox.settings(assume_roles=True)


@pytest.mark.contract("replication")
def test_a_suspended_target_loses_history_without_an_error(pair: tuple[Server, Server]) -> None:
    only_in_sandbox(pair[0])
    made = replicated(*pair)
    made.arrived("k", made.put("k", b"1"))
    suspended = {"Status": "Suspended"}
    made.target.s3.put_bucket_versioning(
        Bucket=made.target_bucket, VersioningConfiguration=suspended
    )
    for body in (b"2", b"3"):
        made.arrived("k", made.put("k", body))
    assert len(rows(made.target.s3, made.target_bucket)) == 2


@pytest.mark.contract("replication")
def test_replicas_are_not_sent_onward(pair: tuple[Server, Server]) -> None:
    only_in_sandbox(pair[0])
    made = replicated(*pair)
    onward = new_bucket(made.source)
    destination = {"Bucket": f"arn:aws:s3:::{onward}"}
    rule = {"Prefix": "", "Status": "Enabled", "Destination": destination}
    configuration = {"Role": ",".join(reversed(made.roles.split(","))), "Rules": [rule]}
    made.target.s3.put_bucket_replication(
        Bucket=made.target_bucket, ReplicationConfiguration=configuration
    )
    made.arrived("k", made.put("k"))
    time.sleep(0.3)
    assert rows(made.source.s3, onward) == []
    made.target.s3.put_object(Bucket=made.target_bucket, Key="own", Body=b"")
    own = made.target.s3.head_object(Bucket=made.target_bucket, Key="own")
    assert own["ReplicationStatus"] == "PENDING"


@pytest.mark.contract("replication")
def test_acls_are_not_sent(replicating: Replicated) -> None:
    version = replicating.put("acl")
    replicating.arrived("acl", version)
    where = {"Bucket": replicating.bucket, "Key": "acl", "VersionId": version}
    replicating.source.s3.put_object_acl(**where, ACL="public-read")
    assert replicating.status("acl", version) == "COMPLETED"


@pytest.mark.contract("replication")
def test_a_source_sends_old_versions_after_an_outage(replicating: Replicated) -> None:
    """A newer version at the target stays current; without one, the old version becomes current there."""
    sandbox = only_in_sandbox(replicating.source)
    sandbox.settings("source", paused=True)
    old = replicating.put("cut-off/both", b"old")
    replicating.put("cut-off/only", b"only")
    target, bucket = replicating.target.s3, replicating.target_bucket
    newer = target.put_object(Bucket=bucket, Key="cut-off/both", Body=b"newer")["VersionId"]
    sandbox.settings("source", paused=False)
    replicating.arrived("cut-off/both", old)
    replicating.arrived("cut-off/only")
    assert replicating.head_target("cut-off/both")["VersionId"] == newer
    assert replicating.target_status("cut-off/only") == "REPLICA"


@pytest.mark.contract("replication")
def test_an_emptied_side_is_refilled_by_tags(replicating: Replicated) -> None:
    """All except delete markers: a deleted key exists again until it is deleted again."""
    s3, where = replicating.source.s3, {"Bucket": replicating.bucket, "Key": "refilled"}
    versions = [replicating.put("refilled", body) for body in (b"1", b"2")]
    for version in versions:
        replicating.arrived("refilled", version)
    marker = s3.delete_object(**where)["VersionId"]
    target, bucket = replicating.target.s3, replicating.target_bucket

    def ids() -> list[str]:
        return [one["VersionId"] for one in rows(target, bucket, Prefix="refilled")]

    replicating.wait(lambda: marker in ids())
    for version in (*versions, marker):
        target.delete_object(Bucket=bucket, Key="refilled", VersionId=version)
    assert ids() == []
    for version in versions:
        replicating.tag("refilled", version)
        replicating.arrived("refilled", version)
    assert ids() == versions[::-1]
    assert replicating.head_target("refilled")["VersionId"] == versions[-1]
    again = s3.delete_object(**where)["VersionId"]
    replicating.wait(lambda: again in ids())
    assert replicating.target_status("refilled") is None
