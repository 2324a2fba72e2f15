# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translates botocore's exceptions and servers' error codes to the errors of errors.py, with advice for the user."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from .errors import (
    KINDS,
    MAX_SKEW,
    ApiError,
    Call,
    Forbidden,
    Invalid,
    NotFound,
    Unreachable,
    Unreadable,
    Unsupported,
    in_one_line,
)
from .service import Service
from .wire import TooLarge

NOT_KNOWN = (
    "This environment does not know the access key: check profile or access_key, and that the endpoint "
    "belongs to the right environment."
)
NO_REASON = (
    "The resource may exist and belong to another account, or the credentials are wrong: "
    "check profile, or access_key and secret_key, and the endpoint."
)
ADVICE = {
    "BucketAlreadyExists": "A bucket of that name belongs to another account: "
    "choose another name, or use that account's credentials.",
    "ExpiredToken": "The session token has expired: get new temporary credentials.",
    "InvalidToken": "The session token does not belong to the access key: "
    "check session_token, and leave it out with permanent credentials.",
    "InvalidAccessKeyId": NOT_KNOWN,
    "InvalidClientTokenId": NOT_KNOWN,
    "SignatureDoesNotMatch": "The secret key does not belong to the access key, or a proxy changes the "
    "request.",
    "NoSuchBucket": "Create the bucket first (backbeat_bucket), or check its name.",
    "InvalidLocationConstraint": "Give one of the server's locations as location, or leave it out.",
    "MalformedPolicyDocument": "Compare the document with IAM's grammar for policies: Version, and in each statement "
    "Effect, Action, and Resource (in a trust policy Principal instead).",
    "403": NO_REASON,
    "Forbidden": NO_REASON,
    "400": "The response gives no reason: check that endpoint_url is an endpoint of the right kind "
    "(S3 or IAM), and that the server knows the host name in it (its restEndpoints).",
    "404": "The response gives no reason: check the names, and endpoint_url.",
    # botocore also uses this code for a response with status 200 that cannot be from S3.
    "500": "The response gives no reason, or could not be read: check endpoint_url, the server's log, and whether a "
    "proxy answers instead of the server.",
}


def from_answer(call: Call, response: Mapping[str, Any], service: Service) -> ApiError:
    """The error for a response with an error status; `response` is from botocore's ClientError."""
    # S3's error response to an IAM call lacks the outer element that botocore's IAM client expects.
    error = response.get("Error") or response
    metadata = response.get("ResponseMetadata") or {}
    status = metadata.get("HTTPStatusCode")
    headers = metadata.get("HTTPHeaders") or {}
    code = in_one_line(str(error.get("Code") or status or "Unknown"))
    details: dict[str, Any] = {
        "code": code,
        "status": status,
        "request_id": metadata.get("RequestId") or headers.get("x-amz-request-id"),
    }
    reason = in_one_line(str(error.get("Message") or code))
    if _is_from_another_server(code, metadata, service):
        unusable = Unreachable if status in (502, 503, 504) else Unreadable
        elsewhere = f" that redirects to {headers['location']}" if "location" in headers else ""
        return unusable(
            call,
            f"the response, HTTP status {status}{elsewhere}, did not come from {service.server}",
            advice="Check endpoint_url, and whether a proxy or load balancer answers instead of the server.",
            **details,
        )
    kind = KINDS.get(code) or _kind_of_status(status)
    if "restEndpoints" in reason or "PolicySize" in reason:
        kind = Invalid
    if kind is Unsupported:
        code = "Unsupported"
    return kind(call, reason, advice=_advise(call, code, reason, service, metadata), **details)


def clock_ahead(metadata: Mapping[str, Any]) -> float | None:
    """How many seconds the server's clock is ahead of this machine's; None if the response does not contain it.

    `metadata` is botocore's ResponseMetadata of the latest response. Its Date header has whole seconds.
    """
    try:
        server = parsedate_to_datetime(metadata["HTTPHeaders"]["date"])
        return (server - datetime.now(timezone.utc)).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None


def _is_from_another_server(code: str, metadata: Mapping[str, Any], service: Service) -> bool:
    """Whether an error is from another server.

    Errors of a service with request ids usually have one in the body. Responses to HEAD have no body, so the header
    decides: a 404 from another server does not mean absence.
    """
    headers = metadata.get("HTTPHeaders") or {}
    if code != "404" and "html" not in headers.get("content-type", ""):
        return False
    return service.is_from_another_server(metadata)


def _advise(
    call: Call, code: str, reason: str, service: Service, metadata: Mapping[str, Any]
) -> str:
    """One sentence of advice for an error code ("Unsupported" for all codes with this meaning), or "".

    `metadata` is botocore's ResponseMetadata.
    """
    if "restEndpoints" in reason:
        return (
            "The server does not know the host name in endpoint_url: use one of its restEndpoints."
        )
    if "PolicySize" in reason:
        return "Give this server's limit as max_size, and the document is split to fit."
    if code == "Unsupported":
        return service.unsupported.format(operation=call.operation)
    if code == "AccessDenied":
        return service.denied
    if code == "NoSuchEntity" and call.operation == "AttachRolePolicy":
        return "Create the role (backbeat_iam_role) and the policy (backbeat_policy) first, or check their names."
    elsewhere = (metadata.get("HTTPHeaders") or {}).get("location")
    if elsewhere and str(metadata.get("HTTPStatusCode")).startswith("3"):
        return f"Redirects are not followed: if {elsewhere} is the service itself, give that as endpoint_url."
    ahead = clock_ahead(metadata)
    # A response to HEAD has no error code for this.
    unsynchronised = code == "403" and ahead is not None and abs(ahead) > MAX_SKEW
    if code == "RequestTimeTooSkewed" or unsynchronised:
        return _skew(ahead)
    return ADVICE.get(code, "")


def _skew(ahead: float | None) -> str:
    advice = "Set the clocks of this machine and of the server by NTP"
    if ahead is None:
        return f"{advice}: they differ by more than 15 minutes."
    direction = "behind" if ahead > 0 else "ahead of"
    return (
        f"{advice}: this machine is {round(abs(ahead))} s {direction} the server, "
        f"and {MAX_SKEW} s is the limit."
    )


def from_exception(call: Call, error: Exception) -> ApiError:
    """The error for a call without a readable response."""
    name = type(error).__name__
    text = " ".join(str(error).split())
    if name in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        return Forbidden(
            call,
            text,
            advice="Give profile, or access_key and secret_key, or set AWS_PROFILE in the environment.",
        )
    if name == "SSLError":
        for sign, advice in TLS:
            if sign in text.upper():
                return Invalid(call, text, advice=advice)
    inner = getattr(error, "kwargs", {}).get("error")
    if isinstance(inner, TooLarge):
        return Unreadable(
            call,
            str(inner),
            advice="Check endpoint_url, and whether a proxy answers instead of the server.",
        )
    # The HTTP client failed because of a value, not of the connection.
    if name == "HTTPClientError" and isinstance(inner, (AttributeError, TypeError, ValueError)):
        return Invalid(
            call,
            text,
            advice="Nothing was sent: check for a line break or another unusual character in the options that go into "
            "the request's headers, and for a wrong type in aws_config.",
        )
    if "BadStatusLine" in text or (
        name == "ConnectionClosedError" and call.endpoint[:5] == "http:"
    ):
        # A TLS server responds to a request without TLS with an alert, an HTTP error, or not at all.
        return Unreachable(
            call,
            text,
            advice="Check endpoint_url (scheme, host, port): a port for https closes connections that use http. Then "
            "check the network and any proxy.",
        )
    if name in TRANSPORT:
        unreachable = Unreachable(
            call, text, advice="Check endpoint_url (scheme, host, port), the network and any proxy."
        )
        unreachable.sent = name not in UNSENT
        return unreachable
    # All other errors of botocore are raised before anything is sent.
    if "BotoCoreError" in (base.__name__ for base in type(error).__mro__):
        return Invalid(call, text)
    trouble = f"it lacks {text}" if name == "KeyError" else f"{name}: {text[:200]}"
    return Unreadable(
        call,
        f"the response cannot be read ({trouble})",
        advice="Check endpoint_url, and whether a proxy answers instead of the server.",
    )


ANOTHER_NAME = (
    "The certificate is for another host name: use the certificate's name in endpoint_url, or get a certificate "
    "for this name."
)
# Texts of OpenSSL (in capitals) with advice for each; the first match counts.
TLS: tuple[tuple[str, str], ...] = (
    (
        "CERTIFICATE HAS EXPIRED",
        "The server's certificate has expired: have it renewed, or check this machine's clock.",
    ),
    (
        "NOT YET VALID",
        "The server's certificate is not valid yet: check this machine's clock and the server's.",
    ),
    (
        "HOSTNAME MISMATCH",
        ANOTHER_NAME,
    ),
    ("IP ADDRESS MISMATCH", ANOTHER_NAME),
    ("DOESN'T MATCH", ANOTHER_NAME),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "Name the authority that signed the server's certificate in aws_ca_bundle, "
        "and check that endpoint_url has the name that the certificate is for.",
    ),
    (
        "CERTIFICATE_REQUIRED",
        "The server requires a client certificate: give one and its key as client_cert in aws_config.",
    ),
    (
        "KEY_VALUES_MISMATCH",
        "The key of client_cert in aws_config does not belong to its certificate: give the files of one pair.",
    ),
    *(
        (
            sign,
            "The server does not accept the certificate of client_cert in aws_config: give one that it trusts.",
        )
        for sign in (
            "UNKNOWN_CA",
            "BAD_CERTIFICATE",
            "CERTIFICATE_UNKNOWN",
            "CERTIFICATE_EXPIRED",
            "UNKNOWN CA",
        )
    ),
    *(
        (
            sign,
            "What listens there does not speak TLS: use http:// in endpoint_url, or the port for https.",
        )
        for sign in (
            "WRONG_VERSION_NUMBER",
            "RECORD LAYER FAILURE",
            "PACKET LENGTH TOO LONG",
            "HTTP_REQUEST",
        )
    ),
    *(
        (
            sign,
            "The file of aws_ca_bundle (or AWS_CA_BUNDLE) holds no certificates: name one in PEM format.",
        )
        for sign in ("X509", "PEM LIB")
    ),
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


# No connection was made, so nothing was changed.
UNSENT = frozenset(
    ("ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError", "SSLError")
)


def _kind_of_status(status: int | None) -> type[ApiError]:
    if status is None or status in (408, 429) or status >= 500:
        return Unsupported if status == 501 else Unreachable
    return {403: Forbidden, 404: NotFound, 405: Unsupported}.get(status, Invalid)
