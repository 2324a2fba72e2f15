# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two sides of a pair, the facts that are read about them, and preflight's findings, as data.

Each fact is read once per task, and every failure to read one is a finding. Only `render` makes text of findings. The
kinds of findings are defined in the modules of the checks that report them. Inventories, filters and guides use their
ids, so an id never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

from ..._clients.api import Api
from ..._clients.errors import ApiError, Forbidden, Unsupported
from ..._work import InvalidDocument, quote

ERROR, WARNING, INFO = "error", "warning", "info"
SEVERITIES = (ERROR, WARNING, INFO)
Fact = TypeVar("Fact")
SingleFlight = Callable[[Hashable, Callable[[], Any]], Any]


@dataclass(frozen=True)
class Kind:
    """One kind of finding. The texts are whole sentences.

    why: why it matters; remedy: what to do. made_by_setup: set-up creates or repairs it, so it is not an error before
    set-up. blocks_setup: set-up would fail because of it, so it is an error before set-up. changed_by_hand: something
    was changed or added after set-up, so there is nothing to check before.
    """

    id: str
    severity: str
    why: str
    remedy: str
    made_by_setup: bool = False
    blocks_setup: bool = False
    changed_by_hand: bool = False

    @property
    def drift(self) -> bool:
        """Whether the finding is a difference from the requested state, not an error in itself."""
        return self.made_by_setup or self.changed_by_hand


NOT_READ_KINDS = (
    Kind(
        "not-permitted",
        WARNING,
        "Whether this is correct is unknown.",
        "Grant the permission to the account that runs preflight, or run preflight with another account.",
    ),
    Kind(
        "not-supported",
        INFO,
        "Whether this is correct is unknown.",
        "Check it with the server's own tools.",
    ),
    Kind(
        "not-read",
        ERROR,
        "Whether this is correct is unknown.",
        "Follow the advice in the message, then run preflight again.",
    ),
)


@dataclass(frozen=True)
class Place:
    """The subject of a finding.

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
    """One finding of a kind, at a place; `what` describes it in whole sentences."""

    id: str
    severity: str
    what: str
    where: Place
    why: str
    remedy: str
    drift: bool = False


class Findings:
    """Collects findings, without duplicates.

    ignored: ids that are not reported. before_setup: the replication is not set up yet (see Kind).
    """

    def __init__(
        self, kinds: Iterable[Kind], ignored: Collection[str] = (), before_setup: bool = False
    ) -> None:
        self._kinds = {kind.id: kind for kind in kinds}
        for id in ignored:
            if id not in self._kinds:
                raise InvalidDocument(
                    f"`ignore` names {quote(id)}, which is not the id of a finding: use the ids that findings show."
                )
        self._ignored = frozenset(ignored)
        self._before_setup = before_setup
        self._found: dict[Finding, None] = {}

    def add(self, id: str, where: Place, what: str) -> None:
        """Add a finding of the kind `id`."""
        kind = self._kinds[id]
        if id not in self._ignored:
            severity = self._severity(kind)
            finding = Finding(id, severity, what, where, kind.why, kind.remedy, kind.drift)
            self._found[finding] = None

    def _severity(self, kind: Kind) -> str:
        if self._before_setup and kind.made_by_setup:
            return INFO
        return ERROR if self._before_setup and kind.blocks_setup else kind.severity

    def of(self, *severities: str) -> list[Finding]:
        """The findings of these severities, the most severe first."""
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
    """The findings as a module's result: data, counts, and lines of text.

    {"findings": [{"id", "severity", "what", "where": text, "place": {"side", "kind", "name", "endpoint"}, "why",
    "remedy", "drift"}], "summary": {severity: count}, "lines": [..], "warnings": [..]}
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


@dataclass
class Endpoint:
    """A service of one side, such as S3 of the source; `api` is None if the connection cannot be opened.

    `usable` becomes False after an error that makes further calls useless: none are made then.
    """

    side: str
    service: str
    api: Api | None
    usable: bool = True

    @property
    def url(self) -> str:
        return self.api.endpoint if self.api else ""

    @property
    def place(self) -> Place:
        return Place(self.side, self.service, "", self.url)


@dataclass
class Side:
    """The source or the target, according to `name`. Unknown facts are None.

    iam: None if the pair has no IAM connection. role: the expected ARN or name. owned: the account's buckets and when
    each was created. owner: the canonical id of the account that owns them. bucket_usable: the bucket exists and can be
    read.
    """

    name: str
    bucket: str
    s3: Endpoint
    iam: Endpoint | None
    role: str | None = None
    account: str | None = None
    owned: dict[str, str] | None = None
    owner: str | None = None
    bucket_usable: bool = False

    @property
    def place(self) -> Place:
        return Place(self.name, "bucket", self.bucket, self.s3.url)

    def role_place(self, arn: str) -> Place:
        """The place of a finding about one of this side's roles."""
        return Place(self.name, "role", arn, self.iam.url if self.iam else "")


@dataclass(frozen=True)
class Known(Generic[Fact]):
    """A fact that could be read; it may be None."""

    fact: Fact


@dataclass
class FactReader:
    """Reads facts; a fact that cannot be read becomes a finding."""

    findings: Findings
    once: SingleFlight = field(repr=False)

    def read(self, endpoint: Endpoint, key: Hashable, call: Callable[[Api], Fact]) -> Fact:
        """The result of a call that is made once per task for each endpoint and its credentials. Raises ApiError."""
        api = endpoint.api
        if api is None:
            raise RuntimeError(f"{endpoint.place} was asked for {key} although it is not usable")
        answer: Fact = self.once((api.client, key), lambda: call(api))
        return answer

    def try_read(
        self,
        endpoint: Endpoint,
        key: Hashable,
        call: Callable[[Api], Fact],
        *,
        where: Place,
        permission: str,
    ) -> Known[Fact] | None:
        """As `read`, but a failed call returns None and adds a finding; `permission`: what the call requires."""
        try:
            return Known(self.read(endpoint, key, call))
        except ApiError as error:
            self.report(error, where, permission)
            return None

    def report(self, error: ApiError, where: Place, permission: str) -> None:
        """Report that a fact could not be read."""
        if isinstance(error, Forbidden):
            what = (
                f"Not permitted to {error.call.doing}, which requires {permission} ({error.code})."
            )
            self.findings.add("not-permitted", where, what)
        elif isinstance(error, Unsupported):
            what = f"The server does not support {error.call.operation}, so preflight cannot {error.call.doing}."
            self.findings.add("not-supported", where, what)
        else:
            self.findings.add("not-read", where, str(error))
