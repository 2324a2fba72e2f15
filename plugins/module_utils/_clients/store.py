# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads files in a bucket that machines without a common folder share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from .._documents import names
from .._work import InvalidDocument
from . import s3_objects
from .api import Api, fresh

#: The number of bytes that one request reads; each request has a time limit.
PART = 16 * 1024 * 1024


@dataclass(frozen=True)
class StoreRequest:
    """The bucket, the prefix of its keys, and the connection options of its S3."""

    bucket: str
    prefix: str = ""
    s3: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_options(cls, options: Mapping[str, Any] | None) -> StoreRequest | None:
        """Build the request from the option `store`; None if it is not given. Raises InvalidDocument."""
        if not options:
            return None
        return cls(names.check_bucket_name(options["bucket"]), options["prefix"], options["s3"])


class Store:
    """Files by name: a file's path without its folder."""

    def __init__(self, request: StoreRequest, api: Api) -> None:
        self._request = request
        self._api = api

    def key(self, path: str) -> str:
        """The key of a file."""
        return self._request.prefix + PurePath(path).name

    def read(self, path: str) -> Iterator[bytes] | None:
        """The contents of a file in pieces, None if there is no such file. Raises ApiError."""
        bucket, key = self._request.bucket, self.key(path)
        head = s3_objects.head_object(fresh(self._api), bucket, key)
        if head is None:
            return None
        if head.size is None:
            raise InvalidDocument(f"The object {bucket}/{key} has no size.")
        # Read the version from HEAD, so that all parts are of the same file.
        return self._parts(key, head.version_id, head.size)

    def _parts(self, key: str, version: str | None, size: int) -> Iterator[bytes]:
        for first in range(0, size, PART):
            part = (first, min(first + PART, size) - 1)
            bucket = self._request.bucket
            yield from s3_objects.object_body(fresh(self._api), bucket, key, version, part)
