# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verification in a process of its own that is killed, stopped, cut off or out of space, and continued."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devtools.places import CACHE
from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

#: The module, with checkpoints as often as the test needs them.
RUN = """
from ansible_collections.scality.backbeat.plugins.module_utils._jobs import verify
from ansible_collections.scality.backbeat.plugins.modules.backbeat_verify import main
verify.SAVE = 0.05
main()
"""
#: What differs from run to run.
TIMES = ("started", "finished", "seconds", "requests", "last_complete", "problems_file")
COUNT = 6000

pytestmark = [pytest.mark.slow]


class Verification:
    """A verification of the pair, with its files in a folder, in a process of its own."""

    def __init__(self, source: Side, target: Side, folder: Path) -> None:
        self.folder = folder
        self.arguments: dict[str, Any] = {
            "source": {"bucket": SOURCE_BUCKET, "name": "node1", "s3": source.connection("s3")},
            "target": {"bucket": TARGET_BUCKET, "name": "node6", "s3": target.connection("s3")},
            "checkpoint": str(folder / "state"),
            "problems_file": str(folder / "problems"),
            "report_file": str(folder / "report"),
            "status_file": str(folder / "status"),
            "fail": False,
            "listers": 2,
            "ramp_up": False,
        }

    def start(self, limit: int | None = None, **options: Any) -> subprocess.Popen[str]:
        """limit: bytes that a file may have, as if the disk were full then."""

        def restrict() -> None:
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        process = subprocess.Popen(
            [sys.executable, "-c", RUN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(CACHE)},
            text=True,
            preexec_fn=restrict,
        )
        assert process.stdin is not None
        arguments = {"ANSIBLE_MODULE_ARGS": {**self.arguments, **options}}
        process.stdin.write(json.dumps(arguments))
        process.stdin.close()
        process.stdin = None
        return process

    def end(self, process: subprocess.Popen[str]) -> Result:
        output, errors = process.communicate(timeout=120)
        assert errors == ""
        result: Result = json.loads(output)
        return result

    def run(self, **options: Any) -> Result:
        return self.end(self.start(**options))

    @property
    def done(self) -> int:
        """How many versions the last checkpoint has."""
        try:
            state = json.loads((self.folder / "state").read_text())["state"]
        except FileNotFoundError:
            return 0
        return sum(tally["count"] for tally in state["report"]["states"].values())

    def wait_until(self, process: subprocess.Popen[str], versions: int) -> None:
        deadline = time.monotonic() + 60
        while self.done < versions:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def outcome(self) -> tuple[dict[str, Any], list[str]]:
        """What has to be the same however often it was interrupted: the report, and the lines in any order."""
        report = json.loads((self.folder / "report").read_text())
        lines = [json.loads(line) for line in (self.folder / "problems").read_text().splitlines()]
        for one in (*lines, *(p for found in report["first_problems"].values() for p in found)):
            del one["pending_since"]
        found = {name: value for name, value in report.items() if name not in TIMES}
        return found, sorted(map(json.dumps, lines))


@pytest.fixture
def pair(source: Side, target: Side) -> tuple[Side, Side]:
    """Some versions in sync, and problems of three kinds among them."""
    set_up(source, target, but=("object",))
    for side, bucket in (("source", SOURCE_BUCKET), ("target", TARGET_BUCKET)):
        source.sandbox.seed(side, bucket, COUNT)
    source.sandbox.seed("target", TARGET_BUCKET, 60, prefix="seed/00001000-extra/")
    source.sandbox.seed("source", SOURCE_BUCKET, 60, prefix="seed/00004000-", status="COMPLETED")
    source.sandbox.seed("source", SOURCE_BUCKET, 40, prefix="seed/00005000-", status="PENDING")
    return source, target


Make = Callable[[str], Verification]


@pytest.fixture
def verification(pair: tuple[Side, Side], tmp_path: Path) -> Make:
    def make(name: str) -> Verification:
        folder = tmp_path / name
        folder.mkdir()
        return Verification(*pair, folder)

    return make


@pytest.fixture
def whole(verification: Make) -> tuple[dict[str, Any], list[str]]:
    """The outcome of a run that nothing interrupts."""
    one = verification("whole")
    result = one.run()
    assert not result.get("failed"), result
    counts = {name: tally["count"] for name, tally in result["verification"]["states"].items()}
    assert {name: count for name, count in counts.items() if count} == {
        "in_sync": COUNT,
        "missing": 60,
        "written_at_target": 60,
        "pending": 40,
    }
    assert not (one.folder / "state").exists()
    return one.outcome()


def check_private(folder: Path) -> None:
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_after_kills_the_report_is_that_of_a_run_without_any(
    verification: Make, whole: tuple[dict[str, Any], list[str]]
) -> None:
    one = verification("killed")
    for versions in (1000, 3000, 6050):
        process = one.start(requests_per_second=60)
        one.wait_until(process, versions)
        process.kill()
        process.communicate()
        assert (one.folder / "state").exists()
        check_private(one.folder)
        # As a kill in the middle of a line leaves it; longer than all that is still to be written.
        with open(one.folder / "problems", "a") as lines:
            lines.write('{"schema": "scality.backbeat.verify/1", "detail": "' + 200_000 * "x")
    result = one.run()
    assert not result.get("failed"), result
    assert one.outcome() == whole
    assert not (one.folder / "state").exists()
    check_private(one.folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(
    verification: Make, whole: tuple[dict[str, Any], list[str]], number: signal.Signals
) -> None:
    one = verification("stopped")
    process = one.start(requests_per_second=20)
    one.wait_until(process, 1000)
    process.send_signal(number)
    result = one.end(process)
    assert result["failed"]
    assert f"Interrupted by {number.name}." in result["msg"]
    report = result["verification"]
    assert (report["verdict"], report["complete"]) == ("incomplete", False)
    assert {gap["reason"] for gap in report["gaps"]} == {"stopped"}
    assert "It got as far as 'seed/" in result["msg"]
    assert json.loads((one.folder / "report").read_text()) == report
    assert json.loads((one.folder / "status").read_text())["state"] == "failed"
    check_private(one.folder)
    assert not one.run().get("failed")
    assert one.outcome() == whole


def test_an_outage_ends_it_and_it_goes_on_from_there(
    verification: Make, whole: tuple[dict[str, Any], list[str]], target: Side
) -> None:
    one = verification("outage")
    short = {"s3": {**target.connection("s3"), "retry_timeout": 0.5}}
    side = {"target": {**one.arguments["target"], **short}}
    process = one.start(requests_per_second=20, **side)
    one.wait_until(process, 1000)
    target.sandbox.outage("target", "s3")
    result = one.end(process)
    target.sandbox.outage("target", "s3", down=False)
    assert result["failed"]
    assert result["verification"]["verdict"] == "incomplete"
    assert result["error"]["endpoint"] == target.side.s3_url
    assert not one.run().get("failed")
    assert one.outcome() == whole


def test_a_full_disk_ends_it_with_a_clear_message_and_no_torn_checkpoint(
    verification: Make, whole: tuple[dict[str, Any], list[str]]
) -> None:
    """The lines of problems do not fit any more; the checkpoint that is left is whole, and can be continued."""
    one = verification("full")
    result = one.run(limit=12 * 1024)
    assert result["failed"]
    assert "exception" not in result
    assert "cannot be used: File too large." in result["msg"]
    assert result["verification"]["verdict"] == "incomplete"
    if (one.folder / "state").exists():
        json.loads((one.folder / "state").read_text())
    assert [path.name for path in one.folder.iterdir() if path.name.startswith(".")] == []
    assert not one.run().get("failed")
    assert one.outcome() == whole


def test_a_second_run_keeps_away_from_the_files_of_the_first(verification: Make) -> None:
    one = verification("twice")
    process = one.start(requests_per_second=2)
    one.wait_until(process, 1000)
    second = one.run()
    assert second["failed"]
    assert "Another process uses the checkpoint" in second["msg"]
    # With another checkpoint, and the same file for problems.
    third = one.run(checkpoint=str(one.folder / "other"))
    assert third["failed"]
    assert "Another process writes the file" in third["msg"]
    assert not (one.folder / "problems.previous").exists()
    process.kill()
    process.communicate()


OTHER: list[tuple[dict[str, Any], str]] = [
    ({"prefix": "seed/"}, "prefix was '' and is 'seed/'"),
    ({"inspect_limit": 5}, "inspect_limit was 1000000 and is 5"),
    ({"stuck_after": 5}, "stuck_after was 3600.0 and is 5.0"),
    ({"bodies": {"share": 1}}, "bodies was"),
    ({"ranges": [{"until": "k"}]}, "ranges was"),
    ({"cloud": True}, "cloud was False and is True"),
    ({"source": {"bucket": "other-bucket"}}, "source was"),
]


def test_a_checkpoint_of_something_else_is_refused(verification: Make) -> None:
    one = verification("other")
    process = one.start(requests_per_second=2)
    one.wait_until(process, 1000)
    process.kill()
    process.communicate()
    before = (one.folder / "state").read_bytes()
    for options, text in OTHER:
        changed = {
            name: {**one.arguments[name], **value} if name == "source" else value
            for name, value in options.items()
        }
        result = one.run(**changed)
        assert result["failed"]
        assert "belongs to another run" in result["msg"]
        assert text in result["msg"]
        assert (one.folder / "state").read_bytes() == before
