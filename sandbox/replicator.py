# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backbeat: sends versions that were written in this environment to its sites with the roles, and sets the status.

The statuses are those of the measured servers. "Stuck" versions stay PENDING: there is no further attempt until putting
tags stamps the object again.
"""

from __future__ import annotations

import itertools
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable
from typing import Any

from moto.s3.models import FakeBucket, FakeKey

from .objects import Replication, Replications, SiteStatus, facts_of
from .orders import Order, Orders
from .permissions import Failed, Stuck, check_source
from .rules import Configuration, Sites
from .settings import CLOUD, Settings
from .store import Store, Version

#: Sends a version (facts and data) to an environment by name. Returns the reason of a failure, or "".
Send = Callable[[str, dict[str, Any], bytes], str]


class Replicator:
    """Carries out orders in one thread when they are due."""

    def __init__(
        self,
        account_id: str,
        store: Store,
        configurations: dict[str, Configuration],
        settings: Callable[[], Settings],
        send: Send,
    ) -> None:
        self.known = Replications()
        self.orders = Orders(settings)
        self._account_id = account_id
        self._store = store
        self._configurations = configurations
        self._settings = settings
        self._send = send
        self._numbers = itertools.count(1)
        #: Held while an order is carried out; it must be taken before the store's lock, never after it.
        self.working = threading.Lock()
        threading.Thread(target=self._run, name="replicator", daemon=True).start()

    def reset(self) -> None:
        self.orders.clear()
        self.known.clear()

    def stamp(self, bucket: FakeBucket, version: Version) -> None:
        """Set the status of a new version, if an enabled rule matches its key."""
        configuration = self._configurations.get(bucket.name)
        rule = configuration.rule_for(version.name) if configuration else None
        if configuration is None or rule is None:
            return
        settings = self._settings()
        names = Sites.of(settings).names(rule.storage_class)
        now = time.time()
        replication = Replication(
            "PENDING",
            bucket.name,
            configuration.role,
            configuration.destination,
            rule.storage_class,
            {name: SiteStatus(changed=now, copy=self._copy(version, name)) for name in names},
            stamp=next(self._numbers),
        )
        self.known.set(version, replication)
        for name in names:
            # A public cloud takes longer.
            longer = 2 if settings.sites.get(name) == CLOUD else 1
            self._order(version, replication, name, settings.delay * longer)

    def _copy(self, version: Version, site: str) -> str:
        """The id of the copy from an earlier replication."""
        before = self.known.get(version)
        state = before.sites.get(site) if before else None
        return state.copy if state else ""

    def retry(self, version: Version, site: str, *, unlisted: bool = False) -> bool:
        """Send a version to a failed site again, with the roles that were stamped on it.

        unlisted: also if it is no longer in the list of failures. Returns whether it is sent.
        """
        replication = self.known.get(version)
        state = replication.sites.get(site) if replication else None
        if replication is None or state is None:
            return False
        settings = self._settings()
        if not (state.is_listed(settings) or (unlisted and state.status == "FAILED")):
            return False
        state.status, state.attempts = "PENDING", 0
        state.unlisted = time.time() + settings.failures_lag
        replication.status = "PROCESSING"
        replication.stamp = next(self._numbers)
        self._order(version, replication, site, settings.delay)
        for name, one in replication.sites.items():
            if name != site and one.status == "PENDING":
                self._order(version, replication, name, settings.delay)
        return True

    def _order(self, version: Version, what: Replication, site: str, delay: float) -> None:
        due = time.monotonic() + delay
        number = next(self._numbers)
        order = Order(due, number, what.stamp, what.bucket, version.name, str(version.version_id))
        self.orders.put(site, order)

    def _run(self) -> None:
        while True:
            site, order = self.orders.take()
            try:
                with self.working:
                    self._carry_out(site, order)
            except Exception:
                # Keep the thread running: nothing waits for it, and without it all versions would stay PENDING.
                print(traceback.format_exc(), file=sys.stderr, flush=True)

    def _carry_out(self, site: str, order: Order) -> None:
        with self._store.lock:
            bucket = self._store.bucket(order.bucket)
            version = bucket and self._store.version(bucket, order.key, order.version_id)
            replication = self.known.get(version) if version else None
            if bucket is None or not version or replication is None:
                return
            if replication.stamp != order.stamp:
                return
            try:
                check_source(
                    self._store,
                    self._account_id,
                    self._settings(),
                    self._configurations.get(bucket.name),
                    bucket,
                    version,
                    replication,
                )
            except Stuck as stuck:
                replication.reason = str(stuck)
                return
            except Failed as failed:
                self._fail(version, replication, site, str(failed))
                return
            facts = facts_of(self._store, bucket, version)
            data = version.value if isinstance(version, FakeKey) else b""
        # Without the lock: the other environment may be sending to this one at the same time.
        reason = self._send_to(site, replication, facts, data)
        with self._store.lock:
            if replication.stamp != order.stamp:
                return
            if reason:
                self._fail(version, replication, site, reason)
            else:
                replication.set_site(site, "COMPLETED")
                replication.reason = ""

    def _send_to(self, site: str, what: Replication, facts: dict[str, Any], data: bytes) -> str:
        """Send it. Returns the reason of a failure, or ""."""
        settings = self._settings()
        where = settings.sites.get(site, CLOUD)
        if where == CLOUD:
            return self._send_to_cloud(site, what, facts, data, settings)
        roles = what.role.split(",")
        target = what.destination.removeprefix("arn:aws:s3:::")
        return self._send(where, {**facts, "role": roles[-1], "bucket": target}, data)

    def _send_to_cloud(
        self, site: str, what: Replication, facts: dict[str, Any], data: bytes, settings: Settings
    ) -> str:
        environment, _slash, bucket = settings.clouds.get(site, "").partition("/")
        if not environment:
            # It accepts everything, and only its status is visible here.
            return ""
        key = facts["key"] if settings.bucket_match else f"{what.bucket}/{facts['key']}"
        copy = what.sites[site].copy or uuid.uuid4().hex
        reason = self._send(
            environment, {**facts, "key": key, "bucket": bucket, "copy": copy}, data
        )
        if not reason:
            what.sites[site].copy = copy
        return reason

    def _fail(self, version: Version, what: Replication, site: str, reason: str) -> None:
        settings = self._settings()
        state = what.sites[site]
        state.attempts += 1
        what.reason = reason
        if state.attempts <= settings.retries:
            what.status = "PROCESSING"
            self._order(version, what, site, settings.delay)
            return
        state.failed = time.time()
        state.unlisted = 0.0
        what.set_site(site, "FAILED")
