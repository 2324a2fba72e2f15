# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configures several sites for one bucket, and lists what arrives there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.integration.support.modules import Side
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    TARGET_BUCKET,
)

CLOUD_BUCKET = "cloud-bucket"
SITE = "us-east-2"


def wait(ready: Callable[[], object], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def listed(side: Side, bucket: str) -> list[dict[str, Any]]:
    """All versions and delete markers, newest first; markers have no ETag."""
    found = side.s3.list_object_versions(Bucket=bucket)
    rows = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
    return sorted(rows, key=lambda row: row["LastModified"], reverse=True)


def configure(source: Side, sites: str, role: str) -> None:
    """Configure one rule for all keys, without the collection."""
    source.s3.put_bucket_replication(
        Bucket=SOURCE_BUCKET,
        ReplicationConfiguration={
            "Role": role,
            "Rules": [
                {
                    "Prefix": "",
                    "Status": "Enabled",
                    "Destination": {
                        "Bucket": f"arn:aws:s3:::{TARGET_BUCKET}",
                        "StorageClass": sites,
                    },
                }
            ],
        },
    )
