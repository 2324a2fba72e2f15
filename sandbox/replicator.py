# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backbeat: takes what was written on this side, acts as the roles, and tells the status.

The statuses are those of the measured servers. "Stuck" is what stays PENDING for ever: nobody tries
again, until the object is tagged and so stamped anew.
"""

from __future__ import annotations

import heapq
import itertools
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from moto.s3.models import FakeBucket, FakeKey

from .objects import Replication, Replications, facts_of
from .permissions import Failed, Stuck, check_source
from .rules import Configuration, Sites
from .settings import Settings
from .store import Store, Version

#: Sends a version to the other side: facts and data to the reason of a failure, or "".
Send = Callable[[dict[str, Any], bytes], str]


@dataclass(order=True)
class _Order:
    due: float
    number: int
    stamp: int = field(compare=False)
    bucket: str = field(compare=False)
    key: str = field(compare=False)
    version_id: str = field(compare=False)


class Replicator:
    """One thread that carries out orders as they fall due."""

    def __init__(
        self,
        account_id: str,
        store: Store,
        configurations: dict[str, Configuration],
        settings: Callable[[], Settings],
        send: Send,
    ) -> None:
        self.known = Replications()
        self._account_id = account_id
        self._store = store
        self._configurations = configurations
        self._settings = settings
        self._send = send
        self._orders: list[_Order] = []
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        #: Held while an order is carried out; taken before the store's lock, never after it.
        self.working = threading.Lock()
        threading.Thread(target=self._run, name="replicator", daemon=True).start()

    def wake(self) -> None:
        """Looks at the settings again."""
        with self._changed:
            self._changed.notify_all()

    def reset(self) -> None:
        with self._changed:
            self._orders.clear()
        self.known.clear()

    def stamp(self, bucket: FakeBucket, version: Version) -> None:
        """Gives a version that was just written its status, where an enabled rule matches its key."""
        configuration = self._configurations.get(bucket.name)
        rule = configuration.rule_for(version.name) if configuration else None
        if configuration is None or rule is None:
            return
        settings = self._settings()
        sites = Sites(settings.sites, settings.default_site).names(rule.storage_class)
        replication = Replication(
            "PENDING",
            bucket.name,
            configuration.role,
            configuration.destination,
            rule.storage_class,
            dict.fromkeys(sites, "PENDING"),
            stamp=next(self._numbers),
            changed=time.time(),
        )
        self.known.set(version, replication)
        self._order(version, replication, settings.delay)

    def retry(self, version: Version) -> bool:
        """Sends a failed version once more, as the roles that it was stamped with; only a failed one."""
        replication = self.known.get(version)
        if replication is None or replication.status != "FAILED":
            return False
        replication.status, replication.attempts = "PENDING", 0
        replication.stamp = next(self._numbers)
        for site, status in replication.sites.items():
            replication.sites[site] = "PENDING" if status == "FAILED" else status
        self._order(version, replication, self._settings().delay)
        return True

    def _order(self, version: Version, what: Replication, delay: float) -> None:
        order = _Order(
            time.monotonic() + delay,
            next(self._numbers),
            what.stamp,
            what.bucket,
            version.name,
            str(version.version_id),
        )
        with self._changed:
            heapq.heappush(self._orders, order)
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            order = self._next()
            try:
                with self.working:
                    self._carry_out(order)
            except Exception:
                # Nothing waits for this thread, and without it all would be PENDING for ever.
                print(traceback.format_exc(), file=sys.stderr, flush=True)

    def _next(self) -> _Order:
        with self._changed:
            while True:
                if self._settings().paused or not self._orders:
                    self._changed.wait()
                    continue
                wait = self._orders[0].due - time.monotonic()
                if wait <= 0:
                    return heapq.heappop(self._orders)
                self._changed.wait(wait)

    def _carry_out(self, order: _Order) -> None:
        with self._store.lock:
            bucket = self._store.bucket(order.bucket)
            version = bucket and self._store.version(bucket, order.key, order.version_id)
            replication = self.known.get(version) if version else None
            if bucket is None or not version or replication is None:
                return
            if replication.stamp != order.stamp:
                return
            try:
                configuration = self._configurations.get(bucket.name)
                check_source(
                    self._store,
                    self._account_id,
                    self._settings(),
                    configuration,
                    bucket,
                    version,
                    replication,
                )
            except Stuck as stuck:
                replication.reason = str(stuck)
                return
            except Failed as failed:
                self._fail(version, replication, str(failed))
                return
            facts = facts_of(self._store, bucket, version)
            data = version.value if isinstance(version, FakeKey) else b""
        # Without the lock: the other side may be sending to this one just now.
        reason = self._send_to_sites(replication, facts, data)
        with self._store.lock:
            if replication.stamp != order.stamp:
                return
            if reason:
                self._fail(version, replication, reason)
            else:
                self._advance(version, replication)

    def _send_to_sites(self, what: Replication, facts: dict[str, Any], data: bytes) -> str:
        """Sends to the CloudServers that have not got it. Returns the reason of a failure, or ""."""
        sites = self._settings().sites
        open_sites = [
            site
            for site, status in what.sites.items()
            if status != "COMPLETED" and sites.get(site) == "scality"
        ]
        roles = what.role.split(",")
        target = what.destination.removeprefix("arn:aws:s3:::")
        for site in open_sites:
            reason = self._send({**facts, "role": roles[-1], "bucket": target}, data)
            if reason:
                return reason
            what.sites[site] = "COMPLETED"
        if not open_sites:
            # A public cloud takes everything; nothing of it can be seen here but its status.
            what.sites.update(dict.fromkeys(what.sites, "COMPLETED"))
        return ""

    def _advance(self, version: Version, what: Replication) -> None:
        done = all(status == "COMPLETED" for status in what.sites.values())
        what.status, what.reason, what.changed = (
            "COMPLETED" if done else "PROCESSING",
            "",
            time.time(),
        )
        if not done:
            self._order(version, what, self._settings().delay)

    def _fail(self, version: Version, what: Replication, reason: str) -> None:
        settings = self._settings()
        what.attempts += 1
        what.reason = reason
        what.changed = time.time()
        if what.attempts <= settings.retries:
            what.status = "PROCESSING"
            self._order(version, what, settings.delay)
            return
        what.status = "FAILED"
        for site, status in what.sites.items():
            what.sites[site] = status if status == "COMPLETED" else "FAILED"
