# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: what preflight reports about a pair of buckets, as data; `render` is the one place that makes text of them.

The kinds of findings stand beside the checks that report them. Their ids are for inventories, filters and guides, and
never change their meaning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..._documents.errors import InvalidDocument, quote

ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (ERROR, WARNING, INFO)


@dataclass(frozen=True)
class Kind:
    """One kind of finding, in whole sentences.

    why: why it matters; remedy: what to do. made_by_setup: set-up creates or repairs it, so before set-up it is no
    error. blocks_setup: set-up would fail because of it, so before set-up it is one.
    """

    id: str
    severity: str
    why: str
    remedy: str
    made_by_setup: bool = False
    blocks_setup: bool = False


@dataclass(frozen=True)
class Place:
    """What a finding is about.

    side: "source" or "target". kind: "bucket", "role", "S3" or "IAM". name: of the bucket or the role's ARN, empty for
    an endpoint. endpoint: its URL.
    """

    side: str
    kind: str
    name: str
    endpoint: str

    def __str__(self) -> str:
        thing = " ".join(filter(None, (self.side, self.kind, self.name)))
        return f"{thing} at {self.endpoint}" if self.endpoint else thing


@dataclass(frozen=True)
class Finding:
    """One finding of a kind, at a place; `what` says in whole sentences what was found there."""

    id: str
    severity: str
    what: str
    where: Place
    why: str
    remedy: str


class Findings:
    """The findings so far, each once.

    ignored: ids that are not reported. before_setup: the replication is still to be set up (see Kind).
    """

    def __init__(
        self, kinds: Iterable[Kind], ignored: Collection[str] = (), before_setup: bool = False
    ) -> None:
        self._kinds = {kind.id: kind for kind in kinds}
        for id in ignored:
            if id not in self._kinds:
                raise InvalidDocument(
                    f"`ignore` names {quote(id)}, which is not the id of a finding: use ids as findings show them."
                )
        self._ignored = frozenset(ignored)
        self._before_setup = before_setup
        self._found: dict[Finding, None] = {}

    def add(self, id: str, where: Place, what: str) -> None:
        """Report something of the kind `id`."""
        kind = self._kinds[id]
        if id not in self._ignored:
            severity = self._severity(kind)
            self._found[Finding(id, severity, what, where, kind.why, kind.remedy)] = None

    def _severity(self, kind: Kind) -> str:
        if self._before_setup and kind.made_by_setup:
            return INFO
        return ERROR if self._before_setup and kind.blocks_setup else kind.severity

    def of(self, *severities: str) -> list[Finding]:
        """The findings of these severities, the worst first."""
        return sorted(
            (one for one in self._found if one.severity in severities),
            key=lambda one: SEVERITIES.index(one.severity),
        )

    def __bool__(self) -> bool:
        return bool(self._found)


def line(finding: Finding) -> str:
    """The finding as one line of text."""
    return f"{finding.severity} {finding.id} ({finding.where}): {finding.what} {finding.remedy}"


def render(findings: Findings) -> dict[str, Any]:
    """The findings as results have them: as data, counted, and as lines of text.

    {"findings": [{"id", "severity", "what", "where": text, "place": {"side", "kind", "name", "endpoint"}, "why",
    "remedy"}], "summary": {severity: count}, "lines": [..], "warnings": [..]}
    """
    found = findings.of(*SEVERITIES)
    return {
        "findings": [_as_data(one) for one in found],
        "summary": {severity: len(findings.of(severity)) for severity in SEVERITIES},
        "lines": [line(one) for one in found],
        "warnings": [line(one) for one in findings.of(WARNING)],
    }


def _as_data(finding: Finding) -> Mapping[str, Any]:
    data = asdict(finding)
    return {**data, "where": str(finding.where), "place": data["where"]}
