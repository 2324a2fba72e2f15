# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describes Backbeat's API to botocore, which then signs, sends, times out and reads errors as for S3 and IAM.

Operations that Scality's own description of these routes has too bear its names. Bodies are passed as they are: JSON
whose keys are names of sites and topics.
"""

from __future__ import annotations

import json
import re
from typing import Any

_QUERY = {"marker": "marker", "sitename": "sitename", "version_id": "versionId"}
# Operation: method, path, the parameters in the query.
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


def service_model() -> dict[str, Any]:
    """The description, in the form of botocore's service-2.json."""
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


def name_error(response_dict: dict[str, Any], **_event: Any) -> None:
    """Put an error into the form that botocore reads: these servers answer {"<Name>": true}, or S3's XML."""
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
