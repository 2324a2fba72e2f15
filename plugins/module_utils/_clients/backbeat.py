# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backbeat's API for replication ("crr"): one function per route.

The Api must be for the service BACKBEAT (through CloudServer) or BACKBEAT_DIRECT (Backbeat's own port).
Routes differ between releases (S3C with Backbeat 7.x has only the health check, metrics of all sites together, and the
list of failures), so every function raises NoRoute for a route that the server does not have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from .api import Answer, Api
from .errors import ApiError, Forbidden, Unsupported

ALL = "all"
Shape = TypeVar("Shape")


class NoRoute(Unsupported):
    """The server returned 404 or 405 for the route, or for the site in it."""


@dataclass(frozen=True)
class Amount:
    """Numbers of operations and bytes."""

    count: int
    size: int


@dataclass(frozen=True)
class Rate:
    """Operations and bytes per second, averaged over 15 minutes."""

    count: float
    size: float


@dataclass(frozen=True)
class Metrics:
    """Metrics of one site or all sites: backlog, completions and failures of the last 24 hours, and throughput."""

    backlog: Amount
    pending: Amount
    completions: Amount
    failures: Amount
    throughput: Rate

    @property
    def backlog_age(self) -> float | None:
        """The estimated age of the backlog's oldest operation in seconds; None if it is unknown.

        It is twice the size of the backlog divided by the throughput, because operations may have arrived more slowly
        than they are sent. Without throughput, the age is unknown; the rate has two digits, so that about five
        operations in 15 minutes are shown as none.
        """
        if not self.backlog.count:
            return 0.0
        rate = self.throughput.count
        return 2 * self.backlog.count / rate if rate > 0 else None


@dataclass(frozen=True)
class Health:
    """The state of the services that Backbeat depends on, as reported by it.

    isr: "ok", or "error" unless all partitions have exactly three in-sync replicas.
    zookeeper, producer: "ok" or another word; zookeeper_state: such as "SYNC_CONNECTED".
    brokers: how many Kafka brokers hold a replica of any partition.
    under_replicated: the partitions with fewer in-sync replicas than replicas, as "<topic>/<number>".
    """

    isr: str
    zookeeper: str
    zookeeper_state: str
    producer: str
    brokers: int
    under_replicated: tuple[str, ...]


@dataclass(frozen=True)
class FailedVersion:
    """A version that could not be replicated to a site after all retries; `modified`: its LastModified (ISO 8601)."""

    bucket: str
    key: str
    version_id: str
    site: str
    size: int
    modified: str | None

    def to_api(self, *, force: bool = False) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "Bucket": self.bucket,
            "Key": self.key,
            "VersionId": self.version_id,
            "StorageClass": self.site,
        }
        return {**entry, "ForceRetry": True} if force else entry


@dataclass(frozen=True)
class ObjectProgress:
    """The pending and the sent bytes of one version, and the sent share in percent."""

    pending: int
    completed: int
    percent: float


def health(api: Api) -> Health:
    return _read(api, "check_connection", "check Backbeat's health", _health)


def sites(api: Api) -> dict[str, bool]:
    """Whether each site is enabled; False: paused."""
    return _read(api, "get_locations_status", "list Backbeat's sites", _statuses)


def resume_times(api: Api) -> dict[str, datetime | None]:
    """The time of each site's scheduled resume; None for no schedule."""
    doing = "read the scheduled resumes of Backbeat's sites"
    return _read(api, "get_resume_schedule", doing, _schedules, site=ALL)


def metrics(api: Api, site: str = ALL) -> Metrics:
    return _read(
        api, "get_metrics", f"read Backbeat's metrics of {_named(site)}", _metrics, site=site
    )


def object_progress(api: Api, site: str, bucket: str, key: str, version_id: str) -> ObjectProgress:
    return _read(
        api,
        "get_object_progress",
        f"read how much of {bucket}/{key} was sent to the site {site}",
        _progress,
        site=site,
        bucket=bucket,
        key=key,
        version_id=version_id,
    )


def failed_versions(api: Api, site: str) -> Iterator[FailedVersion]:
    """The failed versions of one site in the last 24 hours, read page by page.

    The site is required: without it, servers return an empty list. Deleted versions are not in the list.
    """
    doing = f"list what failed to replicate to the site {site}"
    pages = api.pages(
        "list_failed", doing, lambda answer: _failed_page(_json(answer)), sitename=site
    )
    while (page := _explained(lambda: next(pages, None))) is not None:
        yield from page


def retry(
    api: Api, versions: Iterable[FailedVersion], *, force: bool = False
) -> list[tuple[str, str, str, str]]:
    """Make Backbeat send failed versions again. Returns the accepted ones, as (bucket, key, version id, site).

    The server ignores versions that it does not list as failed. With `force`, it accepts versions in any status.
    """
    body = json.dumps([version.to_api(force=force) for version in versions]).encode()
    return _write(api, "retry_failed_objects", "retry failed versions", _accepted, body=body)


def pause(api: Api, site: str) -> None:
    _write(api, "pause_site", f"pause the site {site}", _done, site=site)


def resume(api: Api, site: str) -> None:
    _write(api, "resume_site", f"resume the site {site}", _done, site=site)


def schedule_resume(api: Api, site: str, hours: int) -> None:
    """Schedule the resume of a paused site in this number of hours; an existing schedule is replaced."""
    body = json.dumps({"hours": hours}).encode()
    doing = f"schedule the resume of the site {site}"
    _write(api, "schedule_site_resume", doing, _done, site=site, body=body)


def cancel_resume(api: Api, site: str) -> None:
    doing = f"cancel the scheduled resume of the site {site}"
    _write(api, "cancel_site_resume", doing, _done, site=site)


def _named(site: str) -> str:
    return "all sites" if site == ALL else f"the site {site}"


def _read(
    api: Api, operation: str, doing: str, shape: Callable[[Any], Shape], **parameters: Any
) -> Shape:
    def answered(answer: Answer) -> Shape:
        return shape(_json(answer))

    # There are no error codes for absence here, so there is always a result.
    return cast(Shape, _explained(lambda: api.read(operation, doing, answered, **parameters)))


def _write(
    api: Api, operation: str, doing: str, shape: Callable[[Any], Shape], **parameters: Any
) -> Shape:
    def answered(answer: Answer) -> Shape:
        return shape(_json(answer))

    return _explained(lambda: api.write(operation, doing, answered, **parameters))


def _explained(call: Callable[[], Shape]) -> Shape:
    try:
        return call()
    except ApiError as error:
        if error.status in (404, 405) and error.code not in (None, str(error.status)):
            raise _no_route(error) from error
        if isinstance(error, Forbidden):
            error.advice = (
                "Through CloudServer, give credentials of an account of that environment. Backbeat's own port answers "
                "only addresses that Backbeat's configuration allows, by default its own host."
            )
        raise


def _no_route(error: ApiError) -> NoRoute:
    return NoRoute(
        error.call,
        f"this server does not support {error.call.operation}",
        advice="Check the name of the site and backbeat_url. Older servers have fewer routes, and a "
        "CloudServer without Backbeat has none.",
        code=error.code,
        status=error.status,
        request_id=error.request_id,
    )


def _json(answer: Answer) -> Any:
    body = answer["body"]
    return json.loads(body.read() if hasattr(body, "read") else body)


def _health(body: Mapping[str, Any]) -> Health:
    partitions = [
        (f"{topic['name']}/{partition['id']}", partition)
        for topic in body["topics"].values()
        for partition in topic["partitions"]
    ]
    internal = body["internalConnections"]
    zookeeper = internal["zookeeper"]
    return Health(
        isr=str(internal["isrHealth"]),
        zookeeper=str(zookeeper["status"]),
        zookeeper_state=str(zookeeper["details"]["name"]),
        producer=str(internal["kafkaProducer"]["status"]),
        brokers=len({one for name, partition in partitions for one in partition["replicas"]}),
        under_replicated=tuple(
            name for name, one in partitions if len(one["isrs"]) < len(one["replicas"])
        ),
    )


def _statuses(body: Mapping[str, str]) -> dict[str, bool]:
    words = {"enabled": True, "disabled": False}
    return {site: words[word] for site, word in body.items()}


def _schedules(body: Mapping[str, str]) -> dict[str, datetime | None]:
    return {
        site: None if text == "none" else datetime.fromisoformat(text.replace("Z", "+00:00"))
        for site, text in body.items()
    }


def _metrics(body: Mapping[str, Any]) -> Metrics:
    rate = body["throughput"]["results"]
    return Metrics(
        **{name: _amount(body[name]["results"]) for name in _AMOUNTS},
        # The values are texts, such as "0.02".
        throughput=Rate(float(rate["count"]), float(rate["size"])),
    )


_AMOUNTS = ("backlog", "pending", "completions", "failures")


def _amount(results: Mapping[str, Any]) -> Amount:
    return Amount(int(results["count"]), int(results["size"]))


def _progress(body: Mapping[str, Any]) -> ObjectProgress:
    return ObjectProgress(
        int(body["pending"]), int(body["completed"]), float(str(body["progress"]).rstrip("%"))
    )


def _failed_page(body: Mapping[str, Any]) -> tuple[list[FailedVersion], dict[str, Any]]:
    versions = [
        FailedVersion(
            bucket=str(one["Bucket"]),
            key=str(one["Key"]),
            version_id=str(one["VersionId"]),
            site=str(one["StorageClass"]),
            size=int(one.get("Size") or 0),
            modified=one.get("LastModified"),
        )
        for one in body["Versions"]
    ]
    return versions, {"marker": str(body["NextMarker"])} if body["IsTruncated"] else {}


def _accepted(body: Any) -> list[tuple[str, str, str, str]]:
    return [
        (str(one["Bucket"]), str(one["Key"]), str(one["VersionId"]), str(one["StorageClass"]))
        for one in body
    ]


def _done(body: Any) -> None:
    # Backbeat returns the status 200 for internal failures too.
    if body:
        raise ValueError(json.dumps(body))
