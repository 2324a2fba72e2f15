# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's procedure as the shortest boto3 script: no check, no second run.

Started as a file, with the inventory's and the guide's documents' places as arguments; imports nothing but boto3.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CONFIG = Config(s3={"addressing_style": "path"})


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
    for side in iam:
        name = f"{side.capitalize()}RoleForS3Replication"
        made = iam[side].create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        roles.append(made["Role"]["Arn"])
    for side in iam:
        name = f"{side.capitalize()}PolicyForS3Replication"
        made = iam[side].create_policy(PolicyName=name, PolicyDocument=permissions)
        role = f"{side.capitalize()}RoleForS3Replication"
        iam[side].attach_role_policy(RoleName=role, PolicyArn=made["Policy"]["Arn"])
    for side in s3:
        s3[side].create_bucket(Bucket=f"{side}-bucket")
    for side in s3:
        s3[side].put_bucket_versioning(
            Bucket=f"{side}-bucket", VersioningConfiguration={"Status": "Enabled"}
        )
    rule = {
        "Prefix": "",
        "Status": "Enabled",
        "Destination": {"Bucket": "arn:aws:s3:::target-bucket"},
    }
    s3["source"].put_bucket_replication(
        Bucket="source-bucket",
        ReplicationConfiguration={"Role": ",".join(roles), "Rules": [rule]},
    )
    s3["source"].put_object(Bucket="source-bucket", Key="object-to-replicate")
    s3["source"].head_object(Bucket="source-bucket", Key="object-to-replicate")
    try:
        s3["target"].head_object(Bucket="target-bucket", Key="object-to-replicate")
    except ClientError as error:
        # Whether it has arrived by now is not the question here.
        if error.response["Error"]["Code"] != "404":
            raise


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
