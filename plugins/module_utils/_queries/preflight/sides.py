# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two sides of a pair, and how facts about them are read: each once a run, never with silence for a failure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ..._clients.api import Api
from ..._clients.errors import ApiError, Forbidden, Unsupported
from .findings import Findings

Fact = TypeVar("Fact")
SingleFlight = Callable[[Hashable, Callable[[], Any]], Any]


@dataclass
class Endpoint:
    """One of a side's services, such as "source S3"; `api` is None where the connection leads nowhere.

    `usable` is False once it is known that nothing there can be read: then nothing is asked any more.
    """

    name: str
    api: Api | None
    usable: bool = True

    @property
    def url(self) -> str:
        return self.api.endpoint if self.api else "its endpoint"

    def __str__(self) -> str:
        return f"{self.name} at {self.url}"


@dataclass
class Side:
    """Source or target; `name` says which. What is not known is None.

    iam: None where it was not given. role: the ARN or name that is expected. owned: the account's buckets.
    bucket_usable: the bucket is there and can be read.
    """

    name: str
    bucket: str
    s3: Endpoint
    iam: Endpoint | None
    role: str | None = None
    account: str | None = None
    owned: frozenset[str] | None = None
    bucket_usable: bool = False

    @property
    def where(self) -> str:
        return f"{self.name} bucket {self.bucket} at {self.s3.url}"


@dataclass(frozen=True)
class Seen(Generic[Fact]):
    """A fact that could be read, None perhaps among them."""

    fact: Fact


@dataclass
class FactReader:
    """Reads facts; what cannot be read becomes a finding."""

    findings: Findings
    once: SingleFlight = field(repr=False)

    def ask(self, endpoint: Endpoint, key: Hashable, call: Callable[[Api], Fact]) -> Fact:
        """The answer to a call, made once a run for each endpoint with its credentials. Raises ApiError."""
        api = endpoint.api
        if api is None:
            raise RuntimeError(f"{endpoint} was asked for {key} although it is not usable")
        answer: Fact = self.once((api.client, key), lambda: call(api))
        return answer

    def look(
        self,
        endpoint: Endpoint,
        key: Hashable,
        call: Callable[[Api], Fact],
        *,
        where: str,
        needs: str,
    ) -> Seen[Fact] | None:
        """The same, but None and a finding where it fails; `needs` is the permission that the call takes."""
        try:
            return Seen(self.ask(endpoint, key, call))
        except ApiError as error:
            self.report(error, where, needs)
            return None

    def report(self, error: ApiError, where: str, needs: str) -> None:
        """Say that something could not be looked at."""
        if isinstance(error, Forbidden):
            what = f"It is not permitted to {error.call.doing}, which takes {needs} ({error.code})."
            self.findings.add("not-permitted", where, what)
        elif isinstance(error, Unsupported):
            what = f"The server does not support {error.call.operation}, which was to {error.call.doing}."
            self.findings.add("not-supported", where, what)
        else:
            self.findings.add("not-read", where, str(error))
