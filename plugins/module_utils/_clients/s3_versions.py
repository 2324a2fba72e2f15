# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The S3 call that lists the versions of objects, page by page. Nothing is decided here.

Source: CloudServer's answers as measured. Reads answer None for what is not there; errors are those of errors.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from .api import Answer, Api
from .s3_buckets import NO_BUCKET


@dataclass(frozen=True)
class Version:
    """One version of an object in a listing; `modified` ISO 8601 in UTC, so that texts sort as times do."""

    key: str
    version_id: str
    modified: str


def versions(api: Api, bucket: str, prefix: str, limit: int) -> tuple[list[Version], bool]:
    """Versions below the prefix in the order of their keys, and whether these are all of them.

    At most `limit` entries are listed, delete markers included, which are left out of the answer.
    """
    found: list[Version] = []
    markers: dict[str, str] = {}
    asked = 0
    # Delete markers count as well, or a bucket of nothing else would be listed whole.
    while asked < limit:
        size = min(1000, limit - asked)
        asked += size
        page = api.read(
            "list_object_versions",
            f"list the versions of the bucket {bucket}",
            _versions,
            absent=NO_BUCKET,
            Bucket=bucket,
            Prefix=prefix,
            MaxKeys=size,
            **markers,
        )
        if page is None:
            return found, True
        entries, markers = page
        found.extend(entries)
        if not markers:
            return found, True
    return found, False


def _versions(answer: Answer) -> tuple[list[Version], dict[str, str]]:
    entries = [
        Version(one["Key"], one["VersionId"], one["LastModified"].isoformat())
        for one in answer.get("Versions") or ()
    ]
    if not answer.get("IsTruncated"):
        return entries, {}
    return entries, {
        "KeyMarker": answer["NextKeyMarker"],
        "VersionIdMarker": answer["NextVersionIdMarker"],
    }
