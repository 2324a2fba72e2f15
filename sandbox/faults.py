# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requested faults: which call fails, and how.

Kinds of faults, and whether the server acted before:

    error         no   a response with the given status and error code (500 InternalError)
    error-after   yes  the same
    reset         no   the connection is reset
    reset-after   yes  the same
    hang          no   no response for some seconds, then a reset
    hang-after    yes  the same
    html          no   a proxy's error page, with the given status (502)
    truncated     yes  the response ends in the middle
    garbage       yes  a response with a body that the service would never send
    no-http       yes  bytes that are not HTTP
    endless       yes  a listing is marked as truncated, with the same marker each time
    repeat-rows   yes  every row of a listing is repeated
    reverse-rows  yes  the rows of a page in the opposite order
    error-inside  yes  an error in a response with status 200
    text          yes  the given text in place of every string, such as template syntax
    drip          yes  the response is sent byte by byte
    huge          yes  the response is followed by `size` blanks
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from typing import Any

from .hostile import SPOILERS
from .messages import Refused, Request, Response, error_response
from .operations import Call

BEFORE = ("error", "reset", "hang", "html")
AFTER = (
    "error-after",
    "reset-after",
    "hang-after",
    "truncated",
    "garbage",
    "no-http",
    "text",
    "drip",
    "huge",
    *SPOILERS,
)
WAYS = (*BEFORE, *AFTER)

#: The name of the proxy in an html fault.
PROXY = "proxy"
_PAGE = (
    b"<html><head><title>%d Proxy Error</title></head><body><h1>Proxy Error</h1>\n</body></html>\n"
)
_GARBAGE = b"\x00\xff\xfe<<not what you asked for>>\x80" * 8


@dataclass
class Fault:
    """Makes the nth matching call fail, and the following ones, `times` in total (0: all that follow).

    operation, bucket, name: only such calls; None for any. seconds: how long a hang lasts.
    text, only: what stands in place of strings, and of which elements and headers, None for all.
    pause: seconds from one byte to the next. size: bytes that a huge answer has besides.
    """

    how: str
    operation: str | None = None
    service: str | None = None
    bucket: str | None = None
    name: str | None = None
    write: bool | None = None
    nth: int = 1
    times: int = 1
    status: int | None = None
    code: str | None = None
    message: str = "The sandbox was asked to fail this call."
    seconds: float = 30.0
    text: str = "{{ 7 * 7 }}"
    only: list[str] | None = None
    pause: float = 0.05
    size: int = 10 * 1024 * 1024
    seen: int = field(default=0)

    def __post_init__(self) -> None:
        if self.how not in WAYS:
            raise ValueError(f"how is {self.how!r}, and can be one of {', '.join(WAYS)}")

    def strikes(self, call: Call) -> bool:
        """Count the call if it matches. Returns whether it has to fail."""
        for name in ("operation", "service", "bucket", "name", "write"):
            wanted = getattr(self, name)
            if wanted is not None and wanted != getattr(call, name):
                return False
        self.seen += 1
        return self.seen >= self.nth and (not self.times or self.seen < self.nth + self.times)

    @property
    def acts(self) -> bool:
        """Whether the server acts before it fails."""
        return self.how in AFTER


class Faults:
    """The faults of one environment."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._released = threading.Event()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults and end all hangs."""
        with self._lock:
            self._faults.clear()
            self._released.set()
            self._released = threading.Event()

    def find(self, call: Call) -> Fault | None:
        """The fault for this call: every fault counts the call, and the first that strikes is used."""
        with self._lock:
            striking = [fault for fault in self._faults if fault.strikes(call)]
        return striking[0] if striking else None

    def as_list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def hang(self, fault: Fault) -> None:
        with self._lock:
            released = self._released
        released.wait(fault.seconds)


def answer_of(fault: Fault, request: Request) -> Response | None:
    """The response in place of the real one, or None for no response."""
    if fault.how in ("error", "error-after"):
        status = fault.status or 500
        code = fault.code or ("SlowDown" if status == 503 else "InternalError")
        refusal = Refused(status, code, fault.message)
        # Responses that CloudServer forwards from Backbeat have Backbeat's form.
        passed_on = request.path.startswith("/_/backbeat/api/")
        service = "backbeat" if passed_on else request.service
        return error_response(service, request.method, refusal)
    if fault.how == "html":
        status = fault.status or 502
        body = b"" if request.method == "HEAD" else _PAGE % status
        return Response(status, {"Content-Type": "text/html", "Server": PROXY}, body)
    if fault.how == "garbage":
        body = b"" if request.method == "HEAD" else _GARBAGE
        return Response(fault.status or 200, {"Content-Type": "application/xml"}, body)
    return None
