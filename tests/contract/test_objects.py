# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects, their tags and their versions."""

from __future__ import annotations

import io

import pytest

from tests.contract.replicating import code_of, new_bucket, rows
from tests.contract.servers import Server


@pytest.mark.contract("objects")
def test_an_object(server: Server) -> None:
    bucket = new_bucket(server)
    put = server.s3.put_object(
        Bucket=bucket,
        Key="k",
        Body=io.BytesIO(b"content"),
        Metadata={"color": "blue"},
        ContentType="text/x-own",
    )
    head = server.s3.head_object(Bucket=bucket, Key="k")
    assert (head["ContentLength"], head["ETag"]) == (7, '"9a0364b9e99bb480dd25e1f0284c8555"')
    assert (head["Metadata"], head["ContentType"]) == ({"color": "blue"}, "text/x-own")
    assert head["VersionId"] == put["VersionId"]
    assert "ReplicationStatus" not in head
    named = {"Bucket": bucket, "Key": "k", "VersionId": put["VersionId"]}
    assert server.s3.get_object(**named)["Body"].read() == b"content"


@pytest.mark.contract("content types")
def test_an_object_without_a_content_type(server: Server) -> None:
    """The server adds no default, neither for multipart uploads nor for copies."""
    bucket, s3 = new_bucket(server), server.s3
    s3.put_object(Bucket=bucket, Key="plain", Body=b"")
    s3.put_object(Bucket=bucket, Key="typed", Body=b"", ContentType="binary/octet-stream")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    named = {"Bucket": bucket, "Key": "parts", "UploadId": upload}
    etag = s3.upload_part(**named, PartNumber=1, Body=b"x")["ETag"]
    s3.complete_multipart_upload(
        **named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    for key in ("plain", "typed"):
        s3.copy_object(Bucket=bucket, Key=f"{key}-copy", CopySource=f"{bucket}/{key}")
    for key in ("plain", "plain-copy", "parts", "typed", "typed-copy"):
        expected = "binary/octet-stream" if key.startswith("typed") else None
        for call in (s3.head_object, s3.get_object):
            answer = call(Bucket=bucket, Key=key)
            assert answer.get("ContentType") == expected, key
            assert ("content-type" in answer["ResponseMetadata"]["HTTPHeaders"]) == bool(expected)


@pytest.mark.contract("objects")
def test_an_object_that_does_not_exist(server: Server) -> None:
    bucket = new_bucket(server)
    assert code_of(server.s3.head_object, Bucket=bucket, Key="no") == (404, "404")
    assert code_of(server.s3.get_object, Bucket=bucket, Key="no") == (404, "NoSuchKey")


@pytest.mark.contract("tags")
def test_tags(server: Server) -> None:
    bucket = new_bucket(server)
    given = {"Bucket": bucket, "Key": "k", "Body": io.BytesIO(b""), "Metadata": {}}
    server.s3.put_object(**given, Tagging="team=storage&empty=")
    get = server.s3.get_object_tagging
    tags = {one["Key"]: one["Value"] for one in get(Bucket=bucket, Key="k")["TagSet"]}
    assert tags == {"team": "storage", "empty": ""}
    server.s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": []})
    assert get(Bucket=bucket, Key="k")["TagSet"] == []


@pytest.mark.contract("versions")
def test_versions_are_listed_newest_first(server: Server) -> None:
    bucket = new_bucket(server)
    ids: dict[str, list[str]] = {}
    for key in ("b", "a", "b"):
        put = server.s3.put_object(Bucket=bucket, Key=key, Body=io.BytesIO(b""), Metadata={})
        ids.setdefault(key, []).append(put["VersionId"])
    marker = server.s3.delete_object(Bucket=bucket, Key="a")["VersionId"]
    page = server.s3.list_object_versions(Bucket=bucket, MaxKeys=1000)
    assert [one["VersionId"] for one in page["Versions"]] == [ids["a"][0], *reversed(ids["b"])]
    assert [one["VersionId"] for one in page["DeleteMarkers"]] == [marker]
    assert code_of(server.s3.head_object, Bucket=bucket, Key="a") == (404, "404")
    assert server.s3.head_object(Bucket=bucket, Key="a", VersionId=ids["a"][0])


@pytest.mark.contract("versions")
def test_pages_of_versions_continue_with_both_markers(server: Server) -> None:
    bucket = new_bucket(server)
    for key in ("a", "a", "b", "c"):
        server.s3.put_object(Bucket=bucket, Key=key, Body=io.BytesIO(b""), Metadata={})
    whole = rows(server.s3, bucket)
    assert [one["Key"] for one in whole] == ["a", "a", "b", "c"]
    for size in (1, 2, 3):
        assert rows(server.s3, bucket, MaxKeys=size) == whole
    assert [one["Key"] for one in rows(server.s3, bucket, Prefix="b")] == ["b"]
