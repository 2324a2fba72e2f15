# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backbeat's own API, on its own port below /_/ and through CloudServer below /_/backbeat/api/.

Every error has the body {"<Name>": true}.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from .messages import Request, Response
from .objects import Replication, SiteStatus, size_of
from .replicator import Replicator
from .settings import Settings
from .store import Store, Version

DAY = 24 * 3600.0
SCHEDULED_HOURS = 6
FAILURES_PER_PAGE = 1000
_METRICS = {
    "backlog": ("Number of incomplete replication operations (count) and number of incomplete "
                "bytes transferred (size)", ("PENDING", "PROCESSING")),
    "completions": ("Number of completed replication operations (count) and number of bytes "
                    "transferred (size) in the last 86400 seconds", ("COMPLETED",)),
    "failures": ("Number of failed replication operations (count) and bytes (size) in the last "
                 "86400 seconds", ("FAILED",)),
    "throughput": ("Current throughput for replication operations in ops/sec (count) and "
                   "bytes/sec (size) in the last 900 seconds", ("COMPLETED",)),
    "pending": ("Number of pending replication operations (count) and bytes (size)",
                ("PENDING", "PROCESSING")),
}  # fmt: skip
_METHODS = ("GET", "POST", "DELETE")

#: One version's replication to one site.
Sent = tuple[Version, Replication, str, SiteStatus]


class _Error(Exception):
    def __init__(self, status: int, name: str) -> None:
        super().__init__(name)
        self.status = status
        self.name = name


class BackbeatApi:
    """The routes for replication ("crr"). Thread-safe."""

    def __init__(
        self,
        store: Store,
        replicator: Replicator,
        settings: Callable[[], Settings],
        change: Callable[[Settings], None],
    ) -> None:
        self._store = store
        self._replicator = replicator
        self._settings = settings
        self._change = change
        self._schedules: dict[str, tuple[threading.Timer, datetime]] = {}
        #: By site and kind of fact: until when (monotonic) the former value is returned, and this value.
        self._former: dict[tuple[str, str], tuple[float, Any]] = {}

    def reset(self) -> None:
        with self._store.lock:
            for timer, _ in self._schedules.values():
                timer.cancel()
            self._schedules.clear()
            self._former.clear()

    def forwarded(self, request: Request, route: str) -> Response:
        """CloudServer's response; forwarded responses have no request ID."""
        settings = self._settings()
        if not settings.backbeat:
            return _json(405, {"MethodNotAllowed": True})
        if settings.backbeat_down:
            return _json(503, {"ServiceUnavailable": True})
        # CloudServer merges two slashes in a row when it forwards a request, so keys with them are not found.
        found = "//" not in request.path
        response = self._answer(request, route) if found else _json(404, {"RouteNotFound": True})
        response.forwarded = True
        return response

    def direct(self, request: Request) -> Response:
        """Backbeat's response on its own port, which requires no signature."""
        if not self._settings().backbeat_allows:
            return _json(403, {"AccessDenied": True})
        if not request.path.startswith("/_/"):
            return _json(404, {"RouteNotFound": True})
        return self._answer(request, request.unquoted_path.removeprefix("/_/"))

    def _answer(self, request: Request, route: str) -> Response:
        try:
            with self._store.lock:
                return _json(200, self._route(request, route.split("/")))
        except _Error as error:
            return _json(error.status, {error.name: True})

    def _route(self, request: Request, parts: list[str]) -> Any:
        if self._settings().backbeat_old and not _is_old(parts):
            raise _Error(404, "RouteNotFound")
        match request.method, parts:
            case "GET", ["healthcheck"]:
                return _health()
            case "GET", ["metrics", "crr", site]:
                sent = self._sent(site)
                return {name: _metric(name, sent) for name in _METRICS}
            case "GET", ["metrics", "crr", site, name] if name in _METRICS:
                return {name: _metric(name, self._sent(site))}
            case "GET", ["metrics", "crr", site, "progress", bucket, *key] if key:
                self._sites(site)
                return self._progress(site, bucket, "/".join(key), request)
            case "GET", ["crr", "failed"]:
                return self._failed(request)
            case "GET", ["crr", "failed", bucket, *key] if key:
                return self._failed_one(bucket, "/".join(key), request)
            case "POST", ["crr", "failed"]:
                return self._retry(request)
            case "GET", ["crr", "status", *site]:
                return {one: self._shown(one, "status") for one in self._sites(*site)}
            case "POST", ["crr", ("pause" | "resume") as verb, *site] if len(site) < 2:
                self._set_paused(self._sites(*site), verb == "pause")
                return {}
            case "GET", ["crr", "resume", site]:
                return {one: self._shown(one, "schedule") for one in self._sites(site)}
            case "POST", ["crr", "resume", site, "schedule"]:
                self._schedule(self._sites(site), request)
                return {}
            case "DELETE", ["crr", "resume", site, "schedule"]:
                self._unschedule(self._sites(site))
                return {}
        if request.method not in _METHODS or parts == ["healthcheck"]:
            raise _Error(405, "MethodNotAllowed")
        raise _Error(404, "RouteNotFound")

    def _sites(self, site: str = "all", *rest: str) -> list[str]:
        sites = list(self._settings().sites)
        if rest or site not in (*sites, "all"):
            raise _Error(404, "RouteNotFound")
        return sites if site == "all" else [site]

    def _sent(self, site: str) -> list[Sent]:
        """The versions that are sent from here to the site, or to all sites."""
        sites = self._sites(site)
        return [
            (version, what, name, one)
            for version, what in self._replicator.known.items()
            for name, one in what.sites.items()
            if name in sites
        ]

    # Pauses

    def _value(self, site: str, kind: str) -> str:
        if kind == "schedule":
            return self._scheduled(site)
        return "disabled" if self._settings().is_paused(site) else "enabled"

    def _shown(self, site: str, kind: str) -> str:
        """The value, or the former one until Backbeat has published the change."""
        until, former = self._former.get((site, kind), (0.0, ""))
        return former if time.monotonic() < until else self._value(site, kind)

    def _keep_former(self, sites: list[str]) -> None:
        """Save the values of these sites, before changing them."""
        lag = self._settings().status_lag
        for key in (
            [(site, kind) for site in sites for kind in ("status", "schedule")] if lag else []
        ):
            self._former[key] = (time.monotonic() + lag, self._shown(*key))

    def _set_paused(self, sites: list[str], paused: bool) -> None:
        self._keep_former(sites)
        settings = self._settings()
        now = {site for site in settings.sites if settings.is_paused(site)}
        after = now | set(sites) if paused else now - set(sites)
        if not paused:
            self._unschedule(sites)
        self._change(settings.changed({"paused": [one for one in settings.sites if one in after]}))

    def _scheduled(self, site: str) -> str:
        if site not in self._schedules:
            return "none"
        due = self._schedules[site][1]
        return due.strftime("%Y-%m-%dT%H:%M:%S.") + f"{due.microsecond // 1000:03d}Z"

    def _schedule(self, sites: list[str], request: Request) -> None:
        try:
            body = json.loads(request.body or b"{}")
            hours = body.get("hours", SCHEDULED_HOURS)
            if type(hours) is not int or hours <= 0:
                raise ValueError
        except (ValueError, AttributeError):
            raise _Error(400, "MalformedPOSTRequest") from None
        self._keep_former(sites)
        settings = self._settings()
        for site in sites:
            # A site that is not shown as paused yet accepts no schedule.
            if settings.is_paused(site) and self._shown(site, "status") == "disabled":
                self._unschedule([site])
                timer = threading.Timer(hours * settings.hour, self._resume_scheduled, [site])
                timer.daemon = True
                self._schedules[site] = (
                    timer,
                    datetime.now(timezone.utc) + timedelta(hours=hours),
                )
                timer.start()

    def _resume_scheduled(self, site: str) -> None:
        with self._store.lock:
            timer = self._schedules.get(site)
            if timer is not None and timer[0] is threading.current_thread():
                self._set_paused([site], False)

    def _unschedule(self, sites: list[str]) -> None:
        for site in sites:
            scheduled = self._schedules.pop(site, None)
            if scheduled is not None:
                scheduled[0].cancel()

    # Failures and their retry

    def _failed(self, request: Request) -> dict[str, Any]:
        site = request.parameters.get("sitename")
        if site is None:
            # As on the servers, nothing is found without a site.
            return {"IsTruncated": False, "Versions": []}
        try:
            start = int(request.parameters.get("marker") or 0)
        except ValueError:
            raise _Error(400, "InvalidQueryParameter") from None
        settings = self._settings()
        failed = [
            _entry(version, what, site)
            for version, what, _, one in self._sent(site)
            if one.is_listed(settings)
        ]
        end = start + FAILURES_PER_PAGE
        answer = {"IsTruncated": end < len(failed), "Versions": failed[start:end]}
        return {**answer, "NextMarker": end} if end < len(failed) else answer

    def _failed_one(self, bucket: str, key: str, request: Request) -> dict[str, Any]:
        found = self._find(bucket, key, request.parameters.get("versionId"))
        entries = []
        if found is not None:
            version, what = found
            settings = self._settings()
            listed = [site for site, one in what.sites.items() if one.is_listed(settings)]
            entries = [_entry(version, what, site) for site in listed]
        return {"IsTruncated": False, "Versions": entries}

    def _find(
        self, bucket_name: str, key: str, version_id: str | None
    ) -> tuple[Version, Replication] | None:
        bucket = self._store.bucket(bucket_name)
        version = self._store.version(bucket, key, version_id) if bucket else None
        what = self._replicator.known.get(version)
        return None if version is None or what is None else (version, what)

    def _retry(self, request: Request) -> list[dict[str, Any]]:
        names = ("Bucket", "Key", "VersionId", "StorageClass")
        try:
            entries = json.loads(request.body)
            wanted = [(one, *(one[name] for name in names)) for one in entries]
        except (ValueError, TypeError, KeyError):
            raise _Error(400, "MalformedPOSTRequest") from None
        taken = []
        for entry, bucket, key, version_id, site in wanted:
            # Backbeat's list of failures is separated by colons, and loses keys with a colon.
            found = self._find(bucket, key, version_id) if ":" not in key else None
            unlisted = entry.get("ForceRetry") is True
            if found and self._replicator.retry(found[0], site, unlisted=unlisted):
                shown = {name: value for name, value in entry.items() if name != "ForceRetry"}
                taken.append({**shown, "ReplicationStatus": "PENDING"})
        return taken

    def _progress(self, site: str, bucket: str, key: str, request: Request) -> dict[str, Any]:
        found = self._find(bucket, key, request.parameters.get("versionId"))
        if found is None or (site != "all" and site not in found[1].sites):
            raise _Error(404, "ObjNotFound")
        version, what = found
        size = size_of(version)
        sites = what.sites.values() if site == "all" else [what.sites[site]]
        done = all(one.status == "COMPLETED" for one in sites)
        return {
            "description": "Number of bytes to be replicated (pending), number of bytes transferred "
            "to the destination (completed), and percentage of the object that has completed "
            "replication (progress)",
            "pending": 0 if done else size,
            "completed": size if done else 0,
            "progress": "100%" if done else "0%",
        }


def _is_old(parts: list[str]) -> bool:
    """Whether Backbeat 7.x has the route."""
    return parts[:2] == ["crr", "failed"] or parts[:3] in (
        ["healthcheck"],
        ["metrics", "crr", "all"],
    )


def _json(status: int, value: Any) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(value).encode())


def _entry(version: Version, what: Replication, site: str) -> dict[str, Any]:
    return {
        "Bucket": what.bucket,
        "Key": version.name,
        "VersionId": str(version.version_id),
        "StorageClass": site,
        "Size": size_of(version),
        "LastModified": version.last_modified.isoformat(timespec="milliseconds") + "Z",
    }


def _metric(name: str, sent: list[Sent]) -> dict[str, Any]:
    description, statuses = _METRICS[name]
    seconds = 900.0 if name == "throughput" else DAY
    since = time.time() - seconds
    counted = [
        version
        for version, _, _, one in sent
        if one.status in statuses and (one.changed > since or "PENDING" in statuses)
    ]
    results: dict[str, Any] = {"count": len(counted), "size": sum(map(size_of, counted))}
    if name == "throughput":
        results = {unit: f"{value / seconds:.2f}" for unit, value in results.items()}
    return {"description": description, "results": results}


def _health() -> dict[str, Any]:
    """The health with a single broker, which is "error" because there are no three in-sync replicas."""
    partition = {"id": 0, "leader": 0, "replicas": [0], "isrs": [0]}
    topic = "backbeat-replication"
    return {
        "topics": {topic: {"name": topic, "partitions": [partition]}},
        "internalConnections": {
            "isrHealth": "error",
            "zookeeper": {"status": "ok", "details": {"name": "SYNC_CONNECTED", "code": 3}},
            "kafkaProducer": {"status": "ok"},
        },
    }
