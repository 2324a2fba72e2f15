# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a verification's report: sides, problems, gaps and tallies, each with its JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from .._work import InvalidDocument
from .verify_states import STATE

SCHEMA = "scality.backbeat.verify/1"


@dataclass
class Tally:
    """A number, its bytes, and the smallest and largest LastModified (ISO 8601 in UTC, None for none)."""

    count: int = 0
    bytes: int = 0
    oldest: str | None = None
    newest: str | None = None

    def add(self, count: int, size: int, oldest: str | None, newest: str | None) -> None:
        self.count += count
        self.bytes += size
        if oldest is not None and (self.oldest is None or oldest < self.oldest):
            self.oldest = oldest
        if newest is not None and (self.newest is None or newest > self.newest):
            self.newest = newest

    def as_dict(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "bytes": self.bytes,
            "oldest": self.oldest,
            "newest": self.newest,
        }


@dataclass(frozen=True)
class Side:
    """The place of one side. `name`: its name in reports, such as the inventory's host."""

    name: str
    endpoint_url: str
    bucket: str

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "endpoint_url": self.endpoint_url, "bucket": self.bucket}


@dataclass(frozen=True)
class Problem:
    """One version (or key) that is not in sync; a line of the problems file.

    etag without quotes; modified ISO 8601; status: the ReplicationStatus from HEAD, None if not read or absent; reason:
    a keyword for the cause of the state; detail: the same as text. pending_since: when a report first had it as
    PENDING, for the next run.
    """

    key: str
    version_id: str
    state: str
    side: str
    delete_marker: bool = False
    size: int | None = None
    etag: str | None = None
    modified: str | None = None
    status: str | None = None
    reason: str = ""
    detail: str = ""
    pending_since: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """{"schema", "state", "sign", "key", "version_id", "side": "source" | "target" | "both", ..}."""
        return {
            "schema": SCHEMA,
            "state": self.state,
            "sign": STATE[self.state].sign,
            "key": self.key,
            "version_id": self.version_id,
            "side": self.side,
            "delete_marker": self.delete_marker,
            "size": self.size,
            "etag": self.etag,
            "modified": self.modified,
            "status": self.status,
            "reason": self.reason,
            "detail": self.detail,
            "pending_since": self.pending_since,
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Problem:
        check_schema(given)
        return cls(**{one.name: given[one.name] for one in fields(cls)})


@dataclass(frozen=True)
class Gap:
    """Why a report is incomplete, and for which keys: those after `after` up to and including `until`.

    reason: a keyword such as "listing-failed", "head-refused", "range-lost". "" and None are the ends of the bucket.
    """

    reason: str
    message: str
    after: str = ""
    until: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "message": self.message,
            "after": self.after,
            "until": self.until,
        }


def check_schema(given: Mapping[str, Any]) -> None:
    """Raise InvalidDocument for data of another version of the collection."""
    schema = given.get("schema")
    if schema != SCHEMA:
        raise InvalidDocument(
            f"This is not a report with the schema {SCHEMA} (its schema is {schema!r}): "
            "verify again with this version of the collection."
        )
