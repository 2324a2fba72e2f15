# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Estimates the distribution of keys in a bucket from sampled pages.

A page shows the density of keys at its beginning, but not the end of the keys: there may be several clusters, with long
common beginnings and empty space between them. So a stretch is assumed to have its maximum length until later pages
show its end, and the stretch that may have most keys is sampled next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .key_space import Alphabet, common_length, midpoint, place, successor, text_of


@dataclass
class Stretch:
    """Keys after `start`, up to and including `end` (None: the last one), whose first page was read.

    keys: of that page, in order, with a key for each version. done: the page has all of the stretch, or only one key,
    which cannot be divided. differ: the last character (from 0) at which the keys may begin to differ; None if unknown.
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
        """The number of known versions."""
        return len(self.keys)

    def left(self) -> float:
        """An estimate of the number of further versions; infinity if it is unknown."""
        if self.done:
            return 0.0
        characters = self.alphabet.size
        if self._known[0] != characters:
            # A gap before the other keys would make them look sparse, so the denser half counts.
            half = len(self.keys) // 2
            halves = (self.keys[: half + 1], self.keys[half:])
            self._known = (characters, max(self._left(part) for part in halves))
        return self._known[1]

    def _left(self, keys: Sequence[bytes]) -> float:
        seen = place(keys[-1], keys[0], self.end, self.alphabet)
        behind = 1 - seen
        return (len(keys) - 1) * behind / seen if seen > 0 else math.inf

    def cut(self) -> bytes | None:
        """Where to sample next; None if there can be no key after the page."""
        # Keys before the middle may belong to another cluster.
        middle, last = self.keys[len(self.keys) // 2], self.keys[-1]
        if middle == last:
            # The page has only versions of one key: the keys after it are another stretch.
            return last
        reached = common_length(middle, last) if self.differ is None else self.differ
        known = -1 if self.end is None else common_length(last, self.end)
        self._level = None
        if reached - known > 1:
            # The keys of the page have more in common than necessary, and so may the others.
            level = (known + 1 + reached) // 2
            found = successor(last, level)
            if found is not None and last < found and (self.end is None or found < self.end):
                self._level = level
                return found
        return midpoint(last, self.end, self.alphabet)

    def divide(self, cut: bytes, keys: Sequence[bytes], *, ends: bool) -> Stretch | None:
        """Keep the part up to the cut. Returns the part after it, None if that is empty.

        keys: of the page after the cut; ends: whether it is the bucket's last one.
        """
        inside = [key for key in keys if self.end is None or key <= self.end]
        end, self.end = self.end, cut
        self._known = (-1, 0.0)
        self.done = self.keys[-1] >= cut
        differ = self.differ if self._level is None else self._level
        # Near the page, keys have more in common again.
        self.differ = None
        if not inside:
            return None
        done = ends or len(inside) < len(keys)
        return Stretch(cut, end, inside, done, self.alphabet, differ)


def next_sample(stretches: Sequence[Stretch], parts: int) -> tuple[Stretch, bytes] | None:
    """Where to sample next for dividing the bucket into `parts`; None if the stretches are short enough."""
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
    """A part of a bucket, with the number of known rows and an estimate of the others."""

    @property
    def start(self) -> bytes:
        """The text after which its keys begin."""

    @property
    def rows(self) -> int:
        """The number of known rows."""

    @property
    def done(self) -> bool:
        """Whether all rows are known."""

    def left(self) -> float:
        """An estimate of the number of unknown rows."""


def balanced(spans: Iterable[Sized], count: int) -> list[bytes]:
    """The cuts for `count` parts with about equal numbers of rows, in ascending order; fewer if there are few spans.

    The spans cover a whole bucket; of each, about a page was read.
    """
    ordered = sorted(spans, key=lambda span: span.start)
    known = [span.rows + (0.0 if span.done else span.left()) for span in ordered]
    finite = [rows for rows in known if rows < math.inf]
    usual = sum(finite) / len(finite) if finite else 1.0
    # Spans that cannot be estimated count as average.
    sizes = [rows if rows < math.inf else usual for rows in known]
    total, before = sum(sizes), 0.0
    cuts: list[bytes] = []
    for span, size in zip(ordered, sizes, strict=True):
        wanted = total * (len(cuts) + 1) / count
        if span.start and len(cuts) + 1 < count and before + size / 2 >= wanted:
            cuts.append(span.start)
        before += size
    return cuts
