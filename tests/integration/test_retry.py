# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_retry: which versions are replicated, in which order, and which are refused and why."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

Result = dict[str, Any]


@pytest.fixture
def broken(source: Side, target: Side) -> Side:
    """The source of a pair without its target bucket, so that each version that is put becomes FAILED."""
    source.sandbox.settings("source", retries=0)
    set_up(source, target, but=("object",))
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)
    return source


def put(side: Side, key: str) -> str:
    return str(side.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"12")["VersionId"])


def wait_for_status(side: Side, key: str, version: str, status: str) -> None:
    side.do("object_check", bucket=SOURCE_BUCKET, key=key, version_id=version, status=[status])


def failed(side: Side, key: str) -> str:
    version = put(side, key)
    wait_for_status(side, key, version, "FAILED")
    return version


def repair(target: Side) -> None:
    target.do("bucket", name=TARGET_BUCKET, versioning="enabled")


def retry(source: Side, target: Side | None = None, **options: Any) -> Result:
    """Retry in check mode, then retry; assert the same numbers and refused versions, and return the second result."""
    there: Result = {"backbeat_url": source.side.s3_url, "bucket": SOURCE_BUCKET, **options}
    if target is not None:
        there["target"] = {"s3": target.connection("s3"), "bucket": TARGET_BUCKET}
    source.sandbox.refuse_writes()
    predicted = source.run("retry", check_mode=True, **there)
    source.sandbox.refuse_writes(False)
    done = source.run("retry", **there)
    for name in ("asked", "refused", "refused_by_reason", "first_refused"):
        assert predicted["retry"][name] == done["retry"][name]
    return done


def current(side: Side, bucket: str, key: str) -> str | None:
    found = side.s3.list_object_versions(Bucket=bucket, Prefix=key)
    live = [one["VersionId"] for one in found.get("Versions", ()) if one["IsLatest"]]
    return live[0] if live else None


def test_failed_versions_are_replicated(broken: Side, target: Side) -> None:
    versions = {key: failed(broken, key) for key in ("a", "b", "c/d")}
    repair(target)
    done = retry(broken)
    assert done["retry"]["asked"] == done["retry"]["accepted"] == 3
    assert done["retry"]["outcome"] == {"COMPLETED": 3}
    assert done["changes"] == ["RetryFailedObjects 3 versions"]
    for key, version in versions.items():
        assert current(target, TARGET_BUCKET, key) == version
    again = retry(broken)
    assert not again["changed"]
    assert again["retry"]["asked"] == 0


def test_prefix_limits_the_retry_and_wait_false_returns_at_once(broken: Side, target: Side) -> None:
    failed(broken, "a/1")
    failed(broken, "b/1")
    repair(target)
    done = retry(broken, prefix="a/", wait=False)
    assert (done["retry"]["accepted"], done["retry"]["outcome"]) == (1, None)


def test_listed_versions_are_sorted_into_accepted_dropped_and_refused(
    broken: Side, target: Side
) -> None:
    known = failed(broken, "a")
    repair(target)
    broken.sandbox.settings("source", delay=30.0)
    pending = put(broken, "b")
    versions = [
        {"key": "a", "version_id": known},
        {"key": "b", "version_id": pending},
        {"key": "a:b", "version_id": "1"},
        {"key": "none", "version_id": "1"},
    ]
    done = retry(broken, versions=versions, sites=["node6"], wait=False)["retry"]
    assert (done["asked"], done["accepted"], done["dropped"]) == (2, 1, 1)
    assert done["refused_by_reason"] == {"colon": 1, "gone": 1}


def test_versions_are_sent_in_batches(broken: Side, target: Side) -> None:
    keys = [f"k{number:03}" for number in range(105)]
    versions = [put(broken, key) for key in keys]
    for key, version in zip(keys, versions, strict=True):
        wait_for_status(broken, key, version, "FAILED")
    repair(target)
    broken.sandbox.clear_calls()
    assert retry(broken)["retry"]["outcome"] == {"COMPLETED": 105}
    assert len([call for call in broken.writes() if call == "BackbeatApi"]) == 2


def test_a_version_of_a_deleted_key_is_refused(broken: Side, target: Side) -> None:
    version = failed(broken, "k")
    repair(target)
    broken.s3.delete_object(Bucket=SOURCE_BUCKET, Key="k")
    refused = retry(broken)["retry"]
    assert refused["refused_by_reason"] == {"deleted-key": 1}
    assert refused["first_refused"][0]["version_id"] == version
    assert "would make the key readable there" in refused["first_refused"][0]["detail"]


def test_a_version_below_a_replicated_delete_marker_is_sent(broken: Side, target: Side) -> None:
    version = failed(broken, "k")
    repair(target)
    broken.s3.delete_object(Bucket=SOURCE_BUCKET, Key="k")
    other = put(broken, "later")
    wait_for_status(broken, "later", other, "COMPLETED")
    assert retry(broken, target)["retry"]["outcome"] == {"COMPLETED": 1}
    found = target.s3.list_object_versions(Bucket=TARGET_BUCKET, Prefix="k")
    assert [one["VersionId"] for one in found["Versions"]] == [version]
    assert current(target, TARGET_BUCKET, "k") is None


def test_a_failed_delete_marker_is_sent_before_the_versions_below_it(
    broken: Side, target: Side
) -> None:
    version = failed(broken, "k")
    marker = broken.s3.delete_object(Bucket=SOURCE_BUCKET, Key="k")["VersionId"]
    other = failed(broken, "later")
    repair(target)
    first = retry(broken, target)["retry"]
    assert first["refused_by_reason"] == {"after-marker": 1}
    assert first["accepted"] == 2
    found = target.s3.list_object_versions(Bucket=TARGET_BUCKET)
    assert [one["VersionId"] for one in found["DeleteMarkers"]] == [marker]
    assert [one["VersionId"] for one in found["Versions"]] == [other]
    assert retry(broken, target)["retry"]["accepted"] == 1
    found = target.s3.list_object_versions(Bucket=TARGET_BUCKET, Prefix="k")
    assert [one["VersionId"] for one in found["Versions"]] == [version]
    assert current(target, TARGET_BUCKET, "k") is None


def send_null_version(side: Side, key: str) -> None:
    """Send a null version by putting its tags."""
    side.s3.put_object_tagging(
        Bucket=SOURCE_BUCKET, Key=key, VersionId="null", Tagging={"TagSet": []}
    )


@pytest.fixture
def with_null(source: Side, target: Side) -> Side:
    """A source with a failed null version of "k"; the target bucket does not exist."""
    source.sandbox.settings("source", retries=0)
    source.s3.create_bucket(Bucket=SOURCE_BUCKET)
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key="k", Body=b"old")
    set_up(source, target, but=("object",))
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)
    send_null_version(source, "k")
    wait_for_status(source, "k", "null", "FAILED")
    return source


def test_a_null_version_is_sent_before_newer_versions(with_null: Side, target: Side) -> None:
    version = failed(with_null, "k")
    repair(target)
    done = retry(with_null, target)["retry"]
    assert (done["accepted"], done["outcome"]) == (2, {"COMPLETED": 2})
    assert current(target, TARGET_BUCKET, "k") == version


def test_a_null_version_is_refused_if_a_newer_one_is_replicated(
    with_null: Side, target: Side
) -> None:
    repair(target)
    version = put(with_null, "k")
    wait_for_status(with_null, "k", version, "COMPLETED")
    refused = retry(with_null, target)["retry"]
    assert refused["refused_by_reason"] == {"null-after-newer": 1}
    assert current(target, TARGET_BUCKET, "k") == version


def test_a_null_version_that_fails_again_stops_the_retry(with_null: Side, target: Side) -> None:
    failed(with_null, "k")
    result = with_null.run("retry", backbeat_url=with_null.side.s3_url, bucket=SOURCE_BUCKET)
    assert result["failed"]
    assert "is FAILED, and the key has a null version" in result["msg"]
    assert result["retry"]["accepted"] == 1
    assert result["changed"]


def test_versions_put_with_other_roles_are_refused_and_left_to_backfill(
    broken: Side, target: Side
) -> None:
    """Backbeat would accept the retry, and the version would stay PROCESSING forever."""
    for key in ("a", "b"):
        failed(broken, key)
    repair(target)
    stored = broken.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    target.do("iam_role", name="Other")
    target.iam.attach_role_policy(
        RoleName="Other", PolicyArn=target.arn("policy", "TargetPolicyForS3Replication")
    )
    role = f"{stored['Role'].split(',')[0]},{target.arn('role', 'Other')}"
    broken.s3.put_bucket_replication(
        Bucket=SOURCE_BUCKET, ReplicationConfiguration={**stored, "Role": role}
    )
    refused = retry(broken, target)
    assert refused["retry"]["refused_by_reason"] == {"roles-changed": 2}
    assert not refused["changed"]
    # Without access to the metadata the roles are unknown, and the versions are sent.
    broken.sandbox.fail("BackbeatMetadata", side="source", status=403, code="AccessDenied", times=0)
    assert retry(broken, target, wait=False)["retry"]["accepted"] == 2
    broken.sandbox.clear_faults()
    sides = {
        "source": {"bucket": SOURCE_BUCKET, "s3": broken.connection("s3")},
        "target": {"bucket": TARGET_BUCKET, "s3": target.connection("s3")},
    }
    found = broken.run("verify", **sides, fail=False)["verification"]["states"]
    assert found["stuck"]["count"] == 2
    sent = broken.do("backfill", **sides, wait=True, wait_timeout=20.0)
    assert sent["backfill"]["outcome"] == {"stuck": {"COMPLETED": 2}}
