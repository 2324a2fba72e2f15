# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of one side, read with boto3 and without the collection's code, as JSON on standard output.

Usage: read.py S3_URL IAM_URL PROFILE PREFIX; only resources whose name begins with PREFIX are printed.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def main(s3_url: str, iam_url: str, profile: str, prefix: str) -> None:
    session = boto3.Session(profile_name=profile, region_name="us-east-1")
    iam = session.client("iam", endpoint_url=iam_url)
    s3 = session.client("s3", endpoint_url=s3_url, config=Config(s3={"addressing_style": "path"}))
    found = {
        "roles": {
            one["RoleName"]: role(iam, one)
            for one in iam.list_roles()["Roles"]
            if one["RoleName"].startswith(prefix)
        },
        "policies": {
            one["PolicyName"]: document(iam, one["Arn"])
            for one in iam.list_policies(Scope="Local")["Policies"]
            if one["PolicyName"].startswith(prefix)
        },
        "buckets": {
            one["Name"]: bucket(s3, one["Name"])
            for one in s3.list_buckets()["Buckets"]
            if one["Name"].startswith(prefix)
        },
    }
    json.dump(found, sys.stdout)


def role(iam: Any, listed: dict[str, Any]) -> dict[str, Any]:
    answer = iam.list_attached_role_policies(RoleName=listed["RoleName"])
    return {
        "arn": listed["Arn"],
        "trusts": listed["AssumeRolePolicyDocument"]["Statement"][0]["Principal"],
        "policies": [one["PolicyName"] for one in answer["AttachedPolicies"]],
    }


def document(iam: Any, arn: str) -> Any:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def bucket(s3: Any, name: str) -> dict[str, Any]:
    try:
        answer = s3.get_bucket_replication(Bucket=name)["ReplicationConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ReplicationConfigurationNotFoundError":
            raise
        answer = None
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=name).get("Contents", [])]
    return {
        "versioning": s3.get_bucket_versioning(Bucket=name).get("Status"),
        "replication": answer,
        "objects": {
            key: s3.head_object(Bucket=name, Key=key).get("ReplicationStatus") for key in keys
        },
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
