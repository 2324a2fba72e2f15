# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends one version again: reads its state once more, and puts the version's own tags back on it.

The server then marks the version as PENDING, and Backbeat sends its data and metadata (measured on CloudServer
8.8.35 with Backbeat 8.6.49). Nothing else of the version changes.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .._clients import s3_buckets
from .._clients.api import Api, fresh, fresh_backoff
from .._clients.direct import DirectRequests
from .._clients.errors import (
    AUTHENTICATION,
    ApiError,
    Forbidden,
    Invalid,
    NotFound,
    Unreachable,
    Unsupported,
)
from .._clients.heads import HeadRequests
from .._clients.tagging import TagRequests
from .._documents.backfill_report import SourceVersion
from .._documents.replication import PENDING_STATUSES, Configuration, enabled_for, from_api
from .._documents.verify_questions import Head
from .._work import Unsatisfied
from .backfill_ledger import Ledger
from .job import Control

#: Seconds for which the replication configuration is cached.
CONFIGURED = 5.0
#: Seconds within which a server has to mark a version whose tags were put. Normally the put itself does so.
REACTION = 10.0
#: The number of individually refused versions after which the job ends.
REFUSALS = 100


@dataclass(frozen=True)
class Pair:
    """Both buckets, and the site whose status is read, "" for the overall status."""

    source: Api
    source_bucket: str
    target: Api
    target_bucket: str
    site: str = ""


class Requests:
    """Sends the requests of a backfill to both sides, paced and counted. Threads share it."""

    def __init__(self, pair: Pair, ledger: Ledger, control: Control) -> None:
        slowed = control.pace.slow_down
        self.pair = pair
        self.control = control
        self._ledger = ledger
        # One connection for each thread and side.
        source = DirectRequests(pair.source, pair.source_bucket)
        self._heads = {
            "source": HeadRequests(
                pair.source, pair.source_bucket, pair.site, slowed, requests=source
            ),
            "target": HeadRequests(pair.target, pair.target_bucket, "", slowed),
        }
        self._tags = TagRequests(pair.source, pair.source_bucket, slowed, source)
        self._lock = threading.Lock()
        #: When the configuration was read, it, and the prefixes of its rules for the target.
        self._configured: tuple[float, Configuration | None, tuple[bytes, ...]] = (0.0, None, ())

    def head(self, side: str, key: bytes, version_id: bytes | None) -> Head | None:
        """HEAD of a version (None: the current one). Returns None if it does not exist or is a delete marker."""
        self.pace("head")
        return self._heads[side].head(key, version_id)

    def tags(self, key: bytes, version_id: bytes) -> dict[str, str] | None:
        self.pace("get_tags")
        return self._tags.get(key, version_id)

    def put_tags(self, key: bytes, version_id: bytes, tags: dict[str, str]) -> None:
        self.pace("put_tags")
        self._tags.put(key, version_id, tags)

    def pace(self, kind: str) -> None:
        """Wait until a request may be sent, and count it."""
        self.control.pace.wait()
        self._ledger.count_request(kind)

    def configuration(self) -> Configuration | None:
        """The source bucket's replication configuration, at most a few seconds old; None if it has none."""
        return self._read_configuration()[0]

    def selected(self, key: bytes) -> bool:
        """Whether the current configuration replicates the key to this target."""
        return key.startswith(self._read_configuration()[1])

    def _read_configuration(self) -> tuple[Configuration | None, tuple[bytes, ...]]:
        pair = self.pair
        with self._lock:
            read, known, prefixes = self._configured
            if not read or time.monotonic() - read > CONFIGURED:
                self.pace("get_replication")
                stored = s3_buckets.replication(fresh(pair.source), pair.source_bucket)
                known = None if stored is None else from_api(stored)
                prefixes = tuple(enabled_for(known, pair.target_bucket, pair.site))
                self._configured = (time.monotonic(), known, prefixes)
            return known, prefixes


class Gate:
    """Admits one key at a time until the first version was replicated, then all keys."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()
        self._error: BaseException | None = None

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the turn while a key is sent. Raises the error of an earlier turn."""
        if not self._ledger.proven:
            with self._lock:
                # After an error, the waiting threads must not try too.
                if self._error is not None:
                    raise self._error
                # After the first version was replicated, threads need no turns.
                if not self._ledger.proven:
                    try:
                        yield
                    except BaseException as error:
                        self._error = error
                        raise
                    return
        yield


class Sender:
    """Sends versions. Threads share it.

    admit: returns when the backlog allows another version. first_timeout: seconds within which the first version has to
    be replicated; 0: only the server's mark is checked.
    """

    def __init__(
        self,
        requests: Requests,
        ledger: Ledger,
        admit: Callable[[], None],
        *,
        first_timeout: float,
    ) -> None:
        self._requests = requests
        self._ledger = ledger
        self._admit = admit
        self._first_timeout = first_timeout
        self._control = requests.control
        self._lock = threading.Lock()
        self._refusals = 0

    def send(self, key: bytes, version: SourceVersion) -> tuple[str, str]:
        """Send a version. Returns "" and "", or why it was skipped, with a detail.

        Raises Unreachable, refusals that affect all versions, and Unsatisfied if the first version is not replicated.
        Errors after the put are raised too: the version is already recorded, and must not be sent and counted again.
        """
        self._control.check(f"sending {version.key}")
        self._admit()
        backoff = fresh_backoff(self._requests.pair.source)
        tried = False
        while True:
            try:
                reason, tags = self._send(key, version, tried=tried)
                break
            except Unreachable as error:
                # The next try reads whether the put was done.
                tried = True
                if not backoff.pause():
                    raise
                self._control.check(f"sending {version.key} again after: {error}")
            except (Forbidden, Invalid, NotFound, Unsupported) as error:
                return "refused", self._refused(error)
        if tags is not None:
            self._check_after_put(key, version, tags)
        return reason, ""

    def _send(
        self, key: bytes, version: SourceVersion, *, tried: bool
    ) -> tuple[str, dict[str, str] | None]:
        """Send it. Returns why it was skipped ("" if sent), and the tags that were put back if the time is known."""
        requests, version_id = self._requests, version.version_id.encode()
        head = requests.head("source", key, version_id)
        if head is None:
            return "gone", None
        if head.status != version.status:
            if tried and head.status in (*PENDING_STATUSES, "COMPLETED"):
                self._sent(version, None)
                return "", None
            return "changed", None
        if requests.head("target", key, version_id) is not None:
            return "already-there", None
        if not requests.selected(key):
            return "no-rule", None
        began = time.monotonic()
        before = requests.tags(key, version_id)
        if before is None:
            return "gone", None
        requests.put_tags(key, version_id, before)
        window = time.monotonic() - began
        self._sent(version, window)
        return "", before

    def _check_after_put(self, key: bytes, version: SourceVersion, before: dict[str, str]) -> None:
        """Record if other tags were put in the meantime, and follow the first version."""
        after = self._requests.tags(key, version.version_id.encode())
        if after != before:
            self._ledger.changed_tags(version, before, after)
        if not self._ledger.proven:
            self._watch(key, version)
            self._ledger.proven = True

    def _sent(self, version: SourceVersion, window: float | None) -> None:
        self._control.deadlines.moved()
        self._ledger.sent(version, window)

    def _refused(self, error: ApiError) -> str:
        """The server's refusal as the detail of a skipped version. Raises it if it affects other versions too."""
        with self._lock:
            self._refusals += 1
            many = self._refusals > REFUSALS
        if not self._ledger.proven:
            error.advice = (
                f"This was the first version, so nothing was sent. {error.advice} The permissions that a backfill "
                "needs are listed call by call in the guide to permissions."
            )
            raise error
        if many or error.code in AUTHENTICATION:
            raise error
        return str(error)

    def _watch(self, key: bytes, version: SourceVersion) -> None:
        """Wait until the first version is replicated. Raises Unsatisfied if it is not."""
        began = time.monotonic()
        pause = 0.1
        reacted = False
        where = f"{self._requests.pair.source_bucket}/{version.key}"
        while True:
            head = self._requests.head("source", key, version.version_id.encode())
            status = head.status if head else None
            reacted = reacted or status != version.status
            waited = time.monotonic() - began
            if status == "COMPLETED" and (reacted or waited > REACTION):
                return
            if status == "FAILED" and reacted:
                raise _first(
                    f"The first version, {version.version_id} of {where}, was sent and is FAILED. Run "
                    "backbeat_preflight to find the cause, then run again. Nothing else was sent."
                )
            if reacted and status in PENDING_STATUSES and not self._first_timeout:
                return
            # A stuck version is PENDING before and after the put, so only its replication shows success.
            stuck = version.status in PENDING_STATUSES
            if not reacted and not stuck and waited > REACTION:
                raise _first(
                    f"The server did not mark the first version, {version.version_id} of {where}, as PENDING when its "
                    f"tags were put back: its status is still {status}. Replicating existing objects by putting their "
                    "tags does not work here. Check with backbeat_preflight that replication works for new "
                    "objects. Nothing else was sent."
                )
            if waited > max(self._first_timeout, REACTION):
                raise _first(
                    f"The first version, {version.version_id} of {where}, is still {status} after {waited:.0f} "
                    "s. Backbeat may be stopped or paused, or its backlog may take longer: check with "
                    "backbeat_service_info, and raise first_timeout if the backlog is the reason. Nothing "
                    "else was sent."
                )
            self._control.lines.waiting(f"the first version, of {where}, is {status}")
            self._control.sleep(pause)
            self._control.deadlines.moved()
            pause = min(pause * 1.5, 2.0)


def _first(message: str) -> Unsatisfied:
    return Unsatisfied(message, {})
