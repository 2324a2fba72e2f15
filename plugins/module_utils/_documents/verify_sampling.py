# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many keys are where in a bucket, from pages that are read here and there.

A page tells how dense the keys are where it begins, and not how far they reach: keys may be in several clusters, with
long common beginnings and nothing between them. So a stretch is taken for as long as it can be until pages behind it
tell better, and the one that may have most is sampled next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .key_space import Alphabet, common_length, midpoint, place, successor, text_of


@dataclass
class Stretch:
    """Keys behind `start`, up to and including `end` (None: the last one), of which the first page is read.

    keys: of that page, in their order, with a key for each version. done: the page has all of the stretch, or has but
    one key, which cannot be divided. differ: the character, from 0, at which the keys differ at the latest; None if
    that is not known.
    """

    start: bytes
    end: bytes | None
    keys: Sequence[bytes]
    done: bool
    alphabet: Alphabet = field(default_factory=Alphabet)
    differ: int | None = None
    _level: int | None = None
    _known: tuple[int, float] = (-1, 0.0)

    def __post_init__(self) -> None:
        self.alphabet.learn(map(text_of, (self.keys[0], self.keys[-1])) if self.keys else ())

    @property
    def rows(self) -> int:
        """How many versions are known."""
        return len(self.keys)

    def left(self) -> float:
        """About how many more there are; infinity if nothing tells yet."""
        if self.done:
            return 0.0
        characters = self.alphabet.size
        if self._known[0] != characters:
            # A gap before the others would make the keys look sparse: the denser half counts.
            half = len(self.keys) // 2
            halves = (self.keys[: half + 1], self.keys[half:])
            self._known = (characters, max(self._left(part) for part in halves))
        return self._known[1]

    def _left(self, keys: Sequence[bytes]) -> float:
        seen = place(keys[-1], keys[0], self.end, self.alphabet)
        behind = 1 - seen
        return (len(keys) - 1) * behind / seen if seen > 0 else math.inf

    def cut(self) -> bytes | None:
        """Where to look next; None if no key can be behind the page."""
        # What is before the middle may be of another cluster.
        middle, last = self.keys[len(self.keys) // 2], self.keys[-1]
        if middle == last:
            # All versions of one key: what is behind it is another stretch.
            return last
        reached = common_length(middle, last) if self.differ is None else self.differ
        known = -1 if self.end is None else common_length(last, self.end)
        self._level = None
        if reached - known > 1:
            # The keys of the page have more in common than they need to: the others may have as much.
            level = (known + 1 + reached) // 2
            found = successor(last, level)
            if found is not None and last < found and (self.end is None or found < self.end):
                self._level = level
                return found
        return midpoint(last, self.end, self.alphabet)

    def divide(self, cut: bytes, keys: Sequence[bytes], *, ends: bool) -> Stretch | None:
        """Keep what is up to the cut; returns what is behind it, None if that is nothing.

        keys: the page behind the cut; ends: whether it is the bucket's last one.
        """
        inside = [key for key in keys if self.end is None or key <= self.end]
        end, self.end = self.end, cut
        self._known = (-1, 0.0)
        self.done = self.keys[-1] >= cut
        differ = self.differ if self._level is None else self._level
        # In what is near the page, keys have more in common again.
        self.differ = None
        if not inside:
            return None
        done = ends or len(inside) < len(keys)
        return Stretch(cut, end, inside, done, self.alphabet, differ)


def next_sample(stretches: Sequence[Stretch], parts: int) -> tuple[Stretch, bytes] | None:
    """Where to look next to divide the bucket into so many parts; None if the stretches are short enough for that."""
    sizes = [stretch.rows + stretch.left() for stretch in stretches]
    enough = sum(sizes) / parts / 4
    while True:
        size = max(sizes)
        if size <= enough < math.inf:
            return None
        number = sizes.index(size)
        cut = None if stretches[number].done else stretches[number].cut()
        if cut is not None:
            return stretches[number], cut
        stretches[number].done = True
        sizes[number] = 0.0
        if not any(sizes):
            return None


class Sized(Protocol):
    """A part of a bucket, of which so many rows are known and about so many are left."""

    @property
    def start(self) -> bytes:
        """The text after which its keys begin."""

    @property
    def rows(self) -> int:
        """How many are known."""

    @property
    def done(self) -> bool:
        """Whether all of it is known."""

    def left(self) -> float:
        """About how many are not known yet."""


def balanced(spans: Iterable[Sized], count: int) -> list[bytes]:
    """Where to cut so that about as many rows are in each of `count` parts, ascending; fewer if spans are few.

    The spans are a whole bucket's, of which a page or so is read.
    """
    ordered = sorted(spans, key=lambda span: span.start)
    known = [span.rows + (0.0 if span.done else span.left()) for span in ordered]
    finite = [rows for rows in known if rows < math.inf]
    usual = sum(finite) / len(finite) if finite else 1.0
    # What cannot be estimated is taken as usual.
    sizes = [rows if rows < math.inf else usual for rows in known]
    total, before = sum(sizes), 0.0
    cuts: list[bytes] = []
    for span, size in zip(ordered, sizes, strict=True):
        wanted = total * (len(cuts) + 1) / count
        if span.start and len(cuts) + 1 < count and before + size / 2 >= wanted:
            cuts.append(span.start)
        before += size
    return cuts
