# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backbeat's own API as it is reached through CloudServer, /_/backbeat/api/...

Every error has the body {"<Name>": true}.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from moto.s3.models import FakeKey

from .messages import Request, Response
from .objects import Replication
from .replicator import Replicator
from .settings import Settings
from .store import Store, Version

DAY = 24 * 3600.0
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


class _Error(Exception):
    def __init__(self, status: int, name: str) -> None:
        super().__init__(name)
        self.status = status
        self.name = name


class BackbeatApi:
    """The routes for replication ("crr"); a pause is one for all sites."""

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

    def answer(self, request: Request, route: str) -> Response:
        try:
            if not self._settings().backbeat:
                raise _Error(405, "MethodNotAllowed")
            status, value = 200, self._route(request, route.split("/"))
        except _Error as error:
            status, value = error.status, {error.name: True}
        return Response(status, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def _route(self, request: Request, parts: list[str]) -> Any:
        match request.method, parts:
            case "GET", ["healthcheck"]:
                return _health()
            case "GET", ["metrics", "crr", site]:
                known = self._of_site(site)
                return {name: _metric(name, known) for name in _METRICS}
            case "GET", ["metrics", "crr", site, name] if name in _METRICS:
                return {name: _metric(name, self._of_site(site))}
            case "GET", ["crr", "failed"]:
                return self._failed(request)
            case "GET", ["crr", "failed", bucket, *key]:
                return self._failed_one(bucket, "/".join(key), request)
            case "POST", ["crr", "failed"]:
                return self._retry(request)
            case "GET", ["crr", "status", *site]:
                state = "disabled" if self._settings().paused else "enabled"
                return dict.fromkeys(self._sites(*site), state)
            case "POST", ["crr", ("pause" | "resume") as verb, *site]:
                self._sites(*site)
                self._change(self._settings().changed({"paused": verb == "pause"}))
                return {}
        raise _Error(404, "RouteNotFound")

    def _sites(self, site: str = "all", *rest: str) -> list[str]:
        sites = list(self._settings().sites)
        if rest or site not in (*sites, "all"):
            raise _Error(404, "RouteNotFound")
        return sites if site == "all" else [site]

    def _of_site(self, site: str) -> list[tuple[Version, Replication]]:
        """The versions that this side sends to the site."""
        sites = self._sites(site)
        known = self._replicator.known.items()
        return [(version, what) for version, what in known if set(sites) & set(what.sites)]

    def _failed(self, request: Request) -> dict[str, Any]:
        site = request.parameters.get("sitename")
        if site is None:
            # The servers say so too: without a site nothing is ever found.
            return {"IsTruncated": False, "Versions": []}
        try:
            start = int(request.parameters.get("marker") or 0)
        except ValueError:
            raise _Error(400, "InvalidQueryParameter") from None
        failed = [
            _entry(version, what, site)
            for version, what in self._of_site(site)
            if what.sites.get(site) == "FAILED" and what.changed > time.time() - DAY
        ]
        end = start + FAILURES_PER_PAGE
        answer = {"IsTruncated": end < len(failed), "Versions": failed[start:end]}
        return {**answer, "NextMarker": end} if end < len(failed) else answer

    def _failed_one(self, bucket: str, key: str, request: Request) -> dict[str, Any]:
        found = self._find(bucket, key, request.parameters.get("versionId"))
        entries = []
        if found is not None:
            version, what = found
            failed = [site for site, status in what.sites.items() if status == "FAILED"]
            entries = [_entry(version, what, site) for site in failed]
        return {"IsTruncated": False, "Versions": entries}

    def _find(
        self, bucket_name: str, key: str, version_id: str | None
    ) -> tuple[Version, Replication] | None:
        bucket = self._store.bucket(bucket_name)
        version = self._store.version(bucket, key, version_id) if bucket else None
        what = self._replicator.known.get(version)
        return None if version is None or what is None else (version, what)

    def _retry(self, request: Request) -> list[dict[str, Any]]:
        try:
            entries = json.loads(request.body)
            wanted = [(one, one["Bucket"], one["Key"], one["VersionId"]) for one in entries]
        except (ValueError, TypeError, KeyError):
            raise _Error(400, "MalformedPOSTRequest") from None
        taken = []
        for entry, bucket, key, version_id in wanted:
            found = self._find(bucket, key, version_id)
            if found is not None and self._replicator.retry(found[0]):
                taken.append({**entry, "ReplicationStatus": "PENDING"})
        return taken


def _size(version: Version) -> int:
    return version.size if isinstance(version, FakeKey) else 0


def _entry(version: Version, what: Replication, site: str) -> dict[str, Any]:
    return {
        "Bucket": what.bucket,
        "Key": version.name,
        "VersionId": str(version.version_id),
        "StorageClass": site,
        "Size": _size(version),
        "LastModified": version.last_modified.isoformat(timespec="milliseconds") + "Z",
    }


def _metric(name: str, known: list[tuple[Version, Replication]]) -> dict[str, Any]:
    description, statuses = _METRICS[name]
    seconds = 900.0 if name == "throughput" else DAY
    since = time.time() - seconds
    counted = [
        version
        for version, what in known
        if what.status in statuses and (what.changed > since or "PENDING" in statuses)
    ]
    results: dict[str, Any] = {"count": len(counted), "size": sum(map(_size, counted))}
    if name == "throughput":
        results = {unit: f"{value / seconds:.2f}" for unit, value in results.items()}
    return {"description": description, "results": results}


def _health() -> dict[str, Any]:
    """A single broker's health, which is "error" for want of three in-sync replicas."""
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
