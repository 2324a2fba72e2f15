# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks signatures of version 4 as CloudServer and Vault do.

The order of the checks is the servers': clock, access key, signature, body.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Protocol, TypeVar
from urllib.parse import quote, unquote

from .messages import Refused, Request

MAX_SKEW = 15 * 60
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<key>[^/,]+)/(?P<date>\d{8})/(?P<region>[^/,]+)"
    r"/(?P<service>[^/,]+)/aws4_request\s*,\s*SignedHeaders=(?P<headers>[^,]+)"
    r"\s*,\s*Signature=(?P<signature>[0-9a-f]{64})\s*"
)


class Keyed(Protocol):
    """A principal with a secret, and a session token that may be empty."""

    @property
    def secret_key(self) -> str: ...
    @property
    def session_token(self) -> str: ...


K = TypeVar("K", bound=Keyed)


@dataclass(frozen=True)
class Claim:
    """A request's data about its signature, from its header or its query."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: str
    signature: str
    timestamp: str
    payload_hash: str
    token: str
    expires: int | None


def denied() -> Refused:
    return Refused(403, "AccessDenied", "Access Denied")


def read_claim(request: Request) -> Claim:
    """Read the claim of a request. Raises Refused for an unsigned request or an unsupported signature."""
    if "X-Amz-Signature" in request.parameters:
        return _claim_of_query(request)
    authorization = request.header("Authorization")
    if not authorization:
        raise denied()
    match = _AUTHORIZATION.fullmatch(authorization)
    if match is None:
        raise Refused(400, "InvalidArgument", "Authorization header is malformed")
    if match["service"] == "s3" and not request.header("X-Amz-Content-Sha256"):
        raise Refused(400, "MissingSecurityHeader", "Your request is missing a required header")
    body_hash = hashlib.sha256(request.body).hexdigest()
    return Claim(
        match["key"],
        match["date"],
        match["region"],
        match["service"],
        match["headers"],
        match["signature"],
        request.header("X-Amz-Date"),
        request.header("X-Amz-Content-Sha256") or body_hash,
        request.header("X-Amz-Security-Token"),
        None,
    )


def _claim_of_query(request: Request) -> Claim:
    given = request.parameters
    try:
        key, date, region, service, _ = given["X-Amz-Credential"].split("/")
        return Claim(
            key,
            date,
            region,
            service,
            given["X-Amz-SignedHeaders"],
            given["X-Amz-Signature"],
            given["X-Amz-Date"],
            "UNSIGNED-PAYLOAD",
            given.get("X-Amz-Security-Token", ""),
            int(given["X-Amz-Expires"]),
        )
    except (KeyError, ValueError):
        raise Refused(400, "InvalidArgument", "Presigned query is malformed") from None


def check(request: Request, now: datetime, find: Callable[[str], K | None]) -> K:
    """The principal that signed the request, found by access key. Raises Refused."""
    claim = read_claim(request)
    _check_clock(claim, now)
    keyed = find(claim.access_key)
    if keyed is None:
        raise Refused(
            403,
            "InvalidAccessKeyId",
            "The AWS access key Id you provided does not exist in our records.",
        )
    if not hmac.compare_digest(claim.signature, _signature(request, claim, keyed.secret_key)):
        raise Refused(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
        )
    if claim.token != keyed.session_token:
        raise Refused(403, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    _check_body(request, claim)
    return keyed


def _check_clock(claim: Claim, now: datetime) -> None:
    try:
        sent = datetime.strptime(claim.timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise Refused(
            403, "AccessDenied", "Authentication requires a valid Date or x-amz-date header"
        ) from None
    age = (now - sent).total_seconds()
    if claim.expires is not None:
        if age > claim.expires:
            raise Refused(403, "AccessDenied", "Request has expired")
        age = min(age, 0.0)
    if abs(age) > MAX_SKEW:
        raise Refused(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        )


def _check_body(request: Request, claim: Claim) -> None:
    stated = claim.payload_hash
    if stated == "UNSIGNED-PAYLOAD" or stated.startswith("STREAMING-"):
        return
    if stated != hashlib.sha256(request.body).hexdigest():
        raise Refused(
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )


def _signature(request: Request, claim: Claim, secret: str) -> str:
    scope = f"{claim.date}/{claim.region}/{claim.service}/aws4_request"
    canonical = hashlib.sha256(_canonical(request, claim).encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{claim.timestamp}\n{scope}\n{canonical}"
    key = f"AWS4{secret}".encode()
    for part in (claim.date, claim.region, claim.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _canonical(request: Request, claim: Claim) -> str:
    names = claim.signed_headers.split(";")
    headers = "".join(f"{name}:{_header(request, name)}\n" for name in names)
    return "\n".join(
        (
            request.method,
            request.path,
            _canonical_query(request.query),
            headers,
            claim.signed_headers,
            claim.payload_hash,
        )
    )


def _header(request: Request, name: str) -> str:
    return ",".join(" ".join(value.split()) for value in request.headers.get_all(name, []))


def _canonical_query(query: str) -> str:
    pairs = []
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name != "X-Amz-Signature":
            pairs.append(tuple(quote(unquote(text), safe="-_.~") for text in (name, value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
