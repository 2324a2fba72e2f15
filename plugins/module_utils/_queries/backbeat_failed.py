# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Backbeat lists as failed, of all sites, with what such a list cannot contain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._clients import backbeat
from .._clients.api import Api
from .._clients.backbeat import FailedVersion, NoRoute
from .._clients.session import Connections
from .backbeat_service import NOT_ASKED, Routes, chosen_sites
from .query import Query, Unsatisfied

#: What no list of failures of these servers contains.
BLIND_SPOTS = (
    "Backbeat forgets a failure after 24 hours.",
    "Versions that are stuck in PENDING are in no list of failures.",
    "Keys that contain a colon are left out by Backbeat.",
    "backbeat_verify finds all of these by comparing both buckets.",
)


@dataclass(frozen=True)
class FailedInfoRequest:
    """Where Backbeat's API is (None: it is not asked), and what of its failures is wanted.

    sites: the names to ask for, empty for all that the server has. limit: how many versions are returned.
    """

    backbeat_url: str | None
    sites: tuple[str, ...] = ()
    bucket: str | None = None
    prefix: str = ""
    limit: int = 10000

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> FailedInfoRequest:
        """From the options of a task. Raises InvalidDocument."""
        return cls(
            options["backbeat_url"] or None,
            tuple(options["sites"] or ()),
            options["bucket"],
            options["prefix"] or "",
            int(options["limit"]),
        )


class FailedInfo(Query):
    """Failed versions; all are counted, the first `limit` returned."""

    def __init__(self, request: FailedInfoRequest, api: Api | None) -> None:
        self.request = request
        self.api = api

    @classmethod
    def build(cls, request: FailedInfoRequest, connections: Connections) -> FailedInfo:
        """At the API's URL, which the request names."""
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
    """The names of the sites: those given, or all of the server's. Raises Unsatisfied, and NoRoute for old servers."""
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
    """The failures of these sites in the bucket (None: all buckets) and below the prefix."""
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
    """The result, with the same keys whether Backbeat could be asked or not."""
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
