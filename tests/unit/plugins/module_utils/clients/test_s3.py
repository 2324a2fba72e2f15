# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls to S3: the parameters that are sent, and the shapes of the answers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils.clients import s3, session
from ansible_collections.scality.backbeat.plugins.module_utils.clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils.clients.errors import (
    ApiError,
    Forbidden,
    NotFound,
    Unreachable,
    Unsupported,
)

from .conftest import Wire, options

MOMENT = datetime(2026, 11, 22, 17, 21, 14, tzinfo=timezone.utc)
BUCKET = {"Bucket": "b"}
OBJECT = {"Bucket": "b", "Key": "k"}
VERSION = {**OBJECT, "VersionId": "v"}
CONFIGURATION = {
    "Role": "r",
    "Rules": [{"ID": "1", "Prefix": "", "Status": "Enabled", "Destination": {"Bucket": "t"}}],
}
NAMED = {"RequestId": "R1"}


@pytest.fixture
def api() -> Api:
    return session.open_api("s3", options(retry_timeout=0))


@pytest.fixture
def stub(api: Api) -> Iterator[Stubber]:
    with Stubber(api.client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("call", "operation", "parameters", "answer", "shape"),
    [
        (lambda api: s3.versioning(api, "b"), "get_bucket_versioning", BUCKET, {}, ""),
        (
            lambda api: s3.versioning(api, "b"),
            "get_bucket_versioning",
            BUCKET,
            {"Status": "Enabled"},
            "Enabled",
        ),
        (lambda api: s3.location(api, "b"), "get_bucket_location", BUCKET, {}, "us-east-1"),
        (
            lambda api: s3.location(api, "b"),
            "get_bucket_location",
            BUCKET,
            {"LocationConstraint": "EU"},
            "EU",
        ),
        (
            lambda api: s3.is_empty(api, "b"),
            "list_object_versions",
            {**BUCKET, "MaxKeys": 1},
            {},
            True,
        ),
        (
            lambda api: s3.is_empty(api, "b"),
            "list_object_versions",
            {**BUCKET, "MaxKeys": 1},
            {"Versions": [{"Key": "k"}]},
            False,
        ),
        (
            lambda api: s3.is_empty(api, "b"),
            "list_object_versions",
            {**BUCKET, "MaxKeys": 1},
            {"DeleteMarkers": [{"Key": "k"}]},
            False,
        ),
        (
            lambda api: s3.buckets(api),
            "list_buckets",
            {},
            {"Buckets": [{"Name": "a"}, {"Name": "b"}]},
            ["a", "b"],
        ),
        (lambda api: s3.buckets(api), "list_buckets", {}, {}, []),
        (lambda api: s3.create_bucket(api, "b", None), "create_bucket", BUCKET, {}, None),
        (
            lambda api: s3.create_bucket(api, "b", "paris"),
            "create_bucket",
            {**BUCKET, "CreateBucketConfiguration": {"LocationConstraint": "paris"}},
            {},
            None,
        ),
        (
            lambda api: s3.put_versioning(api, "b", "Suspended"),
            "put_bucket_versioning",
            {**BUCKET, "VersioningConfiguration": {"Status": "Suspended"}},
            {},
            None,
        ),
        (lambda api: s3.delete_bucket(api, "b"), "delete_bucket", BUCKET, {}, None),
        (
            lambda api: s3.replication(api, "b"),
            "get_bucket_replication",
            BUCKET,
            {"ReplicationConfiguration": CONFIGURATION},
            CONFIGURATION,
        ),
        (
            lambda api: s3.put_replication(api, "b", CONFIGURATION),
            "put_bucket_replication",
            {**BUCKET, "ReplicationConfiguration": CONFIGURATION},
            {},
            None,
        ),
        (
            lambda api: s3.delete_replication(api, "b"),
            "delete_bucket_replication",
            BUCKET,
            {},
            None,
        ),
        (
            lambda api: s3.head_object(api, "b", "k"),
            "head_object",
            OBJECT,
            {"ETag": '"e"', "ContentLength": 3},
            s3.Head(None, "e", 3, None, None),
        ),
        (
            lambda api: s3.head_object(api, "b", "k", "v"),
            "head_object",
            VERSION,
            {
                "VersionId": "v",
                "ETag": '"e-2"',
                "ContentLength": 3,
                "LastModified": MOMENT,
                "ContentType": "text/plain",
                "Metadata": {"a": "1"},
                "ReplicationStatus": "COMPLETED",
            },
            s3.Head(
                "v", "e-2", 3, "2026-11-22T17:21:14+00:00", "text/plain", {"a": "1"}, "COMPLETED"
            ),
        ),
        (
            lambda api: s3.put_object(
                api, "b", "k", b"body", metadata={}, tags={}, content_type=None
            ),
            "put_object",
            {**OBJECT, "Body": b"body", "Metadata": {}},
            {"ETag": '"e"'},
            (None, "e"),
        ),
        (
            lambda api: s3.put_object(
                api,
                "b",
                "k",
                b"body",
                metadata={"a": "1"},
                tags={"t 1": "ü&=", "u": ""},
                content_type="text/plain",
            ),
            "put_object",
            {
                **OBJECT,
                "Body": b"body",
                "Metadata": {"a": "1"},
                "Tagging": "t+1=%C3%BC%26%3D&u=",
                "ContentType": "text/plain",
            },
            {"ETag": '"e"', "VersionId": "v"},
            ("v", "e"),
        ),
        (
            lambda api: s3.delete_object(api, "b", "k"),
            "delete_object",
            OBJECT,
            {"DeleteMarker": True, "VersionId": "marker"},
            "marker",
        ),
        (lambda api: s3.delete_object(api, "b", "k", "v"), "delete_object", VERSION, {}, None),
        (
            lambda api: s3.object_tags(api, "b", "k", "v"),
            "get_object_tagging",
            VERSION,
            {"TagSet": [{"Key": "a", "Value": "1"}]},
            {"a": "1"},
        ),
        (
            lambda api: s3.object_tags(api, "b", "k"),
            "get_object_tagging",
            OBJECT,
            {"TagSet": []},
            {},
        ),
        (
            lambda api: s3.put_object_tags(api, "b", "k", {"a": "1", "b": ""}, "v"),
            "put_object_tagging",
            {
                **VERSION,
                "Tagging": {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]},
            },
            {},
            None,
        ),
        (
            lambda api: s3.put_object_tags(api, "b", "k", {}),
            "put_object_tagging",
            {**OBJECT, "Tagging": {"TagSet": []}},
            {},
            None,
        ),
    ],
)
def test_calls(
    api: Api,
    stub: Stubber,
    call: Callable[[Api], Any],
    operation: str,
    parameters: dict[str, Any],
    answer: dict[str, Any],
    shape: Any,
) -> None:
    stub.add_response(operation, answer, parameters)
    assert call(api) == shape


READS: dict[str, tuple[Callable[[Api], Any], str]] = {
    "get_bucket_versioning": (lambda api: s3.versioning(api, "b"), "NoSuchBucket"),
    "get_bucket_location": (lambda api: s3.location(api, "b"), "NoSuchBucket"),
    "list_object_versions": (lambda api: s3.is_empty(api, "b"), "NoSuchBucket"),
    "get_bucket_replication": (
        lambda api: s3.replication(api, "b"),
        "ReplicationConfigurationNotFoundError",
    ),
    "head_object": (lambda api: s3.head_object(api, "b", "k"), "404"),
    "get_object_tagging": (lambda api: s3.object_tags(api, "b", "k"), "NoSuchKey"),
}


@pytest.mark.parametrize("operation", READS)
def test_absence_is_none(api: Api, stub: Stubber, operation: str) -> None:
    call, code = READS[operation]
    stub.add_client_error(operation, code, "", 404, response_meta=NAMED)
    assert call(api) is None


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize("code", ["AccessDenied", "403", "InvalidAccessKeyId"])
def test_forbidden_is_never_absence(api: Api, stub: Stubber, operation: str, code: str) -> None:
    stub.add_client_error(operation, code, "", 403, response_meta=NAMED)
    with pytest.raises(Forbidden):
        READS[operation][0](api)


@pytest.mark.parametrize("operation", [name for name in READS if name != "head_object"])
def test_only_head_may_answer_without_a_code(api: Api, stub: Stubber, operation: str) -> None:
    stub.add_client_error(operation, "404", "Not Found", 404, response_meta=NAMED)
    with pytest.raises(ApiError):
        READS[operation][0](api)


def test_a_missing_bucket_is_no_missing_configuration(api: Api, stub: Stubber) -> None:
    stub.add_client_error("get_bucket_replication", "NoSuchBucket", "", 404)
    with pytest.raises(NotFound):
        s3.replication(api, "b")


def test_the_version_of_a_delete_marker_is_no_object(api: Api, stub: Stubber) -> None:
    for _ in range(2):
        stub.add_client_error("head_object", "405", "Method Not Allowed", 405, response_meta=NAMED)
    assert s3.head_object(api, "b", "k", "marker") is None
    with pytest.raises(Unsupported):
        s3.head_object(api, "b", "k")


class TestVersions:
    def page(self, *keys: str, more: bool = False) -> dict[str, Any]:
        versions = [{"Key": key, "VersionId": "v", "LastModified": MOMENT} for key in keys]
        markers = {"IsTruncated": True, "NextKeyMarker": "m", "NextVersionIdMarker": "n"}
        return {"Versions": versions, **(markers if more else {"IsTruncated": False})}

    def test_pages_are_continued_with_both_markers(self, api: Api, stub: Stubber) -> None:
        asked = {**BUCKET, "Prefix": "p", "MaxKeys": 1000}
        stub.add_response("list_object_versions", self.page("a", more=True), asked)
        markers = {"KeyMarker": "m", "VersionIdMarker": "n"}
        stub.add_response("list_object_versions", self.page("b"), {**asked, **markers})
        found, complete = s3.versions(api, "b", "p", 5000)
        assert ([one.key for one in found], complete) == (["a", "b"], True)
        assert found[0] == s3.Version("a", "v", "2026-11-22T17:21:14+00:00")

    def test_the_limit_is_kept(self, api: Api, stub: Stubber) -> None:
        asked = {**BUCKET, "Prefix": "", "MaxKeys": 2}
        stub.add_response("list_object_versions", self.page("a", "b", more=True), asked)
        found, complete = s3.versions(api, "b", "", 2)
        assert (len(found), complete) == (2, False)

    def test_a_missing_bucket_has_none(self, api: Api, stub: Stubber) -> None:
        stub.add_client_error("list_object_versions", "NoSuchBucket", "", 404)
        assert s3.versions(api, "b", "", 2) == ([], True)


class TestObjectBody:
    def test_comes_in_pieces(self, api: Api, stub: Stubber) -> None:
        body = b"x" * 2_500_000
        stub.add_response(
            "get_object", {"Body": StreamingBody(io.BytesIO(body), len(body))}, VERSION
        )
        pieces = list(s3.object_body(api, "b", "k", "v"))
        assert len(pieces) == 3
        assert b"".join(pieces) == body

    def test_that_is_cut_off_is_an_error_like_others(self, s3: Wire) -> None:
        s3.answer(200, b"half", Content_Length="8")
        with pytest.raises(Unreachable, match="Failed to read the object b/k"):
            read_all(s3.api)

    def test_of_a_missing_object_is_an_error(self, api: Api, stub: Stubber) -> None:
        stub.add_client_error("get_object", "NoSuchKey", "", 404)
        with pytest.raises(NotFound):
            read_all(api)


def read_all(api: Api) -> list[bytes]:
    return list(s3.object_body(api, "b", "k", None))
