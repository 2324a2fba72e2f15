# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of failed calls that the collection distinguishes, and the error codes of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._work import Failure

# The maximum length of a server's message in ours.
LONGEST_REASON = 500


@dataclass(frozen=True)
class Call:
    """The call: the API operation, the endpoint's URL, and its purpose.

    `doing` completes the sentence "Failed to ...", for example "create the role X".
    """

    operation: str
    endpoint: str
    doing: str


class ApiError(Failure):
    """A failed call. `str()` is text for the user: what failed and what to do.

    `sent` is False if no request can have reached a server. `unsure` is True if a write may have been made.
    """

    sent = True
    unsure = False

    def __init__(
        self,
        call: Call,
        reason: str,
        *,
        advice: str = "",
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        self.call = call
        self.reason = reason.rstrip(". ")
        self.advice = advice
        self.code = code
        self.status = status
        self.request_id = request_id
        super().__init__(reason)

    def __str__(self) -> str:
        code = f" ({self.code})" if self.code else ""
        sentence = f"Failed to {self.call.doing} at {self.call.endpoint}: {self.reason}{code}."
        unsure = (
            "The change may have been made nevertheless; run again to find out."
            if self.unsure
            else ""
        )
        return " ".join(filter(None, (sentence, unsure, self.advice)))

    @property
    def details(self) -> dict[str, Any]:
        """The value of `error` in the result of a failed task."""
        described = {
            "code": self.code,
            "message": self.reason,
            "status": self.status,
            "request_id": self.request_id,
            "operation": self.call.operation,
            "endpoint": self.call.endpoint,
        }
        return {"error": described}


def in_one_line(text: str) -> str:
    """A server's text for use in a sentence: without control characters, and shortened."""
    printable = "".join(one if one.isprintable() else " " for one in text[: 2 * LONGEST_REASON])
    shown = " ".join(printable.split())
    return shown if len(shown) <= LONGEST_REASON else f"{shown[: LONGEST_REASON - 2]}.."


class Forbidden(ApiError):
    """The server refuses the call with these credentials. It does not mean that the resource is absent."""

    def __str__(self) -> str:
        text = super().__str__()
        unnamed = self.status == 403 and self.call.operation not in text
        # Permissions have the same names as calls, or similar ones.
        return f"{text} The call is {self.call.operation}." if unnamed else text


class NotFound(ApiError):
    """A resource that a write requires does not exist (a bucket, a role). Reads return None instead."""


class Unsupported(ApiError):
    """The server does not support the call, or it is a server of another kind."""


class Unreachable(ApiError):
    """No usable response, or a response to retry later. A write may or may not have been made."""


class Conflict(ApiError):
    """Another client changed the same resource in the meantime: read it and plan again.

    `happened`: the write itself was made, but the stored value is not the written one.
    """

    happened = False


class Invalid(ApiError):
    """The server refuses the contents of the call: a retry would not help."""


class Unreadable(ApiError):
    """A response that is not from this API, such as a proxy's page."""


# Errors because of credentials or a clock, which do not depend on the request.
AUTHENTICATION = frozenset(
    (
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    )
)
# Error codes of reads if the bucket does not exist.
NO_BUCKET = ("NoSuchBucket",)
# The maximum difference in seconds between the clocks of client and server; servers refuse requests beyond it.
MAX_SKEW = 900

# The kind of each server error code. Responses to HEAD have no body, so their code is the HTTP status.
KINDS: dict[str, type[ApiError]] = {
    **dict.fromkeys(
        (
            *AUTHENTICATION,
            "AccessDenied",
            "AllAccessDisabled",
            "Forbidden",
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
