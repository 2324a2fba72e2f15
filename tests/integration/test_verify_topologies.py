# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_verify with clouds, several sites, both directions, and null versions."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up
from tests.integration.support.sites import CLOUD_BUCKET, SITE, configure, listed, wait
from tests.integration.support.versions import put, states, verify, wait_for_status


def problems(path: Path) -> set[tuple[str, str, str]]:
    """(key, state, reason) of each line."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {(one["key"], one["state"], one["reason"]) for one in lines}


@pytest.fixture
def cloud(source: Side, target: Side) -> Side:
    """The target as a public cloud, with one bucket for several sources."""
    set_up(source, target, but=("object",))
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    configure(source, SITE, stored["Role"].partition(",")[0])
    source.sandbox.settings("source", clouds={SITE: f"target/{CLOUD_BUCKET}"}, bucket_match=False)
    target.s3.create_bucket(Bucket=CLOUD_BUCKET)
    target.s3.put_bucket_versioning(
        Bucket=CLOUD_BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    # An object of another source, which this pair must ignore.
    target.s3.put_object(Bucket=CLOUD_BUCKET, Key="other-bucket/k", Body=b"x")
    return target


def compare(source: Side, cloud: Side, **options: Any) -> Result:
    sides = {"target": {"bucket": CLOUD_BUCKET, "name": "aws", "s3": cloud.connection("s3")}}
    own = {"cloud": True, "site": SITE, "target_prefix": f"{SOURCE_BUCKET}/", **options}
    return verify(source, cloud, **sides, **own)


def test_versions_in_a_cloud_are_matched_by_metadata(
    source: Side, cloud: Side, tmp_path: Path
) -> None:
    """Each key is named after its final state. All bodies are equal, so that only metadata identifies versions."""
    keys = ("in_sync", "missing-newer", "missing-older", "delete_marker", "replica_without_source")
    older = {key: put(source, key) for key in keys}
    newer = {key: put(source, key) for key in ("missing-newer", "missing-older")}
    wait_for_status(source, *keys)
    wait(lambda: len(listed(cloud, CLOUD_BUCKET)) == 8)
    copies = {
        cloud.s3.head_object(Bucket=CLOUD_BUCKET, Key=one["Key"], VersionId=one["VersionId"])[
            "Metadata"
        ].get("scal-version-id"): one
        for one in listed(cloud, CLOUD_BUCKET)
    }
    for gone in (newer["missing-newer"], older["missing-older"]):
        cloud.s3.delete_object(
            Bucket=CLOUD_BUCKET, Key=copies[gone]["Key"], VersionId=copies[gone]["VersionId"]
        )
    source.s3.delete_object(
        Bucket=SOURCE_BUCKET,
        Key="replica_without_source",
        VersionId=older["replica_without_source"],
    )
    source.s3.delete_object(Bucket=SOURCE_BUCKET, Key="delete_marker")
    wait(lambda: any("ETag" not in one for one in listed(cloud, CLOUD_BUCKET)))
    put_below = f"{SOURCE_BUCKET}/written_at_target"
    cloud.s3.put_object(Bucket=CLOUD_BUCKET, Key=put_below, Body=b"y")
    file = tmp_path / "problems"
    result = compare(source, cloud, problems_file=str(file))
    assert problems(file) == {
        ("missing-newer", "missing", ""),
        ("missing-older", "missing", ""),
        ("replica_without_source", "replica_without_source", ""),
        ("written_at_target", "written_at_target", ""),
    }
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    missing = {one["version_id"] for one in lines if one["state"] == "missing"}
    assert missing == {newer["missing-newer"], older["missing-older"]}
    assert states(result)["in_sync"] == 5
    assert result["verification"]["complete"]


def test_an_encrypting_cloud_is_comparable_by_bodies_only(source: Side, cloud: Side) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    cloud.s3.put_bucket_encryption(
        Bucket=CLOUD_BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    put(source, "k")
    upload = source.s3.create_multipart_upload(Bucket=SOURCE_BUCKET, Key="parts")
    part = {"Bucket": SOURCE_BUCKET, "Key": "parts", "UploadId": upload["UploadId"]}
    etag = source.s3.upload_part(**part, PartNumber=1, Body=b"part")["ETag"]
    source.s3.complete_multipart_upload(
        **part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    wait_for_status(source, "k", "parts")
    result = compare(source, cloud)
    assert not result.get("failed"), result
    assert states(result) == {"not_comparable": 2}
    reasons = result["verification"]["reasons"]["not_comparable"]
    assert reasons == {"encryption": 1, "part-sizes": 1}
    result = compare(source, cloud, bodies={"share": 1.0})
    assert states(result) == {"in_sync": 2}
    assert result["verification"]["bodies_compared"] == 2


def test_bodies_in_a_cloud_are_read_by_the_version_ids_of_each_side(
    source: Side, cloud: Side
) -> None:
    for body in (b"1", b"2", b"3"):
        put(source, "k", body)
    wait_for_status(source, "k")
    wait(lambda: len(listed(cloud, CLOUD_BUCKET)) == 4)
    for bodies in ({"share": 1.0}, {"number": 2}):
        result = compare(source, cloud, bodies=bodies)
        assert states(result) == {"in_sync": 3}
        compared = {"share": 3, "number": 2}[next(iter(bodies))]
        assert result["verification"]["bodies_compared"] == compared


def test_modified_since_is_refused_with_cloud(source: Side, cloud: Side) -> None:
    result = compare(source, cloud, modified_since="2026-01-01T00:00:00Z")
    assert "cannot be used with cloud" in result["msg"]


def test_a_failure_of_one_site_does_not_hide_replicas_at_another(
    source: Side, target: Side
) -> None:
    """The bucket in the cloud does not exist, so the status is FAILED; the other site has a replica."""
    set_up(source, target, but=("object",))
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    configure(source, f"node6,{SITE}", stored["Role"])
    source.sandbox.settings("source", clouds={SITE: "target/missing-bucket"})
    arrived, lost = put(source, "arrived"), put(source, "lost")
    wait_for_status(source, "arrived", "lost", status="FAILED")
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key="lost", VersionId=lost)
    assert arrived
    assert states(verify(source, target)) == {"in_sync": 1, "failed": 1}
    assert states(verify(source, target, site="node6")) == {"in_sync": 1, "failed": 1}
    target.s3.create_bucket(Bucket=CLOUD_BUCKET)
    cloud = {"bucket": CLOUD_BUCKET, "s3": target.connection("s3")}
    result = verify(source, target, target=cloud, cloud=True, site=SITE)
    assert states(result) == {"failed": 2}


def test_a_version_is_pending_only_at_the_site_that_lacks_it(
    source: Side, target: Side, tmp_path: Path
) -> None:
    """The status of the version is COMPLETED for one site and PENDING for the other."""
    set_up(source, target, but=("object",))
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    configure(source, f"node6,{SITE}", stored["Role"])
    source.sandbox.settings("source", paused=[SITE])
    version = put(source, "k")
    wait_for_status(source, "k", status="PROCESSING")
    wait(lambda: listed(target, TARGET_BUCKET))
    assert states(verify(source, target)) == {"in_sync": 1}
    target.s3.create_bucket(Bucket=CLOUD_BUCKET)
    cloud = {"bucket": CLOUD_BUCKET, "s3": target.connection("s3")}
    result = verify(source, target, target=cloud, cloud=True, site=SITE)
    assert states(result) == {"pending": 1}
    assert result["verification"]["first_problems"]["pending"][0]["version_id"] == version


def both_ways(source: Side, target: Side) -> None:
    """Configure a rule on each side, as set-up does for a pair in both directions."""
    set_up(source, target, but=("object",))
    for here, there, bucket, other in (
        (source, target, SOURCE_BUCKET, TARGET_BUCKET),
        (target, source, TARGET_BUCKET, SOURCE_BUCKET),
    ):
        arns = []
        for side in (here, there):
            name = f"both-{here.name}-{side.name}"
            side.do("iam_role", name=name)
            arns.append(side.arn("role", name))
        for side, arn, kind in ((here, arns[0], "source"), (there, arns[1], "target")):
            own = {f"{kind}_buckets": [bucket if kind == "source" else other]}
            side.do("policy", name=f"both-{here.name}-{kind}", side=kind, roles=[arn], **own)
        here.s3.put_bucket_replication(
            Bucket=bucket,
            ReplicationConfiguration={
                "Role": ",".join(arns),
                "Rules": [
                    {
                        "Prefix": "",
                        "Status": "Enabled",
                        "Destination": {"Bucket": f"arn:aws:s3:::{other}"},
                    }
                ],
            },
        )


def test_replication_in_both_directions_is_compared_on_both_sides(
    source: Side, target: Side, tmp_path: Path
) -> None:
    both_ways(source, target)
    here, there = put(source, "here"), put(target, "there")
    wait_for_status(source, "here")
    wait_for_status(target, "there")
    result = verify(source, target)
    assert not result.get("failed"), result
    assert states(result) == {"in_sync": 2}
    assert result["verification"]["both_ways"]
    source.s3.delete_object(Bucket=SOURCE_BUCKET, Key="there", VersionId=there)
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key="here", VersionId=here)
    source.sandbox.settings("target", paused=True)
    put(target, "waiting")
    marker = put(source, "marker")
    wait_for_status(source, "marker")
    assert marker
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key="marker")
    file = tmp_path / "problems"
    result = verify(source, target, problems_file=str(file))
    assert {(key, state) for key, state, _reason in problems(file)} >= {
        ("there", "missing"),
        ("here", "missing"),
        ("waiting", "pending"),
    }
    sides = {
        (one["key"], one["side"])
        for one in map(json.loads, file.read_text().splitlines())
        if one["state"] == "missing"
    }
    assert sides == {("here", "source"), ("there", "target")}
    source.sandbox.settings("target", paused=False)
    wait_for_status(target, "waiting")


@pytest.mark.parametrize("generation", [2024, 2025])
def test_null_versions_are_compared_by_listing_or_head(
    source: Side, target: Side, generation: int, tmp_path: Path
) -> None:
    """A single null version is compared by listing; below newer versions, by HEAD of the version and of the key."""
    source.sandbox.settings(generation=generation)
    set_up(source, target, but=("object", "replication", "buckets"))
    source.s3.create_bucket(Bucket=SOURCE_BUCKET)
    for key in ("alone", "right", "old-content", "unreadable"):
        source.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"null")
    set_up(source, target, but=("object",))

    def send(key: str) -> None:
        """Put the tags of a version again, as a backfill does."""
        source.s3.put_object_tagging(
            Bucket=SOURCE_BUCKET, Key=key, VersionId="null", Tagging={"TagSet": []}
        )
        wait(
            lambda: any(
                (one["Key"], one["VersionId"]) == (key, "null")
                for one in listed(target, TARGET_BUCKET)
            )
        )

    for key in ("alone", "right", "unreadable"):
        send(key)
    wait_for_status(source, "alone")
    heads = len([one for one in target.reads() if one == "HeadObject"])
    assert states(verify(source, target, accept={"never_replicated": -1})) == {
        "in_sync": 3,
        "never_replicated": 1,
    }
    # Single null versions need no HEAD.
    assert len([one for one in target.reads() if one == "HeadObject"]) == heads
    newer = {key: put(source, key, b"newer") for key in ("right", "old-content", "unreadable")}
    wait_for_status(source, *newer)
    # Sent after a newer version, the null version becomes the current one.
    send("old-content")
    # After tags are put on the newest version, the null version is only in listings.
    source.s3.put_object_tagging(
        Bucket=SOURCE_BUCKET, Key="unreadable", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )
    wait_for_status(source, "unreadable")
    file = tmp_path / "problems"
    result = verify(source, target, problems_file=str(file))
    assert result["failed"]
    assert problems(file) == {
        ("old-content", "other_current", "order"),
        ("unreadable", "missing", "null-version-unreadable"),
    }


def test_a_missing_replica_is_found_on_a_server_of_2024(source: Side, target: Side) -> None:
    source.sandbox.settings(generation=2024)
    set_up(source, target, but=("object",))
    put(source, "k")
    wait_for_status(source, "k")
    gone = put(source, "gone")
    wait_for_status(source, "gone")
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key="gone", VersionId=gone)
    assert states(verify(source, target)) == {"in_sync": 1, "missing": 1}


def test_versions_current_matches_older_versions_of_the_other_side(
    source: Side, target: Side
) -> None:
    """The current version of one side may be a noncurrent version of the other."""
    set_up(source, target, but=("object",))
    for key in ("pending", "lost", "overwritten", "deleted"):
        put(source, key, b"1")
    wait_for_status(source, "pending", "lost", "overwritten", "deleted")
    newer = put(source, "lost", b"2")
    wait_for_status(source, "lost")
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key="lost", VersionId=newer)
    put(target, "overwritten", b"3")
    source.sandbox.settings("source", paused=True)
    put(source, "pending", b"2")
    marker = source.s3.delete_object(Bucket=SOURCE_BUCKET, Key="deleted")["VersionId"]
    result = verify(source, target, versions="current")
    found = result["verification"]["first_problems"]
    assert {(one["key"], state) for state, lines in found.items() for one in lines} == {
        ("pending", "pending"),
        ("lost", "missing"),
        ("overwritten", "written_at_target"),
        ("overwritten", "other_current"),
        ("deleted", "pending"),
    }
    assert result["verification"]["listed"]["source"]["count"] == 4
    assert marker


def test_states_of_delete_markers_with_and_without_metadata_access(
    source: Side, target: Side, tmp_path: Path
) -> None:
    """HEAD does not return their status; Backbeat's metadata does, if the account may read it."""
    set_up(source, target, but=("object",))
    keys = ("covered", "lost", "pending", "never")
    for key in keys:
        put(source, key)
    wait_for_status(source, *keys)
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    source.s3.delete_bucket_replication(Bucket=SOURCE_BUCKET)
    for key in ("covered", "never"):
        source.s3.delete_object(Bucket=SOURCE_BUCKET, Key=key)
    source.s3.put_bucket_replication(Bucket=SOURCE_BUCKET, ReplicationConfiguration=stored)
    for key in ("covered", "lost"):
        # The key deleted before the rule is deleted again, so that a newer marker is replicated.
        marker = source.s3.delete_object(Bucket=SOURCE_BUCKET, Key=key)["VersionId"]
        wait(
            lambda sent=marker: sent in {one["VersionId"] for one in listed(target, TARGET_BUCKET)}
        )
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key="lost", VersionId=marker)
    source.sandbox.settings("source", paused=True)
    source.s3.delete_object(Bucket=SOURCE_BUCKET, Key="pending")
    file = tmp_path / "problems"
    expected = {
        ("covered", "delete_marker_covered", ""),
        ("lost", "delete_marker_missing", ""),
        ("pending", "pending", ""),
        ("never", "never_replicated", "older-than-rule"),
    }
    verify(source, target, problems_file=str(file))
    assert problems(file) == expected
    time.sleep(2.2)
    verify(source, target, problems_file=str(file), stuck_after=1.0)
    assert ("pending", "stuck", "too-long") in problems(file)
    # Without access to the metadata, such markers are reported as missing.
    source.sandbox.fail("BackbeatMetadata", how="error", status=403, code="AccessDenied", times=0)
    result = verify(source, target)
    assert states(result) == {
        "in_sync": 5,
        "delete_marker_covered": 1,
        "delete_marker_missing": 3,
    }


def test_versions_put_with_other_roles_are_stuck(
    source: Side, target: Side, tmp_path: Path
) -> None:
    """Immediately if the metadata can be read, else after stuck_after if a previous report has them as PENDING."""
    set_up(source, target, but=("object",))
    source.sandbox.settings("source", paused=True)
    put(source, "k")
    put(source, "l")
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    ours, theirs = stored["Role"].split(",")
    stored["Role"] = f"{ours}-other,{theirs}"
    source.s3.put_bucket_replication(Bucket=SOURCE_BUCKET, ReplicationConfiguration=stored)
    result = verify(source, target)
    assert states(result) == {"stuck": 2}
    assert result["verification"]["reasons"]["stuck"] == {"roles-changed": 2}
    assert result["verification"]["notes"] == []
    source.sandbox.fail("BackbeatMetadata", how="error", status=403, code="AccessDenied", times=0)
    file = tmp_path / "problems"
    refused = verify(source, target, problems_file=str(file))
    assert states(refused) == {"pending": 2}
    (note,) = refused["verification"]["notes"]
    assert "it is unknown with which roles pending versions were put" in note
    assert f"{source.connection('s3')['endpoint_url']} answers AccessDenied" in note
    time.sleep(2.2)
    late = verify(source, target, problems_file=str(file), stuck_after=1.0)
    assert late["verification"]["reasons"]["stuck"] == {"too-long": 2}
