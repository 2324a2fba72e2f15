# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Backbeat does as each of the two roles, and on which servers that is checked.

Source: read in the servers' public source. Servers since 2025 (S3C 9.5.2) check s3:ReplicateObject on the source too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..._documents.coverage import Resource
from ..._documents.names import bucket_arn


@dataclass(frozen=True)
class Need:
    """An action, on the bucket or on its objects; `since_2025` True for newer servers only, False for older only."""

    action: str
    on_objects: bool
    since_2025: bool | None = None

    def is_wanted(self, since_2025: bool | None) -> bool:
        """Whether such servers may check it; None stands for servers that nobody knows."""
        return None in (self.since_2025, since_2025) or self.since_2025 == since_2025

    def resources(self, bucket: str, prefixes: Iterable[str]) -> list[Resource]:
        """The bucket, or all its keys below each of the prefixes."""
        arn = bucket_arn(bucket)
        if not self.on_objects:
            return [Resource(arn)]
        return [Resource(f"{arn}/{prefix}", below=True) for prefix in prefixes]


_SOURCE = (
    Need("s3:GetReplicationConfiguration", on_objects=False),
    Need("s3:ListBucket", on_objects=False, since_2025=False),
    Need("s3:GetObjectVersion", on_objects=True),
    Need("s3:GetObjectVersionAcl", on_objects=True, since_2025=False),
    Need("s3:ReplicateObject", on_objects=True, since_2025=True),
)
_SOURCE_FOR_CLOUDS = (Need("s3:GetObjectVersionTagging", on_objects=True),)
_TARGET = (
    Need("s3:ReplicateObject", on_objects=True),
    Need("s3:ReplicateDelete", on_objects=True),
)


def needs_of(side: str, clouds: bool = False) -> Sequence[Need]:
    """What the role of that side has to be allowed; `clouds`: objects go to clouds too."""
    if side == "target":
        return _TARGET
    return (*_SOURCE, *_SOURCE_FOR_CLOUDS) if clouds else _SOURCE
