# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of both sides of the sandbox, without the values that differ from run to run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.integration.support.modules import Side

Permission = tuple[str, str, str]
#: How long a version may be pending, in seconds; the sandbox replicates it after milliseconds.
REPLICATION_TIMEOUT = 10.0


def state_of(*sides: Side) -> dict[str, Any]:
    """Every role, policy, bucket and object version, in a form in which equal states are equal."""
    return {side.name: {"iam": _iam(side), "s3": _s3(side)} for side in sides}


def permissions_of(*sides: Side) -> dict[str, frozenset[Permission]]:
    """The permissions in each role's attached policies: (effect, action, resource), by role."""
    held: dict[str, frozenset[Permission]] = {}
    for side in sides:
        found = _iam(side)
        for name, role in found["roles"].items():
            documents = [found["policies"][attached]["document"] for attached in role["attached"]]
            held[f"{side.name} {name}"] = frozenset(
                permission for document in documents for permission in _permissions(document)
            )
    return held


def _permissions(document: Any) -> Iterator[Permission]:
    for statement in document["Statement"]:
        for action in _list(statement["Action"]):
            for resource in _list(statement["Resource"]):
                yield statement["Effect"], action, resource


def _iam(side: Side) -> dict[str, Any]:
    found = side.iam.get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"])
    assert not found["IsTruncated"]
    roles = {
        role["RoleName"]: {
            "trust": role["AssumeRolePolicyDocument"],
            "attached": sorted(one["PolicyName"] for one in role["AttachedManagedPolicies"]),
        }
        for role in found["RoleDetailList"]
    }
    policies = {
        policy["Arn"].rsplit("/", 1)[-1]: {
            "document": next(
                one["Document"] for one in policy["PolicyVersionList"] if one["IsDefaultVersion"]
            ),
            "versions": len(policy["PolicyVersionList"]),
            "attachments": policy["AttachmentCount"],
        }
        for policy in found["Policies"]
    }
    return {"roles": roles, "policies": policies}


def _s3(side: Side) -> dict[str, Any]:
    return {
        bucket["Name"]: {
            "versioning": side.s3.get_bucket_versioning(Bucket=bucket["Name"]).get("Status"),
            "replication": _replication(side, bucket["Name"]),
            "versions": _versions(side, bucket["Name"]),
        }
        for bucket in side.s3.list_buckets()["Buckets"]
    }


def _replication(side: Side, bucket: str) -> Any:
    try:
        found = side.s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ReplicationConfigurationNotFoundError":
            raise
        return None
    # For a rule without an ID, the server generates a new one at every put.
    rules = [{k: v for k, v in rule.items() if k != "ID"} for rule in found["Rules"]]
    return {"role": found["Role"], "rules": rules}


def _versions(side: Side, bucket: str) -> list[tuple[str, str, str]]:
    """(key, ETag, replication status) of each version, after waiting until none is pending."""
    found = side.s3.list_object_versions(Bucket=bucket).get("Versions", [])
    return [(one["Key"], one["ETag"], _final_status(side, bucket, one)) for one in found]


def _final_status(side: Side, bucket: str, version: dict[str, Any]) -> str:
    where = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
    end = time.monotonic() + REPLICATION_TIMEOUT
    while (status := side.s3.head_object(**where).get("ReplicationStatus", "")) == "PENDING":
        assert time.monotonic() < end, f"{where} is still PENDING"
        time.sleep(0.02)
    return str(status)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
