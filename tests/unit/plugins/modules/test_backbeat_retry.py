# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_retry."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import (
    FailedVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.retry import (
    Retry,
    RetryRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument
from ansible_collections.scality.backbeat.plugins.modules.backbeat_retry import TASK

from ..tasks import built, checked, requested

URL = "http://node1:8900"
HERE = {"backbeat_url": URL}
ENTRY = {"key": "k", "version_id": "1"}
OTHER = {"endpoint_url": "http://node6"}


@pytest.mark.parametrize(
    ("options", "request_"),
    [
        (HERE, RetryRequest(URL)),
        (
            {**HERE, "sites": ["a"], "bucket": "some-bucket", "prefix": "p", "wait": False},
            RetryRequest(URL, ("a",), "some-bucket", "p", wait=False),
        ),
        (
            {**HERE, "versions": [{**ENTRY, "bucket": "b", "site": "a", "size": 5}]},
            RetryRequest(URL, versions=(FailedVersion("b", "k", "1", "a", 0, None),)),
        ),
        (
            {**HERE, "versions": [ENTRY], "bucket": "some-bucket", "sites": ["a", "b"]},
            RetryRequest(
                URL,
                ("a", "b"),
                "some-bucket",
                versions=tuple(
                    FailedVersion("some-bucket", "k", "1", site, 0, None) for site in "ab"
                ),
            ),
        ),
    ],
)
def test_good_options(options: dict[str, Any], request_: RetryRequest) -> None:
    assert requested(TASK, **options) == request_
    assert isinstance(built(TASK, **options), Retry)


def test_messages_name_the_bucket() -> None:
    assert TASK.name(checked(TASK, **HERE, bucket="some-bucket")) == "some-bucket"
    assert TASK.name(checked(TASK, **HERE)) == "all buckets"


def test_the_other_side() -> None:
    target = {"s3": OTHER, "bucket": "other-bucket"}
    job = built(TASK, **HERE, bucket="some-bucket", target=target)
    assert job.target.bucket == "other-bucket"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "missing required arguments: backbeat_url"),
        ({**HERE, "target": {"bucket": "b"}}, "missing required arguments: s3"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"versions": [ENTRY]}, "names no bucket"),
        ({"versions": [{**ENTRY, "bucket": "b"}]}, "names no site"),
        ({"bucket": "no"}, "bucket"),
        ({"target": {"s3": OTHER, "bucket": "other-bucket"}}, "give bucket too"),
    ],
)
def test_bad_requests(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDocument, match=message):
        requested(TASK, **HERE, **options)
