# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of keys that listers share: where to cut them, which to cut, and when to add listers.

A key-marker that is any text, whether a key or not, cuts a listing exactly (measured on CloudServer). Where the keys
are is unknown, so a cut is a guess by interpolation, checked by the page behind it.
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

#: Fewer rows than this are not worth a lister of their own: some 20 pages.
LEAST_ROWS = 20_000
_NO_LEVELS = (0, -1)


@dataclass
class Span:
    """A range of keys: those behind `start`, up to and including `until` (None: the end), that one lister reads.

    first: the first key that was found in it, None until then. position: how far it is compared.
    frontier: the last key that was handed to the comparison; cuts are behind it.
    ceiling: behind it no keys were found when a cut was tried.
    tried: cuts that are being tried, each with its level, None if it was interpolated.
    levels: the first and last character (from 0) at which keys may differ more than they do so far; None: not known.
    rows: how many were compared since `start`. expected: how many rows it has left, as far as can be told.
    weight: its part of the whole when it was made, for the share that is done.
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
        """The lower end for interpolation: a key that exists tells more than where the range begins."""
        return self.start if self.first is None else self.first

    @property
    def fraction(self) -> float:
        """How much of its keys' space is behind it, between 0 and 1."""
        return (
            1.0
            if self.done
            else place(max(self.low, self.position.key), self.low, self.top, self.alphabet)
        )

    def left(self) -> float:
        """An estimate of the rows that are left."""
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
        """Keys from first to last, one page, go to the comparison."""
        begun = self.first is not None
        if self.first is None or first < self.first:
            self.first = first
        self.frontier = max(self.frontier, last)
        self.alphabet.learn((text_of(first), text_of(last)))
        reached = common_length(first, last)
        known = -1 if self.top is None else common_length(last, self.top)
        if self.levels is None or (begun and self.level() is None and reached - known > 3):
            # At the beginning, and when the keys of a page have much more in common than those of the whole range.
            self.levels = (known + 1, reached) if reached - known > 1 else _NO_LEVELS

    def advance(self, position: Position, rows: int) -> None:
        """So many more rows are compared, up to the position."""
        self.position = position
        self.rows += rows


def share(spans: Iterable[Span]) -> float:
    """How much of the whole is done, between 0 and 1, by the spaces of the keys."""
    everything = done = 0.0
    for span in spans:
        everything += span.weight
        done += span.weight * span.fraction
    return min(1.0, done / everything) if everything else 1.0


def choose_cut(spans: Sequence[Span], least: int | None = None) -> tuple[Span, bytes] | None:
    """The span to take a part of, and where to cut it; None if nothing is worth it.

    A part is worth it if it is expected to have `least` rows, LEAST_ROWS unless given.

    First it is found out how far the keys reach, by the characters that keys have in common: numbers with leading zeros
    and long prefixes leave most of the space empty. Then the widest part between its frontier, the cuts that are being
    tried, and its end is cut in the middle.
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
            # Without an estimate the widest part is best; with one, parts that are too small are left alone.
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
    """Divide a span at a cut, behind which a page of `rows` rows from `first_key` to `last_key` was found.

    Returns the upper part; None, with the ceiling lowered, if there is nothing in it. The span keeps the lower part.
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
    """How many listers to run: twice as many as long as the rate grows, then no more.

    A step that raises the rate by less than a tenth was one too many; one more is tried only after `patience` seconds.
    """

    most: int
    active: int = 1
    patience: float = 120.0
    rate: float = 0.0
    settled_at: float | None = None

    def observe(self, rate: float, now: float) -> int:
        """How many listers to run, after a while with the active ones at this rate."""
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
