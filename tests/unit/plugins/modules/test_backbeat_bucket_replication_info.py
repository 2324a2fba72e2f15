# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_bucket_replication_info."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._queries.bucket_replication_info import (
    BucketReplicationInfo,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_bucket_replication_info import (
    TASK,
)

from ..fake_s3 import FakeS3
from ..tasks import built, checked

THERE = {"endpoint_url": "http://node6"}


@pytest.mark.parametrize("target", [None, THERE])
@pytest.mark.parametrize(
    "options", [{"bucket": "a-bucket"}, {"replications": [{"bucket": "a-bucket"}]}]
)
def test_good_options(options: dict[str, Any], target: Any) -> None:
    query = built(TASK, **options, **({"target_s3": target} if target else {}))
    assert isinstance(query, BucketReplicationInfo)
    assert query.bucket == "a-bucket"
    assert (query.there is None) == (target is None)


def test_all_buckets_are_listed() -> None:
    assert TASK.every is not None
    option, every = TASK.every
    assert checked(TASK, all_buckets=True)[option] is True
    server = FakeS3()
    for name in ("a-bucket", "b-bucket"):
        server._add(name)
    assert every(server.api()) == [{"bucket": "a-bucket"}, {"bucket": "b-bucket"}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: bucket, replications, all_buckets"),
        ({"bucket": "b", "all_buckets": True}, "mutually exclusive"),
        (
            {"bucket": "b", "target_s3": {}},
            "missing required arguments: endpoint_url found in target_s3",
        ),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)
