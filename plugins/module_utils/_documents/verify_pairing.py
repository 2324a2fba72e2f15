# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assigns the versions in a cloud to their source versions.

Clouds assign their own version ids. A copy's metadata has its source's id (scal-version-id), and the source's HEAD has
its copy's id (<site>-version-id). They are only read if the listings are not sufficient, because that takes a request
for each version: if content and order of a key's versions are equal on both sides, its copies exist, whatever their ids
are.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from .verify_compare import ETAG, KIND, MARKER, SIZE, VERSION_ID, Case, Row


class Named(Protocol):
    """The ids of a version's counterpart, from HEAD."""

    @property
    def source_id(self) -> str | None:
        """The source's version id in a copy's metadata."""

    @property
    def copy_id(self) -> str | None:
        """The copy's version id in the source version's metadata."""


Heads: TypeAlias = "Mapping[tuple[str, bytes | None], Named | None]"
Content: TypeAlias = "tuple[bytes, ...]"


def unpaired(case: Case) -> Iterator[tuple[str, Row]]:
    """Versions whose counterparts are not clear from the listings, each with its side; markers have no HEAD."""
    if _same(case):
        return
    sides = {"source": case.source, "target": case.target}
    counts = [Counter(map(_content, rows)) for rows in sides.values()]
    for side, rows in sides.items():
        for row in rows:
            if row[KIND] != MARKER and any(count[_content(row)] != 1 for count in counts):
                yield side, row


def paired(case: Case, heads: Heads) -> tuple[dict[bytes, Row], dict[bytes, Row]]:
    """The rows of both sides, newest first: the source's by version id, and each copy by the id of its source.

    A copy without a source is under a key that cannot be a version id.
    """
    source = {row[VERSION_ID]: row for row in case.source}
    if _same(case):
        return source, dict(zip(source, case.target, strict=True))
    origins = _by_metadata(source, case.target, heads)
    taken = set(origins.values())
    # Copies with another source's id belong to that one, wherever it is; copies without an id are matched by content.
    waiting: defaultdict[Content, deque[bytes]] = defaultdict(deque)
    for version, row in source.items():
        if version not in taken:
            waiting[_content(row)].append(version)
    for row in case.target:
        head = heads.get(("target", row[VERSION_ID]))
        named = head is not None and head.source_id
        if row[VERSION_ID] not in origins and not named and waiting[_content(row)]:
            origins[row[VERSION_ID]] = waiting[_content(row)].popleft()
    return source, {
        origins.get(row[VERSION_ID], b"target\0" + row[VERSION_ID]): row for row in case.target
    }


def _by_metadata(
    source: Mapping[bytes, Row], target: Sequence[Row], heads: Heads
) -> dict[bytes, bytes]:
    """The source's version id of each copy, if the metadata of one of the two has it."""
    origins: dict[bytes, bytes] = {}
    copies = {row[VERSION_ID] for row in target}
    for version in source:
        head = heads.get(("source", version))
        copy = head.copy_id.encode() if head is not None and head.copy_id else b""
        if copy in copies:
            origins[copy] = version
    taken = set(origins.values())
    for row in target:
        head = heads.get(("target", row[VERSION_ID]))
        origin = head.source_id.encode() if head is not None and head.source_id else b""
        # A version that was sent twice has two copies, of which the newer one counts.
        if origin in source and origin not in taken and row[VERSION_ID] not in origins:
            origins[row[VERSION_ID]] = origin
            taken.add(origin)
    return origins


def _same(case: Case) -> bool:
    """Whether both sides have the same contents in the same order."""
    return list(map(_content, case.source)) == list(map(_content, case.target))


def _content(row: Row) -> Content:
    return (row[KIND],) if row[KIND] == MARKER else (row[KIND], row[ETAG], row[SIZE])
