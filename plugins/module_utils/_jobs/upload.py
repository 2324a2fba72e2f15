# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a small object until it is there, though answers get lost."""

from __future__ import annotations

from .._clients import s3_objects
from .._clients.api import Api
from .._clients.errors import ApiError, Unreachable
from .job import Control

# More versions than a few lost answers can make.
MOST_VERSIONS = 100


class Upload:
    """One new version of an object. versions: the ids of what was put, as far as the server told."""

    def __init__(self, api: Api, bucket: str, key: str) -> None:
        self.api, self.bucket, self.key = api, bucket, key
        self.versions: list[str | None] = []
        self._lost = False

    def put(self, control: Control, body: bytes, content_type: str | None = None) -> str | None:
        """Returns its version id. Raises ApiError."""
        while True:
            try:
                version, _etag = s3_objects.put_object(
                    self.api,
                    self.bucket,
                    self.key,
                    body,
                    metadata={},
                    tags={},
                    content_type=content_type,
                )
                self.versions = [version]
                return version
            except BaseException as error:
                # Interrupted or without an answer, it may have been put all the same.
                self._lost = self._lost or not isinstance(error, ApiError) or error.unsure
                if not isinstance(error, Unreachable):
                    raise
                control.check(f"putting {self.bucket}/{self.key}")
                if not self.api.backoff.pause():
                    raise
            found = s3_objects.head_object(self.api, self.bucket, self.key)
            if found is not None:
                self.versions = [found.version_id]
                return found.version_id

    def made(self, api: Api, bucket: str) -> list[str | None]:
        """What the put made in this bucket, its source or target; after a lost answer whatever has the key."""
        if not self._lost:
            return self.versions
        found, _all = s3_objects.versions(api, bucket, self.key, MOST_VERSIONS)
        return [one.version_id for one in found]
