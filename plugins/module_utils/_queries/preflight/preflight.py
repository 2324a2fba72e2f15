# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether a pair of buckets can replicate. Reads from both sides and writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._clients.service import IAM, S3, Service
from ..._clients.session import BadConnection, Connections
from ..._documents import names
from ..._documents.evaluation import Principal, parse_principal
from ..._documents.wanted_replication import WantedRule, wanted_rules
from ..._work import Query, Unsatisfied
from . import buckets, configuration, endpoints, objects, permissions, roles, sharing
from .configuration import Expected, Live
from .findings import (
    ERROR,
    INFO,
    NOT_READ_KINDS,
    WARNING,
    Endpoint,
    FactReader,
    Findings,
    Kind,
    Side,
    line,
    render,
)
from .permissions import Use
from .sharing import Listed

FAIL_ON = {"error": (ERROR,), "warning": (ERROR, WARNING), "never": ()}
CREDENTIALS = ("profile", "access_key", "secret_key", "session_token")
CANARY_KINDS = (
    Kind(
        "canary-not-replicated",
        ERROR,
        "A new object did not arrive as it should.",
        "Follow the advice in the message.",
    ),
    Kind(
        "canary-not-put",
        ERROR,
        "Whether an object would arrive is unknown.",
        "Follow the advice in the message.",
    ),
    Kind(
        "canary-left-behind",
        WARNING,
        "A small object of preflight remains in the bucket.",
        "Delete that version manually.",
    ),
    Kind(
        "canary-not-tried",
        INFO,
        "Whether an object would arrive was not proved.",
        "Fix the errors first, and run preflight without check mode.",
    ),
)
KINDS: tuple[Kind, ...] = (
    *endpoints.KINDS,
    *NOT_READ_KINDS,
    *buckets.KINDS,
    *configuration.KINDS,
    *roles.KINDS,
    *permissions.KINDS,
    *sharing.KINDS,
    *objects.KINDS,
    *CANARY_KINDS,
)


@dataclass(frozen=True)
class SideRequest:
    """One side of a pair. role: the expected ARN or name. s3, iam: connection options; iam None: no IAM step."""

    bucket: str
    s3: Mapping[str, Any] = field(repr=False)
    iam: Mapping[str, Any] | None = field(default=None, repr=False)
    role: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> SideRequest:
        """From the options `source` or `target`. Raises InvalidDocument."""
        bucket = names.check_bucket_name(options["bucket"])
        return cls(bucket, options["s3"], options["iam"] or None, options["role"] or None)


@dataclass(frozen=True)
class PreflightRequest:
    """One pair, the expected state, and which findings count as a failure.

    rules, known_sites: None for no expectation. trusted: Backbeat's principals, one of which the roles have
    to trust. servers_since_2025: None if it is unknown. before_setup: only what set-up cannot repair is an error, and
    only what takes few calls is checked. endpoints_only: only endpoints are checked. object_samples: how many
    objects of the source are checked. ignore: ids of findings that are not reported. fail_on: see FAIL_ON.
    """

    source: SideRequest
    target: SideRequest
    rules: tuple[WantedRule, ...] | None = None
    known_sites: Mapping[str, str] | None = None
    trusted: tuple[Principal, ...] = (parse_principal("backbeat"),)
    servers_since_2025: bool | None = None
    before_setup: bool = False
    endpoints_only: bool = False
    object_samples: int = 10
    ignore: tuple[str, ...] = ()
    fail_on: str = "error"

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> PreflightRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        return cls(
            source=SideRequest.from_options(options["source"]),
            target=SideRequest.from_options(options["target"]),
            rules=wanted_rules(options["rules"]),
            known_sites=options["known_sites"],
            trusted=tuple(parse_principal(text) for text in options["trusted_principals"]),
            servers_since_2025=options["servers_since_2025"],
            before_setup=bool(options["before_setup"]),
            endpoints_only=bool(options["endpoints_only"]),
            object_samples=options["object_samples"],
            ignore=tuple(options["ignore"]),
            fail_on=options["fail_on"],
        )


@dataclass(frozen=True)
class Examination:
    """The result of checking a pair.

    checks: what was checked, in order. prefix: of keys that would be replicated, None if there are none. obstacle: why
    no canary can be tried, as a sentence; empty if one can.
    """

    source: Side
    target: Side
    findings: Findings
    checks: tuple[str, ...]
    prefix: str | None
    obstacle: str


class Preflight(Query):
    """Checks one pair from both sides.

    others: the buckets of this task's other pairs that replicate into the same target bucket. cross: the source's and
    the target's S3 with the credentials of their IAM, None if these are the same as for S3. listed: the buckets of all
    the task's pairs between these environments.
    """

    def __init__(
        self,
        request: PreflightRequest,
        sides: tuple[Side, Side],
        facts: FactReader,
        others: tuple[str, ...] = (),
        cross: tuple[Endpoint | None, Endpoint | None] = (None, None),
        listed: Listed | None = None,
    ) -> None:
        self.request = request
        self.source, self.target = sides
        self.facts = facts
        self.findings = facts.findings
        self.others = others
        self.cross = cross
        self.listed = listed or Listed(
            frozenset([request.source.bucket]), frozenset([request.target.bucket])
        )

    @classmethod
    def build(cls, request: PreflightRequest, connections: Connections) -> Preflight:
        """Build the check of one pair, with separate connections for each side."""
        findings = Findings(KINDS, request.ignore, request.before_setup)
        source = _side("source", request.source, connections, findings)
        target = _side("target", request.target, connections, findings)
        cross = (
            _s3_as_iam(source, request.source, connections),
            _s3_as_iam(target, request.target, connections),
        )
        facts = FactReader(findings, connections.once)
        sources: Sources = connections.once("sources", lambda: Sources.of(connections.options))
        return cls(
            request,
            (source, target),
            facts,
            _other_sources(request, sources),
            cross,
            _listed(request, sources),
        )

    def run(self) -> dict[str, Any]:
        return self.report(self.examine())

    def examine(self) -> Examination:
        """Run the checks that the request selects."""
        checks = ["endpoints", "buckets", "configuration", "roles"]
        pair = [self.source, self.target]
        endpoints.check(pair, self.facts)
        for side, endpoint in zip(pair, self.cross, strict=True):
            endpoints.check_accounts(side, endpoint, self.facts)
        if self.request.endpoints_only:
            obstacle = "No object was put, because only the endpoints were checked."
            only = ("endpoints",)
            return Examination(self.source, self.target, self.findings, only, None, obstacle)
        buckets.check(self.source, self.target, self.facts)
        buckets.check_sharing(self.target, self.others, self.facts)
        expected = Expected(self.request.rules, self.request.known_sites)
        live = configuration.check(self.source, self.target, expected, self.facts)
        found = roles.check(
            pair, live.roles, self.request.trusted, self.facts, self.request.before_setup
        )
        if not self.request.before_setup:
            checks += self._check_thoroughly(live, found)
        prefix = live.prefixes[0] if live.roles and live.prefixes else None
        return Examination(
            self.source,
            self.target,
            self.findings,
            tuple(checks),
            prefix,
            self._obstacle(live, prefix),
        )

    def report(self, examination: Examination, **more: Any) -> dict[str, Any]:
        """The result for Ansible, with `more` values. Raises Unsatisfied if a finding is as severe as `fail_on`."""
        result = {
            **more,
            **render(examination.findings),
            "checked": {
                "source": {"bucket": self.source.bucket, "endpoint": self.source.s3.url},
                "target": {"bucket": self.target.bucket, "endpoint": self.target.s3.url},
                "checks": list(examination.checks),
            },
        }
        bad = examination.findings.of(*FAIL_ON[self.request.fail_on])
        if bad:
            count = f"{len(bad)} finding{'s' if len(bad) > 1 else ''}"
            lines = "\n".join(map(line, bad))
            message = f"{count} for {self.source.bucket} to {self.target.bucket}:\n{lines}"
            raise Unsatisfied(message, result)
        return result

    def _check_thoroughly(self, live: Live, found: Mapping[str, Any]) -> list[str]:
        """Run the checks that need more calls, or that set-up does not depend on. Returns their names."""
        buckets.check_settings(self.source, self.target, self.facts)
        if live.clouds and self.source.bucket_usable:
            buckets.check_encryption(self.source, self.facts)
        use = Use(live.prefixes, self.request.servers_since_2025, live.clouds)
        for side, other in ((self.source, self.target), (self.target, self.source)):
            if side.name in found:
                held = permissions.check(side, other, found[side.name], use, self.facts)
                if held is not None:
                    sharing.check(self.source, side, held, use, self.listed, self.facts)
        sampled = objects.check(self.source, live, self.request.object_samples, self.facts)
        return ["permissions", "bucket settings", *(["objects"] if sampled else [])]

    def _obstacle(self, live: Live, prefix: str | None) -> str:
        if self.findings.of(ERROR):
            return "No object was put, because there are errors already."
        if live.clouds_only:
            return "No object was put, because a cloud's copy cannot be compared."
        if prefix is None:
            return "No object was put, because no enabled rule would replicate it."
        return ""


def _side(name: str, request: SideRequest, connections: Connections, findings: Findings) -> Side:
    s3 = _endpoint(name, S3, request.s3, connections, findings)
    iam = _endpoint(name, IAM, request.iam, connections, findings) if request.iam else None
    return Side(name, request.bucket, s3, iam, request.role)


def _endpoint(
    side: str,
    service: Service,
    options: Mapping[str, Any],
    connections: Connections,
    findings: Findings,
) -> Endpoint:
    try:
        return Endpoint(side, service.name.upper(), connections.open(service, options))
    except BadConnection as error:
        endpoint = Endpoint(side, service.name.upper(), None, usable=False)
        findings.add("connection-unusable", endpoint.place, str(error))
        return endpoint


def _s3_as_iam(side: Side, request: SideRequest, connections: Connections) -> Endpoint | None:
    """The side's S3 with its IAM credentials; None if they are the same, or a connection cannot be opened."""
    if side.iam is None or request.iam is None or not (side.s3.usable and side.iam.usable):
        return None
    credentials = {name: request.iam.get(name) for name in CREDENTIALS}
    if credentials == {name: request.s3.get(name) for name in CREDENTIALS}:
        return None
    try:
        return Endpoint(side.name, "S3", connections.open(S3, {**request.s3, **credentials}))
    except BadConnection:
        return None


Place = tuple[Any, str]


@dataclass
class Sources:
    """All buckets of a task's pairs by environment, and the sources by target; a place is (URL, bucket)."""

    listed: dict[Any, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_target: dict[Place, set[Place]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Sources:
        """The places in the option `pairs`; none if the task has one pair."""
        found = cls()
        for pair in options.get("pairs") or ():
            source, target = _place(pair["source"]), _place(pair["target"])
            for url, bucket in (source, target):
                found.listed[url].add(bucket)
            found.by_target[target].add(source)
        return found


def _place(side: Mapping[str, Any]) -> Place:
    return side["s3"].get("endpoint_url"), side["bucket"]


def _listed(request: PreflightRequest, sources: Sources) -> Listed:
    def here(side: SideRequest) -> frozenset[str]:
        return frozenset([side.bucket, *sources.listed.get(side.s3.get("endpoint_url"), ())])

    return Listed(here(request.source), here(request.target))


def _other_sources(request: PreflightRequest, sources: Sources) -> tuple[str, ...]:
    """The source buckets of the task's other pairs with the same target bucket."""
    own = (request.source.s3.get("endpoint_url"), request.source.bucket)
    target = (request.target.s3.get("endpoint_url"), request.target.bucket)
    return tuple(sorted(bucket for _url, bucket in sources.by_target.get(target, set()) - {own}))
