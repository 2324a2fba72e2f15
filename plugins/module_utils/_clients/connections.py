# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of one item, and what the items of a task share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from typing import Any

from .._waiting import Backoff, Deadline, Progress
from .api import Api
from .service import BACKBEAT, BACKBEAT_DIRECT, Service
from .session import open_api

Options = Mapping[str, Any]


class SingleFlight:
    """Results by key: calls for a key that is being found out wait for that result or error."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Hashable, Future[Any]] = {}

    def __call__(self, key: Hashable, find: Callable[[], Any]) -> Any:
        """What `find` returned, or the error it raised, when it was called for this key first."""
        with self._lock:
            first = key not in self._found
            future = self._found.setdefault(key, Future())
        if first:
            try:
                future.set_result(find())
            except BaseException as error:
                future.set_exception(error)
        return future.result()


class Connections:
    """The endpoints of one item; all calls for it share one time limit for retries.

    `options` are the module's own; `deadline`, `once` (facts that were read for any item) and `progress` are those of
    the whole task. `pool` is how many connections a client keeps.
    """

    def __init__(
        self,
        service: Service | None,
        options: Options,
        pool: int = 1,
        *,
        check_mode: bool = False,
        deadline: Deadline | None = None,
        once: SingleFlight | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.options = options
        self.deadline = deadline or Deadline()
        self.check_mode = check_mode
        self.once = once or SingleFlight()
        self.progress = progress or Progress()
        self._service = service
        self._pool = pool
        self._main: Api | None = None
        self._opened: list[Api] = []

    @property
    def main(self) -> Api:
        """The endpoint of the connection options at the top level."""
        if self._main is None:
            if self._service is None:
                raise RuntimeError("this task has no endpoint of its own")
            self._main = self.open(self._service, self.options)
        return self._main

    @property
    def backoff(self) -> Backoff:
        """The time limit of the main endpoint."""
        return self.main.backoff

    @property
    def wrote(self) -> bool:
        """Whether an endpoint has answered that something was written."""
        return any(api.writes for api in self._opened)

    def backbeat(self, url: str) -> Api:
        """Backbeat's API at the URL: through CloudServer if it is the main endpoint's, else at Backbeat's own port."""
        through_s3 = url.rstrip("/") == str(self.options["endpoint_url"]).rstrip("/")
        service = BACKBEAT if through_s3 else BACKBEAT_DIRECT
        return self.open(service, {**self.options, "endpoint_url": url})

    def open(self, service: Service, options: Options) -> Api:
        """A further endpoint, whose connection options the item itself holds."""
        api = open_api(service, options, pool=self._pool, deadline=self.deadline)
        self._opened.append(api)
        return api
