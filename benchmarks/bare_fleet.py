# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the calls of a second run with a minimal threaded boto3 script, which compares nothing.

Started as a file, with the inventory's path and the number of threads as arguments; only imports boto3.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def main(inventory: Path, threads: int) -> None:
    hosts = json.loads(inventory.read_text())["all"]["hosts"]
    source, target = hosts["node1"], hosts["node6"]
    session = boto3.Session(region_name="us-east-1")
    config = Config(s3={"addressing_style": "path"}, max_pool_connections=threads)

    def client(service: str, host: Any) -> Any:
        place = host[f"replication_{service}"]
        return session.client(
            service,
            endpoint_url=place["endpoint_url"],
            aws_access_key_id=place["access_key"],
            aws_secret_access_key=place["secret_key"],
            config=config,
        )

    source_s3, target_s3 = client("s3", source), client("s3", target)
    pairs = source["replication_pairs"]
    with ThreadPoolExecutor(threads) as pool:
        roles = (("Source", client("iam", source)), ("Target", client("iam", target)))
        for _done in pool.map(lambda role: read_role(*role), roles):
            pass

        def read_pair(pair: dict[str, Any]) -> None:
            source_s3.get_bucket_versioning(Bucket=pair["source_bucket"])
            target_s3.get_bucket_versioning(Bucket=pair["target_bucket"])
            source_s3.get_bucket_replication(Bucket=pair["source_bucket"])

        for _done in pool.map(read_pair, pairs):
            pass


def read_role(side: str, iam: Any) -> None:
    name = f"{side}RoleForS3Replication"
    iam.get_role(RoleName=name)
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    parts = sorted((policy["PolicyArn"] for policy in attached), key=len)
    for part in parts:
        found = iam.get_policy(PolicyArn=part)["Policy"]
        iam.get_policy_version(PolicyArn=part, VersionId=found["DefaultVersionId"])
        if len(parts) > 1:
            iam.list_entities_for_policy(PolicyArn=part)
    try:
        # The policy may have more parts than are attached.
        iam.get_policy(PolicyArn=f"{parts[0]}-{len(parts) + 1}")
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
