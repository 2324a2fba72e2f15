# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The endpoints of one item, and what the items of a task share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from typing import Any

from .._progress import Progress
from .._waiting import Backoff
from .api import Api
from .session import open_api

Options = Mapping[str, Any]


class SingleFlight:
    """Results by key; who asks while another is still finding out waits for that one's result or error."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Hashable, Future[Any]] = {}

    def __call__(self, key: Hashable, find: Callable[[], Any]) -> Any:
        """What `find` answered, or the error it raised, when it was asked for this key first."""
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

    `options` are the module's own; `once` remembers what was found out for any item of this run, and `progress` is told
    of all items too.
    """

    def __init__(
        self,
        service: str,
        options: Options,
        pool: int,
        check_mode: bool = False,
        once: SingleFlight | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.options = options
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
        service = "backbeat" if through_s3 else "backbeat-direct"
        return self.open(service, {**self.options, "endpoint_url": url})

    def open(self, service: str, options: Options) -> Api:
        """A further endpoint, whose connection options the item itself holds."""
        api = open_api(service, options, pool=self._pool)
        self._opened.append(api)
        return api
