# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings: order, pages, markers, encoding, and keys that are missing from them."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.contract.replicating import code_of, new_bucket, rows, signed
from tests.contract.servers import Server

#: In the order of their UTF-8 bytes, which is neither that of UTF-16 nor of any language.
KEYS = ["A", "a", "a b", "a/1", "a/2", "a~", "b", "ä", "\uff5e"]
HIDDEN = "\U0001f600-smile"


def put(server: Server, bucket: str, *keys: str) -> list[str]:
    """Put objects. Returns their version ids."""
    given: dict[str, Any] = {"Bucket": bucket, "Body": b""}
    return [server.s3.put_object(**given, Key=key)["VersionId"] for key in keys]


def keys_of(server: Server, bucket: str, **options: Any) -> list[str]:
    return [one["Key"] for one in rows(server.s3, bucket, **options)]


@pytest.mark.contract("listings")
@pytest.mark.parametrize("size", [1, 2, 4, 1000])
def test_keys_ascend_by_their_bytes(server: Server, size: int) -> None:
    bucket = new_bucket(server)
    put(server, bucket, *reversed(KEYS))
    assert keys_of(server, bucket, MaxKeys=size) == KEYS
    pages = server.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": size}
    )
    assert [one["Key"] for page in pages for one in page.get("Contents", ())] == KEYS
    pages = server.s3.get_paginator("list_objects").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": size}
    )
    assert [one["Key"] for page in pages for one in page.get("Contents", ())] == KEYS


@pytest.mark.contract("listings")
def test_a_key_marker_alone_cuts_between_keys(server: Server) -> None:
    """The key need not exist; the cut is never between the versions of a key."""
    bucket = new_bucket(server)
    put(server, bucket, "a", "b", "b", "c", "ü")
    for marker, expected in {
        "0": ["a", "b", "b", "c", "ü"],
        "a": ["b", "b", "c", "ü"],
        "aa": ["b", "b", "c", "ü"],
        "b": ["c", "ü"],
        "b\u0001": None,
        "bzz": ["c", "ü"],
        "c": ["ü"],
        "t": ["ü"],
        "ü": [],
        "zzz": ["ü"],
    }.items():
        if expected is not None:
            assert keys_of(server, bucket, KeyMarker=marker) == expected, marker


@pytest.mark.contract("listings")
def test_both_markers_cut_between_versions(server: Server) -> None:
    bucket = new_bucket(server)
    ids = put(server, bucket, "a", "b", "b", "b", "c")
    newest_first = [ids[3], ids[2], ids[1]]
    for number, version in enumerate(newest_first):
        page = server.s3.list_object_versions(Bucket=bucket, KeyMarker="b", VersionIdMarker=version)
        listed = [one["VersionId"] for one in page.get("Versions", ())]
        assert listed == [*newest_first[number + 1 :], ids[4]]


@pytest.mark.contract("listings")
def test_a_version_id_marker_alone_is_ignored(server: Server) -> None:
    bucket = new_bucket(server)
    ids = put(server, bucket, "a", "b")
    page = server.s3.list_object_versions(Bucket=bucket, VersionIdMarker=ids[0])
    assert [one["VersionId"] for one in page["Versions"]] == ids


@pytest.mark.contract("listings")
def test_the_latest_version_is_marked(server: Server) -> None:
    bucket = new_bucket(server)
    put(server, bucket, "a", "a", "b")
    server.s3.delete_object(Bucket=bucket, Key="b")
    page = server.s3.list_object_versions(Bucket=bucket)
    assert [(one["Key"], one["IsLatest"]) for one in page["Versions"]] == [
        ("a", True),
        ("a", False),
        ("b", False),
    ]
    assert page["DeleteMarkers"][0]["IsLatest"] is True


@pytest.mark.contract("listings")
def test_common_prefixes(server: Server) -> None:
    bucket = new_bucket(server)
    put(server, bucket, "a/1", "a/2", "b", "c/d/e")
    page = server.s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [one["Prefix"] for one in page["CommonPrefixes"]] == ["a/", "c/"]
    assert [one["Key"] for one in page["Contents"]] == ["b"]
    # Common prefixes count for MaxKeys, but not in KeyCount.
    assert page["KeyCount"] == 1
    page = server.s3.list_objects_v2(Bucket=bucket, Delimiter="/", MaxKeys=2)
    assert (page["KeyCount"], page["IsTruncated"]) == (1, True)


@pytest.mark.contract("listings")
def test_a_page_as_bytes(server: Server) -> None:
    """The order of elements is a part of the contract, and the mixing of versions and delete markers too."""
    bucket = new_bucket(server)
    (version,) = put(server, bucket, "a&b/ü c")
    marker = server.s3.delete_object(Bucket=bucket, Key="a&b/ü c")["VersionId"]
    status, body, _ = signed(server, f"/{bucket}?versions=&encoding-type=url&max-keys=1000")
    text = body.decode()
    assert status == 200
    assert "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>" in text
    assert "<Prefix>" not in text
    key = "<Key>a%26b%2F%C3%BC%20c</Key>"
    order = [
        f"<DeleteMarker>{key}<VersionId>{marker}</VersionId><IsLatest>true</IsLatest><LastModified>",
        f"<Version>{key}<VersionId>{version}</VersionId><IsLatest>false</IsLatest><LastModified>",
        "</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>0</Size><Owner><ID>",
        "</Owner><StorageClass>STANDARD</StorageClass></Version>",
    ]
    places = [text.find(one) for one in order]
    assert -1 not in places, text
    assert places[0] < places[1]
    _, body, _ = signed(server, f"/{bucket}?versions=")
    assert "<Key>a&amp;b/ü c</Key>" in body.decode()


@pytest.mark.contract("keys")
def test_keys_beyond_the_basic_plane_are_in_no_listing_without_a_prefix(server: Server) -> None:
    bucket = new_bucket(server)
    put(server, bucket, HIDDEN, f"a{HIDDEN}")
    s3 = server.s3
    assert s3.head_object(Bucket=bucket, Key=HIDDEN)["ContentLength"] == 0
    assert keys_of(server, bucket) == [f"a{HIDDEN}"]
    assert keys_of(server, bucket, Prefix=HIDDEN[0]) == [HIDDEN]
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [one["Key"] for one in listed] == [f"a{HIDDEN}"]
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=HIDDEN)["Contents"]
    assert [one["Key"] for one in listed] == [HIDDEN]
    groups = s3.list_objects_v2(Bucket=bucket, Delimiter="smile")["CommonPrefixes"]
    assert [one["Prefix"] for one in groups] == [f"a{HIDDEN}"]
    s3.delete_object(Bucket=bucket, Key=HIDDEN)


@pytest.mark.contract("keys")
def test_a_bucket_with_only_such_a_key_is_deleted(server: Server) -> None:
    bucket = new_bucket(server)
    put(server, bucket, HIDDEN)
    answer = server.s3.delete_bucket(Bucket=bucket)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.contract("keys")
@pytest.mark.parametrize("key", ["a\u0001b", "a\u007fb", "tab\there"])
def test_keys_that_cannot_be_printed_are_refused(server: Server, key: str) -> None:
    bucket = new_bucket(server)
    put_object = server.s3.put_object
    refused = code_of(put_object, Bucket=bucket, Key=key, Body=io.BytesIO(b""))
    assert refused == (400, "InvalidInput")


@pytest.mark.contract("keys")
@pytest.mark.parametrize("key", ["a//b", "%41", "a+b c", "ü/é", "../x", "k?q=1#f"])
def test_odd_keys(server: Server, key: str) -> None:
    bucket = new_bucket(server)
    (version,) = put(server, bucket, key)
    assert server.s3.head_object(Bucket=bucket, Key=key)["VersionId"] == version
    assert keys_of(server, bucket) == [key]
