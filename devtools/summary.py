# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an environment holds that matters to replication, read from its servers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox import SandboxEnvironment


@dataclass
class Seen:
    """What is there: names or ARNs to what is worth saying about them."""

    name: str
    roles: dict[str, list[str]] = field(default_factory=dict)  # ARN: ARNs of attached policies
    buckets: dict[str, str] = field(default_factory=dict)  # name: versioning state
    rules: dict[str, list[str]] = field(default_factory=dict)  # bucket: one line a rule
    objects: dict[str, str] = field(default_factory=dict)  # key: ReplicationStatus


def look(side: SandboxEnvironment) -> Seen:
    """Ask the side's IAM and S3 for all that the account has."""
    seen = Seen(side.name)
    iam, s3 = side.client("iam"), side.client("s3")
    for role in iam.list_roles()["Roles"]:
        attached = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
        seen.roles[role["Arn"]] = [policy["PolicyArn"] for policy in attached]
    for bucket in (bucket["Name"] for bucket in s3.list_buckets()["Buckets"]):
        seen.buckets[bucket] = s3.get_bucket_versioning(Bucket=bucket).get("Status", "never set")
        seen.rules[bucket] = rules(s3, bucket)
        for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            head = s3.head_object(Bucket=bucket, Key=item["Key"])
            seen.objects[item["Key"]] = head.get("ReplicationStatus", "no status")
    return seen


def rules(s3: Any, bucket: str) -> list[str]:
    """One line for each replication rule of the bucket, none when it has no configuration."""
    try:
        answer = s3.get_bucket_replication(Bucket=bucket)
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ReplicationConfigurationNotFoundError":
            raise
        return []
    return [
        f"{rule['Status'].lower()}, prefix '{rule['Prefix']}', to {rule['Destination']['Bucket']}"
        for rule in answer["ReplicationConfiguration"]["Rules"]
    ]


def show(seen: Seen) -> None:
    print(f"{seen.name}:")
    for role, policies in seen.roles.items():
        print(f"  role    {role}")
        for policy in policies:
            print(f"  policy  {policy} (attached to it)")
    for bucket, versioning in seen.buckets.items():
        print(f"  bucket  {bucket}, versioning {versioning}")
        for rule in seen.rules[bucket]:
            print(f"  rule    {rule}")
    for key, status in seen.objects.items():
        print(f"  object  {key}: {status}")
