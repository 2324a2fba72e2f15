# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimate of keys after a page, and where to sample next."""

from __future__ import annotations

import math

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.key_space import (
    Alphabet,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_ranges import Span
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_sampling import (
    Stretch,
    balanced,
)

DIGITS = "0123456789"


def stretch(*keys: bytes, end: bytes | None = None, done: bool = False) -> Stretch:
    return Stretch(b"", end, keys, done, Alphabet(DIGITS))


def test_the_rest_is_estimated_from_the_space_after_the_page() -> None:
    """A version for each digit: after 3 there are those up to 8, and one more at the denser half's rate."""
    assert stretch(b"1", b"2", b"3", end=b"8").left() == pytest.approx(6)


def test_the_rest_after_a_single_key_is_unknown() -> None:
    assert stretch(b"1").left() == math.inf
    assert stretch(b"1", done=True).left() == 0


@pytest.mark.parametrize(
    ("keys", "end", "cut"),
    [
        # Keys may already differ at their first character: half of their common beginning is left out.
        ((b"111", b"115", b"119"), None, b"12"),
        ((b"11111", b"11115", b"11119"), None, b"112"),
        # No key after 14 is in the stretch, so the next sample is within this beginning.
        ((b"1111", b"1115", b"1119"), b"14", b"112"),
        ((b"111", b"111", b"111"), None, b"111"),
    ],
)
def test_the_next_sample_is_after_half_of_the_pages_common_beginning(
    keys: tuple[bytes, ...], end: bytes | None, cut: bytes
) -> None:
    assert stretch(*keys, end=end).cut() == cut


def test_a_plan_has_parts_of_about_the_same_size() -> None:
    spans = [Span(start=b"%d" % n if n else b"", rows=100, done=True) for n in range(9)]
    assert balanced(spans, 3) == [b"3", b"6"]
    assert balanced(spans, 1) == []
    assert len(balanced(spans, 100)) == 8
    assert balanced([Span(done=True)], 4) == []


def test_a_plan_cuts_where_it_is_nearest_to_equal_parts() -> None:
    sizes = {b"": 40, b"b": 100, b"c": 20}
    spans = [Span(start=start, rows=rows, done=True) for start, rows in sizes.items()]
    assert balanced(spans, 2) == [b"b"]
    assert balanced([*spans, Span(start=b"d", rows=100, done=True)], 2) == [b"c"]


def test_ranges_without_an_estimate_count_as_average_in_a_plan() -> None:
    """Two known ranges of 100 rows, and an unknown one between them."""
    spans = [
        Span(start=b"", rows=100, done=True),
        Span(start=b"3", expected=math.inf),
        Span(start=b"6", rows=100, done=True),
    ]
    assert spans[1].left() == math.inf
    assert balanced(spans, 3) == [b"3", b"6"]
    # The first one is not larger than the others either.
    spans[0], spans[1] = Span(start=b"", expected=math.inf), Span(start=b"3", rows=100, done=True)
    assert balanced([*spans, Span(start=b"9", rows=100, done=True)], 2) == [b"6"]
