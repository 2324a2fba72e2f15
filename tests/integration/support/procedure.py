# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets up replication as the guide does: the role's order and options, but with modules only, which is faster."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tests.integration.support.modules import Result, Side

SOURCE_BUCKET = "source-bucket"
TARGET_BUCKET = "target-bucket"
SOURCE_ROLE = "SourceRoleForS3Replication"
TARGET_ROLE = "TargetRoleForS3Replication"
SOURCE_POLICY = "SourcePolicyForS3Replication"
TARGET_POLICY = "TargetPolicyForS3Replication"
KEY = "object-to-replicate"

#: The changes of a repeated proof: a canary is put and deleted, and the permanent object is sent again.
REPEATED_PROOF = [
    f"DeleteObject {SOURCE_BUCKET}/{KEY}-canary",
    f"DeleteObject {TARGET_BUCKET}/{KEY}-canary",
    f"PutObject {SOURCE_BUCKET}/{KEY}-canary",
    f"PutObjectTagging {SOURCE_BUCKET}/{KEY}",
]

#: All changes of the guide, as the modules return them.
ALL_CHANGES = sorted(
    [
        f"CreateRole {SOURCE_ROLE}",
        f"CreateRole {TARGET_ROLE}",
        f"CreatePolicy {SOURCE_POLICY}",
        f"CreatePolicy {TARGET_POLICY}",
        f"AttachRolePolicy {SOURCE_POLICY} to {SOURCE_ROLE}",
        f"AttachRolePolicy {TARGET_POLICY} to {TARGET_ROLE}",
        f"CreateBucket {SOURCE_BUCKET}",
        f"CreateBucket {TARGET_BUCKET}",
        f"PutBucketVersioning {SOURCE_BUCKET}",
        f"PutBucketVersioning {TARGET_BUCKET}",
        f"PutBucketReplication {SOURCE_BUCKET}",
        f"PutObject {SOURCE_BUCKET}/{KEY}",
    ]
)
#: A replication configuration of version 2 (with Priority and Filter), which servers of 2026 may return.
V2_CONFIGURATION = {
    "Role": "arn:aws:iam::123456789012:role/A,arn:aws:iam::123456789012:role/B",
    "Rules": [
        {
            "ID": "newer",
            "Priority": 1,
            "Filter": {"Prefix": "reports/"},
            "Status": "Enabled",
            "Destination": {"Bucket": "arn:aws:s3:::target-bucket"},
        }
    ],
}

Step = tuple[str, Side, str, dict[str, Any]]


def steps(source: Side, target: Side, rules: list[dict[str, Any]] | None = None) -> list[Step]:
    """The steps: name, side, module and options of each."""
    return [
        ("roles", source, "iam_role", {"name": SOURCE_ROLE}),
        ("roles", target, "iam_role", {"name": TARGET_ROLE}),
        (
            "policies",
            source,
            "policy",
            {
                "name": SOURCE_POLICY,
                "side": "source",
                "source_buckets": [SOURCE_BUCKET],
                "roles": [source.arn("role", SOURCE_ROLE)],
            },
        ),
        (
            "policies",
            target,
            "policy",
            {
                "name": TARGET_POLICY,
                "side": "target",
                "target_buckets": [TARGET_BUCKET],
                "roles": [target.arn("role", TARGET_ROLE)],
            },
        ),
        ("buckets", source, "bucket", {"name": SOURCE_BUCKET, "versioning": "enabled"}),
        ("buckets", target, "bucket", {"name": TARGET_BUCKET, "versioning": "enabled"}),
        (
            "replication",
            source,
            "bucket_replication",
            {
                "bucket": SOURCE_BUCKET,
                "target_bucket": TARGET_BUCKET,
                "source_role": source.arn("role", SOURCE_ROLE),
                "target_role": target.arn("role", TARGET_ROLE),
                "rules": rules,
            },
        ),
        ("object", source, "object", {"bucket": SOURCE_BUCKET, "key": KEY}),
    ]


def set_up(
    source: Side,
    target: Side,
    *,
    but: Collection[str] = (),
    rules: list[dict[str, Any]] | None = None,
    **options: Any,
) -> list[Result]:
    """Run all steps except those of these names, until one fails. Return the results so far."""
    results = []
    for name, side, module, wanted in steps(source, target, rules):
        if name not in but:
            results.append(side.run(module, **wanted, **options))
            if results[-1].get("failed"):
                break
    return results


def sides(source: Side, target: Side) -> dict[str, dict[str, Any]]:
    """The options source and target of a module that compares both buckets."""
    return {
        "source": {"bucket": SOURCE_BUCKET, "name": "node1", "s3": source.connection("s3")},
        "target": {"bucket": TARGET_BUCKET, "name": "node6", "s3": target.connection("s3")},
    }


def assert_replicated(source: Side, target: Side) -> None:
    """Asserts that the object is on both sides, which needs all resources of the procedure."""
    there = {"s3": target.connection("s3"), "bucket": TARGET_BUCKET}
    source.do("object_check", bucket=SOURCE_BUCKET, key=KEY, target=there, wait_timeout=10)


def assert_converged(source: Side, target: Side) -> None:
    """Asserts that another run writes nothing."""
    source.sandbox.clear_calls()
    assert not any(result["changed"] for result in set_up(source, target))
    assert source.writes() == target.writes() == []
