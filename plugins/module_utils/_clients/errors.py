# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a call, in the few kinds that the rest of the collection tells apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Call:
    """Which call it was: the API operation, the endpoint's URL, and what it was made for.

    `doing` completes the sentence "Failed to ...", for example "create the role X".
    """

    operation: str
    endpoint: str
    doing: str


class ApiError(Exception):
    """A call that did not work. `str()` is one sentence for the user, or a few: what failed and what to do.

    `sent` is False where nothing can have reached a server. `unsure` says that a write may have been made.
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
            "It may have been done all the same; running again finds out." if self.unsure else ""
        )
        return " ".join(filter(None, (sentence, unsure, self.advice)))

    def describe(self) -> dict[str, Any]:
        """The `error` of a failed task."""
        return {
            "code": self.code,
            "message": self.reason,
            "status": self.status,
            "request_id": self.request_id,
            "operation": self.call.operation,
            "endpoint": self.call.endpoint,
        }


class Forbidden(ApiError):
    """The server knows what was asked for, and these credentials may not: never a sign of absence."""

    def __str__(self) -> str:
        text = super().__str__()
        unnamed = self.status == 403 and self.call.operation not in text
        # Permissions have the names of calls, or nearly.
        return f"{text} The call is {self.call.operation}." if unnamed else text


class NotFound(ApiError):
    """What a write needs is not there (a bucket, a role). Reads answer None instead."""


class Unsupported(ApiError):
    """This server does not answer this call, or the endpoint is of another kind."""


class Unreachable(ApiError):
    """No usable answer, or one that says "later". A write may or may not have happened."""


class Conflict(ApiError):
    """Somebody else changed the same thing in between: worth another look.

    `happened` says that the write itself was done, and what is there now is not what was written.
    """

    happened = False


class Invalid(ApiError):
    """The server understood the call and refuses it: sending it again would not help."""


class Unreadable(ApiError):
    """An answer that is not one of this API, such as a proxy's page."""
