# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classes for requests and responses, which all parts of a server use."""

from __future__ import annotations

import json
import uuid
from copy import deepcopy
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from typing import Literal
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

Service = Literal["s3", "iam", "backbeat"]

IAM_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


def with_header(headers: Message, name: str, value: str) -> Message:
    """A copy of the headers, with this one in place of all others with its name."""
    copy = deepcopy(headers)
    del copy[name]
    copy[name] = value
    return copy


@dataclass
class Request:
    """One request, read to its end.

    target: path and query exactly as they were sent; headers: case does not matter; body: as sent, so it may have the
    chunks of the client's signature scheme.
    """

    service: Service
    method: str
    target: str
    headers: Message
    body: bytes = b""

    @cached_property
    def path(self) -> str:
        return self.target.partition("?")[0] or "/"

    @cached_property
    def unquoted_path(self) -> str:
        return unquote(self.path)

    @cached_property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The query's parameters; those without a value have an empty one."""
        return dict(parse_qsl(self.query.replace("+", "%2B"), keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        """The parameters of an IAM call, which are a form in the body."""
        text = self.body.decode("utf-8", "replace")
        return {**self.parameters, **dict(parse_qsl(text, keep_blank_values=True))}

    @cached_property
    def bucket(self) -> str:
        return unquote(self.path[1:].partition("/")[0])

    @cached_property
    def key(self) -> str:
        return unquote(self.path[1:].partition("/")[2])

    def header(self, name: str) -> str:
        """The header's value, or an empty string."""
        return self.headers.get(name, "")


@dataclass
class Response:
    """A response; headers without Content-Length and Connection, which the listener adds.

    wire: the fault that the listener adds: "reset" (no response), "truncated", "no-http", "drip" (a byte every `pause`
    seconds) or "huge" (`padding` blanks after the body). forwarded: it is forwarded from Backbeat, and gets no request
    ID.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    wire: Literal["", "reset", "truncated", "no-http", "drip", "huge"] = ""
    forwarded: bool = False
    pause: float = 0.0
    padding: int = 0


class Refused(Exception):
    """The server refuses a request: HTTP status, error code and message for the client."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


def error_response(service: Service, method: str, refusal: Refused) -> Response:
    """The refusal in the form of this service; a response to HEAD has no body, so it has no code."""
    if service == "backbeat":
        body = json.dumps({refusal.code: True}).encode()
        return Response(refusal.status, {"Content-Type": "application/json"}, body, forwarded=True)
    request_id = uuid.uuid4().hex[:20]
    if method == "HEAD":
        return Response(refusal.status, {"x-amz-request-id": request_id})
    inner = f"<Code>{escape(refusal.code)}</Code><Message>{escape(refusal.message)}</Message>"
    if service == "s3":
        text = f"<Error>{inner}<Resource></Resource><RequestId>{request_id}</RequestId></Error>"
        headers = {"Content-Type": "application/xml", "x-amz-request-id": request_id}
    else:
        text = (
            f'<ErrorResponse xmlns="{IAM_NAMESPACE}"><Error>{inner}</Error>'
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        headers = {"Content-Type": "text/xml", "x-amzn-requestid": request_id}
    body = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
    return Response(refusal.status, headers, body)
