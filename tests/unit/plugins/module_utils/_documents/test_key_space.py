# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Positions of keys: the middle of two keys is between them, and positions have the order of keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents.key_space import (
    Alphabet,
    midpoint,
    place,
    successor,
)

from .generated import PROFILE

KEYS = st.text(
    st.characters(blacklist_categories=("Cs",)) | st.sampled_from("0123abc/-"), max_size=12
)


@PROFILE
@given(st.lists(KEYS), KEYS, st.none() | KEYS)
def test_a_midpoint_is_between(known: list[str], low: str, high: str | None) -> None:
    below, above = low.encode(), None if high is None else high.encode()
    if above is not None and below >= above:
        return
    found = midpoint(below, above, Alphabet(known))
    if found is not None:
        assert below < found
        assert above is None or found < above
        found.decode()


def test_texts_of_known_characters_are_found_again_by_their_numbers() -> None:
    alphabet = Alphabet("aeimquy")
    for text in ("a", "e", "y", "ae", "mm", "ya"):
        assert alphabet.text(alphabet.number(text)) == text


@pytest.mark.parametrize(
    ("known", "low", "high", "middle"),
    [
        ("0123456789abcdef", "0", "f", "8"),
        ("0123456789abcdef", "8", "f", "c"),
        ("aeimquy", "a", "y", "m"),
    ],
)
def test_the_middle_is_that_of_the_characters_in_use(
    known: str, low: str, high: str, middle: str
) -> None:
    assert midpoint(low.encode(), high.encode(), Alphabet(known)) == middle.encode()


@pytest.mark.parametrize(
    ("low", "high", "middle"),
    [
        ("a", "c", "b"),
        ("key-1", "key-5", "key-3"),
        ("a", None, "p"),
        ("b", None, "p"),
        # Between neighbours, there are only longer keys.
        ("a", "b", "a "),
        # In the middle are surrogates, which are not characters.
        ("\ud7fe", "\ue002", "\ud7fe "),
    ],
)
def test_the_range_of_unknown_characters_is_halved(low: str, high: str | None, middle: str) -> None:
    found = midpoint(low.encode(), None if high is None else high.encode(), Alphabet())
    assert found == middle.encode()


@PROFILE
@given(st.lists(KEYS, min_size=3, max_size=3), st.lists(KEYS))
def test_places_are_in_the_order_of_keys(keys: list[str], known: list[str]) -> None:
    low, key, high = sorted(text.encode() for text in keys)
    alphabet = Alphabet(known)
    assert 0 <= place(key, low, high, alphabet) <= 1
    assert place(low, low, high, alphabet) == 0
    if low < high:
        assert place(high, low, high, alphabet) == 1


@pytest.mark.parametrize(
    ("key", "level", "text"),
    [
        (b"abc", 1, b"ac"),
        (b"abc", 2, b"abd"),
        (b"abc", 3, None),
        (b"abc", 4, None),
        ("\ud7ff".encode(), 0, "\ue000".encode()),
        ("a\U0010ffff".encode(), 1, None),
    ],
)
def test_the_text_after_all_keys_with_a_prefix(key: bytes, level: int, text: bytes | None) -> None:
    assert successor(key, level) == text
