# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that other users make to a pair, after which objects are not replicated."""

from __future__ import annotations

from tests.integration.support.modules import Side
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    SOURCE_POLICY,
    SOURCE_ROLE,
    TARGET_POLICY,
    TARGET_ROLE,
)

RETENTION = {
    "ObjectLockEnabled": "Enabled",
    "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}},
}


def swap_roles(source: Side, _target: Side) -> None:
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    stored["Role"] = ",".join(reversed(stored["Role"].split(",")))
    source.s3.put_bucket_replication(Bucket=SOURCE_BUCKET, ReplicationConfiguration=stored)


def name_a_role_that_does_not_exist(source: Side, _target: Side) -> None:
    stored = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    stored["Role"] = stored["Role"].replace(TARGET_ROLE, "MissingRole")
    source.s3.put_bucket_replication(Bucket=SOURCE_BUCKET, ReplicationConfiguration=stored)


def detach_the_policy(_source: Side, target: Side) -> None:
    target.iam.detach_role_policy(
        RoleName=TARGET_ROLE, PolicyArn=target.arn("policy", TARGET_POLICY)
    )


def delete_the_role(source: Side, _target: Side) -> None:
    arn = source.arn("policy", SOURCE_POLICY)
    source.iam.detach_role_policy(RoleName=SOURCE_ROLE, PolicyArn=arn)
    source.iam.delete_role(RoleName=SOURCE_ROLE)


def recreate_with_retention(side: Side, bucket: str) -> None:
    """Replace the empty bucket by one with a default retention."""
    stored = {}
    if side.name == "source":
        stored = side.s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    side.s3.delete_bucket(Bucket=bucket)
    side.s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    side.s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=RETENTION)
    if stored:
        side.s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=stored)
