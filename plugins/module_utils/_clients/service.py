# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of servers: how to sign requests to them, how to recognise their responses, and advice for the user."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from .._work import InvalidDocument


@dataclass(frozen=True)
class Service:
    """One kind of server.

    name: botocore's name of the API; server: its name in messages; signature: botocore's name of the signature version,
    None for unsigned requests; root: the path before the paths of all calls. names_requests: whether each response has
    the header x-amz-request-id, so that one without it is from another server. denied, unsupported: the advice for
    these refusals; {operation} stands for the call.
    """

    name: str
    server: str
    signature: str | None
    names_requests: bool
    denied: str
    unsupported: str
    root: str = ""

    def is_from_another_server(self, metadata: Mapping[str, Any]) -> bool:
        """Whether a response is from another server, such as a proxy's web page.

        `metadata` is botocore's ResponseMetadata. Objects may be HTML too, so the content type alone is not enough.
        """
        headers = metadata.get("HTTPHeaders")
        if headers is None or metadata.get("RequestId") or "x-amz-request-id" in headers:
            return False
        return self.names_requests or "html" in headers.get("content-type", "")


DENIED = "These credentials are valid but may not do this here:"
NOT_S3 = "This endpoint does not support the S3 call {operation}: check that it is an S3 endpoint."
BUCKET_DENIED = (
    f"{DENIED} the bucket may belong to another account, or a permission may be missing. "
    "Check both, and that the endpoint belongs to the right environment."
)

S3 = Service(
    name="s3",
    server="an S3 server",
    signature="s3v4",
    names_requests=True,
    denied=BUCKET_DENIED,
    unsupported=NOT_S3,
)
IAM = Service(
    name="iam",
    server="an IAM server",
    signature="v4",
    names_requests=False,
    denied=f"{DENIED} check the account's permissions and that the endpoint belongs to the right environment.",
    unsupported="This endpoint does not support the IAM call {operation}. If it is an S3 endpoint, give the IAM one "
    "(in Scality environments usually port 8600); if it is IAM, this server's version lacks the call: "
    "make this change with the server's own tools.",
)
# These responses have no request id, neither from Backbeat nor from CloudServer, which forwards to it.
BACKBEAT = Service(
    name="backbeat",
    server="Backbeat",
    signature="s3v4",
    names_requests=False,
    denied=BUCKET_DENIED,
    unsupported="This endpoint does not support Backbeat's call {operation}: check backbeat_url.",
    root="/_/backbeat/api",
)
BACKBEAT_DIRECT = replace(BACKBEAT, name="backbeat-direct", signature=None, root="/_")
SERVICES = {service.name: service for service in (S3, IAM, BACKBEAT, BACKBEAT_DIRECT)}

# Backbeat's routes, with the names from Scality's description of the API for the operations that it has.
_QUERY = {"marker": "marker", "sitename": "sitename", "version_id": "versionId"}
# Operation: method, path, parameters in the query.
_ROUTES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "CheckConnection": ("GET", "/healthcheck", ()),
    "GetMetrics": ("GET", "/metrics/crr/{site}", ()),
    "GetObjectProgress": (
        "GET",
        "/metrics/crr/{site}/progress/{bucket}/{key+}",
        ("version_id",),
    ),
    "ListFailed": ("GET", "/crr/failed", ("sitename", "marker")),
    "RetryFailedObjects": ("POST", "/crr/failed", ()),
    "GetLocationsStatus": ("GET", "/crr/status", ()),
    "GetResumeSchedule": ("GET", "/crr/resume/{site}", ()),
    "PauseSite": ("POST", "/crr/pause/{site}", ()),
    "ResumeSite": ("POST", "/crr/resume/{site}", ()),
    "ScheduleSiteResume": ("POST", "/crr/resume/{site}/schedule", ()),
    "CancelSiteResume": ("DELETE", "/crr/resume/{site}/schedule", ()),
}
_WITH_BODY = ("RetryFailedObjects", "ScheduleSiteResume")


def backbeat_model() -> dict[str, Any]:
    """Backbeat's API in the form of botocore's service-2.json, so that botocore handles it like S3 and IAM.

    Bodies are passed unparsed: they are JSON whose keys are names of sites and topics.
    """
    shapes: dict[str, Any] = {
        "Text": {"type": "string"},
        "Json": {"type": "blob"},
        "Answer": {
            "type": "structure",
            "members": {"body": {"shape": "Json"}},
            "payload": "body",
        },
    }
    operations = {}
    for name, (method, path, query) in _ROUTES.items():
        shapes[f"{name}Input"] = _input(path, query, body=name in _WITH_BODY)
        operations[name] = {
            "name": name,
            "http": {"method": method, "requestUri": path},
            "input": {"shape": f"{name}Input"},
            "output": {"shape": "Answer"},
        }
    return {
        "version": "2.0",
        "metadata": {
            "apiVersion": "2017-07-01",
            "endpointPrefix": "backbeat",
            "protocol": "rest-json",
            "protocols": ["rest-json"],
            "serviceFullName": "Backbeat",
            "serviceId": "backbeat",
            "signatureVersion": "s3v4",
            "signingName": "s3",
            "uid": "backbeat-2017-07-01",
        },
        "operations": operations,
        "shapes": shapes,
    }


def _input(path: str, query: tuple[str, ...], *, body: bool) -> dict[str, Any]:
    labels = re.findall(r"{(\w+)\+?}", path)
    members: dict[str, Any] = {
        label: {"shape": "Text", "location": "uri", "locationName": label} for label in labels
    }
    for name in query:
        members[name] = {
            "shape": "Text",
            "location": "querystring",
            "locationName": _QUERY[name],
        }
    shape: dict[str, Any] = {"type": "structure", "members": members, "required": labels}
    if body:
        members["body"] = {"shape": "Json"}
        shape["payload"] = "body"
    return shape


def name_backbeat_error(response_dict: dict[str, Any], **_event: Any) -> None:
    """Convert an error to the form that botocore reads: these servers return {"<Name>": true}, or S3's XML."""
    if response_dict["status_code"] < 300:
        return
    body: bytes = response_dict["body"]
    code, message = _error_of(body)
    if code:
        response_dict["body"] = json.dumps({"code": code, "message": message or code}).encode()


def _error_of(body: bytes) -> tuple[str, str]:
    try:
        error = json.loads(body)
    except ValueError:
        return _element("Code", body), _element("Message", body)
    if not isinstance(error, dict):
        return "", ""
    name = next((key for key, value in error.items() if value is True), "")
    return str(error.get("code") or name), str(
        error.get("message") or error.get("description") or ""
    )


def _element(name: str, body: bytes) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>".encode(), body)
    return found[1].decode("utf-8", "replace") if found else ""


def endpoint_url(url: str, name: str = "endpoint_url") -> str:
    """Return the URL if it can be an endpoint. Raises InvalidDocument with the reason and the option `name`."""
    # Check this before parsing the URL: errors of the parser would show the credentials.
    if "@" in url:
        raise InvalidDocument(
            f"The {name} contains credentials: give them as profile, or as access_key and secret_key."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidDocument(f"The {name} {url!r} is not a URL: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise InvalidDocument(
            f"The {name} {url!r} must have the form http://host:port or https://host:port."
        )
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise InvalidDocument(
            f"The {name} {url!r} must consist of scheme, host and port: leave out "
            f"{url.partition(parts.netloc)[2]!r}, which the server would take for a bucket."
        )
    return url
