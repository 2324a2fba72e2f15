# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the playbook's calls for the guide's procedure with a minimal boto3 script: reads, writes, and reads again.

Started as a file, with the paths of the inventory and of the guide's documents as arguments; only imports boto3. Its
second run makes the same reads as the playbook's second run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(s3={"addressing_style": "path"})


ABSENT = ("404", "NoSuchEntity", "NoSuchBucket", "ReplicationConfigurationNotFoundError")


def read(call: Callable[..., Any], **arguments: str) -> Any:
    """The response, None if the resource does not exist."""
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ABSENT:
            raise
        return None


def main(inventory: Path, documents: Path) -> None:
    hosts = json.loads(inventory.read_text())["all"]["hosts"]
    trust = (documents / "guide-trust-policy.json").read_text()
    permissions = (documents / "guide-permissions-policy.json").read_text()
    iam, s3 = {}, {}
    for side, host in (("source", "node1"), ("target", "node6")):
        places = hosts[host]["replication_s3"], hosts[host]["replication_iam"]
        session = boto3.Session(profile_name=places[0]["profile"], region_name="us-east-1")
        s3[side], iam[side] = (
            session.client(name, endpoint_url=place["endpoint_url"], config=CONFIG)
            for name, place in zip(("s3", "iam"), places, strict=True)
        )
    roles = []
    for side, client in iam.items():
        name = f"{side.capitalize()}RoleForS3Replication"
        role = read(client.get_role, RoleName=name) or client.create_role(
            RoleName=name, AssumeRolePolicyDocument=trust
        )
        roles.append(role["Role"]["Arn"])
    for (side, client), role in zip(iam.items(), roles, strict=True):
        name = f"{side.capitalize()}PolicyForS3Replication"
        set_policy(client, role.replace(":role/", ":policy/").rpartition("/")[0], name, permissions)
    for side, client in s3.items():
        bucket = f"{side}-bucket"
        if not read(client.get_bucket_versioning, Bucket=bucket):
            client.create_bucket(Bucket=bucket)
            client.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            )
    source = {"Bucket": "source-bucket"}
    if not read(s3["source"].get_bucket_replication, **source):
        rule = {
            "Prefix": "",
            "Status": "Enabled",
            "Destination": {"Bucket": "arn:aws:s3:::target-bucket"},
        }
        s3["source"].put_bucket_replication(
            **source, ReplicationConfiguration={"Role": ",".join(roles), "Rules": [rule]}
        )
        # Read the stored configuration again at the end of the list.
        for _time in range(2):
            s3["source"].get_bucket_replication(**source)
    key = {"Key": "object-to-replicate"}
    if not read(s3["source"].head_object, **source, **key):
        s3["source"].put_object(**source, **key)
        s3["source"].head_object(**source, **key)
    s3["source"].head_object(**source, **key)
    # The time of the replication is not measured here.
    read(s3["target"].head_object, Bucket="target-bucket", **key)


def set_policy(client: Any, place: str, name: str, permissions: str) -> None:
    """Create and attach the policy, or read its document and attachments, and whether there is a second part."""
    role = name.replace("Policy", "Role")
    found = read(client.get_policy, PolicyArn=f"{place}/{name}")
    if not found:
        made = client.create_policy(PolicyName=name, PolicyDocument=permissions)
        client.attach_role_policy(RoleName=role, PolicyArn=made["Policy"]["Arn"])
        return
    arn, version = found["Policy"]["Arn"], found["Policy"]["DefaultVersionId"]
    client.get_policy_version(PolicyArn=arn, VersionId=version)
    client.list_attached_role_policies(RoleName=role)
    read(client.get_policy, PolicyArn=f"{arn}-2")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
