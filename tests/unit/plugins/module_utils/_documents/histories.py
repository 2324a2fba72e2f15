# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories of two buckets made up by hypothesis: rows of listings, and what HEAD says of each version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_compare import (
    KEY,
    MARKER,
    VERSION_ID,
    Row,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_questions import (
    Head,
)

#: Ascending by UTF-8 bytes, and not by UTF-16 units or percent encoding.
KEYS = sorted(
    (
        text.encode()
        for text in ("a", "a b", "a%2F", "a/b", "a/é", "b", "é", "\uffee", "\U0001f600")
    ),
)
STATUSES = (None, "PENDING", "PROCESSING", "COMPLETED", "FAILED", "REPLICA")


@dataclass
class Entry:
    """A version on one side."""

    version: bytes
    marker: bool = False
    etag: bytes = b"e1"
    size: int = 1
    status: str | None = "COMPLETED"
    modified: bytes = b"2026-01-01T00:00:00.000Z"

    def row(self, key: bytes, latest: bool) -> Row:
        common = (key, self.version, b"true" if latest else b"false", self.modified)
        if self.marker:
            return (MARKER, *common, b"", b"")
        return (b"Version", *common, self.etag, str(self.size).encode())


@dataclass
class Bucket:
    """Versions by key, newest first."""

    keys: dict[bytes, list[Entry]] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        return [
            entry.row(key, number == 0)
            for key in sorted(self.keys)
            for number, entry in enumerate(self.keys[key])
        ]

    def head(self, key: bytes, version: bytes | None) -> Head | None:
        entries = self.keys.get(key, [])
        chosen = entries[:1] if version is None else [e for e in entries if e.version == version]
        if not chosen or chosen[0].marker:
            return None
        return Head(chosen[0].status, chosen[0].version.decode())


def _entries(ids: Sequence[bytes]) -> st.SearchStrategy[list[Entry]]:
    return st.lists(
        st.builds(
            Entry,
            st.sampled_from(ids),
            marker=st.booleans(),
            etag=st.sampled_from([b"e1", b"e2", b"e1-2"]),
            size=st.integers(0, 2),
            status=st.sampled_from(STATUSES),
            modified=st.sampled_from([b"2026-01-01T00:00:00.000Z", b"2026-01-02T00:00:00.000Z"]),
        ),
        max_size=4,
        unique_by=lambda entry: entry.version,
    )


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Bucket, Bucket]:
    """Two buckets: some keys alike, some not, some on one side only."""
    source, target = Bucket(), Bucket()
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True)):
        entries = draw(_entries([b"null", b"v1", b"v2", b"v3"]))
        other = entries if draw(st.booleans()) else draw(_entries([b"null", b"v1", b"v2", b"v4"]))
        for bucket, chosen in ((source, entries), (target, other)):
            if chosen:
                bucket.keys[key] = chosen
    return source, target


@st.composite
def pages(draw: st.DrawFn, rows: list[Row]) -> list[list[Row]]:
    """The rows cut into pages of any size."""
    cut: list[list[Row]] = []
    while rows:
        size = draw(st.integers(1, 4))
        cut.append(rows[:size])
        rows = rows[size:]
    return cut


def after(rows: list[Row], key: bytes, version: bytes | None) -> list[Row]:
    """What a listing with these markers returns."""
    rest = [row for row in rows if row[KEY] > key]
    if version is None:
        return rest
    same = [row for row in rows if row[KEY] == key]
    ids = [row[VERSION_ID] for row in same]
    return same[ids.index(version) + 1 :] + rest
