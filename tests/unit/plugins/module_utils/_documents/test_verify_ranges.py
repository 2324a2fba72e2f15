# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of keys: cuts are between their ends, dividing loses no keys, and listers have work."""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents.key_space import Alphabet
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_compare import (
    Position,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_ranges import (
    Ramp,
    Span,
    choose_cut,
    share,
    split,
)

from .generated import PROFILE

PAGE = 1000
KEYS = st.text(
    st.characters(blacklist_categories=("Cs",)) | st.sampled_from("0123abc/-"), max_size=12
)


def keys_of(kind: str, count: int) -> list[bytes]:
    chance = random.Random(1)
    makers: dict[str, Any] = {
        "hexadecimal": lambda n: f"{chance.getrandbits(64):016x}",
        "numbers": lambda n: f"{n:012d}",
        "dates": lambda n: (
            f"2026-{1 + n % 12:02d}-{1 + n % 28:02d}/host{n % 37:02d}/{chance.getrandbits(32):08x}"
        ),
        "one prefix": lambda n: (
            f"data/tenant-7/{chance.getrandbits(40):010x}"
            if chance.random() < 0.9
            else f"{chance.choice('abcxyz')}/{chance.getrandbits(32):x}"
        ),
    }
    return sorted(makers[kind](n).encode() for n in range(count))


@dataclass
class Simulation:
    """Simulates listers that take one unit of time for a page."""

    keys: list[bytes]
    listers: int
    spans: list[Span] = field(default_factory=lambda: [Span(owned=True)])
    requests: int = 0
    read: int = 0
    now: float = 0.0
    _events: list[tuple[float, int, str, tuple[Any, ...]]] = field(default_factory=list)
    _count: int = 0

    def run(self) -> None:
        self._at(1, "page", self.spans[0])
        for _ in range(self.listers - 1):
            self._at(0, "idle")
        while not all(span.done for span in self.spans):
            self.now, _number, what, given_ = heapq.heappop(self._events)
            getattr(self, f"_{what}")(*given_)

    def _at(self, delay: float, what: str, *given_: Any) -> None:
        self._count += 1
        heapq.heappush(self._events, (self.now + delay, self._count, what, given_))

    def _idle(self) -> None:
        chosen = choose_cut([span for span in self.spans if not span.done])
        if chosen is None:
            self._at(0.5, "idle")
            return
        span, cut = chosen
        span.tried[cut] = span.level()
        self._at(1, "cut", cut)

    def _cut(self, cut: bytes) -> None:
        self.requests += 1
        page = self._behind(cut)
        span = next((one for one in self.spans if cut in one.tried), None)
        first, last = (page[0], page[-1]) if page else (None, None)
        upper = span and split(span, cut, first, last, len(page))
        if upper is None:
            self._idle()
            return
        self.spans.append(upper)
        self._take(upper, page)

    def _page(self, span: Span) -> None:
        self.requests += 1
        self._take(span, self._behind(max(span.start, span.frontier)))

    def _behind(self, key: bytes) -> list[bytes]:
        at = bisect_right(self.keys, key)
        return self.keys[at : at + PAGE]

    def _take(self, span: Span, page: list[bytes]) -> None:
        kept = [key for key in page if span.until is None or key <= span.until]
        self.read += len(kept)
        if kept:
            span.hand_out(kept[0], kept[-1])
            span.advance(Position(kept[-1]), len(kept))
        if len(kept) < PAGE:
            span.done = True
            self._idle()
        else:
            self._at(1, "page", span)


@pytest.mark.parametrize("kind", ["hexadecimal", "numbers", "dates", "one prefix"])
def test_listers_share_a_bucket_without_hints(kind: str) -> None:
    keys = keys_of(kind, 300_000)
    simulation = Simulation(keys, 16)
    simulation.run()
    pages = len(keys) / PAGE
    assert simulation.read == len(keys)
    assert pages / simulation.now > 5
    assert simulation.requests < 2.2 * pages
    spans = sorted(simulation.spans, key=lambda span: span.start)
    assert spans[0].start == b""
    assert spans[-1].until is None
    assert all(one.until == other.start for one, other in pairwise(spans))
    assert share(spans) == pytest.approx(1.0)


def test_little_is_not_divided() -> None:
    keys = keys_of("hexadecimal", 20_000)
    simulation = Simulation(keys, 16)
    simulation.run()
    assert len(simulation.spans) < 4


@PROFILE
@given(st.data())
def test_nothing_is_lost_by_dividing(data: st.DataObject) -> None:
    keys = sorted(key.encode() for key in data.draw(st.sets(KEYS, min_size=1)))
    span = Span()
    span.hand_out(keys[0], keys[0])
    cut = data.draw(KEYS).encode()
    behind = [key for key in keys if key > cut]
    span.tried[cut] = None
    upper = split(
        span, cut, behind[0] if behind else None, behind[-1] if behind else None, len(behind)
    )
    if upper is None:
        assert span.until is None
        assert cut <= span.frontier or not behind
    else:
        assert (span.until, upper.start, upper.until) == (cut, cut, None)
        assert span.weight + upper.weight == pytest.approx(1.0)
    assert span.tried == {}


def test_a_range_that_was_read_in_the_meantime_is_not_cut() -> None:
    span = Span()
    span.hand_out(b"a", b"m")
    span.tried[b"k"] = None
    assert split(span, b"k", b"l", b"z", 10) is None
    span.done = True
    assert split(span, b"x", b"y", b"z", 10) is None


@pytest.mark.parametrize(("rows", "worth"), [(30, True), (29, False)])
def test_a_range_is_cut_if_half_as_much_again_as_a_part_is_left(rows: int, worth: bool) -> None:
    span = Span(start=b"a", until=b"c", expected=rows)
    assert (choose_cut([span], 20) is not None) == worth


def test_a_range_is_not_cut_after_its_end() -> None:
    """After the keys of its last page there is only the end."""
    span = Span(until=b"b5")
    span.hand_out(b"a11", b"a12")
    assert choose_cut([span]) == (span, b"a2")
    span.hand_out(b"b41", b"b42")
    assert choose_cut([span]) is None


def test_new_keys_after_a_ceiling_are_a_part_without_it() -> None:
    span = Span()
    span.hand_out(b"a", b"b")
    span.ceiling = b"k"
    span.tried = {b"f": None, b"m": None}
    upper = split(span, b"m", b"n", b"p", 10)
    assert upper is not None
    assert (upper.start, upper.ceiling, upper.tried) == (b"m", None, {})
    assert (span.until, span.tried) == (b"m", {b"f": None})


def test_the_lower_part_keeps_its_share_of_the_expected_rows() -> None:
    """A quarter of the keys is read, and another lister takes half: a third of the rest stays."""
    span = Span(start=b"0", until=b"8", expected=600.0, alphabet=Alphabet("012345678"))
    span.hand_out(b"0", b"2")
    span.advance(Position(b"2"), 200)
    span.tried[b"4"] = None
    upper = split(span, b"4", b"4a", b"5", 10)
    assert upper is not None
    assert (span.until, upper.until) == (b"4", b"8")
    assert span.expected == pytest.approx(200)


def test_keys_after_the_end_are_not_a_part() -> None:
    span = Span(until=b"m")
    span.hand_out(b"a", b"b")
    assert split(span, b"k", b"x", b"z", 10) is None
    assert (span.until, span.ceiling) == (b"m", b"k")


def test_listers_are_added_while_the_rate_grows() -> None:
    ramp = Ramp(16)
    assert [ramp.observe(rate, now) for now, rate in enumerate((100, 190, 350))] == [2, 4, 8]
    assert ramp.observe(360, 4) == 8
    assert ramp.observe(1000, 5) == 8
    assert ramp.observe(400, 200) == 16
    assert ramp.observe(800, 201) == 16
