# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How buckets are replicated."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import Forbidden
from ansible_collections.scality.backbeat.plugins.module_utils._queries.bucket_replication_info import (
    BucketReplicationInfo,
    BucketReplicationInfoRequest,
)

from ...fake_s3 import FakeS3

RULE = {
    "ID": "one",
    "Prefix": "",
    "Status": "Enabled",
    "Destination": {"Bucket": "arn:aws:s3:::target"},
}
STORED = {"Role": "a,b", "Rules": [RULE]}


@pytest.fixture
def source() -> FakeS3:
    server = FakeS3()
    server._add("source", versioning="Enabled", replication=STORED)
    return server


def info(source: FakeS3, target: FakeS3 | None = None, bucket: str = "source") -> dict[str, Any]:
    there = None if target is None else target.api()
    return BucketReplicationInfo(BucketReplicationInfoRequest(bucket), source.api(), there).run()


def test_a_replicated_bucket(source: FakeS3) -> None:
    assert info(source) == {
        "bucket": {"name": "source", "versioning": "enabled"},
        "replication": {
            "bucket": "source",
            "role": "a,b",
            "roles": ["a", "b"],
            "target_bucket": "target",
            "rules": [
                {"id": "one", "prefix": "", "enabled": True, "sites": [], "storage_class": None}
            ],
        },
        "unsupported": None,
        "target": None,
    }


def test_a_missing_bucket(source: FakeS3) -> None:
    nothing = {"bucket": None, "replication": None, "unsupported": None, "target": None}
    assert info(source, bucket="missing") == nothing


def test_a_bucket_without_configuration(source: FakeS3) -> None:
    source._add("plain")
    seen = info(source, bucket="plain")
    assert seen["bucket"] == {"name": "plain", "versioning": "unversioned"}
    assert seen["replication"] is None


def test_a_configuration_that_cannot_be_managed(source: FakeS3) -> None:
    rule = {**RULE, "Priority": 1}
    source.buckets["source"]["replication"] = {"Role": "a", "Rules": [rule]}
    seen = info(source)
    assert seen["replication"] is None
    assert "Priority" in seen["unsupported"]


@pytest.mark.parametrize(
    ("bucket", "exists", "versioning"),
    [
        (None, False, None),
        ({"versioning": "Enabled"}, True, "enabled"),
        ({"versioning": "Suspended"}, True, "suspended"),
        ({"versioning": ""}, True, "unversioned"),
    ],
)
def test_the_target(
    source: FakeS3, bucket: dict[str, Any] | None, exists: bool, versioning: str | None
) -> None:
    target = FakeS3()
    if bucket is not None:
        target._add("target", **bucket)
    assert info(source, target)["target"] == {
        "name": "target",
        "exists": exists,
        "versioning": versioning,
        "trouble": None,
    }


def test_a_target_that_must_not_be_read(source: FakeS3) -> None:
    target = FakeS3()
    target._add("target", foreign=True)
    seen = info(source, target)["target"]
    assert (seen["exists"], seen["versioning"]) == (None, None)
    assert "AccessDenied" in seen["trouble"]


def test_a_source_that_must_not_be_read_is_an_error(source: FakeS3) -> None:
    source.buckets["source"]["foreign"] = True
    with pytest.raises(Forbidden):
        info(source)
