# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls on objects: their parameters, and parsing of the responses."""

from __future__ import annotations

import io
from datetime import datetime, timezone

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils._clients import s3_objects, session
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    NotFound,
    Unreachable,
    Unsupported,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3

from .conftest import Answered, Case, Wire, options

MOMENT = datetime(2026, 11, 22, 17, 21, 14, tzinfo=timezone.utc)
OBJECT = {"Bucket": "b", "Key": "k"}
VERSION = {**OBJECT, "VersionId": "v"}
NAMED = {"RequestId": "R1"}


@pytest.fixture
def api() -> Api:
    return session.open_api(S3, options(retry_timeout=0))


@pytest.mark.parametrize(
    "case",
    [
        (
            lambda api: s3_objects.head_object(api, "b", "k"),
            "head_object",
            OBJECT,
            {"ETag": '"e"', "ContentLength": 3},
            s3_objects.Head(None, "e", 3, None, None),
        ),
        (
            lambda api: s3_objects.head_object(api, "b", "k", "v"),
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
            s3_objects.Head(
                "v", "e-2", 3, "2026-11-22T17:21:14+00:00", "text/plain", {"a": "1"}, "COMPLETED"
            ),
        ),
        (
            lambda api: s3_objects.put_object(
                api, "b", "k", b"body", metadata={}, tags={}, content_type=None
            ),
            "put_object",
            {**OBJECT, "Body": b"body", "Metadata": {}},
            {"ETag": '"e"'},
            (None, "e"),
        ),
        (
            lambda api: s3_objects.put_object(
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
            lambda api: s3_objects.delete_object(api, "b", "k"),
            "delete_object",
            OBJECT,
            {"DeleteMarker": True, "VersionId": "marker"},
            "marker",
        ),
        (
            lambda api: s3_objects.delete_object(api, "b", "k", "v"),
            "delete_object",
            VERSION,
            {},
            None,
        ),
        (
            lambda api: s3_objects.object_tags(api, "b", "k", "v"),
            "get_object_tagging",
            VERSION,
            {"TagSet": [{"Key": "a", "Value": "1"}]},
            {"a": "1"},
        ),
        (
            lambda api: s3_objects.object_tags(api, "b", "k"),
            "get_object_tagging",
            OBJECT,
            {"TagSet": []},
            {},
        ),
        (
            lambda api: s3_objects.put_object_tags(api, "b", "k", {"a": "1", "b": ""}, "v"),
            "put_object_tagging",
            {
                **VERSION,
                "Tagging": {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]},
            },
            {},
            None,
        ),
        (
            lambda api: s3_objects.put_object_tags(api, "b", "k", {}),
            "put_object_tagging",
            {**OBJECT, "Tagging": {"TagSet": []}},
            {},
            None,
        ),
    ],
)
def test_calls(answered: Answered, case: Case) -> None:
    *asked, shape = case
    assert answered(*asked) == shape


def test_the_version_of_a_delete_marker_is_not_an_object(api: Api, stub: Stubber) -> None:
    for _ in range(2):
        stub.add_client_error("head_object", "405", "Method Not Allowed", 405, response_meta=NAMED)
    assert s3_objects.head_object(api, "b", "k", "marker") is None
    with pytest.raises(Unsupported):
        s3_objects.head_object(api, "b", "k")


class TestObjectBody:
    def test_is_returned_in_pieces(self, api: Api, stub: Stubber) -> None:
        body = b"x" * 2_500_000
        stub.add_response(
            "get_object", {"Body": StreamingBody(io.BytesIO(body), len(body))}, VERSION
        )
        pieces = list(s3_objects.object_body(api, "b", "k", "v"))
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
    return list(s3_objects.object_body(api, "b", "k", None))


def test_a_response_to_head_may_lack_the_length(s3: Wire) -> None:
    s3.answer(200, ETag='"e"')
    head = s3_objects.head_object(s3.api, "b", "k")
    assert head is not None
    assert (head.size, head.etag) == (None, "e")
