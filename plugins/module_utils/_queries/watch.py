# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads problems of pairs of buckets periodically; the event source makes events of these readings."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._clients import backbeat
from .._clients.backbeat import FailedVersion, NoRoute
from .._clients.errors import ApiError, Forbidden, NotFound, Unreachable, Unreadable
from .._clients.service import S3
from .._clients.session import BadConnection, Connections
from .._documents.events import FINDING, OUTAGE, PAUSED, Problem, Reading, paused_for
from .._waiting import Deadline
from .._work import InvalidDocument, Unsatisfied, quote
from .backbeat_info import sites_to_ask, utc
from .preflight.findings import ERROR, WARNING, Finding, Findings
from .preflight.preflight import KINDS, Preflight, PreflightRequest
from .watched_versions import Limits, WatchedVersions

#: Findings about facts that could not be read: the pair's other findings are unknown then.
UNREAD = (
    "connection-unusable",
    "credentials-invalid",
    "endpoint-unreachable",
    "endpoint-unusable",
    "endpoint-wrong-kind",
    "not-read",
)
OUTAGES = "outages"
#: The maximum number of failed versions that one reading takes from one site, over all buckets.
MOST_LISTED = 100_000
#: Seconds for one reading of one area, retries included.
AREA_TIME = 120.0


@dataclass(frozen=True)
class WatchedPair:
    """A pair to watch. name: for events; host: its source in the inventory. backbeat_url None: Backbeat is not queried.
    sites: whose failures are listed, empty for all sites of the server.
    """

    name: str
    host: str
    preflight: PreflightRequest = field(repr=False)
    backbeat_url: str | None = None
    sites: tuple[str, ...] = ()


@dataclass(frozen=True)
class WatchRequest:
    """The pairs to watch. options: the unparsed arguments. paused_after: seconds, 0 disables the check. findings:
    whether preflight ever runs.
    """

    pairs: tuple[WatchedPair, ...]
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    failed: bool = True
    paused_after: float = 3600.0
    findings: bool = True
    limits: Limits = field(default_factory=Limits)

    @property
    def watches_versions(self) -> bool:
        return self.failed or self.limits.stuck_after > 0

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> WatchRequest:
        """From the arguments of the event source. Raises InvalidDocument."""
        pairs = tuple(_pair(one, options) for one in options["pairs"])
        if not pairs:
            raise InvalidDocument("pairs is empty: name the pairs of buckets to watch.")
        # Raises InvalidDocument for an unknown id.
        Findings(KINDS, options["ignore"])
        names = [one.name for one in pairs]
        for name in names:
            if names.count(name) > 1:
                raise InvalidDocument(f"Two pairs have the name {quote(name)}: give each its own.")
        return cls(
            pairs,
            options,
            bool(options["failed"]),
            options["paused_after"],
            options["preflight_interval"] > 0,
            Limits(options["stuck_after"], options["limit"], options["scan_pages"]),
        )


def _pair(given: Mapping[str, Any], options: Mapping[str, Any]) -> WatchedPair:
    source, target = given["source"], given["target"]
    request = PreflightRequest.from_options(
        {
            **{name: given[name] for name in ("source", "target", "rules", "known_sites")},
            "trusted_principals": options["trusted_principals"],
            "servers_since_2025": options["servers_since_2025"],
            "before_setup": False,
            "endpoints_only": False,
            # Stuck and failed versions are found by WatchedVersions.
            "object_samples": 0,
            "ignore": options["ignore"],
            "fail_on": "never",
        }
    )
    return WatchedPair(
        given["name"] or f"{given['host']} {source['bucket']} to {target['bucket']}",
        given["host"],
        request,
        given["backbeat_url"] or None,
        tuple(given["sites"] or given["known_sites"] or ()),
    )


class Watch:
    """Reads all areas of a request; remembers unreadable areas from one reading to the next."""

    def __init__(self, request: WatchRequest) -> None:
        self.request = request
        #: By area, the problems because of which it could not be read.
        self._troubles: dict[str, list[Problem]] = {}

    @property
    def areas(self) -> set[str]:
        """The names of all areas that are read."""
        return {OUTAGES, *_areas(self.request)}

    def read(
        self, state: Mapping[str, Any], now: datetime, *, findings: bool = True
    ) -> list[Reading]:
        """One reading of all areas. Areas that could not be read are left out and reported as problems.

        findings: whether preflight runs too.
        """
        return list(_Round(self.request, state, now, self._troubles).readings(findings=findings))


def _areas(request: WatchRequest) -> Iterator[str]:
    for pair in request.pairs:
        yield _sites_of(pair)
        if request.watches_versions:
            yield _versions_of(pair)
        if request.findings:
            yield _findings_of(pair)


def _sites_of(pair: WatchedPair) -> str:
    return f"sites of {pair.backbeat_url}"


def _versions_of(pair: WatchedPair) -> str:
    return f"versions of {pair.name}"


def _findings_of(pair: WatchedPair) -> str:
    return f"preflight of {pair.name}"


class _Round:
    """One reading of all areas, with only one call to an endpoint that is down."""

    def __init__(
        self,
        request: WatchRequest,
        state: Mapping[str, Any],
        now: datetime,
        troubles: dict[str, list[Problem]],
    ) -> None:
        self._request = request
        self._state = state
        self._now = now
        self._troubles = troubles
        self._down: dict[str, Problem] = {}
        #: By Backbeat's URL: whether each site is enabled, and what is listed as failed.
        self._sites: dict[str, dict[str, bool]] = {}
        self._failed: dict[str, list[FailedVersion]] = {}

    def readings(self, *, findings: bool) -> Iterator[Reading]:
        for pair in self._request.pairs:
            if pair.backbeat_url and pair.backbeat_url not in self._sites:
                self._sites[pair.backbeat_url] = {}
                yield from self._try(_sites_of(pair), self._read_sites, pair)
        for pair in self._request.pairs if self._request.failed else ():
            if pair.backbeat_url and pair.backbeat_url not in self._failed:
                self._failed[pair.backbeat_url] = []
                yield from self._try(f"failures of {pair.backbeat_url}", self._read_failed, pair)
        for pair in self._request.pairs if self._request.watches_versions else ():
            yield from self._try(_versions_of(pair), self._read_versions, pair)
        for pair in self._request.pairs if findings else ():
            yield from self._try(_findings_of(pair), self._read_findings, pair)
        # One unavailable endpoint may affect several areas.
        troubles = {one.name: one for found in self._troubles.values() for one in found}
        yield Reading(OUTAGES, tuple(troubles.values()))

    def _try(
        self,
        area: str,
        read: Callable[[str, WatchedPair, Connections], Reading],
        pair: WatchedPair,
    ) -> Iterator[Reading]:
        source, target = pair.preflight.source.s3, pair.preflight.target.s3
        backbeats = read in (self._read_sites, self._read_failed)
        concerned = [_backbeat(pair)] if backbeats else [str(source.get("endpoint_url"))]
        if read == self._read_findings:
            concerned.append(str(target.get("endpoint_url")))
        down = [self._down[name] for name in concerned if name in self._down]
        if down:
            self._troubles[area] = down
            return
        connections = Connections(S3, source, deadline=Deadline(AREA_TIME))
        try:
            reading = read(area, pair, connections)
        except ApiError as error:
            place = _backbeat(pair) if backbeats else error.call.endpoint
            self._trouble(area, [_unread(area, pair, error, place)])
        except (BadConnection, Unsatisfied) as error:
            self._trouble(area, [_finding(area, pair, str(error))])
        except _Unread as unread:
            self._trouble(area, unread.problems)
        # One unexpected response must not end the watch.
        except Exception as error:
            what = f"Unexpected {type(error).__name__}: {error}. This is a bug in the collection."
            self._trouble(area, [_finding(area, pair, what)])
        else:
            self._troubles.pop(area, None)
            yield reading

    def _trouble(self, area: str, problems: Sequence[Problem]) -> None:
        self._troubles[area] = list(problems)
        self._down.update({one.subject[0]: one for one in problems if one.kind == OUTAGE})

    def _read_sites(self, area: str, pair: WatchedPair, connections: Connections) -> Reading:
        url = str(pair.backbeat_url)
        api = connections.backbeat(url)
        try:
            sites = backbeat.sites(api)
            resumes = backbeat.resume_times(api)
        except NoRoute:
            # On older servers, sites cannot be paused.
            self._sites[url] = {}
            return Reading(area)
        self._sites[url] = sites
        note = self._state["notes"].get(area, {})
        longest = self._request.paused_after
        names, since = paused_for(sites, resumes, note, self._now, longest)
        problems = tuple(
            Problem(
                PAUSED,
                area,
                (name,),
                {
                    "host": pair.host,
                    "backbeat_url": url,
                    "site": name,
                    "paused_since": since[name],
                    "resume_at": utc(resumes.get(name)),
                },
            )
            for name in (names if longest else ())
        )
        return Reading(area, problems, note=since)

    def _read_failed(self, area: str, pair: WatchedPair, connections: Connections) -> Reading:
        """Read Backbeat's failed versions of all buckets; the readings of versions report them."""
        api = connections.backbeat(str(pair.backbeat_url))
        found: list[FailedVersion] = []
        try:
            for site in sites_to_ask(api, pair.sites):
                found += itertools.islice(backbeat.failed_versions(api, site), MOST_LISTED)
        except NoRoute:
            # A server without Backbeat has no failures.
            found = []
        self._failed[str(pair.backbeat_url)] = found
        return Reading(area)

    def _read_versions(self, area: str, pair: WatchedPair, connections: Connections) -> Reading:
        source, target = pair.preflight.source, pair.preflight.target
        failed = None
        if self._request.failed:
            listed = self._failed.get(str(pair.backbeat_url), ())
            failed = [one for one in listed if one.bucket == source.bucket]
        versions = WatchedVersions(
            connections.main,
            connections.open(S3, target.s3),
            (source.bucket, target.bucket),
            self._request.limits,
            {"host": pair.host, "pair": pair.name},
        )
        known = {
            name: event for name, event in self._state["open"].items() if event["area"] == area
        }
        enabled = self._sites.get(str(pair.backbeat_url), {})
        reading = versions.read(
            area,
            self._state["notes"].get(area, {}),
            known,
            failed,
            self._now,
            paused=_backbeat(pair) in self._down or not all(enabled.values()),
        )
        self._note_target(f"target of {pair.name}", pair, versions.target_error)
        return reading

    def _note_target(self, area: str, pair: WatchedPair, error: ApiError | None) -> None:
        """Record an outage of the target. Missing resources are not outages: preflight reports them."""
        if error is None or isinstance(error, NotFound):
            self._troubles.pop(area, None)
        else:
            self._trouble(area, [_unread(area, pair, error, error.call.endpoint)])

    def _read_findings(self, area: str, pair: WatchedPair, connections: Connections) -> Reading:
        everything = Connections(None, self._request.options, deadline=connections.deadline)
        found = Preflight.build(pair.preflight, everything).examine().findings.of(ERROR, WARNING)
        unread = [one for one in found if one.id in UNREAD]
        if unread:
            raise _Unread([_outage(one.where.endpoint, one.what, pair) for one in unread])
        return Reading(area, tuple(_as_problem(area, pair, one) for one in found))


class _Unread(Exception):
    """Something could not be read."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


def _as_problem(area: str, pair: WatchedPair, finding: Finding) -> Problem:
    place = finding.where
    return Problem(
        FINDING,
        area,
        (finding.id, place.side, place.kind, place.name, place.endpoint),
        {
            "host": pair.host,
            "pair": pair.name,
            "finding": finding.id,
            "severity": finding.severity,
            "where": str(place),
            "what": finding.what,
            "why": finding.why,
            "remedy": finding.remedy,
        },
    )


def _backbeat(pair: WatchedPair) -> str:
    """The name of Backbeat in an outage. Its URL alone may be the URL of S3."""
    return f"Backbeat at {pair.backbeat_url}"


def _unread(area: str, pair: WatchedPair, error: ApiError, place: str) -> Problem:
    """An outage if the endpoint cannot be used at all, else a finding about this area."""
    if isinstance(error, (Unreachable, Unreadable, Forbidden)):
        return _outage(place, str(error), pair, error.code, error.status)
    return _finding(area, pair, str(error))


def _outage(
    endpoint: str,
    what: str,
    pair: WatchedPair,
    code: str | None = None,
    status: int | None = None,
) -> Problem:
    facts = {"host": pair.host, "endpoint": endpoint, "what": what, "code": code, "status": status}
    return Problem(OUTAGE, OUTAGES, (endpoint,), facts)


def _finding(area: str, pair: WatchedPair, what: str) -> Problem:
    facts = {
        "host": pair.host,
        "pair": pair.name,
        "finding": "not-read",
        "severity": ERROR,
        "where": area,
        "what": what,
        "why": "Whether there are problems is unknown.",
        "remedy": "Follow the advice in the message.",
    }
    return Problem(FINDING, OUTAGES, ("not-read", area), facts)
