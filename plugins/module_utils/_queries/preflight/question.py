# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a pair of buckets is fit for replication, as far as both sides tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..._clients.connections import Connections
from ..._clients.session import BadConnection
from ..._documents import names
from ..._documents.evaluation import Principal, parse_principal
from ..._documents.wanted_rules import wanted_rules
from ..._progress import Progress
from ..query import Query, Unsatisfied
from . import buckets, canary, configuration, endpoints, permissions, roles
from .catalogue import ERROR, SEVERITIES, WARNING
from .configuration import Expected, Live
from .findings import Finding, Findings
from .permissions import Use
from .sides import Endpoint, FactReader, Side

FAIL_ON = {"error": (ERROR,), "warning": (ERROR, WARNING), "never": ()}


class Preflight(Query):
    """One pair, what is expected of it, and what makes the task fail."""

    def __init__(
        self,
        sides: tuple[Side, Side],
        facts: FactReader,
        options: Mapping[str, Any],
        *,
        check_mode: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.progress = progress or Progress()
        self.source, self.target = sides
        self.facts = facts
        self.findings = facts.findings
        self.expected = Expected(wanted_rules(options["rules"]), options["known_sites"])
        self.trusted: list[Principal] = [
            parse_principal(text) for text in options["trusted_principals"]
        ]
        self.since_2025: bool | None = options["servers_since_2025"]
        self.canary: Mapping[str, Any] | None = options["canary"]
        self.failing = FAIL_ON[options["fail_on"]]
        self.check_mode = check_mode

    @classmethod
    def build(cls, options: Mapping[str, Any], connections: Connections) -> Preflight:
        """The question about one pair, each of whose sides has connections of its own."""
        findings = Findings(options["ignore"], options["before_setup"])
        source, target = (
            _side(name, options[name], connections, findings) for name in ("source", "target")
        )
        facts = FactReader(findings, connections.once)
        return cls(
            (source, target),
            facts,
            options,
            check_mode=connections.check_mode,
            progress=connections.progress,
        )

    def run(self) -> dict[str, Any]:
        sides = [self.source, self.target]
        endpoints.examine(sides, self.facts)
        buckets.examine(self.source, self.target, self.facts)
        buckets.onward(self.source, self.target, self.facts)
        live = configuration.examine(self.source, self.target, self.expected, self.facts)
        if live.clouds and self.source.bucket_usable:
            buckets.encryption(self.source, self.facts)
        self._roles(sides, live)
        seen = self._result()
        if self.canary is not None:
            seen = {"canary": self._canary(live), **self._result()}
        bad = self.findings.of(self.failing)
        if bad:
            raise Unsatisfied(self._message(bad), seen)
        return seen

    def _roles(self, sides: list[Side], live: Live) -> None:
        found = roles.examine(sides, live.roles, self.trusted, self.facts)
        use = Use(live.prefixes, self.since_2025, live.clouds)
        for side, other in (sides, sides[::-1]):
            if side.name in found:
                permissions.examine(side, other, found[side.name], use, self.facts)

    def _canary(self, live: Live) -> dict[str, Any] | None:
        reason = self._grounded(live)
        if reason:
            self.findings.add("canary-not-tried", self.source.where, reason)
            return None
        prefix, options = live.prefixes[0], self.canary or {}
        return canary.fly(self.source, self.target, prefix, options, self.findings, self.progress)

    def _grounded(self, live: Live) -> str:
        if self.check_mode:
            return "In check mode no object is put."
        if self.findings.bad:
            return "No object was put, for there are errors already."
        if live.clouds_only:
            return "No object was put, for a cloud's copy cannot be compared."
        if not (live.roles and live.prefixes):
            return "No object was put, for there is no rule in force that it would fall under."
        return ""

    def _result(self) -> dict[str, Any]:
        found = self.findings.of(SEVERITIES)
        return {
            "findings": [asdict(finding) for finding in found],
            "summary": self.findings.summary(),
            "lines": [str(finding) for finding in found],
            "warnings": [str(finding) for finding in self.findings.of([WARNING])],
        }

    def _message(self, bad: list[Finding]) -> str:
        count = f"{len(bad)} finding{'s' if len(bad) > 1 else ''}"
        lines = "\n".join(map(str, bad))
        return f"{count} for {self.source.bucket} to {self.target.bucket}:\n{lines}"


def _side(
    name: str, options: Mapping[str, Any], connections: Connections, findings: Findings
) -> Side:
    bucket = names.check_bucket_name(options["bucket"])
    s3 = _endpoint("s3", name, options["s3"], connections, findings)
    iam = options["iam"] and _endpoint("iam", name, options["iam"], connections, findings)
    return Side(name, bucket, s3, iam, options["role"])


def _endpoint(
    service: str,
    side: str,
    options: Mapping[str, Any],
    connections: Connections,
    findings: Findings,
) -> Endpoint:
    name = f"{side} {service.upper()}"
    try:
        return Endpoint(name, connections.open(service, options))
    except BadConnection as error:
        findings.add("connection-unusable", name, str(error))
        return Endpoint(name, None, usable=False)
