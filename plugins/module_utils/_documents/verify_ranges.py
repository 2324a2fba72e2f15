# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of keys that listers share: decides where to cut them, which to cut, and when to add listers.

Any text can be a key-marker, also if it is not a key (measured on CloudServer). The distribution of the keys is
unknown, so a cut is a guess by interpolation, checked by the page after it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .key_space import (
    Alphabet,
    common_length,
    midpoint,
    place,
    place_width,
    successor,
    text_of,
)
from .verify_compare import Position

#: Fewer rows than this, about 20 pages, are not worth a separate lister.
LEAST_ROWS = 20_000
_NO_LEVELS = (0, -1)


@dataclass
class Span:
    """A range of keys for one lister: after `start`, up to and including `until` (None: the end).

    first: its first key, None until it is found. position: the place up to which it is compared. frontier: the last key
    that was passed to the comparison; cuts must be after it. ceiling: no keys were found after it when a cut was tried.
    tried: cuts that are being tried, each with its level, None if it was interpolated. levels: the first and last
    character (from 0) at which keys may differ more than they do so far; None: unknown. rows: how many were compared
    since `start`. expected: the estimated number of remaining rows. weight: its part of the whole when it was created,
    for the completed share.
    """

    start: bytes = b""
    until: bytes | None = None
    first: bytes | None = None
    position: Position = field(default_factory=Position)
    frontier: bytes = b""
    ceiling: bytes | None = None
    tried: dict[bytes, int | None] = field(default_factory=dict)
    levels: tuple[int, int] | None = None
    rows: int = 0
    expected: float = math.inf
    weight: float = 1.0
    alphabet: Alphabet = field(default_factory=Alphabet)
    owned: bool = False
    done: bool = False

    def __post_init__(self) -> None:
        self.start = max(self.start, self.position.key)
        self.frontier = max(self.frontier, self.start)

    @property
    def top(self) -> bytes | None:
        """The upper end for interpolation."""
        return self.until if self.ceiling is None else self.ceiling

    @property
    def low(self) -> bytes:
        """The lower end for interpolation: an existing key is better than the beginning of the range."""
        return self.start if self.first is None else self.first

    @property
    def fraction(self) -> float:
        """The completed share of its space of keys, between 0 and 1."""
        return (
            1.0
            if self.done
            else place(max(self.low, self.position.key), self.low, self.top, self.alphabet)
        )

    def left(self) -> float:
        """An estimate of the remaining rows."""
        fraction = self.fraction
        if not self.rows or fraction <= 0:
            return self.expected
        return self.rows * (1 - fraction) / fraction

    def level(self) -> int | None:
        """The level to try next, None if all are known."""
        if self.levels is None or self.levels[0] > self.levels[1]:
            return None
        return sum(self.levels) // 2

    def hand_out(self, first: bytes, last: bytes) -> None:
        """Record that a page with the keys from first to last was passed to the comparison."""
        begun = self.first is not None
        if self.first is None or first < self.first:
            self.first = first
        self.frontier = max(self.frontier, last)
        self.alphabet.learn((text_of(first), text_of(last)))
        reached = common_length(first, last)
        known = -1 if self.top is None else common_length(last, self.top)
        if self.levels is None or (begun and self.level() is None and reached - known > 3):
            # At the beginning, and if the keys of a page have much more in common than those of the whole range.
            self.levels = (known + 1, reached) if reached - known > 1 else _NO_LEVELS

    def advance(self, position: Position, rows: int) -> None:
        """Record that more rows were compared, up to the position."""
        self.position = position
        self.rows += rows


def share(spans: Iterable[Span]) -> float:
    """The completed share of the whole, between 0 and 1, estimated by the space of keys."""
    everything = done = 0.0
    for span in spans:
        everything += span.weight
        done += span.weight * span.fraction
    return min(1.0, done / everything) if everything else 1.0


def choose_cut(spans: Sequence[Span], least: int | None = None) -> tuple[Span, bytes] | None:
    """The span to divide, and where to cut it; None if no part is worth it.

    A part is worth it if it is expected to have `least` rows, LEAST_ROWS unless given.

    The first cuts find the range of the keys, by the characters that keys have in common: with leading zeros or long
    prefixes, most of the space is empty. After that, the widest part between the frontier, the cuts being tried and the
    end is cut in the middle.
    """
    worthwhile = 1.5 * (LEAST_ROWS if least is None else least)
    best: tuple[float, Span, bytes] | None = None
    for span in spans:
        left = span.left()
        if span.done or left < worthwhile:
            continue
        level = span.level()
        if level is not None:
            cut = successor(span.frontier, level)
            if not any(one is not None for one in span.tried.values()) and (
                cut is not None and cut > span.frontier and (span.top is None or cut < span.top)
            ):
                return span, cut
            continue
        edges: list[bytes | None] = [span.frontier, *sorted(span.tried), span.top]
        for low, high in itertools.pairwise(edges):
            if low is None or (high is not None and low >= high):
                continue
            width = place_width(low, high, span.frontier, span.top, span.alphabet)
            rows = left * width if left < math.inf else math.inf
            # Without an estimate, the widest part is best; with one, parts that are too small are not divided.
            if rows < worthwhile:
                continue
            worth = rows if rows < math.inf else 1e15 * width
            if best is not None and worth <= best[0]:
                continue
            cut = midpoint(low, high, span.alphabet)
            if cut is not None:
                best = (worth, span, cut)
    return None if best is None else (best[1], best[2])


def split(
    span: Span, cut: bytes, first_key: bytes | None, last_key: bytes | None, rows: int
) -> Span | None:
    """Divide a span at a cut, after which a page of `rows` rows from `first_key` to `last_key` was found.

    Returns the upper part; None, with the ceiling lowered, if it is empty. The span keeps the lower part.
    """
    level = span.tried.pop(cut, None)
    top = span.until
    if span.done or not span.frontier < cut or (top is not None and cut >= top):
        return None
    if first_key is None or (top is not None and first_key > top):
        if span.ceiling is None or cut < span.ceiling:
            span.ceiling = cut
        if level is not None and span.levels is not None:
            span.levels = (max(span.levels[0], level + 1), span.levels[1])
        return None
    whole = span.fraction
    upper_part = 1 - place(cut, span.low, span.top, span.alphabet)
    upper = Span(
        start=cut,
        until=top,
        first=first_key,
        position=Position(cut),
        ceiling=span.ceiling if span.ceiling is not None and span.ceiling > cut else None,
        tried={one: at for one, at in span.tried.items() if one > cut},
        levels=None
        if level is None or span.levels is None
        else (span.levels[0], min(level - 1, span.levels[1])),
        weight=span.weight * upper_part,
        alphabet=span.alphabet,
    )
    if last_key is not None and rows:
        seen = place(last_key, first_key, upper.top, span.alphabet)
        upper.expected = rows * (1 - seen) / seen if seen > 0 else math.inf
    if whole < 1:
        remaining = max(0.0, (1 - whole - upper_part) / (1 - whole))
        span.expected = span.expected * remaining if span.expected < math.inf else math.inf
    span.weight -= upper.weight
    span.until, span.ceiling = cut, None
    span.tried = {one: at for one, at in span.tried.items() if one < cut}
    span.levels = _NO_LEVELS
    return upper


@dataclass
class Ramp:
    """Decides how many listers to run: their number is doubled as long as the rate grows.

    After a step that raises the rate by less than a tenth, the next one is only tried after `patience` seconds.
    """

    most: int
    active: int = 1
    patience: float = 120.0
    rate: float = 0.0
    settled_at: float | None = None

    def observe(self, rate: float, now: float) -> int:
        """The number of listers to run, after the active ones had this rate for a while."""
        if self.settled_at is not None:
            if now - self.settled_at < self.patience:
                return self.active
            self.settled_at, self.rate = None, rate
        elif self.rate and rate < self.rate * 1.1:
            self.settled_at = now
            return self.active
        self.rate = max(rate, self.rate)
        self.active = min(self.most, self.active * 2)
        return self.active
