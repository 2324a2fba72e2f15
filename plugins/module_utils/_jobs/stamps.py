# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads Backbeat's metadata of versions: their status, and the roles with which they were put."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._clients import s3_objects
from .._clients.api import Api, fresh
from .._clients.errors import ApiError


class Stamps:
    """Reads the metadata of one bucket's versions until the server refuses it. Threads may share it.

    pace: called before each request. refused: called with the error after which no more metadata is read.
    """

    def __init__(
        self,
        api: Api,
        bucket: str,
        pace: Callable[[], object],
        refused: Callable[[ApiError], object] = lambda _error: None,
    ) -> None:
        self._api = api
        self._bucket = bucket
        self._pace = pace
        self._refused = refused
        self.readable = True

    def read(self, key: str, version_id: str) -> dict[str, Any] | None:
        """The result of s3_objects.stamp; None if the server refuses it."""
        if not self.readable:
            return None
        self._pace()
        try:
            return s3_objects.stamp(fresh(self._api), self._bucket, key, version_id)
        except ApiError as error:
            # Many accounts lack the permission for this route, and some servers lack the route.
            self.readable = False
            self._refused(error)
            return None

    def roles(self, key: str, version_id: str) -> str | None:
        """The roles with which a version was put, None if they are unknown."""
        stamp = self.read(key, version_id) or {}
        return stamp.get("role") or None
