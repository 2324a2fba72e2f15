# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies that replication needs: who may take the roles, and what the roles may do.

Which action is needed where was read from the servers' source; see each function. Buckets are given
by name or ARN, are checked (InvalidDocument), and stand in the documents once and in the order
given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .errors import InvalidDocument
from .names import bucket_arn

Document = dict[str, Any]

_VERSION = "2012-10-17"


def trust_policy(service: str = "backbeat") -> Document:
    """Who may assume the roles: Backbeat, which names itself `backbeat` to IAM."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
            }
        ],
    }


def source_policy(source_buckets: Iterable[str], *, cloud_targets: bool = False) -> Document:
    """What the source role needs and nothing else, on old and new servers.

    Servers since 2025 evaluate s3:ReplicateObject on the source too, and without it replication
    fails with AccessDenied. `cloud_targets` adds the reading of tags, which is needed only to copy
    them to a cloud.
    """
    buckets = _arns(source_buckets, "source")
    actions = ["s3:GetObjectVersion", "s3:GetObjectVersionAcl", "s3:ReplicateObject"]
    if cloud_targets:
        actions.append("s3:GetObjectVersionTagging")
    return _document(
        _allow(actions, _objects(buckets)),
        _allow(["s3:ListBucket", "s3:GetReplicationConfiguration"], buckets),
    )


def target_policy(target_buckets: Iterable[str]) -> Document:
    """What the target role needs and nothing else."""
    buckets = _arns(target_buckets, "target")
    return _document(_allow(["s3:ReplicateObject", "s3:ReplicateDelete"], _objects(buckets)))


def guide_policy(source_buckets: Iterable[str], target_buckets: Iterable[str]) -> Document:
    """The document that Backbeat's guide gives to both roles; for one pair to the letter.

    It lacks s3:ReplicateObject on the source, and gives each role rights on a bucket of the same
    name in the other environment: `source_policy` and `target_policy` are the better ones.
    """
    sources = _arns(source_buckets, "source")
    targets = _objects(_arns(target_buckets, "target"))
    return _document(
        _allow(["s3:GetObjectVersion", "s3:GetObjectVersionAcl"], _objects(sources)),
        _allow(["s3:ListBucket", "s3:GetReplicationConfiguration"], sources),
        _allow(
            ["s3:ReplicateObject", "s3:ReplicateDelete"],
            targets[0] if len(targets) == 1 else targets,
        ),
    )


def _arns(buckets: Iterable[str], side: str) -> list[str]:
    arns = list(dict.fromkeys(bucket_arn(bucket) for bucket in buckets))
    if not arns:
        raise InvalidDocument(
            f"No {side} bucket is named, so there is nothing to permit: name at least one {side} "
            "bucket."
        )
    return arns


def _objects(buckets: list[str]) -> list[str]:
    return [f"{bucket}/*" for bucket in buckets]


def _allow(actions: list[str], resources: list[str] | str) -> Document:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _document(*statements: Document) -> Document:
    return {"Version": _VERSION, "Statement": list(statements)}
