# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the four endpoints: kind, credentials, accounts and clocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..._clients import iam_entities, s3_buckets
from ..._clients.api import Api
from ..._clients.errors import (
    AUTHENTICATION,
    MAX_SKEW,
    ApiError,
    Forbidden,
    Unreachable,
    Unreadable,
    Unsupported,
)
from .findings import ERROR, INFO, WARNING, Endpoint, FactReader, Findings, Kind, Side

# A clock difference of this many seconds is reported; from MAX_SKEW, servers refuse requests.
SKEW = 60
KINDS = (
    Kind(
        "connection-unusable",
        ERROR,
        "Nothing can be checked through this connection.",
        "Correct the options of the connection.",
    ),
    Kind(
        "endpoint-unreachable",
        ERROR,
        "No usable response arrived within retry_timeout, so nothing there can be checked.",
        "Check scheme, host and port of endpoint_url, the network, any proxy, and that the server runs.",
    ),
    Kind(
        "endpoint-wrong-kind",
        ERROR,
        "The endpoint belongs to another service.",
        "Give S3's URL for s3 and IAM's for iam; in Scality environments IAM usually uses port 8600. Check "
        "that no proxy answers instead of the server.",
    ),
    Kind(
        "endpoint-unusable",
        ERROR,
        "The server refuses even the simplest call.",
        "Follow the advice in the message; check endpoint_url and the certificate.",
    ),
    Kind(
        "credentials-invalid",
        ERROR,
        "Every call with these credentials fails.",
        "Check profile or access_key and secret_key, and that they belong to this environment.",
    ),
    Kind(
        "credentials-of-two-accounts",
        ERROR,
        "The role is created in one account, but the bucket belongs to another, so Backbeat cannot replicate it.",
        "Use credentials of one account for s3 and iam of this side.",
    ),
    Kind(
        "clock-skewed",
        WARNING,
        f"At {MAX_SKEW} seconds or more, servers refuse requests, including Backbeat's own.",
        "Synchronise the clocks of all machines by NTP.",
    ),
    Kind(
        "clock-beyond-limit",
        ERROR,
        f"Beyond {MAX_SKEW} seconds, servers refuse requests with RequestTimeTooSkewed, including Backbeat's own.",
        "Synchronise the clocks of all machines by NTP.",
    ),
    Kind(
        "iam-not-given",
        INFO,
        "Without IAM's endpoint the role, its trust policy and its permissions are not checked.",
        "Give iam for this side, unless the installation has no IAM step.",
    ),
)


@dataclass(frozen=True)
class Probe:
    """The result of the first call to an endpoint: a response or an error, and how far its clock is ahead."""

    answer: Any
    error: ApiError | None
    ahead: float | None


def check(sides: list[Side], facts: FactReader) -> None:
    """Call each endpoint once, and keep the accounts and buckets in the responses."""
    clocks: list[tuple[float, Endpoint]] = []
    for side in sides:
        for endpoint, ask in ((side.s3, s3_buckets.owned_buckets), (side.iam, _account)):
            if endpoint is None or not endpoint.usable:
                continue
            probe = facts.read(endpoint, "probe", partial(_probe, ask))
            if probe.error is not None:
                _judge(probe, endpoint, facts.findings)
            elif endpoint is side.s3:
                side.owned, side.owner = probe.answer.created, probe.answer.owner
            else:
                side.account = probe.answer
            if probe.ahead is not None:
                clocks.append((probe.ahead, endpoint))
    _compare(clocks, facts.findings)


def check_accounts(side: Side, with_iam_credentials: Endpoint | None, facts: FactReader) -> None:
    """Compare the owners that S3 returns for the credentials of S3 and of IAM.

    with_iam_credentials: the side's S3 endpoint with the credentials of its IAM connection; None if they are the same.
    No comparison if S3 rejects the IAM credentials.
    """
    if with_iam_credentials is None or not side.s3.usable or side.owner is None:
        return
    if side.iam is None or not side.iam.usable:
        return
    probe = facts.read(with_iam_credentials, "probe", partial(_probe, s3_buckets.owned_buckets))
    if probe.error is None and probe.answer.owner not in (None, side.owner):
        what = (
            f"The credentials for S3 belong to the account with the canonical id {side.owner}, and those for IAM to "
            f"{probe.answer.owner}."
        )
        facts.findings.add("credentials-of-two-accounts", side.iam.place, what)


def _probe(ask: Callable[[Api], Any], api: Api) -> Probe:
    try:
        return Probe(ask(api), None, api.ahead)
    except ApiError as error:
        return Probe(None, error, api.ahead)


def _account(api: Api) -> str | None:
    try:
        return iam_entities.own_account(api)
    except Unsupported:
        # Some IAM servers lack this call, and so do all S3 servers.
        iam_entities.probe_iam(api)
        return None


def _judge(probe: Probe, endpoint: Endpoint, findings: Findings) -> None:
    error = probe.error
    if isinstance(error, Forbidden):
        if error.code == "RequestTimeTooSkewed":
            endpoint.usable = False
            if probe.ahead is None:
                findings.add("clock-beyond-limit", endpoint.place, str(error))
        elif error.status is None or error.code in AUTHENTICATION:
            endpoint.usable = False
            findings.add("credentials-invalid", endpoint.place, str(error))
        # Otherwise the credentials are valid, and only this call is not permitted.
        return
    endpoint.usable = False
    if isinstance(error, Unreachable):
        id = "endpoint-unreachable"
    elif isinstance(error, (Unsupported, Unreadable)):
        id = "endpoint-wrong-kind"
    else:
        id = "endpoint-unusable"
    findings.add(id, endpoint.place, str(error))


def _compare(clocks: list[tuple[float, Endpoint]], findings: Findings) -> None:
    """Compare every clock with this machine's, and the two farthest apart if they differ by more."""
    for ahead, endpoint in clocks:
        _report(ahead, endpoint, "this machine's clock", findings)
    if not clocks:
        return
    clocks.sort(key=lambda clock: clock[0])
    (behind, slow), (ahead, fast) = clocks[0], clocks[-1]
    if _kind(ahead - behind) not in (None, _kind(behind), _kind(ahead)):
        _report(ahead - behind, fast, f"the clock of {slow.place}", findings)


def _kind(seconds: float) -> str | None:
    if abs(seconds) >= MAX_SKEW:
        return "clock-beyond-limit"
    return "clock-skewed" if abs(seconds) >= SKEW else None


def _report(seconds: float, endpoint: Endpoint, than: str, findings: Findings) -> None:
    id = _kind(seconds)
    if id is not None:
        direction = "ahead of" if seconds > 0 else "behind"
        what = f"Its clock is {abs(seconds):.0f} s {direction} {than}."
        findings.add(id, endpoint.place, what)
