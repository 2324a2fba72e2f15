# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replicator's orders by site, held back while a site is paused, is resuming, or Backbeat is down."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .settings import Settings


@dataclass(order=True)
class Order:
    """An order to send one version to one site. due: monotonic seconds; stamp: of the status it belongs to."""

    due: float
    number: int
    stamp: int = field(compare=False)
    bucket: str = field(compare=False)
    key: str = field(compare=False)
    version_id: str = field(compare=False)


class Orders:
    """The queue of orders. Thread-safe; `take` waits."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._by_site: dict[str, list[Order]] = {}
        self._flows_from: dict[str, float] = {}
        self._changed = threading.Condition()

    def put(self, site: str, order: Order) -> None:
        with self._changed:
            heapq.heappush(self._by_site.setdefault(site, []), order)
            self._changed.notify_all()

    def take(self) -> tuple[str, Order]:
        """Wait for the next due order of a site that is not held back."""
        with self._changed:
            while True:
                now = time.monotonic()
                due = {
                    max(orders[0].due, self._flows_from.get(site, 0.0)): site
                    for site, orders in self._by_site.items()
                    if orders and self._flows(site)
                }
                first = min(due, default=None)
                if first is not None and first <= now:
                    site = due[first]
                    return site, heapq.heappop(self._by_site[site])
                self._changed.wait(None if first is None else first - now)

    def _flows(self, site: str) -> bool:
        settings = self._settings()
        return settings.backbeat and not settings.backbeat_down and not settings.is_paused(site)

    def settings_changed(self, before: Settings) -> None:
        """Apply changed settings; sites that were paused continue after the delay of a resume."""
        settings = self._settings()
        with self._changed:
            for site in before.sites:
                if before.is_paused(site) and not settings.is_paused(site):
                    self._flows_from[site] = time.monotonic() + settings.resume_delay
            self._changed.notify_all()

    def clear(self) -> None:
        with self._changed:
            self._by_site.clear()
            self._flows_from.clear()
