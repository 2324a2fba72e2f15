# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds failed and stuck versions of one pair, in a part of the bucket at each reading.

No server lists versions that are stuck in PENDING. So each reading compares the next pages of both listings, as
backbeat_verify does, and reads the status of old versions that the target lacks. Its cost does not depend on the size
of the bucket: some pages, and at most `limit` HEAD requests.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .._clients import s3_buckets, s3_objects
from .._clients.api import Api
from .._clients.backbeat import FailedVersion
from .._clients.errors import ApiError
from .._clients.heads import HeadRequests
from .._clients.listing import VersionListing
from .._clients.version_pages import Marker
from .._documents.events import FAILED, STUCK, Problem, Reading, moment, version_facts
from .._documents.names import key_bytes, key_text
from .._documents.replication import PENDING_STATUSES, api_prefix
from .._documents.verify_compare import KEY, MARKER, MODIFIED, VERSION_ID, Row
from .._documents.verify_compare import KIND as ROW_KIND

#: Causes of stuck versions.
ROLES_CHANGED, OVERTAKEN, NOTHING_ARRIVES = "roles-changed", "overtaken", "nothing-arrives"
#: The maximum number of versions whose stamped roles are read at one reading.
STAMPS = 100
Subject = tuple[str, str]


@dataclass(frozen=True)
class Limits:
    """stuck_after: seconds, 0 disables the check. limit: HEAD requests, pages: of each listing, at one reading."""

    stuck_after: float = 900.0
    limit: int = 1000
    pages: int = 10


@dataclass
class _Seen:
    """A watched version: when it was put, and when it was first read as pending. "" is unknown."""

    modified: str = ""
    since: str = ""


@dataclass
class _Scan:
    """Where the next reading continues, and missing versions; arrived: when the newest replica was put."""

    prefix: int = 0
    after: str = ""
    arrived: str = ""
    missing: list[Row] = field(default_factory=list)


class WatchedVersions:
    """Reads the versions of one pair. facts: data for all events of the pair."""

    def __init__(
        self,
        source: Api,
        target: Api,
        buckets: tuple[str, str],
        limits: Limits,
        facts: Mapping[str, Any],
    ) -> None:
        self._source = source
        self._target = target
        self._buckets = buckets
        self._bucket = buckets[0]
        self._heads = HeadRequests(source, buckets[0])
        self._limits = limits
        self._facts = facts
        self._stamps = STAMPS
        #: The error because of which the last reading could not compare the target.
        self.target_error: ApiError | None = None

    def read(
        self,
        area: str,
        note: Mapping[str, Any],
        known: Mapping[str, Mapping[str, Any]],
        failed: Sequence[FailedVersion] | None,
        now: datetime,
        *,
        paused: bool = False,
    ) -> Reading:
        """One reading. Raises ApiError.

        note: from the last reading. known: the events of the area's open problems, by name. failed: the source bucket's
        versions that Backbeat lists, None if failures are not reported. paused: whether a site is paused, so that long
        waits are no problem.
        """
        stored = s3_buckets.replication(self._source, self._bucket)
        if stored is None:
            return Reading(area)
        roles = str(stored.get("Role") or "")
        prefixes = [
            api_prefix(rule)
            for rule in stored.get("Rules") or ()
            if rule.get("Status") == "Enabled"
        ]
        problems = self._listed(area, failed or ())
        old = moment(now - timedelta(seconds=self._limits.stuck_after))
        watched = {_subject(text): _Seen(*seen) for text, seen in note.get("pending", {}).items()}
        for name in known:
            _kind, _area, *subject = json.loads(name)
            if len(subject) == 2 and name not in problems:
                watched.setdefault((subject[0], subject[1]), _Seen())
        room = self._limits.limit - len(watched)
        scan = _Scan(int(note.get("prefix", 0)), note.get("after", ""), note.get("arrived", ""))
        if self._limits.stuck_after and room > 0 and prefixes:
            try:
                self._scan(scan, prefixes, old, room)
            except _Target as error:
                # FAILED versions can be read without the target, and may have failed because of its outage.
                self.target_error = error.error
            for row in scan.missing:
                watched.setdefault(_of(row), _Seen(row[MODIFIED].decode()))
        checked = set(problems)
        pending: dict[str, list[str]] = {}
        for (key, version_id), seen in list(watched.items())[: self._limits.limit]:
            status = self._status(key, version_id)
            names = {kind: Problem(kind, area, (key, version_id)) for kind in (FAILED, STUCK)}
            checked |= {one.name for one in names.values()}
            if status == "FAILED" and failed is not None:
                self._add(problems, area, FAILED, key, version_id)
            if status not in PENDING_STATUSES or not self._limits.stuck_after:
                continue
            since = moment(now) if paused or not seen.since else seen.since
            pending[json.dumps([key, version_id])] = [seen.modified, since]
            before = known.get(names[STUCK].name, {}).get("cause", "")
            cause = before or self._cause(key, version_id, seen.modified, since, roles, scan, old)
            if cause:
                self._add(
                    problems, area, STUCK, key, version_id, cause=cause, last_modified=seen.modified
                )
        following = {
            "prefix": scan.prefix,
            "after": scan.after,
            "arrived": scan.arrived,
            "pending": pending,
        }
        # Problems for which no request was left are neither confirmed nor resolved.
        return Reading(area, tuple(problems.values()), self._all_checked(known, checked), following)

    def _listed(self, area: str, failed: Sequence[FailedVersion]) -> dict[str, Problem]:
        """Backbeat's failed versions as problems, one for each version."""
        problems: dict[str, Problem] = {}
        sites: dict[Subject, list[str]] = {}
        for one in failed:
            sites.setdefault((one.key, one.version_id), []).append(one.site)
        for number, (key, version_id) in enumerate(sites):
            if number == self._limits.limit:
                what = f"Backbeat lists {len(sites):,} failed versions; events name {number:,} of them."
                facts = {**self._facts, "bucket": self._bucket, "count": len(sites), "what": what}
                more = Problem(FAILED, area, ("more",), facts)
                problems[more.name] = more
                break
            self._add(problems, area, FAILED, key, version_id, sites=sites[key, version_id])
        return problems

    def _add(
        self,
        problems: dict[str, Problem],
        area: str,
        kind: str,
        key: str,
        version_id: str,
        **more: Any,
    ) -> None:
        facts = {**self._facts, **version_facts(self._bucket, key, version_id), **more}
        problem = Problem(kind, area, (key, version_id), facts)
        problems.setdefault(problem.name, problem)

    def _all_checked(
        self, known: Mapping[str, Any], checked: Collection[str]
    ) -> Collection[str] | None:
        if set(known) <= set(checked):
            return None
        more = {name for name in known if len(json.loads(name)) == 3}
        return {*checked, *more}

    def _status(self, key: str, version_id: str) -> str | None:
        name = key_bytes(key)
        head = self._heads.head(name, version_id.encode())
        return head.status if head else None

    def _cause(
        self,
        key: str,
        version_id: str,
        modified: str,
        since: str,
        roles: str,
        scan: _Scan,
        old: str,
    ) -> str:
        """Why a pending version is stuck; "" if it may only be waiting."""
        if self._stamps > 0:
            self._stamps -= 1
            try:
                stamped = s3_objects.stamped_roles(self._source, self._bucket, key, version_id)
            except ApiError:
                # Many accounts lack the permission for this route, and some servers lack the route.
                self._stamps = 0
            else:
                if stamped is not None and stamped != roles:
                    return ROLES_CHANGED
        if since > old:
            return ""
        return OVERTAKEN if modified and modified < scan.arrived else NOTHING_ARRIVES

    def _scan(self, scan: _Scan, prefixes: Sequence[str], old: str, room: int) -> None:
        """Compare the next pages of both sides for one prefix; after its end, the next prefix is due."""
        scan.prefix %= len(prefixes)
        begin = key_bytes(scan.after)
        rows, until, there = self._pages(prefixes[scan.prefix], begin)
        present = [row for row in rows if _of(row) in there]
        if present:
            scan.arrived = max(scan.arrived, max(row[MODIFIED].decode() for row in present))
        missing = [
            row
            for row in rows
            if row[ROW_KIND] != MARKER and _of(row) not in there and row[MODIFIED].decode() < old
        ]
        scan.missing = missing[:room]
        if len(missing) > room:
            # The next reading continues after these.
            until = scan.missing[-1][KEY]
        if until is None:
            scan.prefix, scan.after = (scan.prefix + 1) % len(prefixes), ""
        else:
            scan.after = key_text(until)

    def _pages(
        self, prefix: str, begin: bytes
    ) -> tuple[list[Row], bytes | None, Collection[Subject]]:
        """Rows of the source after a key, the key to continue after (None at the end), and versions of the target.

        Versions of the target beyond its pages are not included: their status shows that they were replicated.
        """
        source, target = (
            VersionListing(api, bucket, prefix)
            for api, bucket in zip((self._source, self._target), self._buckets, strict=True)
        )
        rows, complete = _take(source, begin, self._limits.pages)
        last = rows[-1][KEY] if rows else None
        until: bytes | None = None
        if not complete:
            before = [row for row in rows if row[KEY] != last]
            # If one key fills all the pages, the rest of its versions is skipped.
            rows = before or rows
            until = last = rows[-1][KEY]
        try:
            theirs = _take(target, begin, self._limits.pages, last)[0] if rows else []
        except ApiError as error:
            raise _Target(error) from error
        return rows, until, frozenset(map(_of, theirs))


class _Target(Exception):
    """The target could not be read."""

    def __init__(self, error: ApiError) -> None:
        super().__init__()
        self.error = error


def _take(
    listing: VersionListing, begin: bytes, pages: int, until: bytes | None = None
) -> tuple[list[Row], bool]:
    """Rows after a key, and whether they are complete, at least up to the key `until` if it is given."""
    rows: list[Row] = []
    marker: Marker | None = Marker(begin)
    for _page in range(pages):
        if marker is None:
            break
        page = listing.page(marker)
        rows += page.rows
        marker = page.following
        if until is not None and rows and rows[-1][KEY] > until:
            return rows, True
    return rows, marker is None


def _of(row: Row) -> Subject:
    return key_text(row[KEY]), row[VERSION_ID].decode()


def _subject(text: str) -> Subject:
    key, version_id = json.loads(text)
    return key, version_id
