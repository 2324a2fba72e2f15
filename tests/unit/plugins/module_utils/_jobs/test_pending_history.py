# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Since when a version is PENDING, according to the files of verifications and backfills."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._jobs.pending_history import (
    PendingHistory,
    keep_previous,
)

EARLY, LATE = "2026-11-24T00:00:00.000Z", "2026-11-25T00:00:00.000Z"


def write(path: Path, *entries: tuple[str, str, str | None]) -> str:
    lines: list[dict[str, Any]] = [
        {"key": key, "version_id": version, "pending_since": since}
        for key, version, since in entries
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return str(path)


@pytest.mark.parametrize("order", [1, -1])
def test_the_latest_of_all_files_counts(tmp_path: Path, order: int) -> None:
    files = [
        write(tmp_path / "a", ("k", "1", EARLY), ("k", "2", LATE), ("k", "3", None)),
        write(tmp_path / "b", ("k", "1", LATE), ("k", "2", EARLY), ("k2", "1", EARLY)),
    ]
    with PendingHistory(files[::order]) as history:
        found = [history.since(*name) for name in (("k", "1"), ("k", "2"), ("k", "3"), ("k2", "1"))]
    assert found == [LATE, LATE, None, EARLY]


def test_an_incomplete_line_and_missing_files_are_not_an_error(tmp_path: Path) -> None:
    path = Path(write(tmp_path / "a", ("k", "1", EARLY)))
    path.write_text(f'{path.read_text()}{{"key": "k"')
    with PendingHistory([None, str(tmp_path / "none"), str(path)]) as history:
        assert (history.since("k", "1"), history.since("k", "2")) == (EARLY, None)
    with PendingHistory([None]) as empty:
        assert empty.since("k", "1") is None


def test_the_file_of_the_previous_run_is_kept_only_once(tmp_path: Path) -> None:
    path = tmp_path / "problems"
    assert keep_previous(None, fresh=True) is None
    previous = keep_previous(str(path), fresh=True)
    assert previous == f"{path}.previous"
    path.write_text("one")
    keep_previous(str(path), fresh=True)
    assert (Path(previous).read_text(), path.exists()) == ("one", False)
    path.write_text("two")
    keep_previous(str(path), fresh=False)
    assert (Path(previous).read_text(), path.read_text()) == ("one", "two")
