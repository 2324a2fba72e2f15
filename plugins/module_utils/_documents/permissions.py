# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requirements of replication for roles: trust policies, and the permissions of each side.

`required_permissions` is the only table of permissions: generated policies and preflight use it. Source: the servers'
public source code. Servers since 2025 (S3C 9.5.2) also check s3:ReplicateObject on the source, and replication fails
with AccessDenied without it.

Buckets are given by name or ARN and are validated (InvalidDocument). Each occurs once in the documents, in the given
order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .._work import InvalidDocument
from .names import bucket_arn

Document = dict[str, Any]

_VERSION = "2012-10-17"


@dataclass(frozen=True)
class Permission:
    """An action that Backbeat performs with a role, on the bucket or on its objects.

    since_2025: True if only servers since 2025 check it, False if only older servers do.
    """

    action: str
    on_objects: bool
    since_2025: bool | None = None

    def is_checked_by(self, since_2025: bool | None) -> bool:
        """Whether such servers may check it; None: the kind of servers is unknown."""
        return None in (self.since_2025, since_2025) or self.since_2025 == since_2025


_SOURCE = (
    Permission("s3:GetObjectVersion", on_objects=True),
    Permission("s3:GetObjectVersionAcl", on_objects=True, since_2025=False),
    Permission("s3:ReplicateObject", on_objects=True, since_2025=True),
    Permission("s3:ListBucket", on_objects=False, since_2025=False),
    Permission("s3:GetReplicationConfiguration", on_objects=False),
)
# Only replication to clouds reads tags.
_SOURCE_FOR_CLOUDS = (Permission("s3:GetObjectVersionTagging", on_objects=True),)
_TARGET = (
    Permission("s3:ReplicateObject", on_objects=True),
    Permission("s3:ReplicateDelete", on_objects=True),
)


def required_permissions(side: str, clouds: bool = False) -> Sequence[Permission]:
    """The permissions that a side's role requires; side: "source" or "target".

    clouds: objects are replicated to clouds too.
    """
    if side == "target":
        return _TARGET
    return (*_SOURCE, *_SOURCE_FOR_CLOUDS) if clouds else _SOURCE


def trust_policy(service: str = "backbeat") -> Document:
    """The trust policy that lets Backbeat, the service `backbeat` in IAM, assume a role."""
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
    """The least-privilege policy of the source role, for old and new servers."""
    return _least("source", source_buckets, cloud_targets)


def target_policy(target_buckets: Iterable[str]) -> Document:
    """The least-privilege policy of the target role."""
    return _least("target", target_buckets)


def guide_policy(source_buckets: Iterable[str], target_buckets: Iterable[str]) -> Document:
    """The policy of Backbeat's guide for both roles; identical to the guide's for one pair.

    It lacks s3:ReplicateObject on the source, and grants each role access to a bucket of the same
    name in the other environment. Prefer `source_policy` and `target_policy`.
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


def _least(side: str, buckets: Iterable[str], clouds: bool = False) -> Document:
    arns = _arns(buckets, side)
    permissions = required_permissions(side, clouds)
    statements = [
        _allow([one.action for one in permissions if one.on_objects], _objects(arns)),
        _allow([one.action for one in permissions if not one.on_objects], arns),
    ]
    return _document(*(statement for statement in statements if statement["Action"]))


def _arns(buckets: Iterable[str], side: str) -> list[str]:
    arns = list(dict.fromkeys(bucket_arn(bucket) for bucket in buckets))
    if not arns:
        raise InvalidDocument(
            f"A policy for the {side} role needs buckets: name at least one {side} bucket."
        )
    return arns


def _objects(buckets: list[str]) -> list[str]:
    return [f"{bucket}/*" for bucket in buckets]


def _allow(actions: list[str], resources: list[str] | str) -> Document:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _document(*statements: Document) -> Document:
    return {"Version": _VERSION, "Statement": list(statements)}
