# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of sent versions, and when a backfill pauses because too many are pending."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.backfill_report import (
    Report,
    SourceVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_entries import (
    Side,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_questions import (
    Head,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs import backfill_outcome
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_outcome import (
    BACKLOG_INTERVAL,
    DONE,
    HELD,
    LOOK,
    PAUSE,
    STILL,
    Outcomes,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import Control, Stopped
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Deadline

from ...fake_client import Time


class Books:
    """A ledger whose file of sent versions is a list; offsets are its indexes."""

    began = 0

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.report = Report(Side("node1", "http://node1", "s"), Side("node6", "http://node6", "t"))
        self.awaited: Mapping[str, Any] = {}
        self.sent: list[SourceVersion] = []

    @property
    def lines_sent(self) -> int:
        return len(self.sent)

    def sent_lines(self, begin: int) -> Iterator[tuple[int, SourceVersion]]:
        yield from enumerate(self.sent[begin:], begin + 1)


class Scene:
    """Versions by name, each with its status at the source."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.books = Books()
        self.statuses: dict[str, str | None] = {}
        self.looks: list[str] = []
        self.control = Control()
        self.control.sleep = time.sleep  # type: ignore[method-assign]

    def send(self, status: str | None, count: int = 1) -> None:
        for _version in range(count):
            name = f"v{len(self.books.sent)}"
            self.books.sent.append(SourceVersion("k", name, "failed", status="FAILED"))
            self.statuses[name] = status

    def becomes(self, status: str, begin: int = 0, end: int | None = None) -> None:
        for version in self.books.sent[begin:end]:
            self.statuses[version.version_id] = status

    def head(self, _side: str, _key: bytes, version_id: bytes) -> Head | None:
        name = version_id.decode()
        self.looks.append(name)
        status = self.statuses[name]
        return None if status == "gone" else Head(status, name)

    def outcomes(self, **options: Any) -> Outcomes:
        requests: Any = SimpleNamespace(head=self.head, control=self.control)
        ledger: Any = self.books
        return Outcomes(requests, ledger, **{"limit": None, "wanted": True, **options})

    @property
    def outcome(self) -> Any:
        return self.books.report.outcome

    @property
    def waited(self) -> float:
        return sum(self.time.slept)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A scene with the clock of the code under test, which only advances in pauses."""
    time = Time()
    monkeypatch.setattr(backfill_outcome, "time", SimpleNamespace(monotonic=time.clock))
    monkeypatch.setattr(
        backfill_outcome, "Deadline", lambda seconds: Deadline(seconds, clock=time.clock)
    )
    return Scene(time)


def later(scene: Scene, seconds: float, does: Callable[[], None]) -> Callable[[], None]:
    """A function for the time of the wait, which does this after a number of seconds."""

    def meanwhile() -> None:
        if scene.waited >= seconds:
            does()

    return meanwhile


def test_pending_versions_are_followed_to_their_end(scene: Scene) -> None:
    scene.send("PENDING", 3)
    scene.send("gone")
    scene.send(None)

    def end() -> None:
        scene.becomes("COMPLETED", 0, 2)
        scene.becomes("FAILED", 2, 3)

    outcomes = scene.outcomes()
    assert scene.outcome == {}
    outcomes.wait(60, later(scene, 5, end))
    assert scene.outcome == {"failed": {"COMPLETED": 2, "FAILED": 1, "gone": 1, "none": 1}}
    assert outcomes.under_way == 0
    assert 5 <= scene.waited <= 5 + PAUSE


def test_when_the_time_is_over_other_versions_count_as_pending(scene: Scene) -> None:
    scene.send("PENDING", HELD + 5)
    outcomes = scene.outcomes()
    outcomes.wait(10, lambda: None)
    assert scene.outcome == {"failed": {"PENDING": HELD + 5}}
    assert scene.waited == pytest.approx(10)
    assert outcomes.under_way == 0


def test_without_sent_versions_there_is_no_wait(scene: Scene) -> None:
    scene.outcomes().wait(60, lambda: None)
    assert (scene.outcome, scene.waited) == ({}, 0)


def test_an_outcome_that_is_not_requested_is_neither_read_nor_reported(scene: Scene) -> None:
    scene.send("COMPLETED")
    outcomes = scene.outcomes(wanted=False)
    assert not outcomes.following
    outcomes.step()
    assert (scene.looks, scene.outcome) == ([], None)
    # It is read for the limit, but not reported.
    limited = scene.outcomes(wanted=False, limit=5)
    limited.step()
    assert (limited.under_way, scene.outcome) == (0, None)


def test_a_poll_ends_after_some_pending_or_completed_versions(scene: Scene) -> None:
    scene.send("PENDING", STILL + 5)
    outcomes = scene.outcomes()
    outcomes.step()
    assert len(scene.looks) == STILL
    # The next poll is after a pause, and begins with the versions that were not read.
    outcomes.step()
    assert len(scene.looks) == STILL
    scene.looks.clear()
    scene.time.now += PAUSE
    outcomes.step()
    assert scene.looks[:6] == [f"v{number}" for number in range(STILL, STILL + 5)] + ["v0"]
    scene.send("COMPLETED", DONE + 5)
    scene.becomes("COMPLETED")
    scene.looks.clear()
    scene.time.now += PAUSE
    outcomes.step()
    assert len(scene.looks) == DONE


def test_a_poll_ends_after_a_time_limit(scene: Scene) -> None:
    scene.send("COMPLETED", 10)
    head = scene.head

    def slow(side: str, key: bytes, version_id: bytes) -> Head | None:
        scene.time.now += LOOK / 3
        return head(side, key, version_id)

    scene.head = slow  # type: ignore[method-assign]
    scene.outcomes().step()
    assert len(scene.looks) == 3


def test_statuses_are_read_in_parallel(scene: Scene) -> None:
    """Sequential requests would block the senders at the limit."""
    number = 4
    together = threading.Barrier(number)
    head = scene.head

    def head_together(side: str, key: bytes, version_id: bytes) -> Head | None:
        # This barrier breaks unless this number of requests is made at the same time.
        together.wait(60)
        return head(side, key, version_id)

    scene.head = head_together  # type: ignore[method-assign]
    scene.send("COMPLETED", 2 * number)
    outcomes = scene.outcomes(side_by_side=number)
    with contextlib.closing(outcomes):
        outcomes.step()
        scene.send("PENDING", number)
        outcomes.wait(0, lambda: None)
    assert scene.outcome == {"failed": {"COMPLETED": 2 * number, "PENDING": number}}


@pytest.mark.parametrize("side_by_side", [1, 3])
def test_a_version_whose_status_cannot_be_read_is_not_lost(scene: Scene, side_by_side: int) -> None:
    scene.send("COMPLETED", 2)
    outcomes = scene.outcomes(side_by_side=side_by_side)
    del scene.statuses["v0"]
    with pytest.raises(KeyError):
        outcomes.step()
    scene.statuses["v0"] = "FAILED"
    outcomes.wait(60, lambda: None)
    assert scene.outcome == {"failed": {"COMPLETED": 1, "FAILED": 1}}


def admitted(scene: Scene, outcomes: Outcomes) -> bool:
    """Whether another version may be sent now; a sender that has to pause is stopped."""
    scene.control.sleep = lambda _seconds: scene.control.stop.set()  # type: ignore[method-assign]
    try:
        outcomes.admit()
    except Stopped:
        scene.control.stop.clear()
        return False
    return True


def test_sending_pauses_at_the_limit_and_continues_well_below_it(scene: Scene) -> None:
    outcomes = scene.outcomes(limit=10)
    found = []
    for sent in range(10):
        found.append(admitted(scene, outcomes))
        assert outcomes.under_way == sent
        scene.send("PENDING")
    assert all(found)
    assert not admitted(scene, outcomes)
    for done, goes_on in ((0, False), (1, False), (2, True)):
        scene.becomes("COMPLETED", 0, done)
        scene.time.now += PAUSE
        outcomes.step()
        assert (admitted(scene, outcomes), outcomes.paused) == (goes_on, not goes_on)


def test_sending_pauses_if_more_versions_are_pending_than_allowed(scene: Scene) -> None:
    """A continued run may have a lower limit."""
    scene.send("PENDING", 15)
    outcomes = scene.outcomes(limit=10)
    assert not admitted(scene, outcomes)
    outcomes.step()
    assert outcomes.paused
    assert not admitted(scene, outcomes)


def test_a_limit_of_one_lets_one_after_the_other_be_sent(scene: Scene) -> None:
    outcomes = scene.outcomes(limit=1)
    assert admitted(scene, outcomes)
    scene.send("PENDING")
    outcomes.step()
    assert not admitted(scene, outcomes)
    scene.becomes("COMPLETED")
    scene.time.now += PAUSE
    outcomes.step()
    assert admitted(scene, outcomes)


def test_backbeats_own_backlog_counts_too(scene: Scene) -> None:
    backlog = [10]
    outcomes = scene.outcomes(limit=10, backlog=lambda: backlog[0])
    outcomes.step()
    assert not admitted(scene, outcomes)
    backlog[0] = 8
    # It is not read again at once.
    scene.time.now += BACKLOG_INTERVAL
    outcomes.step()
    assert not admitted(scene, outcomes)
    scene.time.now += PAUSE
    outcomes.step()
    assert admitted(scene, outcomes)


def test_a_continued_run_has_the_pending_versions(scene: Scene) -> None:
    scene.send("PENDING", 3)
    scene.becomes("COMPLETED", 0, 1)
    first = scene.outcomes()
    first.step()
    assert scene.outcome == {"failed": {"COMPLETED": 1}}
    scene.send("COMPLETED")
    scene.becomes("COMPLETED")
    again = scene.outcomes()
    assert again.under_way == 3
    again.wait(60, lambda: None)
    assert scene.outcome == {"failed": {"COMPLETED": 4}}
