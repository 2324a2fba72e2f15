# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends HTTP requests to a sandbox's ports, without the environment's proxy."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit


def post(url: str, body: bytes, timeout: float = 30.0) -> Any:
    """Send a POST. Returns the JSON response. Raises OSError without a response, ValueError with the server's
    reason."""
    status, answer = _exchange("POST", url, body, timeout, None)
    value = json.loads(answer)
    if status != 200:
        raise ValueError(value["error"])
    return value


def get(url: str, ca_bundle: str | None = None, timeout: float = 5.0) -> tuple[int, bytes]:
    """Send a GET. Returns status and body. Raises OSError without a response."""
    return _exchange("GET", url, b"", timeout, ca_bundle)


def _exchange(
    method: str, url: str, body: bytes, timeout: float, ca_bundle: str | None
) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=ca_bundle)
        connection = http.client.HTTPSConnection(parts.netloc, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=timeout)
    try:
        connection.request(method, parts.path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(f"no proper HTTP from {url}: {error}") from error
    finally:
        connection.close()
