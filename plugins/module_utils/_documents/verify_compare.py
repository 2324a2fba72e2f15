# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merges the listings of two buckets in blocks, and finds the keys that differ.

Rows are tuples of bytes as in a listing: most versions are in sync, and whole blocks of equal tuples are compared in C.
The merge relies on the order of keys by their UTF-8 bytes, so `in_order` checks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .._work import Failure

#: (kind, key, version id, is latest, LastModified, ETag, size): b"Version" or b"DeleteMarker", key in UTF-8, b"true" or
#: b"false", ISO 8601 in UTC, without quotes, digits. Delete markers may have neither ETag nor size.
Row = tuple[bytes, ...]
KIND, KEY, VERSION_ID, LATEST, MODIFIED, ETAG, SIZE = range(7)
MARKER = b"DeleteMarker"
NULL = b"null"
#: The number of equal versions of one key after which they are counted before the rest of the key is read.
LONG_KEY = 5_000
#: The maximum number of versions of a key that differs.
MOST_VERSIONS = 100_000
#: The maximum number of differing keys in a block.
MOST_CASES = 500
#: Rows that are alike in one block, after which the position moves.
MOST_EQUAL = 1000


class Disordered(Failure):
    """A listing is not sorted by key, or has repeated rows."""


class TooManyVersions(Failure):
    """A key that differs has more versions than can be compared."""


@dataclass(frozen=True)
class Position:
    """The place up to which two listings are compared: a key, or a version id within it.

    marker: whether a delete marker is among the key's compared versions.
    """

    key: bytes = b""
    version_id: bytes | None = None
    marker: bool = False


@dataclass(frozen=True)
class Case:
    """A key whose state the listings alone do not show: its rows on both sides, newest first.

    covered: whether a newer version, equal on both sides, is a delete marker; partial: whether newer versions were
    compared before.
    """

    key: bytes
    source: tuple[Row, ...]
    target: tuple[Row, ...]
    covered: bool = False
    partial: bool = False


@dataclass
class Count:
    """Counts of versions in a listing: number, bytes, delete markers, and the range of LastModified."""

    count: int = 0
    size: int = 0
    markers: int = 0
    oldest: bytes | None = None
    newest: bytes | None = None

    def add(self, rows: Iterable[Row]) -> None:
        columns = list(zip(*rows, strict=True))
        if not columns:
            return
        self.count += len(columns[KIND])
        self.size += sum(map(int, filter(None, columns[SIZE])))
        self.markers += columns[KIND].count(MARKER)
        oldest, newest = min(columns[MODIFIED]), max(columns[MODIFIED])
        if self.oldest is None or oldest < self.oldest:
            self.oldest = oldest
        if self.newest is None or newest > self.newest:
            self.newest = newest


@dataclass
class Block:
    """A compared block of both listings: equal versions, differing keys, and the position of its end."""

    equal: Count = field(default_factory=Count)
    #: The equal rows, for samples.
    rows: list[Row] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    position: Position = field(default_factory=Position)


def in_order(pages: Iterable[list[Row]], side: str) -> Iterator[list[Row]]:
    """The pages. Raises Disordered, with `side` in its text, if keys do not ascend or a row is repeated."""
    last_key = b""
    last_ids: set[bytes] = set()
    for rows in pages:
        if not rows:
            continue
        keys = [row[KEY] for row in rows]
        if keys[0] < last_key or keys != sorted(keys):
            raise Disordered(
                f"The listing of the {side} bucket is not in the order of the keys' UTF-8 bytes "
                f"(after {_shown(max(last_key, keys[0]))})."
            )
        if keys[0] != last_key and len(set(keys)) == len(keys):
            # Most keys have one version.
            last_key, last_ids = keys[-1], {rows[-1][VERSION_ID]}
            yield rows
            continue
        names = {(row[KEY], row[VERSION_ID]) for row in rows}
        repeated = len(names) < len(rows)
        if keys[0] == last_key and not repeated:
            repeated = any((last_key, version) in names for version in last_ids)
        if repeated:
            raise Disordered(
                f"The listing of the {side} bucket repeats rows (near {_shown(keys[0])})."
            )
        last_key = keys[-1]
        last_ids = {version for key, version in names if key == last_key}
        yield rows


class _Listing:
    """The uncompared rows of one side."""

    def __init__(self, pages: Iterable[list[Row]]) -> None:
        self._pages = iter(pages)
        self.rows: list[Row] = []
        self.at = 0
        self.ended = False

    @property
    def left(self) -> int:
        return len(self.rows) - self.at

    @property
    def key(self) -> bytes | None:
        """The key of the next row, None at the end."""
        return self.rows[self.at][KEY] if self.left else None

    def more(self) -> bool:
        """Read another page. Returns False if there is none."""
        for page in self._pages:
            if page:
                self.rows = self.rows[self.at :] + page
                self.at = 0
                return True
        self.ended = True
        return False

    def take(self, count: int) -> list[Row]:
        taken = self.rows[self.at : self.at + count]
        self.at += count
        return taken

    def take_key(self, key: bytes) -> list[Row]:
        """Take all rows of the key, which is the next one or missing."""
        taken: list[Row] = []
        while True:
            while self.left and self.rows[self.at][KEY] == key:
                taken.append(self.rows[self.at])
                self.at += 1
            if len(taken) > MOST_VERSIONS:
                raise TooManyVersions(
                    f"The key {_shown(key)} differs and has more than {MOST_VERSIONS:,} versions, which are not held "
                    "in memory: verify the keys before and after it as ranges (backbeat_verify)."
                )
            if self.left or not self.more():
                return taken


def compare(
    source: Iterable[list[Row]],
    target: Iterable[list[Row]],
    begin: Position | None = None,
) -> Iterator[Block]:
    """Compare two listings in the order of their keys; each Block continues after the previous one.

    `begin`: the place where the listings begin if it is within a key.
    """
    here, there = _Listing(source), _Listing(target)
    position = begin or Position()
    block = Block(position=position)
    while True:
        for side in (here, there):
            if not side.left and not side.ended:
                side.more()
        if not here.left and not there.left:
            break
        count = _equal(here, there)
        settled = _settled(here, there, count)
        if settled:
            rows = here.take(settled)
            there.at += settled
            position = _behind(rows, position)
            _add_equal(block, rows)
            block.position = position
        if _is_full(block):
            # Return the block before reading another page, which may fail.
            yield block
            block = Block(position=position)
        short = [side for side in (here, there) if side.left == count - settled and not side.ended]
        for side in short:
            side.more()
        if not short and (here.left or there.left):
            position = _differ(here, there, position, block)
        if _is_full(block):
            yield block
            block = Block(position=position)
    if block.equal.count or block.cases:
        yield block


def _is_full(block: Block) -> bool:
    return block.equal.count >= MOST_EQUAL or len(block.cases) >= MOST_CASES


def _equal(here: _Listing, there: _Listing) -> int:
    """The number of next rows that are equal on both sides."""
    most = min(here.left, there.left)
    done, window = 0, 16
    while done < most:
        size = min(window, most - done)
        mine = here.rows[here.at + done : here.at + done + size]
        theirs = there.rows[there.at + done : there.at + done + size]
        if mine != theirs:
            return done + next(
                n for n, (one, other) in enumerate(zip(mine, theirs, strict=True)) if one != other
            )
        done += size
        window *= 4
    return done


def _settled(here: _Listing, there: _Listing, count: int) -> int:
    """The number of `count` equal rows that can be counted, because their keys are known to be complete."""
    if not count:
        return 0
    key = here.rows[here.at + count - 1][KEY]
    if all(_over(side, count, key) for side in (here, there)):
        return count
    first = count - 1
    while first and here.rows[here.at + first - 1][KEY] == key:
        first -= 1
    return count if not first and count >= LONG_KEY else first


def _over(side: _Listing, count: int, key: bytes) -> bool:
    """Whether the key has no rows after the next `count`."""
    if side.left == count:
        return side.ended
    return side.rows[side.at + count][KEY] != key


def _behind(rows: list[Row], before: Position) -> Position:
    last = rows[-1]
    key = last[KEY]
    marker = before.marker and before.key == key
    for row in reversed(rows):
        if row[KEY] != key:
            break
        marker = marker or row[KIND] == MARKER
    return Position(key, last[VERSION_ID], marker)


def _add_equal(block: Block, rows: list[Row]) -> None:
    """Count equal rows; a `null` version below newer ones becomes a Case, because listings do not show its state."""
    doubtful = [row for row in rows if row[VERSION_ID] == NULL and row[LATEST] != b"true"]
    for row in doubtful:
        block.cases.append(Case(row[KEY], (row,), (row,), partial=True))
    if doubtful:
        rows = [row for row in rows if row not in doubtful]
    block.equal.add(rows)
    block.rows.extend(rows)


def _differ(here: _Listing, there: _Listing, before: Position, block: Block) -> Position:
    """Take the next key, which differs, from both sides. Returns the position after it."""
    key = min(key for key in (here.key, there.key) if key is not None)
    partial = before.version_id is not None and before.key == key
    block.cases.append(
        Case(
            key,
            tuple(here.take_key(key)),
            tuple(there.take_key(key)),
            covered=partial and before.marker,
            partial=partial,
        )
    )
    block.position = Position(key)
    return block.position


def _shown(key: bytes) -> str:
    text = repr(key.decode("utf-8", "replace"))
    return text if len(text) <= 80 else f"{text[:77]}..."
