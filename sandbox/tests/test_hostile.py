# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Responses that no healthy server sends. Tests of clients request them."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError, ReadTimeoutError

from sandbox import Sandbox
from sandbox.tests.helpers import (
    SOURCE,
    TRUST,
    ask,
    configure,
    make_bucket,
    refusal,
    roles_for,
    set_up,
)

pytestmark = pytest.mark.sandbox
TEMPLATE = "{{ lookup('pipe', 'id') }}<&>"


@pytest.fixture
def bucket(sandbox: Sandbox) -> Any:
    """An S3 client, and a bucket with the keys a, b and c."""
    s3 = make_bucket(sandbox.source, SOURCE)
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=SOURCE, Key=key)
    return s3


def keys(page: dict[str, Any], name: str = "Versions") -> list[str]:
    return [one["Key"] for one in page.get(name, ())]


class TestEndlessPages:
    def test_list_object_versions_never_ends(self, sandbox: Sandbox, bucket: Any) -> None:
        sandbox.fail("ListObjectVersions", how="endless", times=0)
        page = bucket.list_object_versions(Bucket=SOURCE)
        assert keys(page) == ["a", "b", "c"]
        markers = []
        for _ in range(3):
            assert page["IsTruncated"] is True
            markers.append((page["NextKeyMarker"], page["NextVersionIdMarker"]))
            page = bucket.list_object_versions(
                Bucket=SOURCE, KeyMarker=markers[-1][0], VersionIdMarker=markers[-1][1]
            )
        assert len(set(markers)) == 1

    def test_list_objects_never_ends(self, sandbox: Sandbox, bucket: Any) -> None:
        sandbox.fail(how="endless", times=0)
        page = bucket.list_objects_v2(Bucket=SOURCE)
        again = bucket.list_objects_v2(
            Bucket=SOURCE, ContinuationToken=page["NextContinuationToken"]
        )
        assert again["IsTruncated"] is True
        assert again["NextContinuationToken"] == page["NextContinuationToken"]

    def test_lists_of_iam_never_end(self, sandbox: Sandbox) -> None:
        iam = sandbox.source.client("iam")
        iam.create_role(RoleName="R", AssumeRolePolicyDocument=TRUST)
        sandbox.fail(service="iam", how="endless", times=0)
        for call in (iam.list_roles, iam.list_policies):
            page = call()
            again = call(Marker=page["Marker"])
            assert (again["IsTruncated"], again["Marker"]) == (True, page["Marker"])
        page = iam.list_attached_role_policies(RoleName="R")
        assert page["IsTruncated"] is True
        assert page["Marker"]

    def test_list_of_failed_versions_never_ends(self, sandbox: Sandbox) -> None:
        sandbox.fail("BackbeatApi", how="endless", times=0)
        first = ask(sandbox.source, "api/crr/failed?sitename=node6")[1]
        marker = first["NextMarker"]
        again = ask(sandbox.source, f"api/crr/failed?sitename=node6&marker={marker}")[1]
        assert again["IsTruncated"] is True
        assert str(again["NextMarker"]) == str(marker)


def test_rows_are_repeated_or_reversed(sandbox: Sandbox, bucket: Any) -> None:
    sandbox.fail("ListObjectVersions", how="repeat-rows")
    assert keys(bucket.list_object_versions(Bucket=SOURCE)) == ["a", "a", "b", "b", "c", "c"]
    sandbox.fail("ListObjectVersions", how="reverse-rows")
    assert keys(bucket.list_object_versions(Bucket=SOURCE)) == ["c", "b", "a"]
    assert keys(bucket.list_object_versions(Bucket=SOURCE)) == ["a", "b", "c"]


def test_error_in_a_response_with_status_200_is_sent(sandbox: Sandbox, bucket: Any) -> None:
    sandbox.fail("ListObjectVersions", how="error-inside")
    # How botocore reports it depends on botocore's version.
    with pytest.raises(ClientError, match="InternalError"):
        bucket.list_object_versions(Bucket=SOURCE)


class TestReplacedText:
    def test_strings_of_a_listing_are_replaced(self, sandbox: Sandbox, bucket: Any) -> None:
        sandbox.fail("ListObjectVersions", how="text", text=TEMPLATE)
        page = bucket.list_object_versions(Bucket=SOURCE, EncodingType="url")
        assert page["Name"] == TEMPLATE
        for row in page["Versions"]:
            assert row["Key"] == row["VersionId"] == row["ETag"] == TEMPLATE
            assert row["Size"] == 0

    def test_chosen_fields_of_a_configuration_are_replaced(self, sandbox: Sandbox) -> None:
        s3 = make_bucket(sandbox.source, SOURCE)
        configure(s3, roles_for(sandbox))
        sandbox.fail("GetBucketReplication", how="text", text=TEMPLATE, only=["ID", "Prefix"])
        stored = s3.get_bucket_replication(Bucket=SOURCE)["ReplicationConfiguration"]
        assert stored["Rules"][0]["ID"] == TEMPLATE
        assert stored["Role"] == roles_for(sandbox)

    def test_headers_and_metadata_are_replaced(self, sandbox: Sandbox) -> None:
        s3 = make_bucket(sandbox.source, SOURCE)
        s3.put_object(Bucket=SOURCE, Key="k", Metadata={"color": "blue"})
        sandbox.fail("HeadObject", how="text", text="{{ 7 * 7 }}")
        head = s3.head_object(Bucket=SOURCE, Key="k")
        assert head["Metadata"] == {"color": "{{ 7 * 7 }}"}
        assert head["ETag"] == head["VersionId"] == "{{ 7 * 7 }}"
        assert head["ContentLength"] == 0

    def test_code_and_message_of_an_error_are_replaced(self, sandbox: Sandbox) -> None:
        sandbox.fail("GetRole", how="text", text=TEMPLATE)
        refused = refusal(sandbox.source.client("iam").get_role, RoleName="none")
        assert refused == (404, TEMPLATE, TEMPLATE)

    def test_values_in_a_response_of_backbeats_api_are_replaced(self, sandbox: Sandbox) -> None:
        sandbox.fail("BackbeatApi", how="text", text=TEMPLATE)
        status, states = ask(sandbox.source, "api/crr/status")
        assert status == 200
        assert set(states.values()) == {TEMPLATE}


def test_response_is_sent_byte_by_byte(sandbox: Sandbox, bucket: Any) -> None:
    """Each byte arrives within the client's timeout, but the whole response takes longer."""
    sandbox.fail("ListObjectVersions", how="drip", pause=0.001)
    slow_client = sandbox.source.client("s3", read_timeout=0.2)
    began = time.monotonic()
    assert keys(slow_client.list_object_versions(Bucket=SOURCE)) == ["a", "b", "c"]
    assert time.monotonic() - began > 1
    sandbox.fail("ListObjectVersions", how="drip", pause=2.0)
    with pytest.raises(ReadTimeoutError):
        slow_client.list_object_versions(Bucket=SOURCE)


def test_response_is_filled_up_to_a_size(sandbox: Sandbox, bucket: Any) -> None:
    sandbox.fail("ListObjectVersions", how="huge", size=5_000_000)
    page = bucket.list_object_versions(Bucket=SOURCE)
    assert keys(page) == ["a", "b", "c"]
    assert int(page["ResponseMetadata"]["HTTPHeaders"]["content-length"]) > 5_000_000


def test_rate_limit_answers_slow_down(sandbox: Sandbox, bucket: Any) -> None:
    sandbox.settings("source", rate_limit=20.0)
    answers = [requests.get(sandbox.source.s3_url, timeout=5) for _ in range(40)]
    slow = [one for one in answers if one.status_code == 503]
    assert 5 <= len(slow) <= 20
    assert "<Code>SlowDown</Code>" in slow[0].text
    time.sleep(0.2)
    assert keys(bucket.list_object_versions(Bucket=SOURCE)) == ["a", "b", "c"]


def test_listing_is_truncated(sandbox: Sandbox) -> None:
    s3, _ = set_up(sandbox)
    sandbox.seed("source", SOURCE, 1500)
    sandbox.fail("ListObjectVersions", nth=2, how="truncated")
    page = s3.list_object_versions(Bucket=SOURCE)
    with pytest.raises(Exception, match=r"(?i)incomplete|broken|closed|internal server error"):
        s3.list_object_versions(
            Bucket=SOURCE,
            KeyMarker=page["NextKeyMarker"],
            VersionIdMarker=page["NextVersionIdMarker"],
        )
