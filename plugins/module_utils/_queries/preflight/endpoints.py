# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the four endpoints are there, of the right kind, let us in, and keep the time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..._clients import iam_account, s3_buckets
from ..._clients.api import Api
from ..._clients.errors import ApiError, Forbidden, Unreachable, Unreadable, Unsupported
from .findings import Findings
from .sides import Endpoint, FactReader, Side

# Of seconds between two clocks: where it is worth a word, and where servers refuse requests.
SKEW = 60
SKEW_LIMIT = 900
NOT_LET_IN = frozenset(
    (
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    )
)


@dataclass(frozen=True)
class Probe:
    """What the first call to an endpoint brought: an answer or an error, and how far the clock is ahead."""

    answer: Any
    error: ApiError | None
    ahead: float | None


def examine(sides: list[Side], facts: FactReader) -> None:
    """Call each endpoint once; note what the answers tell of accounts and their buckets."""
    clocks: list[tuple[float, Endpoint]] = []
    for side in sides:
        for endpoint, ask in ((side.s3, s3_buckets.buckets), (side.iam, _account)):
            if endpoint is None or not endpoint.usable:
                continue
            probe = facts.ask(endpoint, "probe", partial(_probe, ask))
            if probe.error is not None:
                _judge(probe, endpoint, facts.findings)
            elif endpoint is side.s3:
                side.owned = frozenset(probe.answer)
            else:
                side.account = probe.answer
            if probe.ahead is not None:
                clocks.append((probe.ahead, endpoint))
    _compare(clocks, facts.findings)


def _probe(ask: Callable[[Api], Any], api: Api) -> Probe:
    try:
        return Probe(ask(api), None, api.ahead)
    except ApiError as error:
        return Probe(None, error, api.ahead)


def _account(api: Api) -> str | None:
    try:
        return iam_account.own_account(api)
    except Unsupported:
        # Some IAM servers may lack this call, and S3 servers all.
        iam_account.knows_roles(api)
        return None


def _judge(probe: Probe, endpoint: Endpoint, findings: Findings) -> None:
    error = probe.error
    if isinstance(error, Forbidden):
        if error.code == "RequestTimeTooSkewed":
            endpoint.usable = False
            if probe.ahead is None:
                findings.add("clock-beyond-limit", str(endpoint), str(error))
        elif error.status is None or error.code in NOT_LET_IN:
            endpoint.usable = False
            findings.add("credentials-invalid", str(endpoint), str(error))
        # Else the credentials are good, and this call is not one of those they are for.
        return
    endpoint.usable = False
    if isinstance(error, Unreachable):
        id = "endpoint-unreachable"
    elif isinstance(error, (Unsupported, Unreadable)):
        id = "endpoint-wrong-kind"
    else:
        id = "endpoint-unusable"
    findings.add(id, str(endpoint), str(error))


def _compare(clocks: list[tuple[float, Endpoint]], findings: Findings) -> None:
    """Every clock with this machine's; and the two that are farthest apart, where that alone tells something."""
    for ahead, endpoint in clocks:
        _report(ahead, str(endpoint), "this machine's clock", findings)
    if not clocks:
        return
    clocks.sort(key=lambda clock: clock[0])
    (behind, slow), (ahead, fast) = clocks[0], clocks[-1]
    if _kind(ahead - behind) not in (None, _kind(behind), _kind(ahead)):
        _report(ahead - behind, str(fast), f"the clock of {slow}", findings)


def _kind(seconds: float) -> str | None:
    if abs(seconds) >= SKEW_LIMIT:
        return "clock-beyond-limit"
    return "clock-skewed" if abs(seconds) >= SKEW else None


def _report(seconds: float, where: str, than: str, findings: Findings) -> None:
    id = _kind(seconds)
    if id is not None:
        direction = "ahead of" if seconds > 0 else "behind"
        findings.add(id, where, f"Its clock is {abs(seconds):.0f} s {direction} {than}.")
