# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets, versioning, keys and listings, as measured on CloudServers."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from sandbox import Sandbox
from sandbox.tests.helpers import (
    SOURCE,
    configure,
    make_bucket,
    refusal,
    roles_for,
)

pytestmark = pytest.mark.sandbox
VERSIONING = {"VersioningConfiguration": {"Status": "Enabled"}}
SUSPENDED = {"VersioningConfiguration": {"Status": "Suspended"}}


def test_creating_an_own_bucket_again_succeeds_and_keeps_it(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    s3.put_object(Bucket=SOURCE, Key="kept", Body=b"x")
    assert s3.create_bucket(Bucket=SOURCE)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert s3.get_bucket_versioning(Bucket=SOURCE)["Status"] == "Enabled"
    assert s3.head_object(Bucket=SOURCE, Key="kept")["ContentLength"] == 1


def test_creating_an_own_bucket_again_in_another_location_is_refused(sandbox: Sandbox) -> None:
    s3 = sandbox.source.client("s3")
    elsewhere = {
        "Bucket": "elsewhere",
        "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"},
    }
    s3.create_bucket(**elsewhere)
    assert s3.get_bucket_location(Bucket="elsewhere")["LocationConstraint"] == "eu-west-1"
    assert refusal(s3.create_bucket, **elsewhere)[:2] == (409, "BucketAlreadyOwnedByYou")


def test_us_east_1_is_accepted_as_a_location(sandbox: Sandbox) -> None:
    s3 = sandbox.source.client("s3")
    # An explicit configuration, which botocore validates and sends.
    s3.create_bucket(Bucket="abc", CreateBucketConfiguration={"LocationConstraint": "us-east-1"})
    assert s3.create_bucket(Bucket="abc")


def test_unknown_location_and_invalid_name_are_refused(sandbox: Sandbox) -> None:
    s3 = sandbox.source.client("s3")
    where = {"LocationConstraint": "eu-north-1"}
    code = refusal(s3.create_bucket, Bucket="abc", CreateBucketConfiguration=where)[:2]
    assert code == (400, "InvalidLocationConstraint")
    assert refusal(s3.create_bucket, Bucket="Upper.Case")[:2] == (400, "InvalidBucketName")


def test_bucket_of_another_account_is_forbidden(sandbox: Sandbox) -> None:
    sandbox.source.client("s3", sandbox.source.other).create_bucket(Bucket="theirs")
    s3 = sandbox.source.client("s3")
    assert refusal(s3.create_bucket, Bucket="theirs")[:2] == (409, "BucketAlreadyExists")
    assert refusal(s3.head_bucket, Bucket="theirs") == (403, "403", "Forbidden")
    assert refusal(s3.get_bucket_versioning, Bucket="theirs")[:2] == (403, "AccessDenied")
    assert refusal(s3.list_object_versions, Bucket="theirs")[:2] == (403, "AccessDenied")
    assert refusal(s3.put_object, Bucket="theirs", Key="k")[:2] == (403, "AccessDenied")
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == []


def test_missing_bucket_is_not_found(sandbox: Sandbox) -> None:
    s3 = sandbox.source.client("s3")
    assert refusal(s3.head_bucket, Bucket="missing") == (404, "404", "Not Found")
    assert refusal(s3.get_bucket_versioning, Bucket="missing")[:2] == (404, "NoSuchBucket")


def test_sides_have_separate_buckets(sandbox: Sandbox) -> None:
    make_bucket(sandbox.source, SOURCE)
    assert sandbox.target.client("s3").list_buckets()["Buckets"] == []
    assert make_bucket(sandbox.target, SOURCE)


def test_new_bucket_has_no_versioning_status(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE, versioning=None)
    assert "Status" not in s3.get_bucket_versioning(Bucket=SOURCE)


def test_versioning_can_be_enabled_again_and_suspended(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    s3.put_bucket_versioning(Bucket=SOURCE, **VERSIONING)
    s3.put_bucket_versioning(Bucket=SOURCE, **SUSPENDED)
    assert s3.get_bucket_versioning(Bucket=SOURCE)["Status"] == "Suspended"


def test_versions_can_be_read_while_versioning_is_suspended(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    s3.put_bucket_versioning(Bucket=SOURCE, **VERSIONING)
    version = s3.put_object(Bucket=SOURCE, Key="k", Body=b"old")["VersionId"]
    s3.put_bucket_versioning(Bucket=SOURCE, **SUSPENDED)
    where = {"Bucket": SOURCE, "Key": "k"}
    assert s3.head_object(**where, VersionId=version)["ContentLength"] == 3
    assert refusal(s3.head_object, **where, VersionId="null")[0] == 404
    assert s3.get_bucket_versioning(Bucket=SOURCE)["Status"] == "Suspended"


def test_versioning_cannot_be_suspended_with_a_configuration(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    configure(s3, roles_for(sandbox))
    s3.put_bucket_versioning(Bucket=SOURCE, **VERSIONING)
    code = refusal(s3.put_bucket_versioning, Bucket=SOURCE, **SUSPENDED)[:2]
    assert code == (409, "InvalidBucketState")
    s3.delete_bucket_replication(Bucket=SOURCE)
    s3.put_bucket_versioning(Bucket=SOURCE, **SUSPENDED)


def test_versioning_of_an_object_lock_bucket_cannot_be_changed(sandbox: Sandbox) -> None:
    s3 = sandbox.source.client("s3")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    assert s3.get_bucket_versioning(Bucket="locked")["Status"] == "Enabled"
    for state in (VERSIONING, SUSPENDED):
        assert refusal(s3.put_bucket_versioning, Bucket="locked", **state) == (
            409,
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state "
            "cannot be changed.",
        )


def test_only_an_empty_bucket_can_be_deleted(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    configure(s3, roles_for(sandbox))
    version = s3.put_object(Bucket=SOURCE, Key="k")["VersionId"]
    marker = s3.delete_object(Bucket=SOURCE, Key="k")["VersionId"]
    assert refusal(s3.delete_bucket, Bucket=SOURCE)[:2] == (409, "BucketNotEmpty")
    for one in (version, marker):
        s3.delete_object(Bucket=SOURCE, Key="k", VersionId=one)
    assert s3.delete_bucket(Bucket=SOURCE)["ResponseMetadata"]["HTTPStatusCode"] == 204
    make_bucket(sandbox.source, SOURCE)
    missing = refusal(s3.get_bucket_replication, Bucket=SOURCE)[:2]
    assert missing == (404, "ReplicationConfigurationNotFoundError")


def test_deleting_a_missing_configuration_succeeds(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    answer = s3.delete_bucket_replication(Bucket=SOURCE)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_keys_with_special_characters_are_stored_and_listed(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    keys = ["a//b", "/first", "with space+plus", "ümlaut/☃", "a&b<c>", "%41", "dot/./..", "q?x=1#f"]
    for key in keys:
        s3.put_object(Bucket=SOURCE, Key=key, Body=key.encode())
    for key in keys:
        assert s3.get_object(Bucket=SOURCE, Key=key)["Body"].read() == key.encode()
    listed = [one["Key"] for one in s3.list_object_versions(Bucket=SOURCE)["Versions"]]
    assert listed == sorted(keys, key=str.encode)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=SOURCE)["Contents"]] == listed


def test_non_printable_keys_are_refused(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    assert refusal(s3.put_object, Bucket=SOURCE, Key="a\x01b")[:2] == (400, "InvalidInput")


def test_pages_list_versions_of_a_key_newest_first(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    put = [
        (key, s3.put_object(Bucket=SOURCE, Key=key)["VersionId"])
        for key in ("b", "a", "Z", "a", "ä", "a")
    ]
    put.append(("b", s3.delete_object(Bucket=SOURCE, Key="b")["VersionId"]))
    newest_first = put[::-1]
    expected = sorted(newest_first, key=lambda one: one[0].encode())
    seen = []
    page = s3.list_object_versions(Bucket=SOURCE, MaxKeys=2)
    while True:
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        assert len(found) <= 2
        seen += [(one["Key"], one["VersionId"]) for one in found]
        if not page["IsTruncated"]:
            break
        markers = {
            "KeyMarker": page["NextKeyMarker"],
            "VersionIdMarker": page["NextVersionIdMarker"],
        }
        page = s3.list_object_versions(Bucket=SOURCE, MaxKeys=2, **markers)
    assert sorted(seen) == sorted(expected)
    full_page = s3.list_object_versions(Bucket=SOURCE)
    assert [(one["Key"], one["VersionId"]) for one in full_page["Versions"]] == [
        one for one in expected if one != put[-1]
    ]
    assert [(one["Key"], one["IsLatest"]) for one in full_page["DeleteMarkers"]] == [("b", True)]
    assert [one["IsLatest"] for one in full_page["Versions"] if one["Key"] == "a"] == [
        True,
        False,
        False,
    ]


def test_versions_are_listed_by_prefix_and_delimiter(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    for key in ("logs/1", "logs/2", "top", "data/x y"):
        s3.put_object(Bucket=SOURCE, Key=key)
    page = s3.list_object_versions(Bucket=SOURCE, Delimiter="/")
    assert [one["Prefix"] for one in page["CommonPrefixes"]] == ["data/", "logs/"]
    assert [one["Key"] for one in page["Versions"]] == ["top"]
    page = s3.list_object_versions(Bucket=SOURCE, Prefix="data/")
    assert [unquote(one["Key"]) for one in page["Versions"]] == ["data/x y"]


def test_version_from_before_versioning_is_null(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE, versioning=None)
    s3.put_object(Bucket=SOURCE, Key="old", Body=b"1")
    s3.put_bucket_versioning(Bucket=SOURCE, **VERSIONING)
    versions = s3.list_object_versions(Bucket=SOURCE)["Versions"]
    assert [one["VersionId"] for one in versions] == ["null"]
    assert s3.get_object(Bucket=SOURCE, Key="old", VersionId="null")["Body"].read() == b"1"


def test_bucket_policy_applies_to_users_of_the_account(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    s3.put_object(Bucket=SOURCE, Key="k")
    may = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    allowed = sandbox.source.create_user("reads", {"Version": "2012-10-17", "Statement": may})
    nothing = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    other = sandbox.source.create_user("guest", {"Version": "2012-10-17", "Statement": nothing})
    arn = f"arn:aws:iam::{sandbox.source.account_id}:user"
    there = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{SOURCE}/*"}
    statements = [
        {"Effect": "Deny", "Principal": {"AWS": f"{arn}/reads"}, **there},
        {"Effect": "Allow", "Principal": {"AWS": [f"{arn}/guest"]}, **there},
    ]
    before = sandbox.source.client("s3", allowed).get_object(Bucket=SOURCE, Key="k")
    assert before["ResponseMetadata"]["HTTPStatusCode"] == 200
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    s3.put_bucket_policy(Bucket=SOURCE, Policy=document)
    refused = refusal(sandbox.source.client("s3", allowed).get_object, Bucket=SOURCE, Key="k")
    assert refused[:2] == (403, "AccessDenied")
    after = sandbox.source.client("s3", other).get_object(Bucket=SOURCE, Key="k")
    assert after["ResponseMetadata"]["HTTPStatusCode"] == 200
