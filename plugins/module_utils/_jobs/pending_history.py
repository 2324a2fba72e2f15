# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads from files of earlier runs since when versions have been PENDING.

Servers do not return it, and the age of a version does not show it, because a backfill keeps LastModified. The sources
are the problems file of an earlier verification and the file of sent versions of a backfill. Their lines are JSON with
"key", "version_id" and "pending_since" (ISO 8601, UTC).
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from .._work import InvalidDocument
from .checkpoint import read_lines


def keep_previous(problems_file: str | None, *, fresh: bool) -> str | None:
    """The path of the previous run's problems file, None if this run has none.

    fresh: whether the file is from the previous run, and is renamed to keep it; else this run continues it. Raises
    InvalidDocument if it is not a file.
    """
    if problems_file is None:
        return None
    previous = f"{problems_file}.previous"
    if fresh and os.path.exists(problems_file):
        if not os.path.isfile(problems_file):
            # A folder or a device must not be moved.
            raise InvalidDocument(f"{problems_file} is not a file: name another problems_file.")
        os.replace(problems_file, previous)
    return previous


class PendingHistory:
    """When versions were last sent, or first read as PENDING, from files of lines; in a temporary database.

    Files that are None or missing are skipped.
    """

    def __init__(self, files: Iterable[str | None]) -> None:
        self._files = [Path(one) for one in files if one]
        self._exit = contextlib.ExitStack()
        self._database: sqlite3.Connection | None = None

    def __enter__(self) -> PendingHistory:
        files = [one for one in self._files if one.exists()]
        if not files:
            return self
        folder = self._exit.enter_context(tempfile.TemporaryDirectory(prefix="backbeat-pending-"))
        database = sqlite3.connect(Path(folder) / "pending", check_same_thread=False)
        self._exit.callback(database.close)
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("CREATE TABLE pending (name TEXT PRIMARY KEY, since TEXT) WITHOUT ROWID")
        for file in files:
            # For a version that was sent after it was PENDING, the time of sending counts.
            database.executemany(
                "INSERT INTO pending VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET since = max(since, excluded.since)",
                _entries(file),
            )
        database.commit()
        self._database = database
        return self

    def __exit__(self, *_error: object) -> None:
        self._exit.close()
        self._database = None

    def since(self, key: str, version_id: str) -> str | None:
        """When the version was last sent, else when it was first read as PENDING; None if neither is known."""
        if self._database is None:
            return None
        # sqlite3 serialises the threads that share a connection.
        found = self._database.execute(
            "SELECT since FROM pending WHERE name = ?", (_name(key, version_id),)
        ).fetchone()
        return None if found is None else str(found[0])


def _entries(file: Path) -> Iterator[tuple[str, str]]:
    for _offset, entry in read_lines(file):
        if entry.get("pending_since"):
            yield _name(entry["key"], entry["version_id"]), entry["pending_since"]


def _name(key: str, version_id: str) -> str:
    return json.dumps([key, version_id])
