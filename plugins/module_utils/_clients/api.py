# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls one endpoint with its credentials: reads are retried, writes are not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

from .._waiting import Backoff, Deadline
from .errors import ApiError, Call, NotFound, Unreachable, Unreadable
from .service import Service
from .translate import clock_ahead, from_answer, from_exception
from .wire import CALL_ERRORS, LARGEST_ANSWER, Limits, limited

Answer = Mapping[str, Any]
Shape = TypeVar("Shape")
#: Seconds for one request of a job, without its retries.
REQUEST = 120.0


@dataclass
class Api:
    """A botocore client, and the time limit for retries of reads.

    `backoff` counts from the start of the work on one item: all calls for that item share one time limit, and
    all items of a task share its deadline. `writes` counts the successful writes. `ahead`: seconds by which the
    server's clock was ahead of ours at its last response, None before the first.
    """

    client: Any
    service: Service
    endpoint: str
    backoff: Backoff
    ahead: float | None = None
    writes: int = 0
    # Set after a lost response: the server or a proxy may have closed kept connections.
    reconnect: bool = False

    @property
    def now(self) -> datetime:
        """The time by the server's clock, according to its last response."""
        return datetime.now(timezone.utc) + timedelta(seconds=self.ahead or 0.0)

    def within(self, seconds: float) -> Api:
        """The same endpoint, with this time limit for all of its calls together."""
        limit = replace(
            self.backoff,
            timeout=min(self.backoff.timeout, seconds),
            deadline=self.backoff.deadline.within(seconds),
        )
        return replace(self, backoff=limit)

    def read(
        self,
        operation: str,
        doing: str,
        shape: Callable[[Answer], Shape],
        *,
        absent: Collection[str] = (),
        **parameters: Any,
    ) -> Shape | None:
        """Make a read-only call, and retry it until there is a usable response or time runs out.

        `shape` converts the response into the result; a response without the required fields is Unreadable.
        Returns None if the server's error code is in `absent`.
        """
        while True:
            try:
                return self._call(operation, doing, shape, parameters)
            except NotFound as error:
                if error.code in absent:
                    return None
                raise
            except Unreachable:
                if not self.backoff.pause():
                    raise

    def pages(
        self,
        operation: str,
        doing: str,
        shape: Callable[[Answer], tuple[Shape, dict[str, Any]]],
        *,
        absent: Collection[str] = (),
        **parameters: Any,
    ) -> Iterator[Shape | None]:
        """The pages of a list, each as by `read`; a single None if the server's error code is in `absent`.

        `shape` also returns the parameters for the next page, empty after the last one. Repeated pages raise
        Unreadable, because they would never end.
        """
        marker: dict[str, Any] = {}
        markers: set[tuple[tuple[str, Any], ...]] = set()
        while True:
            page = self.read(operation, doing, shape, absent=absent, **{**parameters, **marker})
            if page is None:
                yield None
                return
            yield page[0]
            if not page[1]:
                return
            following_page = tuple(sorted(page[1].items()))
            if following_page in markers:
                raise Unreadable(
                    self._named(operation, doing),
                    f"the listing does not end: the server returned the marker {page[1]} again",
                    advice="Check the server's log, and whether a proxy answers instead of the server.",
                )
            marker = page[1]
            markers.add(following_page)

    def write(
        self,
        operation: str,
        doing: str,
        shape: Callable[[Answer], Shape],
        **parameters: Any,
    ) -> Shape:
        """Make a call that changes something, once.

        After Unreachable it is unknown whether it was made: the caller must read before it tries again.
        """
        try:
            answer = self._call(operation, doing, shape, parameters)
        except (Unreachable, Unreadable) as error:
            refused = error.status is not None and 300 <= error.status < 500
            error.unsure = error.sent and not refused
            raise
        self.writes += 1
        return answer

    def streamed(self, operation: str, doing: str, body: Any, size: int) -> Iterator[bytes]:
        """The body of a response in pieces of at most `size` bytes."""
        try:
            with limited(Limits(self.backoff.deadline)):
                yield from body.iter_chunks(size)
        except CALL_ERRORS as error:
            raise from_exception(self._named(operation, doing), error) from error

    def _named(self, operation: str, doing: str) -> Call:
        return Call(self.client.meta.method_to_api_mapping[operation], self.endpoint, doing)

    def _call(
        self,
        operation: str,
        doing: str,
        shape: Callable[[Answer], Shape],
        parameters: Mapping[str, Any],
    ) -> Shape:
        call = self._named(operation, doing)
        deadline = self.backoff.deadline
        if deadline.expired:
            late = Unreachable(call, f"the time limit of {deadline.seconds:.0f} s is over")
            late.sent = False
            raise late
        try:
            with limited(Limits(deadline, LARGEST_ANSWER, self.reconnect)):
                answer = getattr(self.client, operation)(**parameters)
                return self._shaped(call, answer, shape)
        except CALL_ERRORS as error:
            translated = self._translate(call, error)
            self.reconnect = isinstance(translated, Unreachable)
            raise translated from error

    def _shaped(self, call: Call, answer: Answer, shape: Callable[[Answer], Shape]) -> Shape:
        metadata = answer.get("ResponseMetadata", {})
        self.ahead = clock_ahead(metadata)
        if self.service.is_from_another_server(metadata):
            raise Unreadable(
                call,
                f"the response did not come from {self.service.server}",
                advice="Check endpoint_url, and whether a proxy answers instead of the server.",
            )
        return shape(answer)

    def _translate(self, call: Call, error: Exception) -> ApiError:
        response = getattr(error, "response", None)
        if isinstance(response, dict) and response:
            self.ahead = clock_ahead(response.get("ResponseMetadata", {}))
            return from_answer(call, response, self.service)
        return from_exception(call, error)


def fresh(api: Api) -> Api:
    """The same endpoint with a new time limit for the next request, including retries."""
    return replace(api, backoff=fresh_backoff(api))


def fresh_backoff(api: Api) -> Backoff:
    """The pauses between tries of the next request, with a new time limit."""
    timeout = api.backoff.timeout
    return Backoff(timeout, deadline=Deadline(timeout + REQUEST))


def nothing(_answer: Answer) -> None:
    """The shape of a response without a result."""
