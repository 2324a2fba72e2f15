# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes real responses for faults: endless pages, rows in the wrong order, unexpected texts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from xml.sax.saxutils import escape

from .messages import Request, Response

#: Elements whose text a client has to parse before anything else.
KEPT = frozenset(
    {
        "AttachmentCount", "ContentLength", "CreateDate", "Days", "IsAttachable", "IsDefaultVersion",
        "IsLatest", "IsTruncated", "KeyCount", "LastModified", "MaxKeys", "PermissionsBoundaryUsageCount",
        "Size", "Status", "UpdateDate",
    }
)  # fmt: skip
#: Headers with free text.
TEXT_HEADERS = ("etag", "server", "x-amz-request-id", "x-amzn-requestid", "x-amz-version-id")
_ROW = re.compile(rb"<(Version|DeleteMarker|Contents)>.*?</\1>", re.S)
_LEAF = re.compile(r"<(\w+)>([^<>]+)</\1>")
_TRUNCATED = re.compile(rb"<IsTruncated>\w+</IsTruncated>")


def endless(request: Request, response: Response) -> None:
    """Mark the page as truncated, with the same marker each time."""
    if response.headers.get("Content-Type", "").startswith("application/json"):
        body = json.loads(response.body)
        body |= {"IsTruncated": True, "NextMarker": request.parameters.get("marker") or 1}
        response.body = json.dumps(body).encode()
        return
    response.body = re.sub(rb"<(Next\w*|Marker)>[^<]*</\1>", b"", response.body)
    more = b"<IsTruncated>true</IsTruncated>" + _marker(request, response.body)
    if _TRUNCATED.search(response.body):
        response.body = _TRUNCATED.sub(more, response.body)
    else:
        response.body = re.sub(rb"(<\w+Result>)", rb"\1" + more, response.body, count=1)


def _marker(request: Request, body: bytes) -> bytes:
    """The request's marker, or the last row's."""
    if request.service == "iam":
        return b"<Marker>0</Marker>"
    given = request.parameters
    rows = [match[0] for match in _ROW.finditer(body)]

    def last(name: bytes) -> str:
        found = re.search(rb"<%s>([^<]*)</%s>" % (name, name), rows[-1]) if rows else None
        return found[1].decode() if found else ""

    if given.get("list-type") == "2":
        token = escape(given.get("continuation-token") or "bW9yZQ==")
        return f"<NextContinuationToken>{token}</NextContinuationToken>".encode()
    if "versions" not in given:
        marker = escape(given.get("marker", "")) or last(b"Key")
        return f"<NextMarker>{marker}</NextMarker>".encode()
    key = escape(given.get("key-marker", "")) or last(b"Key")
    version = escape(given.get("version-id-marker", "")) or last(b"VersionId")
    return (
        f"<NextKeyMarker>{key}</NextKeyMarker><NextVersionIdMarker>{version}</NextVersionIdMarker>"
    ).encode()


def repeat_rows(_request: Request, response: Response) -> None:
    """Repeat every row of a listing."""
    response.body = _ROW.sub(lambda match: match[0] * 2, response.body)


def reverse_rows(_request: Request, response: Response) -> None:
    """Reverse the rows of a page."""
    rows = [match[0] for match in _ROW.finditer(response.body)]
    response.body = _ROW.sub(lambda _match: rows.pop(), response.body)


def error_inside(_request: Request, response: Response) -> None:
    """Put an error into a response with status 200."""
    response.status = 200
    response.headers = {"Content-Type": "application/xml"}
    response.body = (
        b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>InternalError</Code>'
        b"<Message>We encountered an internal error.</Message></Error>"
    )


def replace_texts(response: Response, text: str, only: Collection[str] | None) -> None:
    """Replace every string with the text: elements, JSON's values, free headers and user metadata.

    only: the names of elements and headers to replace, None for all that are free text.
    """

    def wanted(name: str) -> bool:
        return name in only if only is not None else name not in KEPT

    if response.headers.get("Content-Type", "").startswith("application/json"):
        response.body = _json_texts(response.body, text, wanted)
    else:
        source = response.body.decode("utf-8", "surrogateescape")
        response.body = _LEAF.sub(
            lambda match: (
                f"<{match[1]}>{escape(text)}</{match[1]}>" if wanted(match[1]) else match[0]
            ),
            source,
        ).encode("utf-8", "surrogateescape")
    for name in list(response.headers):
        lower = name.lower()
        free = lower in TEXT_HEADERS or lower.startswith("x-amz-meta-")
        if name in (only or ()) or (only is None and free):
            response.headers[name] = text


def _json_texts(body: bytes, text: str, wanted: Callable[[str], bool]) -> bytes:
    def inside(value: object, name: str) -> object:
        if isinstance(value, dict):
            return {key: inside(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [inside(one, name) for one in value]
        return text if isinstance(value, str) and wanted(name) else value

    return json.dumps(inside(json.loads(body), "")).encode()


#: By the `how` of a fault.
SPOILERS: dict[str, Callable[[Request, Response], None]] = {
    "endless": endless,
    "repeat-rows": repeat_rows,
    "reverse-rows": reverse_rows,
    "error-inside": error_inside,
}
