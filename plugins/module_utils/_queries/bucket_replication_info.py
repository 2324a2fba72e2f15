# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads how a bucket is replicated, and whether both buckets meet the requirements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._clients import s3_buckets
from .._clients.api import Api
from .._clients.errors import Forbidden, NotFound
from .._clients.service import S3
from .._clients.session import Connections
from .._documents import names, replication
from .._work import Query, UnsupportedConfiguration


@dataclass(frozen=True)
class BucketReplicationInfoRequest:
    """Which bucket to read; target_s3: the connection to the targets, None if they are not read."""

    bucket: str
    target_s3: Mapping[str, Any] | None = field(default=None, repr=False)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> BucketReplicationInfoRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        return cls(names.check_bucket_name(options["bucket"]), options["target_s3"])


class BucketReplicationInfo(Query):
    """Reads a bucket's configuration and versioning, and the target's versioning if it can be read."""

    def __init__(
        self, request: BucketReplicationInfoRequest, here: Api, there: Api | None = None
    ) -> None:
        self.bucket = request.bucket
        self.here = here
        self.there = there

    @classmethod
    def build(
        cls, request: BucketReplicationInfoRequest, connections: Connections
    ) -> BucketReplicationInfo:
        """Build the query for one bucket, with a separate connection for the target."""
        target = request.target_s3
        there = connections.open(S3, target) if target else None
        return cls(request, connections.main, there)

    @staticmethod
    def every(api: Api) -> list[dict[str, Any]]:
        """One item for each bucket of the account."""
        return [{"bucket": name} for name in s3_buckets.buckets(api)]

    def run(self) -> dict[str, Any]:
        seen: dict[str, Any] = {"bucket": None, "replication": None, "unsupported": None}
        seen["target"] = None
        versioning = s3_buckets.versioning(self.here, self.bucket)
        if versioning is None:
            return seen
        seen["bucket"] = {"name": self.bucket, "versioning": versioning.lower() or "unversioned"}
        try:
            stored = s3_buckets.replication(self.here, self.bucket)
        except NotFound:
            return seen
        if stored is None:
            return seen
        try:
            configuration = replication.from_api(stored)
        except UnsupportedConfiguration as error:
            return {**seen, "unsupported": str(error)}
        return {
            **seen,
            "replication": {"bucket": self.bucket, **replication.describe(configuration)},
            "target": self._target(configuration.target_bucket),
        }

    def _target(self, bucket: str) -> dict[str, Any] | None:
        if self.there is None:
            return None
        try:
            versioning = s3_buckets.versioning(self.there, bucket)
        except Forbidden as error:
            return {"name": bucket, "exists": None, "versioning": None, "trouble": str(error)}
        return {
            "name": bucket,
            "exists": versioning is not None,
            "versioning": None if versioning is None else versioning.lower() or "unversioned",
            "trouble": None,
        }
