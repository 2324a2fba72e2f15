# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads from Backbeat's API: health, sites, schedules, metrics, the progress of an object, and failed versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import Any, TypeVar

from .._clients import backbeat
from .._clients.api import Api
from .._clients.backbeat import FailedVersion, Health, NoRoute
from .._clients.session import Connections
from .._work import Query, Unsatisfied

Found = TypeVar("Found")
# A cluster with fewer brokers cannot have three in-sync replicas, and Backbeat then always reports "error".
EXPECTED_REPLICAS = 3
NOT_ASKED = "backbeat_url is not set, so Backbeat was not asked."
#: Limits of Backbeat's lists of failed versions.
BLIND_SPOTS = (
    "Backbeat forgets a failure after 24 hours.",
    "Versions that are stuck in PENDING are in no list of failures.",
    "Keys that contain a colon are left out by Backbeat.",
    "backbeat_verify finds all of these by comparing both buckets.",
)


@dataclass(frozen=True)
class ObjectVersion:
    """A version whose progress is to be read."""

    bucket: str
    key: str
    version_id: str


@dataclass(frozen=True)
class ServiceInfoRequest:
    """The URL of Backbeat's API (None: no query), the only site to report (None: all), and an object."""

    backbeat_url: str | None
    site: str | None = None
    object: ObjectVersion | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> ServiceInfoRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        wanted = options["object"]
        version = ObjectVersion(**wanted) if wanted else None
        return cls(options["backbeat_url"] or None, options["site"], version)


@dataclass
class Routes:
    """Reads routes and records those that the server does not have."""

    missing: list[dict[str, str]] = field(default_factory=list)

    def ask(self, read: Callable[[], Found]) -> Found | None:
        """The result of the call; None if the server does not have the route. Raises every other ApiError."""
        try:
            return read()
        except NoRoute as error:
            missing = {"operation": error.call.operation, "reason": str(error)}
            if missing not in self.missing:
                self.missing.append(missing)
            return None


class ServiceInfo(Query):
    """The state of Backbeat at one endpoint."""

    def __init__(self, request: ServiceInfoRequest, api: Api | None) -> None:
        self.request = request
        self.api = api

    @classmethod
    def build(cls, request: ServiceInfoRequest, connections: Connections) -> ServiceInfo:
        """Build it for the API at the request's URL."""
        url = request.backbeat_url
        return cls(request, connections.backbeat(url) if url else None)

    def run(self) -> dict[str, Any]:
        if self.api is None:
            return {"service": _service(None, reason=NOT_ASKED)}
        routes = Routes()
        api = self.api
        health = routes.ask(lambda: backbeat.health(api))
        sites = self._sites(api, routes)
        return {
            "service": _service(
                api.endpoint,
                healthy=None if health is None else is_healthy(health),
                health=health and _health(health),
                sites=sites,
                metrics=_metrics(routes.ask(lambda: backbeat.metrics(api))),
                progress=self._progress(api, routes, [one["name"] for one in sites or ()]),
                unsupported=routes.missing,
            )
        }

    def _sites(self, api: Api, routes: Routes) -> list[dict[str, Any]] | None:
        enabled = routes.ask(lambda: backbeat.sites(api))
        if enabled is None:
            return None
        names = chosen_sites(api, enabled, self.request.site)
        resumes = routes.ask(lambda: backbeat.resume_times(api)) or {}
        return [
            {
                "name": name,
                "state": state_of(enabled[name]),
                "resume_at": utc(resumes.get(name)),
                "metrics": _metrics(routes.ask(partial(backbeat.metrics, api, name))),
            }
            for name in names
        ]

    def _progress(self, api: Api, routes: Routes, names: list[str]) -> list[dict[str, Any]] | None:
        wanted = self.request.object
        if wanted is None:
            return None
        found = []
        for name in names:
            read = partial(backbeat.object_progress, api, name, **asdict(wanted))
            progress = routes.ask(read)
            if progress is not None:
                found.append({"site": name, **asdict(progress)})
        return found


def _service(url: str | None, **found: Any) -> dict[str, Any]:
    """The result, with the same keys whether Backbeat was queried or not."""
    names = ("healthy", "health", "sites", "metrics", "progress", "reason")
    return {
        "backbeat_url": url,
        "asked": url is not None,
        **dict.fromkeys(names),
        "unsupported": [],
        **found,
    }


def chosen_sites(api: Api, enabled: Mapping[str, bool], site: str | None) -> list[str]:
    """The site, or all sites in alphabetical order. Raises Unsatisfied if the server does not have the site."""
    if site is None or site == backbeat.ALL:
        return sorted(enabled)
    if site not in enabled:
        known = ", ".join(sorted(enabled)) or "none"
        raise Unsatisfied(
            f"Backbeat at {api.endpoint} has no site {site}: its sites are {known}. Check the name.",
            {},
        )
    return [site]


def state_of(enabled: bool) -> str:
    """The word for a site's state in options and results."""
    return "running" if enabled else "paused"


def utc(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second."""
    if moment is None:
        return None
    text = moment.astimezone(timezone.utc).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def is_healthy(health: Health) -> bool:
    """Whether replication can work: "error" because there is no third broker is not an outage."""
    too_few = health.brokers < EXPECTED_REPLICAS
    in_sync = health.isr == "ok" or (too_few and not health.under_replicated)
    return in_sync and health.zookeeper == "ok" and health.producer == "ok"


def _health(health: Health) -> dict[str, Any]:
    notes = []
    if health.isr != "ok" and health.brokers < EXPECTED_REPLICAS:
        things = "broker" if health.brokers == 1 else "brokers"
        notes.append(
            f'isr_health is "{health.isr}" because Kafka has {health.brokers} {things}, and Backbeat expects '
            f"{EXPECTED_REPLICAS} in-sync replicas. That alone is not an outage."
        )
    if health.under_replicated:
        notes.append(
            f"Partitions with too few in-sync replicas: {', '.join(health.under_replicated)}. "
            "Check the Kafka brokers."
        )
    return {
        "isr_health": health.isr,
        "zookeeper": health.zookeeper,
        "zookeeper_state": health.zookeeper_state,
        "kafka_producer": health.producer,
        "brokers": health.brokers,
        "under_replicated": len(health.under_replicated),
        "notes": notes,
    }


def _metrics(metrics: backbeat.Metrics | None) -> dict[str, Any] | None:
    return None if metrics is None else asdict(metrics)


@dataclass(frozen=True)
class FailedInfoRequest:
    """The URL of Backbeat's API (None: no query), and which failed versions to return.

    sites: names of sites, empty for all sites of the server. limit: how many versions are returned.
    """

    backbeat_url: str | None
    sites: tuple[str, ...] = ()
    bucket: str | None = None
    prefix: str = ""
    limit: int = 10000

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> FailedInfoRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        return cls(
            options["backbeat_url"] or None,
            tuple(options["sites"] or ()),
            options["bucket"],
            options["prefix"] or "",
            int(options["limit"]),
        )


class FailedInfo(Query):
    """Counts all failed versions, and returns the first `limit` of them."""

    def __init__(self, request: FailedInfoRequest, api: Api | None) -> None:
        self.request = request
        self.api = api

    @classmethod
    def build(cls, request: FailedInfoRequest, connections: Connections) -> FailedInfo:
        """Build it for the API at the request's URL."""
        url = request.backbeat_url
        return cls(request, connections.backbeat(url) if url else None)

    def run(self) -> dict[str, Any]:
        if self.api is None:
            return {"failures": _failures(None, NOT_ASKED)}
        request = self.request
        try:
            sites = sites_to_ask(self.api, request.sites)
            found = matching(self.api, sites, request.bucket, request.prefix)
            return {"failures": _failures(self.api.endpoint, None, sites, found, request.limit)}
        except NoRoute as error:
            return {"failures": _failures(self.api.endpoint, str(error))}


def sites_to_ask(api: Api, named: tuple[str, ...]) -> list[str]:
    """The names of the requested sites, or of all sites. Raises Unsatisfied, and NoRoute on old servers."""
    routes = Routes()
    enabled = routes.ask(lambda: backbeat.sites(api))
    if enabled is not None:
        return [
            site for one in (named or (backbeat.ALL,)) for site in chosen_sites(api, enabled, one)
        ]
    if not named:
        raise Unsatisfied(
            f"Backbeat at {api.endpoint} does not list its sites, and lists failures only for a site that is named: "
            "name the storage classes of the replication rules as sites.",
            {},
        )
    return list(named)


def matching(
    api: Api, sites: list[str], bucket: str | None, prefix: str
) -> Iterator[FailedVersion]:
    """The failed versions of these sites in the bucket (None: all buckets), with the prefix."""
    for site in sites:
        for version in backbeat.failed_versions(api, site):
            if bucket in (None, version.bucket) and version.key.startswith(prefix):
                yield version


def _failures(
    url: str | None,
    reason: str | None,
    sites: list[str] | None = None,
    found: Iterator[FailedVersion] | None = None,
    limit: int = 0,
) -> dict[str, Any]:
    """The result, with the same keys whether Backbeat could be queried or not."""
    versions: list[dict[str, Any]] = []
    count = size = 0
    by_bucket: dict[str, int] = {}
    for version in found or ():
        count += 1
        size += version.size
        by_bucket[version.bucket] = by_bucket.get(version.bucket, 0) + 1
        if len(versions) < limit:
            versions.append(
                {
                    "bucket": version.bucket,
                    "key": version.key,
                    "version_id": version.version_id,
                    "site": version.site,
                    "size": version.size,
                    "last_modified": version.modified,
                }
            )
    answered = found is not None
    return {
        "backbeat_url": url,
        "reason": reason,
        "sites": sites,
        "versions": versions if answered else None,
        "count": count if answered else None,
        "bytes": size if answered else None,
        "by_bucket": by_bucket if answered else None,
        "truncated": count > len(versions),
        "blind_spots": list(BLIND_SPOTS),
    }
