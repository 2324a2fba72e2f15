# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_bucket."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._resources.bucket import (
    Bucket,
    BucketRequest,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_bucket import TASK

from ..tasks import built, checked, requested


@pytest.mark.parametrize("options", [{"name": "a-bucket"}, {"buckets": [{"name": "a-bucket"}]}])
def test_unrequested_values_are_kept(options: dict[str, Any]) -> None:
    assert requested(TASK, **options) == BucketRequest("a-bucket")
    assert isinstance(built(TASK, **options), Bucket)


@pytest.mark.parametrize(("asked", "sent"), [("enabled", "Enabled"), ("suspended", "Suspended")])
def test_versioning(asked: str, sent: str) -> None:
    request = requested(TASK, name="a-bucket", versioning=asked, location="paris", state="absent")
    assert request == BucketRequest("a-bucket", sent, "paris", present=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: name, buckets"),
        (
            {"name": "a-bucket", "versioning": True},
            "value of versioning must be one of: enabled, suspended",
        ),
        ({"buckets": [{}]}, "missing required arguments: name found in buckets"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)
