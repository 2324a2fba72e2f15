# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The calls on buckets: their parameters, and parsing of the responses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils._clients import s3_buckets, session
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    NotFound,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3

from .conftest import Answered, Case, options

BUCKET = {"Bucket": "b"}
CONFIGURATION = {
    "Role": "r",
    "Rules": [{"ID": "1", "Prefix": "", "Status": "Enabled", "Destination": {"Bucket": "t"}}],
}


@pytest.fixture
def api() -> Api:
    return session.open_api(S3, options(retry_timeout=0))


@pytest.mark.parametrize(
    "case",
    [
        (lambda api: s3_buckets.versioning(api, "b"), "get_bucket_versioning", BUCKET, {}, ""),
        (
            lambda api: s3_buckets.versioning(api, "b"),
            "get_bucket_versioning",
            BUCKET,
            {"Status": "Enabled"},
            "Enabled",
        ),
        (lambda api: s3_buckets.location(api, "b"), "get_bucket_location", BUCKET, {}, "us-east-1"),
        (
            lambda api: s3_buckets.location(api, "b"),
            "get_bucket_location",
            BUCKET,
            {"LocationConstraint": "EU"},
            "EU",
        ),
        (
            lambda api: s3_buckets.is_empty(api, "b"),
            "list_object_versions",
            {**BUCKET, "MaxKeys": 1},
            {},
            True,
        ),
        (
            lambda api: s3_buckets.is_empty(api, "b"),
            "list_object_versions",
            {**BUCKET, "MaxKeys": 1},
            {"Versions": [{"Key": "k"}]},
            False,
        ),
        (
            lambda api: s3_buckets.is_empty(api, "b"),
            "list_object_versions",
            {**BUCKET, "MaxKeys": 1},
            {"DeleteMarkers": [{"Key": "k"}]},
            False,
        ),
        (
            lambda api: s3_buckets.buckets(api),
            "list_buckets",
            {},
            {"Buckets": [{"Name": "a"}, {"Name": "b"}]},
            ["a", "b"],
        ),
        (lambda api: s3_buckets.buckets(api), "list_buckets", {}, {}, []),
        (lambda api: s3_buckets.create_bucket(api, "b", None), "create_bucket", BUCKET, {}, None),
        (
            lambda api: s3_buckets.create_bucket(api, "b", "paris"),
            "create_bucket",
            {**BUCKET, "CreateBucketConfiguration": {"LocationConstraint": "paris"}},
            {},
            None,
        ),
        (
            lambda api: s3_buckets.put_versioning(api, "b", "Suspended"),
            "put_bucket_versioning",
            {**BUCKET, "VersioningConfiguration": {"Status": "Suspended"}},
            {},
            None,
        ),
        (lambda api: s3_buckets.delete_bucket(api, "b"), "delete_bucket", BUCKET, {}, None),
        (
            lambda api: s3_buckets.replication(api, "b"),
            "get_bucket_replication",
            BUCKET,
            {"ReplicationConfiguration": CONFIGURATION},
            CONFIGURATION,
        ),
        (
            lambda api: s3_buckets.put_replication(api, "b", CONFIGURATION),
            "put_bucket_replication",
            {**BUCKET, "ReplicationConfiguration": CONFIGURATION},
            {},
            None,
        ),
        (
            lambda api: s3_buckets.delete_replication(api, "b"),
            "delete_bucket_replication",
            BUCKET,
            {},
            None,
        ),
    ],
)
def test_calls(answered: Answered, case: Case) -> None:
    *asked, shape = case
    assert answered(*asked) == shape


def test_a_missing_bucket_is_not_a_missing_configuration(api: Api, stub: Stubber) -> None:
    stub.add_client_error("get_bucket_replication", "NoSuchBucket", "", 404)
    with pytest.raises(NotFound):
        s3_buckets.replication(api, "b")


def test_buckets_are_listed_in_pages(api: Api, stub: Stubber) -> None:
    for name, asked, token in (("a", {}, "next"), ("b", {"ContinuationToken": "next"}, None)):
        page: dict[str, Any] = {"Buckets": [{"Name": f"{name}-bucket"}], "Owner": {"ID": "o"}}
        stub.add_response(
            "list_buckets", {**page, **({"ContinuationToken": token} if token else {})}, asked
        )
    assert s3_buckets.buckets(api) == ["a-bucket", "b-bucket"]


@pytest.mark.parametrize(
    ("default", "words"),
    [
        ({"Mode": "COMPLIANCE", "Days": 1}, "COMPLIANCE, 1 day"),
        ({"Mode": "GOVERNANCE", "Days": 30}, "GOVERNANCE, 30 days"),
        ({"Mode": "GOVERNANCE", "Years": 2}, "GOVERNANCE, 2 years"),
        (None, ""),
    ],
)
def test_a_default_retention_in_words(default: dict[str, Any] | None, words: str, api: Api) -> None:
    lock: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
    if default:
        lock["Rule"] = {"DefaultRetention": default}
    with Stubber(api.client) as stubber:
        answer = {"ObjectLockConfiguration": lock}
        stubber.add_response("get_object_lock_configuration", answer, BUCKET)
        assert s3_buckets.default_retention(api, "b") == words
