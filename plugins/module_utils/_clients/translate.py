# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From botocore's exceptions and the servers' error codes to the few kinds of errors.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .advice import advise
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
    if from_stranger(metadata) or (code == "404" and from_stranger(metadata, service)):
        stranger = Unreachable if status in (502, 503, 504) else Unreadable
        elsewhere = f" and redirects to {headers['location']}" if "location" in headers else ""
        return stranger(
            call,
            f"something that is no {service.upper()} server answered with HTTP status {status}{elsewhere}",
            advice="Check the endpoint_url and whether a proxy or load balancer answers in its place.",
            **details,
        )
    kind = KINDS.get(code) or _kind_of_status(status)
    if "restEndpoints" in reason or "PolicySize" in reason:
        kind = Invalid
    if kind is Unsupported:
        code = "Unsupported"
    return kind(call, reason, advice=advise(call, code, reason, service, metadata), **details)


def from_stranger(metadata: Mapping[str, Any], service: str = "") -> bool:
    """Whether an answer comes from something that is neither S3 nor IAM, such as a web page.

    Both name the request: S3 always does, in a header. Objects may be HTML themselves, so the content type alone
    says nothing.
    """
    headers = metadata.get("HTTPHeaders")
    if headers is None or metadata.get("RequestId") or "x-amz-request-id" in headers:
        return False
    return service == "s3" or "html" in headers.get("content-type", "")


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
    if name == "SSLError" and "CERTIFICATE_REQUIRED" in text:
        return Invalid(
            call,
            text,
            advice="The server wants to know who calls: give a certificate and its key as client_cert in aws_config.",
        )
    if name == "SSLError" and "WRONG_VERSION_NUMBER" in text:
        return Invalid(
            call,
            text,
            advice="What listens there does not speak TLS: use http:// in endpoint_url, or the port for https.",
        )
    if name == "SSLError" and ("X509" in text or "PEM lib" in text):
        return Invalid(
            call,
            text,
            advice="The file of aws_ca_bundle (or AWS_CA_BUNDLE) holds no certificates: name one in PEM format.",
        )
    if name == "HTTPClientError" and _is_our_own(error):
        return Invalid(
            call,
            text,
            advice="Nothing was sent: look for a line end or another unusual character in the options that go into "
            "the request's headers, and for a wrong type in aws_config.",
        )
    if name in TRANSPORT:
        unreachable = Unreachable(
            call, text, advice="Check endpoint_url (scheme, host, port), the network and any proxy."
        )
        unreachable.sent = name not in UNSENT
        return unreachable
    # Of botocore's own errors the rest is raised before anything is sent.
    if "BotoCoreError" in (base.__name__ for base in type(error).__mro__):
        return Invalid(call, text)
    trouble = f"it lacks {text}" if name == "KeyError" else f"{name}: {text[:200]}"
    return Unreadable(
        call,
        f"the answer cannot be read ({trouble})",
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


# No connection was made: what was to be done was not.
UNSENT = frozenset(
    ("ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError", "SSLError")
)


def _is_our_own(error: Exception) -> bool:
    """Whether what went wrong inside the HTTP client was a value that it was given, and not the connection."""
    inner = getattr(error, "kwargs", {}).get("error")
    return isinstance(inner, (AttributeError, TypeError, ValueError))


def _kind_of_status(status: int | None) -> type[ApiError]:
    if status is None or status in (408, 429) or status >= 500:
        return Unsupported if status == 501 else Unreachable
    return {403: Forbidden, 404: NotFound, 405: Unsupported}.get(status, Invalid)
