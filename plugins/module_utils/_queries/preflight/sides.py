# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two sides of a pair, and how facts about them are read: each once per task, every failure as a finding."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ..._clients.api import Api
from ..._clients.errors import ApiError, Forbidden, Unsupported
from .findings import ERROR, INFO, WARNING, Findings, Kind, Place

Fact = TypeVar("Fact")
SingleFlight = Callable[[Hashable, Callable[[], Any]], Any]

KINDS = (
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


@dataclass
class Endpoint:
    """A service of a side, such as "source", "S3"; `api` is None if the connection cannot be opened.

    `usable` becomes False once it is known that nothing can be read there: then no further call is made.
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
    """Source or target; `name` says which. Unknown facts are None.

    iam: None if it was not given. role: the expected ARN or name. owned: the account's buckets and when each was
    created. owner: the canonical id of the account that owns them. bucket_usable: the bucket exists and can be read.
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
        """The answer to a call, made once per task for each endpoint and its credentials. Raises ApiError."""
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
        """The same, but None and a finding if the call fails; `permission` is what the call requires."""
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
