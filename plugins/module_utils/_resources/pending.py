# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds pending versions before and after a change because of which they would never replicate."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .._clients import s3_objects
from .._clients.api import Api
from .._clients.backbeat import Metrics, metrics
from .._clients.errors import ApiError, Forbidden, Unreachable
from .._clients.s3_objects import Version
from .._documents.names import bucket_arn, without_canary
from .._documents.replication import PENDING_STATUSES, Configuration, Rule, covers, join_roles
from .._work import Refused

# The scan ends after this number of pending versions: a change is refused anyway.
ENOUGH = 100
# The maximum number of listed versions in memory, the newest. More cannot be read in reasonable time.
MOST_KEPT = 100_000
# Seconds by which two readings of a server's clock may differ: responses have whole seconds.
PRECISION = timedelta(seconds=2)


# Default age in hours of the oldest versions to check; more if Backbeat's backlog is older.
USUAL_AGE = 24.0
# An age of this many hours stands for any age: no server is as old.
LONGEST_AGE = 50 * 365 * 24.0


@dataclass(frozen=True)
class ScanLimits:
    """seconds: time limit, 0 for no scan. hours: maximum age of versions to check, None: see `oldest_pending`.

    exempt: keys of objects that may be pending.
    """

    seconds: float = 60.0
    hours: float | None = None
    exempt: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Scope:
    """Which versions to check: with the prefixes, put since a time (ISO 8601, UTC; "" for all), in so many seconds.

    exempt: keys of objects that do not count. Canaries that were put with them do not count either.
    """

    bucket: str
    prefixes: tuple[str, ...]
    since: str
    seconds: float
    exempt: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f" put since {self.since[:16]} UTC" if self.since else ""


@dataclass(frozen=True)
class Scan:
    """The result of a scan.

    began: its start by the server's clock (ISO 8601). versions: the pending ones, newest first. listed, checked: how
    many versions were listed, and how many of them were read. older: how many were put before the scope's time.
    complete: whether the listing reached its end.
    """

    scope: Scope
    began: str
    versions: tuple[Version, ...]
    listed: int
    older: int
    checked: int
    complete: bool

    @property
    def recent(self) -> int:
        return self.listed - self.older

    @property
    def gap(self) -> str:
        """A sentence about the versions that the scan did not cover; empty if it covered all."""
        seconds = self.scope.seconds
        if not self.complete:
            return f"Listing did not end within {seconds:.0f} s, after {self.listed:,} versions."
        if self.checked < self.recent and len(self.versions) < ENOUGH:
            return (
                f"Only the newest {self.checked:,} of {self.recent:,} versions{self.scope} could be checked "
                f"within {seconds:.0f} s."
            )
        return ""

    def __str__(self) -> str:
        scope = f"{self.checked:,} versions{self.scope}"
        if not self.versions:
            return f"none of {scope} is pending"
        examples = ", ".join(one.key for one in self.versions[:3])
        more = ", .." if len(self.versions) > 3 else ""
        return f"{len(self.versions):,} of {scope} are pending ({examples}{more})"


def scan(api: Api, scope: Scope, *, whole: bool = False) -> Scan:
    """List the versions, and read the status of those in the scope, newest first, until time runs out.

    Listings have no status and are sorted by key, so all versions have to be listed. Unless `whole`, the scan ends
    when ENOUGH are found.
    """
    began = api.now.isoformat()
    api = api.within(scope.seconds)
    newest: list[tuple[str, str, str]] = []
    listed = older = 0
    complete = False
    try:
        for version in _all(api, scope):
            if scope.exempt and without_canary(version.key) in scope.exempt:
                continue
            listed += 1
            if version.modified < scope.since:
                older += 1
                continue
            entry = (version.modified, version.key, version.version_id)
            if len(newest) < MOST_KEPT:
                heapq.heappush(newest, entry)
            else:
                heapq.heappushpop(newest, entry)
        complete = True
    except Unreachable:
        if not api.backoff.deadline.expired:
            raise
    found, checked = _read(api, scope.bucket, sorted(newest, reverse=True), whole)
    return Scan(scope, began, tuple(found), listed, older, checked, complete)


def _all(api: Api, scope: Scope) -> Iterator[Version]:
    for prefix in scope.prefixes:
        for page, _more in s3_objects.version_pages(api, scope.bucket, prefix):
            yield from page


def _read(
    api: Api, bucket: str, entries: Sequence[tuple[str, str, str]], whole: bool
) -> tuple[list[Version], int]:
    found: list[Version] = []
    for checked, (modified, key, version_id) in enumerate(entries):
        if len(found) >= ENOUGH and not whole:
            return found, checked
        try:
            head = s3_objects.head_object(api, bucket, key, version_id)
        except Unreachable:
            if not api.backoff.deadline.expired:
                raise
            return found, checked
        if head is not None and head.replication_status in PENDING_STATUSES:
            found.append(Version(key, version_id, modified))
    return found, len(entries)


def affected_prefixes(
    current: Configuration | None, after: Configuration | None
) -> tuple[str, ...]:
    """The prefixes of rules whose pending objects would never replicate after the change.

    Source: measured on Backbeat. An object keeps the roles and the destination that it was put
    with. If other roles are set while it is PENDING, it stays PENDING forever; if the destination changes or the rule
    is removed or disabled, it becomes FAILED.
    """
    if current is None:
        return ()
    in_force = [rule for rule in current.rules if rule.enabled]
    if (
        after is None
        or after.roles != current.roles
        or after.target_bucket != current.target_bucket
    ):
        return tuple(rule.prefix for rule in in_force)
    return tuple(rule.prefix for rule in in_force if not _covered(rule, after))


def _covered(rule: Rule, after: Configuration) -> bool:
    return any(
        new.enabled and covers(new.prefix, rule.prefix) and new.sites == rule.sites
        for new in after.rules
    )


class Watch:
    """Checks a bucket before a change after which pending versions would never replicate, and again after it.

    Pending versions keep the roles and the target of the configuration under which they were put: after a change of
    either, or of their rule, they stay PENDING forever or become FAILED.
    """

    def __init__(
        self,
        api: Api,
        request: Any,
        prefixes: Sequence[str],
        before: Configuration | None,
        after: Configuration | None,
        backbeat: Api | None,
    ) -> None:
        self.api = api
        self.request = request
        self.prefixes = tuple(prefixes) if request.scan.seconds else ()
        self.before, self.after = before, after
        self.backbeat = backbeat
        self.found: Scan | None = None

    @property
    def _where(self) -> str:
        return f"the bucket {self.request.bucket} at {self.api.endpoint}"

    def check(self) -> tuple[str, ...]:
        """Scan the bucket. Returns warnings. Raises Refused if versions are pending or the scan is incomplete."""
        if not self.prefixes:
            return ()
        backlog = metrics(self.backbeat) if self.backbeat else None
        age = oldest_pending(self.request.scan.hours, backlog)
        self.found = self._scan(None if age is None else self.api.now - age)
        note = _backlog_text(backlog)
        reasons = [f"Of {self._where}, {self.found}."] if self.found.versions else []
        reasons += [one for one in (self.found.gap,) if one]
        if not reasons:
            older = f"{self.found.older:,} older versions of {self._where} were not checked."
            notes = [f"{note}; {self.found} in {self.request.bucket}."] if note else []
            return (*notes, *([older] if self.found.older else []))
        text = " ".join((*reasons, *([f"{note}."] if note else [])))
        if self.request.allow_pending_loss:
            again = (
                "" if self.request.resend else " Send them again with backbeat_object and resend."
            )
            return (f"{text} After this change, pending versions never replicate.{again}",)
        raise Refused(
            f"{text} After this change, pending versions would never replicate: they stay PENDING or end as FAILED. "
            "Wait until they are replicated (or, if not all could be checked, raise pending_scan_time or lower "
            "pending_max_age), or set allow_pending_loss to make the change anyway."
        )

    def follow_up(self, changes: list[str]) -> tuple[str, ...]:
        """Find versions put since the check that are pending under the old configuration; resend them if requested."""
        if self.found is None:
            return ()
        changed = (self.api.now + PRECISION).isoformat()
        later = self._scan(datetime.fromisoformat(self.found.began) - PRECISION)
        earlier = self.found.versions
        lost = [one for one in later.versions if one not in earlier and self._is_lost(one, changed)]
        gap = (later.gap,) if later.gap else ()
        if self.request.resend and self._moved:
            again = list(filter(self._is_covered, (*lost, *earlier)))
            return (*gap, *self._send_again(again, changes))
        if not lost:
            return gap
        names = ", ".join(f"{one.key} ({one.version_id})" for one in lost[:ENOUGH])
        text = (
            f"Put into {self._where} while the configuration was changed, {len(lost):,} versions are pending under "
            f"the previous configuration and never replicate: {names}. Send them again with backbeat_object and resend."
        )
        return (text, *gap)

    def _scan(self, since: datetime | None) -> Scan:
        scope = Scope(
            self.request.bucket,
            self.prefixes,
            since.isoformat() if since else "",
            self.request.scan.seconds,
            self.request.scan.exempt,
        )
        try:
            return scan(self.api, scope, whole=self.request.resend)
        except Forbidden as error:
            error.advice = (
                "So it is unknown whether pending versions would never replicate after this change: grant the "
                "permissions to list the bucket's versions and to read its objects, or skip the check with "
                "pending_scan_time: 0."
            )
            raise

    def _is_lost(self, version: Version, changed: str) -> bool:
        """Whether a pending version will never replicate: its rule is gone, or it has the old roles or target."""
        if self.after is None or not self._moved:
            return True
        try:
            stamp = s3_objects.stamp(self.api, self.request.bucket, version.key, version.version_id)
        except ApiError:
            stamp = {}
        if not stamp:
            # Some servers do not return a version's roles, or not to this account. Versions put before the change have
            # the old ones.
            return version.modified < changed
        role, target = join_roles(self.after.roles), bucket_arn(self.after.target_bucket)
        return (stamp.get("role"), stamp.get("destination")) != (role, target)

    @property
    def _moved(self) -> bool:
        """Whether roles or target changed, so that versions can be sent again with the new ones."""
        before, after = self.before, self.after
        if before is None or after is None:
            return False
        return (before.roles, before.target_bucket) != (after.roles, after.target_bucket)

    def _is_covered(self, version: Version) -> bool:
        rules = self.after.rules if self.after else ()
        return any(rule.enabled and version.key.startswith(rule.prefix) for rule in rules)

    def _send_again(self, versions: Sequence[Version], changes: list[str]) -> tuple[str, ...]:
        failed = []
        for one in versions:
            try:
                s3_objects.send_again(self.api, self.request.bucket, one.key, one.version_id)
            except ApiError as error:
                failed.append(str(error))
            else:
                changes.append(f"PutObjectTagging {self.request.bucket}/{one.key}")
        if not failed:
            return ()
        return (f"{len(failed)} of {len(versions)} versions could not be sent again: {failed[0]}",)


def oldest_pending(hours: float | None, backlog: Metrics | None) -> timedelta | None:
    """The maximum age of a pending version; None for any age.

    It is estimated from Backbeat's backlog; if nothing is being sent, any age is possible. Stuck versions may be older,
    up to the default age.
    """
    if hours is None:
        hours = USUAL_AGE
        if backlog is not None and backlog.backlog.count:
            age = backlog.backlog_age
            hours = max(hours, math.inf if age is None else age / 3600)
    return timedelta(hours=hours) if hours < LONGEST_AGE else None


def _backlog_text(backlog: Metrics | None) -> str:
    if backlog is None or not backlog.backlog.count:
        return ""
    amount = backlog.backlog
    return f"Backbeat has {amount.count} operations ({amount.size} bytes) of all buckets to send"
