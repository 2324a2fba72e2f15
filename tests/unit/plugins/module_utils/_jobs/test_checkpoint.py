# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files from which a job continues: their contents after a crash, and who may use them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._jobs.checkpoint import (
    Checkpoint,
    Lines,
    locked_for_reading,
    read_lines,
    write_atomically,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

IDENTITY = {"source": "http://node1/a", "target": "http://node6/b"}
OPTIONS = {"prefix": "", "seed": 1}


def checkpoint(folder: Path, **options: object) -> Checkpoint:
    return Checkpoint(folder / "state", IDENTITY, {**OPTIONS, **options})


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_continues_where_it_was(tmp_path: Path) -> None:
    assert checkpoint(tmp_path).load() is None
    checkpoint(tmp_path).save({"after": "k"})
    assert checkpoint(tmp_path).load() == {"after": "k"}
    assert mode(tmp_path / "state") == 0o600
    checkpoint(tmp_path).remove()
    assert checkpoint(tmp_path).load() is None


def test_of_another_pair_or_other_options_is_refused_by_name(tmp_path: Path) -> None:
    checkpoint(tmp_path).save({})
    with pytest.raises(InvalidDocument, match="prefix was '' and is 'a/'"):
        checkpoint(tmp_path, prefix="a/").load()
    other = Checkpoint(tmp_path / "state", {**IDENTITY, "target": "http://node7/b"}, OPTIONS)
    with pytest.raises(InvalidDocument, match="target was 'http://node6/b'"):
        other.load()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "x"}', '"text"'])
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "state").write_text(text)
    with pytest.raises(InvalidDocument, match="not a checkpoint"):
        checkpoint(tmp_path).load()


def test_of_another_version_is_refused(tmp_path: Path) -> None:
    checkpoint(tmp_path).save({})
    saved = json.loads((tmp_path / "state").read_text())
    (tmp_path / "state").write_text(json.dumps({**saved, "schema": "other/9"}))
    with pytest.raises(InvalidDocument, match="other/9"):
        checkpoint(tmp_path).load()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with (
        checkpoint(tmp_path).locked(),
        pytest.raises(InvalidDocument, match="Another process"),
        checkpoint(tmp_path).locked(),
    ):
        pass
    with checkpoint(tmp_path).locked():
        pass


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument, match="No such file"):
        write_atomically(tmp_path / "missing" / "file", b"")


def test_writing_leaves_no_other_files(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"1")
    write_atomically(tmp_path / "file", b"2", sync=False)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"2"
    assert mode(tmp_path / "file") == 0o600


@settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    entries=st.lists(st.dictionaries(st.text(max_size=2), st.text(max_size=4), max_size=2)),
    kept=st.integers(0, 10),
    torn=st.binary(max_size=5),
)
def test_lines_after_the_checkpoint_are_removed(
    tmp_path: Path, entries: list[dict[str, str]], kept: int, torn: bytes
) -> None:
    path = tmp_path / "lines"
    lines = Lines(path)
    lines.append(entries[:kept])
    size = lines.size
    lines.append(entries[kept:])
    lines.close()
    with path.open("ab") as file:
        file.write(torn)
    again = Lines(path, size)
    assert again.size == size
    again.append([{"last": "é"}])
    again.close()
    found = list(read_lines(path))
    assert [entry for _offset, entry in found] == [*entries[:kept], {"last": "é"}]
    assert found[-1][0] == path.stat().st_size
    assert mode(path) == 0o600


def test_an_incomplete_last_line_ends_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b'{"a": 1}\n{"b": 2')
    assert [entry for _offset, entry in read_lines(path)] == [{"a": 1}]


@pytest.mark.parametrize("torn", [b"", b'{"b', b"x" * 70_000])
@pytest.mark.parametrize("whole", [[], [{"a": 1}], [{"a": number} for number in range(10_000)]])
def test_lines_are_added_after_the_last_complete_one(
    tmp_path: Path, whole: list[dict[str, int]], torn: bytes
) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in whole) + torn)
    lines = Lines.appended(path)
    lines.append([{"last": 2}])
    lines.close()
    assert [entry for _offset, entry in read_lines(path)] == [*whole, {"last": 2}]


def test_lines_that_are_shorter_than_the_checkpoint_are_refused(tmp_path: Path) -> None:
    Lines(tmp_path / "lines").close()
    with pytest.raises(InvalidDocument, match="shorter"):
        Lines(tmp_path / "lines", 10)
    with pytest.raises(InvalidDocument, match="No such file"):
        Lines(tmp_path / "missing", 0)


def test_lines_in_use_by_another_process_are_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = Lines(path)
    lines.append([{"key": "k"}])
    lines.flush()
    for size in (None, 0):
        with pytest.raises(InvalidDocument, match="Another process uses the file"):
            Lines(path, size)
    with pytest.raises(InvalidDocument, match="Another process"), locked_for_reading(path):
        pass
    lines.close()
    with locked_for_reading(path), locked_for_reading(path):
        with pytest.raises(InvalidDocument, match="Another process uses the file"):
            Lines(path)
        assert [line for _offset, line in read_lines(path)] == [{"key": "k"}]
    Lines(path).close()
    assert not path.stat().st_size
    with locked_for_reading(tmp_path / "none"):
        pass


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    (tmp_path / "lines").symlink_to(tmp_path / "precious")
    with pytest.raises(InvalidDocument):
        Lines(tmp_path / "lines")
    assert (tmp_path / "precious").read_text() == "data"
