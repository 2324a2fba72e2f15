# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HEAD requests that are needed to decide the states of a key's versions, and the context for judging them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from .replication import PENDING_STATUSES
from .verify_compare import ETAG, KIND, LATEST, MARKER, NULL, SIZE, VERSION_ID, Case, Row
from .verify_pairing import unpaired

#: Kinds of listing differences; each has its own limit for inspections.
ONLY_SOURCE, ONLY_TARGET, OTHER_ETAG, OTHER_SIZE, NULL_VERSION = KINDS = (
    "only_source",
    "only_target",
    "other_etag",
    "other_size",
    "null_version",
)
SIDES = ("source", "target")


@dataclass(frozen=True)
class Ask:
    """A HEAD request for a version, or with None for the key's current version."""

    side: str
    version_id: bytes | None
    kind: str


@dataclass(frozen=True)
class Head:
    """The result of a HEAD request. `status`: the ReplicationStatus, for the site if the server has one per site.

    roles: the roles stamped on the version, None if they cannot be read. source_id: on a cloud's copy, the version id
    of its source; copy_id: at the source, the version id of its copy in the cloud.
    """

    status: str | None
    version_id: str | None
    encrypted: bool = False
    roles: str | None = None
    source_id: str | None = None
    copy_id: str | None = None


Heads: TypeAlias = Mapping[tuple[str, "bytes | None"], "Head | None"]


@dataclass(frozen=True)
class Context:
    """The facts about the pair and the run for judging. Times are in ISO 8601 (UTC), all in the same form.

    prefixes: of the enabled rules, None if the configuration cannot be read (all keys count as selected then). roles:
    of the configuration, in its form, None if they are not compared. started: by the servers' clock; later changes are
    read again before they count. stuck_before: a version that was first PENDING before this moment is stuck.
    pending_since: the last time when an earlier report read a version as PENDING, or we sent it; None if never.
    """

    prefixes: Sequence[bytes] | None = None
    back_prefixes: Sequence[bytes] | None = None
    both_ways: bool = False
    roles: str | None = None
    cloud: bool = False
    started: str = ""
    stuck_before: str = ""
    pending_since: Callable[[str, str], str | None] = lambda key, version_id: None

    def with_roles(self, head: Head | None, read: Callable[[], str | None]) -> Head | None:
        """The Head with the roles with which the version was put, read if its state depends on them."""
        if head is None or self.roles is None or head.status not in PENDING_STATUSES:
            return head
        return replace(head, roles=read())


def questions(case: Case, context: Context) -> list[Ask]:
    """The HEAD requests that decide a case."""
    return list(dict.fromkeys(_asks(case, context)))


def _asks(case: Case, context: Context) -> Iterator[Ask]:
    if context.cloud:
        for side, row in unpaired(case):
            yield Ask(side, row[VERSION_ID], ONLY_SOURCE if side == "source" else ONLY_TARGET)
        return
    source, target = by_id(case)
    for version, row in source.items():
        other = target.get(version)
        if other is None:
            if row[KIND] != MARKER:
                yield Ask("source", row[VERSION_ID], ONLY_SOURCE)
            continue
        kind = difference(row, other, context)
        if kind in (OTHER_ETAG, OTHER_SIZE):
            yield Ask("source", row[VERSION_ID], kind)
            yield Ask("target", other[VERSION_ID], kind)
        elif kind == NULL_VERSION:
            for side in SIDES:
                yield Ask(side, NULL, kind)
                yield Ask(side, None, kind)
    for version, row in target.items():
        if version not in source and row[KIND] != MARKER:
            yield Ask("target", row[VERSION_ID], ONLY_TARGET)


def by_id(case: Case) -> tuple[dict[bytes, Row], dict[bytes, Row]]:
    """The rows of both sides by version id, newest first."""
    source, target = ({row[VERSION_ID]: row for row in rows} for rows in (case.source, case.target))
    return source, target


def difference(row: Row, other: Row, context: Context) -> str:
    """The kind of difference between two rows of the same version; "" if the listings show that they are equal."""
    if row[KIND] != other[KIND]:
        return "kind"
    if row[KIND] == MARKER:
        return ""
    if row[SIZE] != other[SIZE]:
        return OTHER_SIZE
    if row[ETAG] != other[ETAG]:
        # The ETag of a multipart upload depends on the sizes of its parts.
        return "parts" if b"-" in row[ETAG] or b"-" in other[ETAG] else OTHER_ETAG
    if row[VERSION_ID] == NULL and row[LATEST] != b"true" and not context.cloud:
        return NULL_VERSION
    return ""
