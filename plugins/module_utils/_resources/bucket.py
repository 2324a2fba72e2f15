# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manages a bucket: its existence, location and versioning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._clients import s3_buckets
from .._clients.api import Api
from .._clients.errors import Forbidden, Invalid
from .._documents import names
from .._work import Change, Plan, Refused

STATUS = {"enabled": "Enabled", "suspended": "Suspended"}


@dataclass(frozen=True)
class State:
    """A bucket; `versioning`: S3's value, "" if it was never set.

    `location` and `empty` are None if they were not read.
    """

    versioning: str
    location: str | None = None
    empty: bool | None = None


@dataclass(frozen=True)
class BucketRequest:
    """The desired state of a bucket; `versioning`: S3's value, None keeps the current one."""

    name: str
    versioning: str | None = None
    location: str | None = None
    present: bool = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> BucketRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        return cls(
            name=names.check_bucket_name(options["name"]),
            versioning=options["versioning"] and STATUS[options["versioning"]],
            location=options["location"],
            present=options["state"] == "present",
        )


class Bucket:
    """The resource "bucket"."""

    def __init__(self, request: BucketRequest, api: Api) -> None:
        self.request = request
        self.api = api
        self.name = request.name

    def read(self) -> State | None:
        try:
            versioning = s3_buckets.versioning(self.api, self.name)
        except Forbidden as error:
            if error.code == "AccessDenied":
                error.advice = (
                    "A bucket of that name may belong to another account: choose another name, use that account's "
                    "credentials, or check the permissions of these."
                )
            raise
        if versioning is None:
            return None
        if not self.request.present:
            return State(versioning, empty=s3_buckets.is_empty(self.api, self.name))
        return State(
            versioning, s3_buckets.location(self.api, self.name) if self.request.location else None
        )

    def plan(self, current: State | None) -> Plan[State]:
        if not self.request.present:
            return self._removal(current)
        changes: list[Change[State]] = []
        if current is None:
            current = State("", self.request.location)
            changes.append(Change("CreateBucket", self.name, self._create))
        elif self.request.location and current.location != self.request.location:
            raise Refused(
                f"The bucket {self.name} at {self.api.endpoint} is in the location {current.location}, not "
                f"{self.request.location}, and the location of a bucket cannot be changed: leave location out, or "
                "use another bucket."
            )
        # On buckets with object lock, servers refuse to set versioning, even to its current state.
        status = self.request.versioning
        if status and current.versioning != status:
            current = replace(current, versioning=status)
            changes.append(
                Change(
                    "PutBucketVersioning",
                    self.name,
                    lambda state: self._set_versioning(state, status),
                )
            )
        return Plan(current, tuple(changes))

    def describe(self, state: State | None) -> dict[str, Any] | None:
        if state is None:
            return None
        return {"name": self.name, **self.compared(state)}

    def compared(self, state: State | None) -> dict[str, Any]:
        if state is None:
            return {}
        return {
            "versioning": state.versioning.lower() or "unversioned",
            "location": state.location,
        }

    def _removal(self, current: State | None) -> Plan[State]:
        if current is None:
            return Plan(None)
        if current.empty is False:
            raise Refused(
                f"The bucket {self.name} at {self.api.endpoint} is not empty: delete its objects first, "
                "including all versions and delete markers."
            )
        return Plan(None, (Change("DeleteBucket", self.name, self._delete, removes=True),))

    def _create(self, _before: State | None) -> State:
        s3_buckets.create_bucket(self.api, self.name, self.request.location)
        return State("", self.request.location)

    def _set_versioning(self, before: State | None, status: str) -> State | None:
        try:
            s3_buckets.put_versioning(self.api, self.name, status)
        except Invalid as error:
            if error.code == "InvalidBucketState" and "Object Lock" not in error.reason:
                error.advice = "Remove the bucket's replication configuration first (backbeat_bucket_replication)."
            raise
        return before and replace(before, versioning=status)

    def _delete(self, _before: State | None) -> None:
        s3_buckets.delete_bucket(self.api, self.name)
