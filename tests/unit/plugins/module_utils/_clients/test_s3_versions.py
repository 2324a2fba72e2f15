# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of versions: its pages, its limit, and its result without a bucket."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils._clients import s3_objects, session
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import S3

from .conftest import options

MOMENT = datetime(2026, 11, 22, 17, 21, 14, tzinfo=timezone.utc)
BUCKET = {"Bucket": "b"}


@pytest.fixture
def api() -> Api:
    return session.open_api(S3, options(retry_timeout=0))


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
        found, complete = s3_objects.versions(api, "b", "p", 5000)
        assert ([one.key for one in found], complete) == (["a", "b"], True)
        assert found[0] == s3_objects.Version("a", "v", "2026-11-22T17:21:14+00:00")

    def test_the_limit_is_kept(self, api: Api, stub: Stubber) -> None:
        asked = {**BUCKET, "Prefix": "", "MaxKeys": 2}
        stub.add_response("list_object_versions", self.page("a", "b", more=True), asked)
        found, complete = s3_objects.versions(api, "b", "", 2)
        assert (len(found), complete) == (2, False)

    def test_a_missing_bucket_has_none(self, api: Api, stub: Stubber) -> None:
        stub.add_client_error("list_object_versions", "NoSuchBucket", "", 404)
        assert s3_objects.versions(api, "b", "", 2) == ([], True)
