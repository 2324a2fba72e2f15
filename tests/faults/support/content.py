# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions, tags and deleted keys of the replicated bucket of a side."""

from __future__ import annotations

from typing import Any

from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET


def content(side: Side) -> dict[str, Any]:
    """The versions of a side; of delete markers only the keys, because a killed run may have put one more."""
    bucket = SOURCE_BUCKET if side.name == "source" else TARGET_BUCKET
    found: dict[str, Any] = {}
    page = side.s3.list_object_versions(Bucket=bucket)
    for row in page.get("Versions", ()):
        named = {"Bucket": bucket, "Key": row["Key"], "VersionId": row["VersionId"]}
        tags = side.s3.get_object_tagging(**named)["TagSet"]
        place = f"{row['Key']} {row['VersionId']}"
        found[place] = [row["IsLatest"], row["ETag"], tags]
    markers = {row["Key"] for row in page.get("DeleteMarkers", ()) if row["IsLatest"]}
    return {**found, "deleted": sorted(markers)}
