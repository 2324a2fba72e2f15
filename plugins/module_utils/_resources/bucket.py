# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bucket: that it exists, where, and its versioning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._clients import s3_buckets
from .._clients.api import Api
from .._clients.errors import Forbidden, Invalid
from .._documents import names
from .plan import Change, Plan, Refused

STATUS = {"enabled": "Enabled", "suspended": "Suspended"}


@dataclass(frozen=True)
class State:
    """A bucket; `versioning` as S3 calls it, "" where it was never set.

    `location` and `empty` are None where nobody asked for them.
    """

    versioning: str
    location: str | None = None
    empty: bool | None = None


class Bucket:
    """What the user wants of a bucket."""

    def __init__(self, api: Api, options: Mapping[str, Any]) -> None:
        self.api = api
        self.name = names.check_bucket_name(options["name"])
        self.present = options["state"] == "present"
        self.versioning = STATUS.get(options["versioning"] or "", "")
        self.location: str | None = options["location"]

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
        if not self.present:
            return State(versioning, empty=s3_buckets.is_empty(self.api, self.name))
        return State(
            versioning, s3_buckets.location(self.api, self.name) if self.location else None
        )

    def plan(self, current: State | None) -> Plan[State]:
        if not self.present:
            return self._removal(current)
        changes: list[Change[State]] = []
        if current is None:
            current = State("", self.location)
            changes.append(Change("CreateBucket", self.name, self._create))
        elif self.location and current.location != self.location:
            raise Refused(
                f"The bucket {self.name} at {self.api.endpoint} is in the location {current.location}, not "
                f"{self.location}, and S3 cannot move a bucket: leave location out, or use another bucket."
            )
        # Setting the state that is there already is refused on buckets with object lock.
        if self.versioning and current.versioning != self.versioning:
            current = replace(current, versioning=self.versioning)
            changes.append(Change("PutBucketVersioning", self.name, self._set_versioning))
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
                f"The bucket {self.name} at {self.api.endpoint} is not empty: "
                "delete its objects first, all versions and delete markers included."
            )
        return Plan(None, (Change("DeleteBucket", self.name, self._delete, removes=True),))

    def _create(self, _before: State | None) -> State:
        s3_buckets.create_bucket(self.api, self.name, self.location)
        return State("", self.location)

    def _set_versioning(self, before: State | None) -> State | None:
        try:
            s3_buckets.put_versioning(self.api, self.name, self.versioning)
        except Invalid as error:
            if error.code == "InvalidBucketState" and "Object Lock" not in error.reason:
                error.advice = "Remove the bucket's replication configuration first (backbeat_bucket_replication)."
            raise
        return before and replace(before, versioning=self.versioning)

    def _delete(self, _before: State | None) -> None:
        s3_buckets.delete_bucket(self.api, self.name)
