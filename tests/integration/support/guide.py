# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets up replication by hand as Scality's guide describes it, without the modules of this collection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from devtools.places import ROOT
from tests.integration.support.modules import Side

DATA = ROOT / "sandbox" / "data"
TRUST = (DATA / "backbeat-role-trust-policy.json").read_text()
#: The guide's policy document, the same for both roles, with source-bucket and target-bucket.
PERMISSIONS = (DATA / "S3-role-permissions-policy.json").read_text()


def role_by_hand(side: Side, name: str, policy: str, document: str = PERMISSIONS) -> str:
    """Creates a role and a policy, and attaches the policy; returns the role's ARN."""
    made = side.iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    arn = side.iam.create_policy(PolicyName=policy, PolicyDocument=document)["Policy"]["Arn"]
    side.iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return str(made["Role"]["Arn"])


def bucket_by_hand(side: Side, name: str) -> None:
    side.s3.create_bucket(Bucket=name)
    side.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def replication_by_hand(
    side: Side, bucket: str, target_bucket: str, *roles: str, rule: Mapping[str, Any] | None = None
) -> None:
    first = {"Prefix": "", "Status": "Enabled", **(rule or {})}
    destination = {"Bucket": f"arn:aws:s3:::{target_bucket}", **first.pop("Destination", {})}
    side.s3.put_bucket_replication(
        Bucket=bucket,
        ReplicationConfiguration={
            "Role": ",".join(roles),
            "Rules": [{**first, "Destination": destination}],
        },
    )


def guide_by_hand(source: Side, target: Side, document: str = PERMISSIONS) -> tuple[str, str]:
    """Follows the whole guide; returns the ARNs of the two roles."""
    roles = (
        role_by_hand(
            source, "SourceRoleForS3Replication", "SourcePolicyForS3Replication", document
        ),
        role_by_hand(
            target, "TargetRoleForS3Replication", "TargetPolicyForS3Replication", document
        ),
    )
    bucket_by_hand(source, "source-bucket")
    bucket_by_hand(target, "target-bucket")
    replication_by_hand(source, "source-bucket", "target-bucket", *roles)
    return roles


def unrelated_policy(action: str = "s3:*") -> str:
    """A policy document that this collection never writes."""
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
