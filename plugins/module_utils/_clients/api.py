# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One endpoint with its credentials, and the two ways to call it: reads may be repeated, writes may not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .._waiting import Backoff
from . import clock
from .errors import ApiError, Call, NotFound, Unreachable, Unreadable
from .translate import from_answer, from_exception, from_stranger

Answer = Mapping[str, Any]
Shape = TypeVar("Shape")


@dataclass
class Api:
    """A botocore client, and how long reads may be tried again.

    `backoff` counts from when the work on one item began: all calls for that item share one deadline.
    `writes` counts the writes that were answered as done.
    `ahead` is by how many seconds the server's clock was ahead of ours at its last answer, None before any.
    """

    client: Any
    service: str
    endpoint: str
    backoff: Backoff
    ahead: float | None = None
    writes: int = 0

    def read(
        self,
        operation: str,
        doing: str,
        shape: Callable[[Answer], Shape],
        *,
        absent: Collection[str] = (),
        **parameters: Any,
    ) -> Shape | None:
        """Make a call that changes nothing, again while no usable answer comes and time is left.

        `shape` turns the answer into what the caller wants; an answer without the fields it takes is Unreadable.
        Answers None when the server's error code is in `absent`.
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

    def write(
        self,
        operation: str,
        doing: str,
        shape: Callable[[Answer], Shape],
        **parameters: Any,
    ) -> Shape:
        """Make a call that changes something, once.

        After Unreachable nobody knows whether it happened: the caller looks before it tries again.
        """
        try:
            answer = self._call(operation, doing, shape, parameters)
        except (Unreachable, Unreadable) as error:
            refused = error.status is not None and 300 <= error.status < 500
            error.unsure = error.sent and not refused
            raise
        self.writes += 1
        return answer

    def _call(
        self,
        operation: str,
        doing: str,
        shape: Callable[[Answer], Shape],
        parameters: Mapping[str, Any],
    ) -> Shape:
        call = Call(self.client.meta.method_to_api_mapping[operation], self.endpoint, doing)
        try:
            answer = getattr(self.client, operation)(**parameters)
        except Exception as error:
            raise self._translate(call, error) from error
        self.ahead = clock.ahead(answer.get("ResponseMetadata", {}))
        if from_stranger(answer.get("ResponseMetadata", {}), self.service):
            raise Unreadable(
                call,
                f"something that is no {self.service.upper()} server answered",
                advice="Check the endpoint_url and whether a proxy answers in the server's place.",
            )
        try:
            return shape(answer)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise from_exception(call, error) from error

    def _translate(self, call: Call, error: Exception) -> ApiError:
        response = getattr(error, "response", None)
        if isinstance(response, dict) and response:
            self.ahead = clock.ahead(response.get("ResponseMetadata", {}))
            return from_answer(call, response, self.service)
        return from_exception(call, error)


def nothing(_answer: Answer) -> None:
    """The shape of an answer in which nothing is of interest."""
