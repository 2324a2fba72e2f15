# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listers: threads that share the ranges of a pair of buckets; each reads both sides of a range in parallel."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from .._clients.listing import VersionListing
from .._clients.version_pages import Marker, Page
from .._documents import names
from .._documents.verify_compare import (
    KEY,
    Block,
    Case,
    Disordered,
    Position,
    Row,
    TooManyVersions,
    compare,
    in_order,
)
from .._documents.verify_questions import SIDES
from .._documents.verify_ranges import Ramp, Span, choose_cut, split
from .._work import Failure
from .job import Control, Interrupted, JobProgress, Stopped

#: Seconds between two checks for a stop, while waiting for a page or a range.
POLL = 0.1
#: The number of rows requested in one page of a single key.
KEY_PAGE = 100
#: Seconds of measuring the rate before listers are added.
MEASURE = 1.0

Handle = Callable[[Span, Block], None]
Select = Callable[[list[Row]], list[Row]]


@dataclass(frozen=True)
class SideRequest:
    """One side: its bucket, its name in reports, and the options of the connection to its S3."""

    bucket: str
    name: str
    s3: Mapping[str, Any] = field(repr=False)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> SideRequest:
        """From the options `source` or `target`. Raises InvalidDocument."""
        url = options["s3"]["endpoint_url"]
        return cls(
            names.check_bucket_name(options["bucket"]), options["name"] or url, options["s3"]
        )


class Books(Protocol):
    """The state that listers share: the spans, under one lock, and the counts."""

    lock: AbstractContextManager[Any]
    spans: list[Span]
    progress: JobProgress

    def finish(self, span: Span) -> None:
        """Record that a span was read completely."""

    def count_request(self, kind: str) -> None:
        """Count a request."""


class Listers:
    """Compares all spans of a ledger; `handle` processes each block.

    select: drops the rows that are out of scope. most: the largest number of listers. ramp: whether to begin with one
    and add others as long as the rate grows.
    """

    def __init__(
        self,
        source: VersionListing,
        target: VersionListing,
        ledger: Books,
        control: Control,
        handle: Handle,
        select: Select,
        *,
        most: int,
        ramp: bool = True,
    ) -> None:
        self._sides = {"source": source, "target": target}
        self._ledger = ledger
        self._control = control
        self._handle = handle
        self._select = select
        self._most = most
        self._ramp = Ramp(most, 1 if ramp else most)
        # Each lister waits for a page of each side, has requested the next pages, and may try a cut.
        self._fetchers = ThreadPoolExecutor(2 * most, thread_name_prefix="fetch")
        self._error: BaseException | None = None
        self._end = threading.Event()
        # Set when a lister ends, so that the others do not wait for the rest of a pause.
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        # A count instead of is_alive(): a thread that is about to end is still alive and would be waited for again.
        self._running = 0

    def run(self, meanwhile: Callable[[], None]) -> None:
        """Compare everything; `meanwhile` is called periodically in this thread.

        Raises the first error of a lister, or what `meanwhile` raises, after all have stopped.
        """
        try:
            self._start(self._ramp.active)
            began, rows = time.monotonic(), self._ledger.progress.done
            while self._running:
                self._ended.wait(POLL)
                self._ended.clear()
                if self._end.is_set():
                    break
                meanwhile()
                now = time.monotonic()
                if now - began >= MEASURE and self._ramp.active < self._most:
                    done = self._ledger.progress.done
                    self._start(self._ramp.observe((done - rows) / (now - began), now))
                    began, rows = now, done
        finally:
            self._end.set()
            for thread in self._threads:
                thread.join()
            self._fetchers.shutdown(cancel_futures=True)
        if self._error is not None:
            raise self._error

    def _start(self, wanted: int) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        for _lister in range(wanted - len(self._threads)):
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            with self._ledger.lock:
                self._running += 1
            thread.start()

    def _work(self) -> None:
        try:
            while True:
                taken = self._take()
                if taken is None:
                    return
                self._compare(*taken)
        except _Ended:
            return
        except BaseException as error:
            with self._ledger.lock:
                self._error = self._error or error
            self._end.set()
        finally:
            with self._ledger.lock:
                self._running -= 1
            self._ended.set()

    def _check(self) -> None:
        if self._end.is_set():
            raise _Ended
        self._control.check("listing")

    def _take(self) -> tuple[Span, Page | None] | None:
        """A free span or the upper part of another one, with its first page if that was read already."""
        while True:
            self._check()
            with self._ledger.lock:
                spans = self._ledger.spans
                for span in spans:
                    if not span.owned and not span.done:
                        span.owned = True
                        return span, None
                if all(span.done for span in spans):
                    return None
                chosen = choose_cut([span for span in spans if not span.done])
                if chosen is not None:
                    chosen[0].tried[chosen[1]] = chosen[0].level()
            if chosen is None:
                self._end.wait(POLL / 2)
                continue
            taken = self._try(chosen[1])
            if taken is not None:
                return taken

    def _try(self, cut: bytes) -> tuple[Span, Page] | None:
        """Read the page after a cut, and take the part of the span after it."""
        page = self._page("source", Marker(cut))
        with self._ledger.lock:
            # The span may have been divided in the meantime, so that the cut is in its upper part.
            span = next((one for one in self._ledger.spans if cut in one.tried), None)
            if span is None:
                return None
            first = page.rows[0][KEY] if page.rows else None
            last = page.rows[-1][KEY] if page.rows else None
            upper = split(span, cut, first, last, len(page.rows))
            if upper is None:
                return None
            upper.owned = True
            self._ledger.spans.append(upper)
            return upper, page

    def _compare(self, span: Span, first: Page | None) -> None:
        begin = span.position
        pages = {
            side: in_order(self._pages(span, side, first if side == "source" else None), side)
            for side in self._sides
        }
        for block in compare(
            map(self._select, pages["source"]), map(self._select, pages["target"]), begin
        ):
            self._handle(span, block)
            self._control.deadlines.moved()
            self._check()
        self._ledger.finish(span)

    def _pages(self, span: Span, side: str, page: Page | None) -> Iterator[list[Row]]:
        """The rows of one side of a span, page by page; the next page is requested in advance."""
        position = span.position
        if page is None:
            page = self._result(self._ask(side, _marker(position)))
        while True:
            ahead: Future[Page] | None = None
            with self._ledger.lock:
                rows = _until(page.rows, span.until)
                if rows:
                    span.hand_out(rows[0][KEY], rows[-1][KEY])
            if page.following is not None and len(rows) == len(page.rows):
                ahead = self._ask(side, page.following)
            self._control.deadlines.moved()
            yield rows
            if ahead is None:
                return
            page = self._result(ahead)

    def _ask(self, side: str, marker: Marker) -> Future[Page]:
        return self._fetchers.submit(self._page, side, marker)

    def _page(self, side: str, marker: Marker) -> Page:
        self._control.pace.wait()
        page = self._sides[side].page(marker)
        self._ledger.count_request("list")
        return page

    def _result(self, future: Future[Page]) -> Page:
        while True:
            try:
                return future.result(POLL)
            except FutureTimeout:
                # In newer Pythons, connections raise the same error.
                if future.done():
                    raise
                self._check()


class _Ended(Exception):
    """Another lister failed, or the job is to stop."""


class Unusable(Failure):
    """A listing that cannot be compared."""


def attempt(work: Callable[[], object], control: Control) -> Failure | None:
    """Run `work`. Returns the error that ended it early, after which all threads stop."""
    try:
        work()
    except (Disordered, TooManyVersions) as error:
        return Unusable(str(error))
    except Interrupted as interrupted:
        control.stop.set()
        return Stopped(str(interrupted))
    except Failure as error:
        return error
    return None


def _marker(position: Position) -> Marker:
    return Marker(position.key, position.version_id)


def _until(rows: list[Row], until: bytes | None) -> list[Row]:
    """The rows whose keys are not after the end of a span."""
    if until is None or not rows or rows[-1][KEY] <= until:
        return rows
    return [row for row in rows if row[KEY] <= until]


def list_key(listings: Sequence[VersionListing], key: bytes, pace: Callable[[], object]) -> Case:
    """The current rows of one key on both sides. Raises Disordered.

    pace: called before each request.
    """
    source, target = (
        _rows_of(listing, key, side, pace) for side, listing in zip(SIDES, listings, strict=True)
    )
    return Case(key, source, target)


def _rows_of(
    whole: VersionListing, key: bytes, side: str, pace: Callable[[], object]
) -> tuple[Row, ...]:
    # The listing has all keys that begin with this one.
    listing = whole.narrowed(names.key_text(key))

    def own() -> Iterator[list[Row]]:
        marker: Marker | None = Marker()
        while marker is not None:
            pace()
            page = listing.page(marker, KEY_PAGE)
            yield page.rows
            more = page.rows and page.rows[-1][KEY] == key
            marker = page.following if more else None

    return tuple(row for rows in in_order(own(), side) for row in rows if row[KEY] == key)
