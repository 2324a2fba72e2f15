# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys as positions in an ordered space: distances between keys, and the text in the middle between two keys."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable


class Alphabet:
    """The known characters of a bucket's keys, for converting keys to numbers.

    Keys rarely use all of Unicode: the middle of hexadecimal digits is between 7 and 8. An unknown character is between
    its known neighbours.
    """

    def __init__(self, characters: Iterable[str] = ()) -> None:
        self._codes: list[int] = []
        self._digits = 1
        self.learn(characters)

    def learn(self, texts: Iterable[str]) -> None:
        """Add the characters of some keys."""
        codes = {ord(character) for text in texts for character in text}
        if codes <= set(self._codes):
            return
        self._codes = sorted({*self._codes, *codes})
        # As many characters as a float can distinguish.
        self._digits = max(2, int(15.5 / math.log10(self._base)))

    @property
    def size(self) -> int:
        """The number of known characters."""
        return len(self._codes)

    @property
    def _base(self) -> int:
        return 2 * len(self._codes) + 2

    def _digit(self, code: int) -> int:
        """The number of a character: even if it is known, odd between two known ones; from 1, because 0 is the key's
        end."""
        at = bisect_left(self._codes, code)
        known = at < len(self._codes) and self._codes[at] == code
        return 2 * at + (2 if known else 1)

    def _character(self, digit: int) -> str:
        at = (digit - 1) // 2
        if digit % 2 == 0:
            return chr(self._codes[at])
        code = self._codes[at - 1] + 1 if at else 0x20
        if at < len(self._codes):
            code = min(code, self._codes[at])
        return chr(0xE000 if 0xD800 <= code < 0xE000 else min(code, 0x10FFFF))

    def number(self, text: str) -> float:
        """The text as a fraction below 1. Fractions have the order of the texts' first characters."""
        value, scale = 0.0, 1.0
        for character in text[: self._digits]:
            scale /= self._base
            value += self._digit(ord(character)) * scale
        return value

    def text(self, value: float) -> str:
        """The shortest text for a fraction."""
        text = ""
        for _place in range(self._digits):
            value *= self._base
            digit = min(int(value), self._base - 1)
            value -= digit
            if digit < 1:
                # A text that ends here is smaller than longer ones.
                break
            text += self._character(digit)
        return text


def successor(key: bytes, level: int) -> bytes | None:
    """The smallest text after all keys that are equal up to the character at the level."""
    text = text_of(key)
    if level >= len(text):
        return None
    code = ord(text[level]) + 1
    code = 0xE000 if 0xD800 <= code < 0xE000 else code
    return (text[:level] + chr(code)).encode() if code < 0x110000 else None


def midpoint(low: bytes, high: bytes | None, alphabet: Alphabet) -> bytes | None:
    """A text (UTF-8) about in the middle between two keys; None if there is none between them."""
    below, above = text_of(low), None if high is None else text_of(high)
    common = _common(below, above)
    base = alphabet.number(below[common:])
    top = 1.0 if above is None else alphabet.number(above[common:])
    found = below[:common] + alphabet.text((base + top) / 2)
    if not _between(below, found, above):
        # Six characters do not distinguish the keys, or they are in the same coarse part of Unicode.
        found = _next_to(below, above, common, alphabet)
    return found.encode() if _between(below, found, above) else None


def place(key: bytes, low: bytes, high: bytes | None, alphabet: Alphabet) -> float:
    """The position of a key between two others, from 0 to 1."""
    if key <= low:
        return 0.0
    if high is not None and key >= high:
        return 1.0
    return place_width(low, key, low, high, alphabet)


def place_width(
    low: bytes, high: bytes | None, begin: bytes, end: bytes | None, alphabet: Alphabet
) -> float:
    """The share of the space from begin to end that is between low and high, from 0 to 1."""
    first, last = text_of(begin), None if end is None else text_of(end)
    common = _common(first, last)

    def at(key: bytes | None) -> float:
        if key is None:
            return 1.0
        text = text_of(key)
        if text[:common] != first[:common]:
            return 0.0 if text < first else 1.0
        return alphabet.number(text[common:])

    whole = (1.0 if last is None else alphabet.number(last[common:])) - alphabet.number(
        first[common:]
    )
    if whole <= 0:
        return 1.0
    return min(1.0, max(0.0, (at(high) - at(low)) / whole))


def common_length(one: bytes, other: bytes) -> int:
    """The length of the common beginning of two keys, in characters."""
    return _common(text_of(one), text_of(other))


def text_of(key: bytes) -> str:
    """The characters of a key; invalid bytes become replacement characters."""
    return key.decode("utf-8", "replace")


def _between(low: str, text: str, high: str | None) -> bool:
    return low < text and (high is None or text < high)


def _common(one: str, other: str | None) -> int:
    """The length of the common beginning."""
    if other is None:
        return 0
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length


def _next_to(low: str, high: str | None, common: int, alphabet: Alphabet) -> str:
    """A text between two that are very close."""
    here = ord(low[common]) if common < len(low) else 0x1F
    there = ord(high[common]) if high is not None and common < len(high) else 0x7F
    middle = (here + there) // 2
    if here < middle < there and not 0xD800 <= middle < 0xE000:
        return low[:common] + chr(middle)
    rest = low[common + 1 :]
    return low[: common + 1] + alphabet.text((alphabet.number(rest) + 1.0) / 2)
