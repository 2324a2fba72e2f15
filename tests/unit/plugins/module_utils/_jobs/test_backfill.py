# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a backfill, its files, and a run that continues another one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Call,
    Unreachable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.backfill_report import (
    SourceVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.resend_rules import (
    DEFAULT_STATES,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs import backfill
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill import Backfill
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_ledger import Ledger
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_request import (
    BackfillRequest,
    Choice,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import Control
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_listers import (
    SideRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import Failure, Unsatisfied

from ...fake_client import Time
from ...fake_s3 import FakeS3

Work = Callable[[Ledger], "Failure | None"]
AWAY = Unreachable(Call("HeadObject", "http://node1", "read it"), "away")


class Scene:
    """Backfills with prepared work between the begin and the end of a run."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.time = Time()
        self.works: list[Work] = []
        monkeypatch.setattr(backfill, "time", SimpleNamespace(monotonic=self.time.clock))
        monkeypatch.setattr(
            Backfill, "_work", lambda _job, _control, ledger, *_more, **_how: self.work(ledger)
        )

    def work(self, ledger: Ledger) -> Failure | None:
        return self.works.pop(0)(ledger)

    def job(self, *works: Work, **more: Any) -> Backfill:
        self.works += works
        source, target = (
            SideRequest(f"{side}-bucket", side, {"endpoint_url": f"http://{side}"})
            for side in ("source", "target")
        )
        files = {
            "checkpoint": str(self.folder / "checkpoint"),
            "report_file": str(self.folder / "report"),
            "sent_file": str(self.folder / "sent"),
        }
        request = BackfillRequest(source, target, Choice(DEFAULT_STATES), **{**files, **more})
        return Backfill(request, FakeS3().api(), FakeS3().api())

    def takes(self, seconds: float, error: Failure | None = None) -> Work:
        def work(_ledger: Ledger) -> Failure | None:
            self.time.now += seconds
            return error

        return work

    @property
    def files(self) -> set[str]:
        return {file.name for file in self.folder.iterdir() if file.stat().st_size}

    @property
    def report(self) -> Any:
        return json.loads((self.folder / "report").read_text())


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(tmp_path, monkeypatch)


def sends(*outcomes: str) -> Work:
    """Find two versions, and send one for each outcome; "": do not wait for it."""

    def work(ledger: Ledger) -> None:
        for number in range(2):
            ledger.report.find(SourceVersion("k", f"v{number}", "failed", 10))
        for number, outcome in enumerate(outcomes):
            ledger.sent(SourceVersion("k", f"v{number}", "failed", 10), 0.1)
            if outcome:
                ledger.report.became("failed", outcome)

    return work


def failed(job: Backfill) -> Unsatisfied:
    with pytest.raises(Unsatisfied) as caught:
        job.run(Control())
    return caught.value


def test_a_continued_run_has_the_time_of_both(scene: Scene) -> None:
    unsatisfied = failed(scene.job(scene.takes(40, AWAY)))
    assert str(unsatisfied) == str(AWAY)
    assert scene.files == {"checkpoint", "report"}
    assert (scene.report["seconds"], scene.report["complete"]) == (40.0, False)
    assert scene.report["error"] == str(AWAY)
    scene.time.now += 1000
    result = scene.job(scene.takes(2.5)).run(Control())
    assert scene.files == {"report"}
    assert scene.report == json.loads(json.dumps(result["backfill"]))
    assert (scene.report["seconds"], scene.report["complete"]) == (42.5, True)
    assert scene.report["error"] == ""


def test_a_dry_run_writes_no_file(scene: Scene) -> None:
    result = scene.job(scene.takes(1)).predict(Control())
    assert result["backfill"]["complete"]
    assert result["backfill"]["compared"] == 0
    assert scene.files == set()


def test_sent_versions_are_the_change(scene: Scene) -> None:
    result = scene.job(sends("", "")).run(Control())
    assert result["changes"] == ["PutObjectTagging 2 versions of source-bucket"]
    assert result["diff"]["before"] == {"failed": 2}
    assert result["diff"]["after"] == {}
    assert result["diff"]["before_header"] == "versions that target-bucket lacks"
    lines = (scene.folder / "sent").read_text().splitlines()
    assert [json.loads(line)["version_id"] for line in lines] == ["v0", "v1"]


def test_remaining_versions_are_in_the_diff(scene: Scene) -> None:
    result = scene.job(sends("COMPLETED")).run(Control())
    assert result["diff"]["after"] == {"failed": 1}


def test_without_versions_to_send_there_is_no_change(scene: Scene) -> None:
    assert scene.job(sends()).run(Control())["changes"] == []
    assert scene.job(scene.takes(0)).run(Control())["changes"] == []


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        (["FAILED", "COMPLETED"], "1 are FAILED"),
        (["PENDING", "PROCESSING"], "2 are still pending"),
        (["FAILED", "PENDING"], "1 are FAILED and 1 are still pending"),
    ],
)
def test_unreplicated_versions_fail_the_task(scene: Scene, outcomes: list[str], words: str) -> None:
    unsatisfied = failed(scene.job(sends(*outcomes)))
    assert str(unsatisfied).startswith(
        f"Of 2 versions of source-bucket that were sent, {words}. Run backbeat_preflight"
    )
    assert unsatisfied.seen["changes"] == ["PutObjectTagging 2 versions of source-bucket"]
    # The work itself is complete: another run begins from the start.
    assert "checkpoint" not in scene.files


def test_requests_are_counted_by_kind(scene: Scene) -> None:
    def work(ledger: Ledger) -> None:
        for kind in ("list", "head", "head"):
            ledger.count_request(kind)

    result = scene.job(work).run(Control())
    assert result["backfill"]["requests"] == {"list": 1, "head": 2}


def test_keys_that_were_deleted_again_are_a_change(scene: Scene) -> None:
    def work(ledger: Ledger) -> None:
        ledger.deleted("k", "m2")

    changes = scene.job(work).run(Control())["changes"]
    assert changes == ["DeleteObject 1 keys of source-bucket"]
