# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user can do about a server's refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import clock
from .errors import Call

# Seconds by which the clocks may differ.
MAX_SKEW = 900

NOT_KNOWN = (
    "This environment does not know the access key: "
    "check profile or access_key, and that the endpoint is the right environment's."
)
NO_REASON = (
    "The thing may exist and belong to another account, or the credentials are wrong: "
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
    "SignatureDoesNotMatch": "The secret key does not belong to the access key, "
    "or a proxy changes the request on its way.",
    "NoSuchBucket": "Create the bucket first (backbeat_bucket), or check its name.",
    "InvalidLocationConstraint": "Give one of the server's locations as location, or leave it out.",
    "MalformedPolicyDocument": "Compare the document with IAM's grammar for policies: Version, and in each statement "
    "Effect, Action, and Resource (in a trust policy Principal instead).",
    "403": NO_REASON,
    "Forbidden": NO_REASON,
    "400": "The answer gives no reason: check that endpoint_url is an endpoint of the right kind "
    "(S3 or IAM), and that the server knows the host name in it (its restEndpoints).",
    "404": "The answer gives no reason: check the names, and endpoint_url.",
    # botocore makes this of an answer with status 200 that S3 could not have sent, too.
    "500": "The answer gives no reason, or could not be read: check endpoint_url, whether a proxy answers in the "
    "server's place, and the server's log.",
}


def advise(call: Call, code: str, reason: str, service: str, metadata: Mapping[str, Any]) -> str:
    """One sentence for an answer with this error code ("Unsupported" for all codes that mean that), or "".

    `metadata` is botocore's ResponseMetadata of the answer.
    """
    if "restEndpoints" in reason:
        return (
            "The server does not know the host name in endpoint_url: use one of its restEndpoints."
        )
    if "PolicySize" in reason:
        return "Give this server's limit as max_size, and the document is split to fit."
    if code == "Unsupported":
        return _unsupported(call, service)
    if code == "AccessDenied":
        return _denied(service)
    if code == "NoSuchEntity" and call.operation == "AttachRolePolicy":
        return "Create the role (backbeat_iam_role) and the policy (backbeat_policy) first, or check their names."
    elsewhere = (metadata.get("HTTPHeaders") or {}).get("location")
    if elsewhere and str(metadata.get("HTTPStatusCode")).startswith("3"):
        return f"Redirects are not followed: if {elsewhere} is the service itself, give that as endpoint_url."
    ahead = clock.ahead(metadata)
    # An answer to HEAD has no code that would say so.
    unsynchronised = code == "403" and ahead is not None and abs(ahead) > MAX_SKEW
    if code == "RequestTimeTooSkewed" or unsynchronised:
        return _skew(ahead)
    return ADVICE.get(code, "")


def _denied(service: str) -> str:
    mine = "These credentials are valid but may not do this here:"
    if service == "s3":
        return (
            f"{mine} the bucket may belong to another account, or a permission may be missing. "
            "Check both, and that the endpoint is the right environment's."
        )
    return (
        f"{mine} check the account's permissions and that the endpoint is the right environment's."
    )


def _unsupported(call: Call, service: str) -> str:
    if service == "iam":
        return (
            f"This endpoint does not support the IAM call {call.operation}. If it is an S3 endpoint, give the IAM one "
            "(in Scality environments usually port 8600); if it is IAM, this server's version lacks the call: "
            "make this change with the server's own tools."
        )
    return f"This endpoint does not support the S3 call {call.operation}: check that it is an S3 endpoint."


def _skew(ahead: float | None) -> str:
    advice = "Set the clocks of this machine and of the server by NTP"
    if ahead is None:
        return f"{advice}: they differ by more than 15 minutes."
    direction = "behind" if ahead > 0 else "ahead of"
    return (
        f"{advice}: this machine is {round(abs(ahead))} s {direction} the server, "
        f"and {MAX_SKEW} s is the limit."
    )
