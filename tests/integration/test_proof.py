# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_proof: when an object of an earlier run is accepted as proof, and when not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.support.drift import (
    delete_the_role,
    detach_the_policy,
    name_a_role_that_does_not_exist,
    recreate_with_retention,
    swap_roles,
)
from tests.integration.support.idempotency import run_in_check_mode, write_calls
from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    TARGET_BUCKET,
    TARGET_POLICY,
    TARGET_ROLE,
    set_up,
)

CANARY = re.compile(rf"{KEY}-canary-[0-9a-f-]{{36}}$")
WHERE = f"{SOURCE_BUCKET}/{KEY}"


@pytest.fixture
def replicating(source: Side, target: Side) -> Side:
    set_up(source, target, but=("object",))
    return source


def prove(source: Side, target: Side, *, check_mode: bool = False, **options: Any) -> Result:
    there = {"s3": target.connection("s3"), "bucket": TARGET_BUCKET}
    given = {"bucket": SOURCE_BUCKET, "key": KEY, "target": there, "wait_max_delay": 0.1}
    return source.run("proof", check_mode=check_mode, **{"wait_timeout": 5.0, **given, **options})


def keys(source: Side, target: Side) -> set[str]:
    """All keys of versions and delete markers on both sides."""
    found = set()
    for side, bucket in ((source, SOURCE_BUCKET), (target, TARGET_BUCKET)):
        listed = side.s3.list_object_versions(Bucket=bucket)
        found |= {
            one["Key"] for kind in ("Versions", "DeleteMarkers") for one in listed.get(kind, ())
        }
    return found


def test_the_first_run_puts_an_object_and_the_second_accepts_it(
    replicating: Side, target: Side
) -> None:
    predicted = run_in_check_mode(
        replicating.sandbox, lambda _check: prove(replicating, target, check_mode=True)
    )
    assert (predicted["proof"], predicted["changes"]) == ("none", [f"PutObject {WHERE}"])
    first = prove(replicating, target)
    assert (first["proof"], first["changes"]) == ("new", predicted["changes"])
    assert first["replica"]["replication_status"] == "REPLICA"
    replicating.sandbox.clear_calls()
    second = prove(replicating, target)
    assert (second["proof"], second["changed"], second["changes"]) == ("valid", False, [])
    assert second["object"]["version_id"] == first["object"]["version_id"]
    assert second["warnings"] == write_calls(replicating.sandbox) == []


def disable_the_rule(source: Side, _target: Side) -> None:
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    stored["Rules"][0]["Status"] = "Disabled"
    source.s3.put_bucket_replication(Bucket=SOURCE_BUCKET, ReplicationConfiguration=stored)


def remove_the_configuration(source: Side, _target: Side) -> None:
    source.s3.delete_bucket_replication(Bucket=SOURCE_BUCKET)


def delete_the_replica(_source: Side, target: Side) -> None:
    (copy,) = target.s3.list_object_versions(Bucket=TARGET_BUCKET)["Versions"]
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key=KEY, VersionId=copy["VersionId"])


@pytest.mark.parametrize(
    "break_pair",
    [swap_roles, name_a_role_that_does_not_exist, disable_the_rule, remove_the_configuration],
)
def test_after_a_change_of_the_configuration_the_old_object_is_no_proof(
    replicating: Side, target: Side, break_pair: Callable[[Side, Side], None]
) -> None:
    assert prove(replicating, target)["proof"] == "new"
    break_pair(replicating, target)
    failed = prove(replicating, target, wait_timeout=1.0)
    assert failed["failed"]
    assert (failed["proof"], failed["changed"]) == ("none", True)
    assert CANARY.search(failed["canary"]["object"]["key"])
    assert keys(replicating, target) == {KEY}


@pytest.mark.parametrize("break_pair", [detach_the_policy, delete_the_role])
def test_fresh_finds_faults_that_the_old_object_cannot_show(
    replicating: Side, target: Side, break_pair: Callable[[Side, Side], None]
) -> None:
    """The roles in the object's metadata are still those of the configuration."""
    assert prove(replicating, target)["proof"] == "new"
    break_pair(replicating, target)
    assert prove(replicating, target)["proof"] == "valid"
    failed = prove(replicating, target, fresh=True, wait_timeout=1.0)
    assert failed["failed"]
    assert failed["proof"] == "none"


def test_a_missing_replica_is_sent_again(replicating: Side, target: Side) -> None:
    assert prove(replicating, target)["proof"] == "new"
    delete_the_replica(replicating, target)
    again = prove(replicating, target)
    assert again["proof"] == "new"
    assert again["replica"]["replication_status"] == "REPLICA"
    assert prove(replicating, target)["proof"] == "valid"


def test_fresh_removes_its_canary_and_sends_the_object_again(
    replicating: Side, target: Side
) -> None:
    first = prove(replicating, target)
    predicted = run_in_check_mode(
        replicating.sandbox,
        lambda _check: prove(replicating, target, fresh=True, check_mode=True),
    )
    fresh = prove(replicating, target, fresh=True)
    operations = [change.split()[0] for change in fresh["changes"]]
    assert operations == ["PutObjectTagging", "PutObject", "DeleteObject", "DeleteObject"]
    assert operations == [change.split()[0] for change in predicted["changes"]]
    assert (fresh["proof"], fresh["warnings"]) == ("new", [])
    assert fresh["object"]["version_id"] == first["object"]["version_id"]
    assert fresh["canary"]["replica"]["replication_status"] == "REPLICA"
    assert keys(replicating, target) == {KEY}
    assert prove(replicating, target)["proof"] == "valid"


def test_a_replica_of_an_earlier_run_is_no_proof_with_fresh(
    replicating: Side, target: Side
) -> None:
    """Backbeat now replicates to another environment without errors; the old replica still exists."""
    assert prove(replicating, target)["proof"] == "new"
    replicating.sandbox.settings("source", sites={"node6": "cloud"})
    failed = prove(replicating, target, fresh=True, wait_timeout=1.0)
    assert failed["failed"]
    assert "has no such version" in failed["msg"]


@pytest.mark.parametrize("status", ["FAILED", "PENDING"])
def test_an_object_that_was_not_replicated_is_sent_again(
    replicating: Side, target: Side, status: str
) -> None:
    """In the first run a policy was detached (FAILED) or the roles were swapped (PENDING)."""
    stored = replicating.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    if status == "FAILED":
        detach_the_policy(replicating, target)
    else:
        swap_roles(replicating, target)
    failed = prove(replicating, target, wait_timeout=2.0)
    assert failed["object"]["replication_status"] == status
    assert status in failed["msg"]
    arn = target.arn("policy", TARGET_POLICY)
    target.iam.attach_role_policy(RoleName=TARGET_ROLE, PolicyArn=arn)
    replicating.s3.put_bucket_replication(Bucket=SOURCE_BUCKET, ReplicationConfiguration=stored)
    repaired = prove(replicating, target)
    assert repaired["proof"] == "new"
    assert repaired["object"]["replication_status"] == "COMPLETED"
    again = prove(replicating, target)
    assert (again["proof"], again["changed"]) == ("valid", False)


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "AccessDenied"), (405, "MethodNotAllowed"), (501, "NotImplemented"), (404, "NoSuchBucket")],
)  # fmt: skip
def test_without_the_metadata_route_the_roles_are_unverified(
    replicating: Side, target: Side, status: int, code: str
) -> None:
    assert prove(replicating, target)["proof"] == "new"
    replicating.sandbox.fail("BackbeatMetadata", side="source", status=status, code=code, times=0)
    again = prove(replicating, target)
    assert (again["proof"], again["changed"]) == ("unverified", False)
    (warning,) = again["warnings"]
    assert "unknown under which roles" in warning
    fresh = prove(replicating, target, fresh=True)
    assert (fresh["proof"], fresh["warnings"]) == ("new", [])


@pytest.mark.parametrize("locked", ["source", "target"])
def test_default_retention_withholds_the_proof_unless_it_is_allowed(
    replicating: Side, target: Side, locked: str
) -> None:
    side, bucket = {
        "source": (replicating, SOURCE_BUCKET),
        "target": (target, TARGET_BUCKET),
    }[locked]
    recreate_with_retention(side, bucket)
    for check_mode in (True, False):
        result = prove(replicating, target, check_mode=check_mode)
        assert (result["proof"], result["changed"]) == ("withheld", False)
        (warning,) = result["warnings"]
        assert f"{bucket} (COMPLIANCE, 1 day)" in warning
    assert keys(replicating, target) == set()
    asked = prove(replicating, target, despite_retention=True)
    assert asked["proof"] == "new"
    assert prove(replicating, target)["proof"] == "valid"
    assert prove(replicating, target, fresh=True)["proof"] == "withheld"
    assert keys(replicating, target) == {KEY}


def test_an_unreadable_retention_is_a_warning(replicating: Side, target: Side) -> None:
    replicating.sandbox.fail(
        "GetObjectLockConfiguration", side="target", status=403, code="AccessDenied", times=0
    )
    result = prove(replicating, target)
    assert result["proof"] == "new"
    assert (
        "unknown whether the bucket target-bucket has a default retention" in result["warnings"][0]
    )


def test_tags_that_cannot_be_put_are_a_warning_with_fresh(replicating: Side, target: Side) -> None:
    assert prove(replicating, target)["proof"] == "new"
    replicating.sandbox.fail(
        "PutObjectTagging", side="source", status=403, code="AccessDenied", times=0
    )
    result = prove(replicating, target, fresh=True)
    assert result["proof"] == "new"
    assert "cannot be sent again" in result["warnings"][0]


def test_an_old_object_that_is_not_replicated_is_a_warning_with_fresh(
    replicating: Side, target: Side
) -> None:
    """An inline policy denies replication of this key only."""
    assert prove(replicating, target)["proof"] == "new"
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": "s3:ReplicateObject",
                "Resource": f"arn:aws:s3:::{TARGET_BUCKET}/{KEY}",
            }
        ],
    }
    name = "deny-one-key"
    target.iam.put_role_policy(
        RoleName=TARGET_ROLE, PolicyName=name, PolicyDocument=json.dumps(document)
    )
    result = prove(replicating, target, fresh=True)
    assert result["proof"] == "new"
    assert "the object of an earlier run has not" in result["warnings"][0]
    assert result["object"]["replication_status"] == "FAILED"
