# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes Backbeat retry failed versions, except those that would expose deleted or old content at the target."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._clients import backbeat, s3_objects
from .._clients.api import Api
from .._clients.backbeat import FailedVersion
from .._clients.service import S3
from .._clients.session import Connections
from .._documents import names
from .._documents.replication import PENDING_STATUSES
from .._documents.resend_rules import REASONS, KeyPlan, Selection, plan_key
from .._queries.backbeat_info import matching, sites_to_ask
from .._waiting import Backoff
from .._work import InvalidDocument, Unsatisfied
from .failed_keys import FailedKey, KeyReader, Spool, Target
from .job import Control, Job

#: The number of versions in one request, of keys that are read before it, and of refused versions in a result.
BATCH, READ, SHOWN = 100, 32, 100
COLON, GONE, ROLES = "colon", "gone", "roles-changed"
#: Why a version is refused: the reasons of the rules for sending, and of this API.
EXPLAINED = {
    **REASONS,
    COLON: "Backbeat's API cannot retry keys with a colon: put the version's own tags back on it instead.",
    GONE: "The source does not have the version any more.",
    ROLES: "The version was put with other roles than those that are configured now, so Backbeat would not "
    "replicate it: put the version's own tags back on it instead.",
}


@dataclass(frozen=True)
class RetryRequest:
    """Which failed versions to retry.

    versions: None for those that Backbeat lists as failed, limited to the sites, the bucket and the prefix. force:
    whether to retry versions that Backbeat does not list as failed too. target_s3, target_bucket: the place of the
    replicas; without it, older versions of deleted keys are refused.
    """

    backbeat_url: str
    sites: tuple[str, ...] = ()
    bucket: str | None = None
    prefix: str = ""
    versions: tuple[FailedVersion, ...] | None = None
    force: bool = False
    target_bucket: str = ""
    target_s3: Mapping[str, Any] = field(default_factory=dict, repr=False)
    wait: bool = True
    wait_timeout: float = 300.0
    wait_max_delay: float = 5.0

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> RetryRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        sites = tuple(options["sites"] or ())
        bucket: str | None = options["bucket"]
        given: list[Mapping[str, Any]] | None = options["versions"]
        target: Mapping[str, Any] | None = options["target"]
        if target and not bucket:
            raise InvalidDocument(
                "target belongs to one bucket: give bucket too, or leave target out."
            )
        return cls(
            backbeat_url=options["backbeat_url"],
            sites=sites,
            bucket=bucket and names.check_bucket_name(bucket),
            prefix=options["prefix"] or "",
            versions=None
            if given is None
            else tuple(one for entry in given for one in _versions(entry, bucket, sites)),
            force=bool(options["force"]),
            target_bucket=names.check_bucket_name(target["bucket"]) if target else "",
            target_s3=target["s3"] if target else {},
            wait=bool(options["wait"]),
            wait_timeout=float(options["wait_timeout"]),
            wait_max_delay=float(options["wait_max_delay"]),
        )


def _versions(
    entry: Mapping[str, Any], bucket: str | None, sites: tuple[str, ...]
) -> Iterator[FailedVersion]:
    where = entry.get("bucket") or bucket
    to = (entry["site"],) if entry.get("site") else sites
    if not where or not to:
        missing = "bucket" if not where else "site"
        raise InvalidDocument(
            f"The version {entry['version_id']} of {entry['key']!r} names no {missing}: "
            f"give it there, or {'bucket' if not where else 'sites'} for all versions."
        )
    for site in to:
        yield FailedVersion(where, entry["key"], entry["version_id"], site, 0, None)


@dataclass
class Tally:
    """The counts of a retry; refused: by reason; first: the refused versions for the result."""

    asked: int = 0
    accepted: int = 0
    dropped: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    first: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, versions: Sequence[FailedVersion], reason: str) -> None:
        self.refused[reason] += len(versions)
        for version in versions[: max(0, SHOWN - len(self.first))]:
            self.first.append(
                {
                    "bucket": version.bucket,
                    "key": version.key,
                    "version_id": version.version_id,
                    "reason": reason,
                    "detail": EXPLAINED[reason],
                }
            )


class Retry(Job):
    """Retries failed versions with Backbeat's API."""

    def __init__(
        self, request: RetryRequest, api: Api, source: Api, target: Target | None = None
    ) -> None:
        self.request = request
        self.api = api
        self.source = source
        self.target = target
        self._spool = Spool()

    @classmethod
    def build(cls, request: RetryRequest, connections: Connections) -> Retry:
        """Build it for the API at the request's URL; versions are read at the task's S3 endpoint."""
        target = None
        if request.target_bucket:
            target = Target(connections.open(S3, request.target_s3), request.target_bucket)
        return cls(request, connections.backbeat(request.backbeat_url), connections.main, target)

    def predict(self, control: Control) -> dict[str, Any]:
        tally = Tally()
        for batch, _plan in self._batches(control, tally):
            tally.asked += len(batch)
        return self._result(tally, None, tally.asked)

    def run(self, control: Control) -> dict[str, Any]:
        tally = Tally()
        try:
            for batch, plan in self._batches(control, tally):
                if plan.one_by_one:
                    self._send_in_order(control, tally, batch)
                else:
                    self._send(control, tally, batch)
        except Unsatisfied as error:
            result = self._result(tally, None, tally.accepted)
            raise Unsatisfied(str(error), result) from error
        outcome = self._outcome(control, tally) if self.request.wait else None
        return self._result(tally, outcome, tally.accepted)

    def _batches(
        self, control: Control, tally: Tally
    ) -> Iterator[tuple[list[FailedVersion], KeyPlan]]:
        """The versions to send, the oldest of each key first. A key whose order matters is a batch by itself."""
        batch: list[FailedVersion] = []
        keys = self._keys(control)
        with contextlib.closing(KeyReader(self.source, self.target, control.pace.wait)) as reader:
            while portion := list(itertools.islice(keys, READ)):
                control.check("reading failed versions")
                found = deque(reader.read([failed for failed in portion if not _has_colon(failed)]))
                control.deadlines.moved()
                delicate = []
                for failed in portion:
                    if _has_colon(failed):
                        tally.refuse(failed, COLON)
                        continue
                    key = found.popleft()
                    plan = _plan(key)
                    if plan.one_by_one:
                        delicate.append(failed)
                        continue
                    batch += _allowed(key, plan, tally)
                    while len(batch) >= BATCH:
                        yield batch[:BATCH], KeyPlan()
                        del batch[:BATCH]
                for failed in delicate:
                    # Each key is read just before it is sent: sending the previous one in order may have taken minutes.
                    (key,) = reader.read([failed])
                    plan = _plan(key)
                    if allowed := _allowed(key, plan, tally):
                        yield allowed, plan
        if batch:
            yield batch, KeyPlan()

    def _keys(self, control: Control) -> Iterator[list[FailedVersion]]:
        """The failed versions, grouped by key."""
        # List all before sending any: retried versions leave Backbeat's list, which would shift its pages.
        for version in self._failed():
            control.check("listing failed versions")
            control.deadlines.moved()
            self._spool.add(version)
        yield from self._spool.keys()

    def _failed(self) -> Iterator[FailedVersion]:
        request = self.request
        if request.versions is not None:
            for version in request.versions:
                if request.bucket in (None, version.bucket) and version.key.startswith(
                    request.prefix
                ):
                    yield version
            return
        sites = sites_to_ask(self.api, request.sites)
        yield from matching(self.api, sites, request.bucket, request.prefix)

    def _send(self, control: Control, tally: Tally, batch: list[FailedVersion]) -> None:
        control.check("retrying failed versions")
        control.pace.wait()
        accepted = backbeat.retry(self.api, batch, force=self.request.force)
        control.deadlines.moved()
        tally.asked += len(batch)
        tally.accepted += len(accepted)
        for one in accepted if self.request.wait else ():
            self._spool.accept(*one)
        tally.dropped += len(batch) - len(accepted)
        control.lines.waiting(f"{tally.accepted:,} of {tally.asked:,} retries accepted")

    def _send_in_order(self, control: Control, tally: Tally, versions: list[FailedVersion]) -> None:
        """Send each version after the previous one was replicated, then compare the current versions of both sides."""
        for version in versions:
            self._send(control, tally, [version])
            where = version.bucket, version.key, version.version_id
            status = self._wait(control, *where, self._backoff())
            if status != "COMPLETED":
                raise Unsatisfied(
                    f"The retried version {version.version_id} of {version.bucket}/{version.key} is {status}, and the "
                    "key has a null version, so its newer versions must not be sent before it has arrived. "
                    "Run backbeat_preflight to find the cause, then retry again.",
                    {},
                )
        if versions:
            self._compare(versions[0])

    def _compare(self, version: FailedVersion) -> None:
        if self.target is None:
            return
        source = s3_objects.head_object(self.source, version.bucket, version.key)
        target = s3_objects.head_object(self.target.api, self.target.bucket, version.key)
        if (source and source.version_id) != (target and target.version_id):
            raise Unsatisfied(
                f"After the retry a GET of {version.key!r} returns another version at the target than at the source: "
                f"{target and target.version_id} instead of {source and source.version_id}. Copy the current version "
                "onto itself at the source, and compare again.",
                {},
            )

    def _backoff(self) -> Backoff:
        request = self.request
        return replace(
            self.source.backoff, timeout=request.wait_timeout, cap=request.wait_max_delay
        )

    def _wait(
        self, control: Control, bucket: str, key: str, version_id: str, backoff: Backoff
    ) -> str:
        """Wait until a version is not pending any more, or time runs out. Returns its status."""
        while True:
            head = s3_objects.head_object(self.source, bucket, key, version_id)
            # Servers do not return the status of delete markers.
            status = (head and head.replication_status) or "not shown"
            if status not in PENDING_STATUSES or not backoff.pause():
                return status
            control.check(f"waiting for {bucket}/{key}")
            control.lines.waiting(f"waiting for {bucket}/{key}, which is {status}")

    def _outcome(self, control: Control, tally: Tally) -> dict[str, int]:
        outcome: Counter[str] = Counter()
        backoff = self._backoff()
        for bucket, key, version_id, _site in self._spool.accepted():
            outcome[self._wait(control, bucket, key, version_id, backoff)] += 1
            control.deadlines.moved()
        return dict(outcome)

    def _result(self, tally: Tally, outcome: dict[str, int] | None, changed: int) -> dict[str, Any]:
        return {
            "retry": {
                "asked": tally.asked,
                "accepted": tally.accepted,
                "dropped": tally.dropped,
                "refused": sum(tally.refused.values()),
                "refused_by_reason": dict(tally.refused),
                "first_refused": tally.first,
                "outcome": outcome,
            },
            "changes": [f"RetryFailedObjects {changed} versions"] if changed else [],
        }


def _has_colon(failed: Sequence[FailedVersion]) -> bool:
    return ":" in failed[0].key


def _plan(key: FailedKey) -> KeyPlan:
    wanted = frozenset(one.version_id for one in key.failed) - key.other_roles
    # Only listed versions are sent, even if other versions of the key have failed.
    return plan_key(key.versions, Selection(frozenset(), wanted, markers=True))


def _allowed(key: FailedKey, plan: KeyPlan, tally: Tally) -> list[FailedVersion]:
    """The failed versions that may be sent, in order; the others are added to the tally."""
    by_id: dict[str, list[FailedVersion]] = {}
    for version in key.failed:
        by_id.setdefault(version.version_id, []).append(version)
    present = {one.version_id for one in key.versions}
    for name, versions in by_id.items():
        if name not in present:
            tally.refuse(versions, GONE)
        elif name in key.other_roles:
            tally.refuse(versions, ROLES)
    for refusal in plan.refused:
        tally.refuse(by_id[refusal.version_id], refusal.reason)
    return [version for name in plan.send for version in by_id[name]]
