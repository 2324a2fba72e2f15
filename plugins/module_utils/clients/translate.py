# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From botocore's exceptions and the servers' error codes to the few kinds of errors.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from .errors import (
    ApiError,
    Call,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unreachable,
    Unreadable,
    Unsupported,
)

KINDS: dict[str, type[ApiError]] = {
    **dict.fromkeys(
        (
            "AccessDenied",
            "AllAccessDisabled",
            "ExpiredToken",
            "Forbidden",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidToken",
            "SignatureDoesNotMatch",
            "RequestTimeTooSkewed",
            "BucketAlreadyExists",
            "403",
        ),
        Forbidden,
    ),
    **dict.fromkeys(
        (
            "NoSuchBucket",
            "NoSuchEntity",
            "NoSuchKey",
            "NoSuchVersion",
            "ReplicationConfigurationNotFoundError",
            "404",
        ),
        NotFound,
    ),
    **dict.fromkeys(
        ("MethodNotAllowed", "NotImplemented", "InvalidAction", "UnknownOperation", "405", "501"),
        Unsupported,
    ),
    **dict.fromkeys(
        (
            "BucketAlreadyOwnedByYou",
            "ConcurrentModification",
            "DeleteConflict",
            "EntityAlreadyExists",
            "LimitExceeded",
            "OperationAborted",
        ),
        Conflict,
    ),
    **dict.fromkeys(
        (
            "InternalError",
            "InternalFailure",
            "RequestTimeout",
            "ServiceFailure",
            "ServiceUnavailable",
            "SlowDown",
            "Throttling",
            "ThrottlingException",
        ),
        Unreachable,
    ),
}

ADVICE = {
    "AccessDenied": "These credentials are valid but may not do this here: "
    "check the account's permissions and that the endpoint is the right environment's.",
    "BucketAlreadyExists": "A bucket of that name belongs to another account: "
    "choose another name, or use that account's credentials.",
    "ExpiredToken": "The session token has expired: get new temporary credentials.",
    "InvalidAccessKeyId": "This environment does not know the access key: "
    "check profile or access_key, and that the endpoint is the right environment's.",
    "InvalidClientTokenId": "This environment does not know the access key: "
    "check profile or access_key, and that the endpoint is the right environment's.",
    "SignatureDoesNotMatch": "The secret key does not belong to the access key, "
    "or a proxy changes the request on its way.",
    "NoSuchBucket": "Create the bucket first (backbeat_bucket), or check its name.",
}
ADVICE["403"] = ADVICE["Forbidden"] = (
    "The thing may exist and belong to another account, or the credentials are wrong: "
    "check profile or access_key, and the endpoint."
)

# botocore makes this of an answer with status 200 that S3 could not have sent, too.
ADVICE["500"] = (
    "The answer gives no reason, or could not be read: check endpoint_url, whether a proxy answers in the server's "
    "place, and the server's log."
)


def from_answer(call: Call, response: Mapping[str, Any], service: str) -> ApiError:
    """The error for an answer with an error status; `response` is that of botocore's ClientError."""
    # What S3 says to an IAM call has no element around it that botocore's IAM client looks for.
    error = response.get("Error") or response
    metadata = response.get("ResponseMetadata") or {}
    status = metadata.get("HTTPStatusCode")
    headers = metadata.get("HTTPHeaders") or {}
    code = str(error.get("Code") or status or "Unknown")
    details: dict[str, Any] = {
        "code": code,
        "status": status,
        "request_id": metadata.get("RequestId") or headers.get("x-amz-request-id"),
    }
    reason = str(error.get("Message") or code)
    # HEAD answers have no body to tell S3 by, and S3 names the request: another server's 404 is no absence.
    if from_stranger(metadata) or (code == "404" and not _is_named(metadata)):
        stranger = Unreachable if status in (502, 503, 504) else Unreadable
        return stranger(
            call,
            f"something that is no {service.upper()} server answered with HTTP status {status}",
            advice="Check the endpoint_url and whether a proxy or load balancer answers in its place.",
            **details,
        )
    if code == "RequestTimeTooSkewed":
        return Forbidden(call, reason, advice=_skew(headers), **details)
    if "restEndpoints" in reason:
        return Invalid(
            call,
            reason,
            advice="The server does not know the host name in endpoint_url: use one of its restEndpoints.",
            **details,
        )
    if "PolicySize" in reason:
        return Invalid(
            call,
            reason,
            advice="Give this server's limit as max_size, and the document is split to fit.",
            **details,
        )
    kind = KINDS.get(code) or _kind_of_status(status)
    if kind is Unsupported:
        return kind(call, reason, advice=_unsupported(call, service), **details)
    return kind(call, reason, advice=ADVICE.get(code, ""), **details)


def from_stranger(metadata: Mapping[str, Any]) -> bool:
    """Whether an answer comes from a web page rather than from S3 or IAM.

    Both always name the request; objects may be HTML themselves, so the content type alone says nothing.
    """
    headers = metadata.get("HTTPHeaders") or {}
    return not _is_named(metadata) and "html" in headers.get("content-type", "")


def _is_named(metadata: Mapping[str, Any]) -> bool:
    headers = metadata.get("HTTPHeaders") or {}
    return bool(metadata.get("RequestId") or "x-amz-request-id" in headers)


def from_exception(call: Call, error: Exception) -> ApiError:
    """The error for a call that brought no answer at all, or one that nobody can read."""
    name = type(error).__name__
    text = " ".join(str(error).split())
    if name in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        return Forbidden(
            call,
            text,
            advice="Give profile, or access_key and secret_key, or set AWS_PROFILE in the environment.",
        )
    if name == "SSLError" and "CERTIFICATE_VERIFY_FAILED" in text:
        return Invalid(
            call,
            text,
            advice="Name the authority that signed the server's certificate in aws_ca_bundle, "
            "and check that endpoint_url has the name that the certificate is for.",
        )
    if name == "SSLError" and "WRONG_VERSION_NUMBER" in text:
        return Invalid(
            call,
            text,
            advice="What listens there does not speak TLS: use http:// in endpoint_url, or the port for https.",
        )
    if name in TRANSPORT:
        return Unreachable(
            call, text, advice="Check endpoint_url (scheme, host, port), the network and any proxy."
        )
    # Of botocore's own errors the rest is raised before anything is sent.
    if "BotoCoreError" in (base.__name__ for base in type(error).__mro__):
        return Invalid(call, text)
    return Unreadable(
        call,
        f"the answer cannot be read ({name}: {text[:200]})",
        advice="Check the endpoint_url and whether a proxy answers in the server's place.",
    )


TRANSPORT = frozenset(
    (
        "ConnectionClosedError",
        "ConnectionError",
        "ConnectTimeoutError",
        "EndpointConnectionError",
        "HTTPClientError",
        "IncompleteReadError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "ResponseStreamingError",
        "SSLError",
    )
)


def _kind_of_status(status: int | None) -> type[ApiError]:
    if status is None or status in (408, 429) or status >= 500:
        return Unsupported if status == 501 else Unreachable
    return {403: Forbidden, 404: NotFound, 405: Unsupported}.get(status, Invalid)


def _unsupported(call: Call, service: str) -> str:
    if service == "iam":
        return (
            f"This endpoint does not support the IAM call {call.operation}. If it is an S3 endpoint, give the IAM one "
            "(in Scality environments usually port 8600); if it is IAM, this server's version lacks the call: "
            "make this change with the server's own tools."
        )
    return f"This endpoint does not support the S3 call {call.operation}: check that it is an S3 endpoint."


def _skew(headers: Mapping[str, str]) -> str:
    advice = "Set the clocks of this machine and of the server by NTP"
    try:
        server = parsedate_to_datetime(headers["date"])
        seconds = round((datetime.now(timezone.utc) - server).total_seconds())
    except (KeyError, TypeError, ValueError):
        return f"{advice}: they differ by more than 15 minutes."
    direction = "ahead of" if seconds > 0 else "behind"
    return f"{advice}: this machine is {abs(seconds)} s {direction} the server, and 900 s is the limit."
