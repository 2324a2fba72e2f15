# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Direct listings and HEAD requests on a server: the same results and errors as botocore's."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    ApiError,
    Forbidden,
    NotFound,
    Unreachable,
    Unreadable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.heads import HeadRequests
from ansible_collections.scality.backbeat.plugins.module_utils._clients.listing import (
    VersionListing,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3
from ansible_collections.scality.backbeat.plugins.module_utils._clients.session import open_api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.version_pages import (
    Marker,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_compare import Row
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import CONNECTION
from tests.integration.support.modules import Side

pytestmark = pytest.mark.lowest_boto3

BUCKET = "a-bucket"
KEYS = ["a b", "a%2Fb", "a+b", "a/b", "a<&>b", 'a"b', "a'b", "é", "日本", "\U0001f600"]


@pytest.fixture
def filled(source: Side) -> Side:
    """A bucket with every kind of key, several versions each, and delete markers."""
    source.s3.create_bucket(Bucket=BUCKET)
    source.s3.put_object(Bucket=BUCKET, Key="a/b", Body=b"null")
    source.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for number, key in enumerate(KEYS):
        for size in range(1 + number % 3):
            source.s3.put_object(Bucket=BUCKET, Key=key, Body=b"x" * size)
        if number % 4 == 0:
            source.s3.delete_object(Bucket=BUCKET, Key=key)
    return source


def api(side: Side, retry: float = 0.0, **options: Any) -> Any:
    defaults = {name: option.get("default") for name, option in CONNECTION.items()}
    given = {**defaults, **side.connection("s3"), "retry_timeout": retry, **options}
    return open_api(S3, given)


def rows(listing: VersionListing, size: int) -> list[Row]:
    found: list[Row] = []
    marker: Marker | None = Marker()
    while marker is not None:
        page = listing.page(marker, size)
        found += page.rows
        marker = page.following
    return found


def by_boto3(side: Side) -> set[tuple[str, ...]]:
    found = set()
    for page in side.s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        for kind in ("Version", "DeleteMarker"):
            for one in page.get(f"{kind}s", []):
                found.add(
                    (
                        kind,
                        one["Key"],
                        one["VersionId"],
                        str(one["IsLatest"]).lower(),
                        one.get("ETag", "").strip('"'),
                        str(one.get("Size", "")),
                    )
                )
    return found


@pytest.mark.parametrize("way", ["plain", "by session", "by botocore"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_listing_is_the_same_as_boto3s(filled: Side, size: int, way: str) -> None:
    listing = VersionListing(api(filled), BUCKET)
    assert listing._requests is not None
    assert listing._requests._direct
    listing._requests._direct = way == "plain"
    if way == "by botocore":
        listing._requests = None
    found = rows(listing, size)
    assert (listing._requests is None) == (way == "by botocore")
    texts = {
        tuple(
            value.decode()
            for value in (*row[:4], *(row[5:] if row[0] == b"Version" else (b"", b"")))
        )
        for row in found
    }
    assert texts == by_boto3(filled)
    assert len(found) == len(texts)
    keys = [row[1] for row in found]
    assert keys == sorted(keys)


def test_listing_starts_after_a_marker_and_is_limited_to_a_prefix(filled: Side) -> None:
    listing = VersionListing(api(filled), BUCKET)
    everything = rows(listing, 1000)
    for cut in ("a", "a0", "é", "zz"):
        page = listing.page(Marker(cut.encode()))
        assert page.rows == [row for row in everything if row[1] > cut.encode()]
    below = rows(VersionListing(api(filled), BUCKET, "a/"), 2)
    assert below == [row for row in everything if row[1].startswith(b"a/")]


def test_other_listings_with_the_same_client_are_unaffected(filled: Side) -> None:
    shared = api(filled)
    rows(VersionListing(shared, BUCKET), 1000)
    listed = shared.client.list_object_versions(Bucket=BUCKET)
    assert len(listed["Versions"]) + len(listed["DeleteMarkers"]) == len(by_boto3(filled))


@pytest.mark.parametrize("how", ["reset", "error", "truncated", "garbage", "html"])
def test_page_that_fails_once_is_read_again(filled: Side, how: str) -> None:
    filled.sandbox.fail("ListObjectVersions", side="source", how=how)
    found = len(rows(VersionListing(api(filled, 3.0), BUCKET), 3))
    assert found == len(by_boto3(filled))


@pytest.mark.parametrize("how", ["truncated", "garbage"])
def test_page_that_stays_unreadable_is_an_error(filled: Side, how: str) -> None:
    filled.sandbox.fail("ListObjectVersions", side="source", how=how, times=0)
    with pytest.raises((Unreadable, Unreachable)):
        VersionListing(api(filled), BUCKET).page()


def test_slow_down_is_reported_and_the_page_read_again(filled: Side) -> None:
    slow_downs: list[int] = []
    filled.sandbox.fail("ListObjectVersions", side="source", status=503, code="SlowDown")
    listing = VersionListing(api(filled, 3.0), BUCKET, slowed=lambda: slow_downs.append(1))
    assert len(listing.page().rows) == len(by_boto3(filled))
    assert slow_downs == [1]


def test_errors_of_the_server_are_raised(filled: Side) -> None:
    with pytest.raises(NotFound, match="NoSuchBucket"):
        VersionListing(api(filled), "missing").page()
    with pytest.raises(Forbidden, match="SignatureDoesNotMatch"):
        VersionListing(api(filled, secret_key="wrong"), BUCKET).page()
    filled.sandbox.outage("source")
    with pytest.raises(Unreachable):
        VersionListing(api(filled), BUCKET).page()


@pytest.mark.parametrize("direct", [True, False])
def test_head_is_the_same_as_boto3s(filled: Side, direct: bool) -> None:
    heads = HeadRequests(api(filled), BUCKET)
    assert heads._requests._direct
    heads._requests._direct = direct
    for row in rows(VersionListing(api(filled), BUCKET), 1000):
        head = heads.head(row[1], row[2])
        if row[0] == b"DeleteMarker":
            assert head is None
        else:
            shown = filled.s3.head_object(
                Bucket=BUCKET, Key=row[1].decode(), VersionId=row[2].decode()
            )
            assert head is not None
            assert (head.status, head.version_id) == (None, shown.get("VersionId", "null"))
    assert heads.head(b"missing", None) is None
    current = heads.head(b"a/b", None)
    assert current is not None
    assert current.version_id == filled.s3.head_object(Bucket=BUCKET, Key="a/b")["VersionId"]


@pytest.mark.parametrize("how", ["reset", "error", "html", "truncated"])
def test_head_that_fails_once_is_sent_again(filled: Side, how: str) -> None:
    heads = HeadRequests(api(filled, 3.0), BUCKET)
    filled.sandbox.fail("HeadObject", side="source", how=how)
    assert heads.head(b"a/b", None) is not None


def test_refused_head_is_an_error(filled: Side) -> None:
    with pytest.raises(ApiError):
        HeadRequests(api(filled, secret_key="wrong"), BUCKET).head(b"a/b", None)
    filled.sandbox.fail("HeadObject", side="source", status=403, code="AccessDenied", times=0)
    with pytest.raises(Forbidden):
        HeadRequests(api(filled), BUCKET).head(b"a/b", None)
    filled.sandbox.outage("source")
    with pytest.raises(Unreachable):
        HeadRequests(api(filled), BUCKET).head(b"a/b", None)


@pytest.mark.parametrize("direct", [True, False])
def test_page_whose_next_marker_is_its_own_is_an_error(filled: Side, direct: bool) -> None:
    """The page has no rows whose order could be checked. Without this error it would be requested without end."""
    listing = VersionListing(api(filled), BUCKET)
    if not direct:
        listing._requests = None
    filled.sandbox.fail(operation="ListObjectVersions", how="endless", times=0)
    last = listing.page(Marker(b"a/b")).following
    assert last is not None
    with pytest.raises(Unreadable, match="the listing does not end"):
        listing.page(last)


def test_verify_fails_if_a_listing_never_ends(filled: Side) -> None:
    end = {"s3": filled.connection("s3"), "bucket": BUCKET}
    filled.sandbox.fail(operation="ListObjectVersions", how="endless", times=0)
    other = end | {"s3": {**end["s3"], "region": "us-east-2"}}
    result = filled.run("verify", source=end, target=other)
    assert "the listing does not end" in result["msg"]
    assert not result["verification"]["complete"]
