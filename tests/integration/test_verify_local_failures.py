# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_verify with local problems: files, folders, a full disk, two runs at the same time."""

from __future__ import annotations

import errno
import io
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._jobs import checkpoint
from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up
from tests.integration.support.versions import put, states, verify, wait_for_status

FILES = ("checkpoint", "problems_file", "report_file", "status_file")


@pytest.fixture
def replicating(source: Side, target: Side) -> Side:
    """The source of a pair with one version in sync and one from before the rule."""
    set_up(source, target, but=("object", "replication"))
    put(source, "old")
    set_up(source, target, but=("object",))
    put(source, "k")
    wait_for_status(source, "k")
    return source


@pytest.mark.parametrize("file", FILES)
def test_a_missing_folder_is_named(
    replicating: Side, target: Side, tmp_path: Path, file: str
) -> None:
    path = tmp_path / "missing" / "file"
    result = verify(replicating, target, **{file: str(path)})
    assert result["failed"]
    assert str(path.parent) in result["msg"]
    assert "bug in the collection" not in result["msg"], result["msg"]


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_a_folder_is_named(
    replicating: Side, target: Side, tmp_path: Path, file: str
) -> None:
    result = verify(replicating, target, **{file: str(tmp_path)})
    assert result["failed"]
    assert str(tmp_path) in result["msg"]
    assert "bug in the collection" not in result["msg"], result["msg"]


def test_a_full_disk_fails_and_names_the_file(
    replicating: Side, target: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full while the problems are written."""
    problems = tmp_path / "problems"

    class FullDisk(io.BytesIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def open_on_full_disk(
        self: checkpoint.Lines, path: str | Path, size: int | None = None
    ) -> None:
        begin(self, path, size)
        if self.path == problems:
            self._file.close()
            self._file = FullDisk()  # type: ignore[assignment]

    begin = checkpoint.Lines.__init__
    monkeypatch.setattr(checkpoint.Lines, "__init__", open_on_full_disk)
    result = verify(replicating, target, problems_file=str(problems))
    assert result["failed"]
    assert f"{problems} cannot be used: No space left on device" in result["msg"]
    assert "bug in the collection" not in result["msg"], result["msg"]


def test_two_runs_do_not_use_the_same_checkpoint_at_the_same_time(
    replicating: Side, target: Side, tmp_path: Path
) -> None:
    files = {name: str(tmp_path / name) for name in FILES}
    results: list[Any] = []
    runs = [
        threading.Thread(
            target=lambda: results.append(verify(replicating, target, **files, fail=False))
        )
        for _number in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    good = [one for one in results if not one.get("failed")]
    assert good
    assert all(states(one) == {"in_sync": 1, "never_replicated": 1} for one in good)
    for one in results:
        if one.get("failed"):
            assert "Another process uses the " in one["msg"], one["msg"]
    written = [json.loads(line) for line in Path(files["problems_file"]).read_text().splitlines()]
    assert [one["key"] for one in written] == ["old"]


def test_any_region_is_accepted(replicating: Side, target: Side) -> None:
    """The servers do not check the region."""
    sides = {
        name: {"bucket": bucket, "s3": {**side.connection("s3"), "region": "eu-nowhere-7"}}
        for name, side, bucket in (
            ("source", replicating, SOURCE_BUCKET),
            ("target", target, TARGET_BUCKET),
        )
    }
    result = replicating.run("verify", **sides, fail=False)
    assert states(result) == {"in_sync": 1, "never_replicated": 1}
