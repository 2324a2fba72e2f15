# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backbeat's own API, which CloudServer passes on from below /_/backbeat/api, and Backbeat serves below /_.

To the client both are objects of a bucket named "_", so its signatures, timeouts and errors serve here too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from .api import Answer, Api


@dataclass(frozen=True)
class Backlog:
    """What Backbeat has still to send, of all buckets: operations, and bytes."""

    count: int
    size: int


def backlog(api: Api, *, through_s3: bool) -> Backlog | None:
    """The backlog of all sites, from the S3 endpoint or from Backbeat itself."""
    if not through_s3:
        # Backbeat itself does not name its answers as S3 does.
        api = replace(api, service="backbeat")
    return api.read(
        "get_object",
        "read Backbeat's backlog",
        _backlog,
        Bucket="_",
        Key=f"{'backbeat/api/' if through_s3 else ''}metrics/crr/all/backlog",
    )


def _backlog(answer: Answer) -> Backlog:
    body: Any = json.loads(answer["Body"].read())
    results = body["backlog"]["results"]
    return Backlog(int(results["count"]), int(results["size"]))
