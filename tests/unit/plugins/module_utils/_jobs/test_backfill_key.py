# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which a key's versions are sent, the waits, and when the rest of the key is not sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Call,
    Forbidden,
    Unreachable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.version_pages import (
    Marker,
    Page,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.backfill_report import (
    SourceVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.moments import iso
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_compare import (
    KEY,
    Case,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_entries import (
    Problem,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_questions import (
    Context,
    Head,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs import backfill_key, stamps
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_key import KeyWork
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_ledger import Ticket
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_request import Choice
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_sender import Gate
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.job import Control
from ansible_collections.scality.backbeat.plugins.module_utils._waiting import Deadline
from ansible_collections.scality.backbeat.plugins.module_utils._work import Unsatisfied

from ...fake_client import Time
from .._documents.histories import Bucket, Entry

KEY_NAME = b"k"
SETTLE = 60.0
ROLES = "source-role,target-role"
FAILED = frozenset({"failed", "missing", "never_replicated", "stuck"})


MODIFIED = datetime(2026, 1, 2, tzinfo=timezone.utc)


def version(name: str, status: str | None = "FAILED") -> Entry:
    return Entry(name.encode(), status=status, modified=iso(MODIFIED).encode())


def marker(name: str) -> Entry:
    return Entry(name.encode(), marker=True, status=None, modified=iso(MODIFIED).encode())


class Listing:
    """The key's current rows."""

    def __init__(self, api: Any, *_more: Any) -> None:
        self.bucket: Bucket = api.bucket
        self.pages: list[str] = api.pages

    def narrowed(self, _prefix: str) -> Listing:
        return self

    def page(self, _marker: Marker, _size: int) -> Page:
        self.pages.append("page")
        return Page([row for row in self.bucket.rows() if row[KEY] == KEY_NAME], None)


class Books:
    """Records the calls of a ledger."""

    proven = True

    def __init__(self) -> None:
        self.found: list[str] = []
        self.skipped: dict[str, str] = {}
        self.predicted: list[str] = []
        self.deletes: list[str | None] = []

    def find(self, _ticket: Ticket, versions: list[SourceVersion]) -> None:
        self.found += [one.version_id for one in versions]

    def skip(self, _ticket: Ticket, one: SourceVersion, reason: str, _detail: str = "") -> None:
        self.skipped[one.version_id] = reason

    def predict(self, one: SourceVersion) -> None:
        self.predicted.append(one.version_id)

    def deleted(self, _key: str, new: str | None) -> None:
        self.deletes.append(new)


class Scene:
    """One key on both sides; time only advances in pauses, and a version is replicated `delay` seconds after it is
    sent."""

    def __init__(self, time: Time, source: list[Entry], target: list[Entry] | None = None) -> None:
        self.time = time
        self.buckets = {"source": Bucket({KEY_NAME: source}), "target": Bucket()}
        if target:
            self.buckets["target"].keys[KEY_NAME] = target
        self.now = MODIFIED + timedelta(days=1)
        self.delay = 1.0
        self.reasons: dict[str, str] = {}
        self.arrivals: list[tuple[float, Callable[[], None]]] = []
        self.sent: list[str] = []
        self.pages: list[str] = []
        self.books = Books()
        self.control = Control()
        self.control.sleep = self.sleep  # type: ignore[method-assign]

    def sleep(self, seconds: float) -> None:
        self.time.sleep(seconds)
        for moment, arrive in list(self.arrivals):
            if moment <= self.time.now:
                self.arrivals.remove((moment, arrive))
                arrive()

    def head(self, side: str, key: bytes, version_id: bytes | None) -> Head | None:
        return self.buckets[side].head(key, version_id)

    def rows(self, side: str) -> list[Entry]:
        return self.buckets[side].keys.setdefault(KEY_NAME, [])

    def send(self, _key: bytes, one: SourceVersion) -> tuple[str, str]:
        """As the sender: mark the version as PENDING, and replicate it later."""
        reason = self.reasons.get(one.version_id, "")
        if reason:
            return reason, ""
        self.sent.append(one.version_id)
        (entry,) = (row for row in self.rows("source") if row.version.decode() == one.version_id)
        entry.status = "PENDING"
        self.arrivals.append((self.time.now + self.delay, lambda: self.arrive(entry)))
        return "", ""

    def arrive(self, entry: Entry) -> None:
        entry.status = "COMPLETED"
        order = [row.version for row in self.rows("source")]
        copy = Entry(entry.version, entry.marker, status="REPLICA", modified=entry.modified)
        rows = self.rows("target")
        rows.append(copy)
        rows.sort(key=lambda row: order.index(row.version) if row.version in order else -1)

    def delete(self, *_object: Any) -> str:
        new = marker("new")
        self.rows("source").insert(0, new)
        self.arrivals.append((self.time.now + self.delay, lambda: self.arrive(new)))
        return "new"

    def key_work(self, choice: Choice, *, predict: bool = False) -> KeyWork:
        apis = {
            side: SimpleNamespace(bucket=bucket, now=self.now, pages=self.pages)
            for side, bucket in self.buckets.items()
        }
        pair = SimpleNamespace(
            source=apis["source"], source_bucket="s", target=apis["target"], target_bucket="t"
        )
        requests: Any = SimpleNamespace(
            head=self.head, pace=lambda _kind: None, control=self.control, pair=pair
        )
        ledger: Any = self.books
        sender: Any = SimpleNamespace(send=self.send)
        context = Context(prefixes=[b""], roles=ROLES, started="2026-02-01T00:00:00.000Z")
        gate = Gate(ledger)
        return KeyWork(
            requests, ledger, sender, gate, choice, context, predict=predict, settle=SETTLE
        )

    @property
    def case(self) -> Case:
        rows = (tuple(bucket.rows()) for bucket in self.buckets.values())
        return Case(KEY_NAME, *rows)

    def work(self, *, predict: bool = False, patient: bool = True, again: bool = False) -> bool:
        work = self.key_work(Choice(FAILED, delete_again=again), predict=predict)
        return work.work(Ticket(deque(), lambda: None, 1), self.case, True, patient)

    @property
    def at_target(self) -> list[str]:
        return [row.version.decode() for row in self.rows("target")]


Make = Callable[..., Scene]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Creates scenes with the clock of the code under test, which only advances in pauses."""
    time, made = Time(), []

    def new(*entries: Entry, target: list[Entry] | None = None) -> Scene:
        made.append(Scene(time, list(entries), target))
        return made[-1]

    monkeypatch.setattr(backfill_key, "VersionListing", Listing)
    for module in (backfill_key, stamps):
        monkeypatch.setattr(module, "fresh", lambda api: api)
    monkeypatch.setattr(
        backfill_key, "Deadline", lambda seconds: Deadline(seconds, clock=time.clock)
    )
    monkeypatch.setattr(stamps.s3_objects, "stamp", lambda *_version: {"role": ROLES})
    monkeypatch.setattr(
        backfill_key.s3_objects, "delete_object", lambda *named: made[-1].delete(*named)
    )
    return new


def test_versions_are_sent_from_the_oldest_on_without_waiting(make: Make) -> None:
    scene = make(version("v3"), version("v2", "COMPLETED"), version("v1"), target=[version("v2")])
    assert scene.work(patient=False)
    assert scene.sent == ["v1", "v3"]
    # The key is not listed again, unlike deleted keys and those with a null version.
    assert (scene.time.slept, scene.pages) == ([], [])
    assert scene.books.found == ["v3", "v1"]


def test_a_dry_run_has_the_same_result_and_sends_nothing(make: Make) -> None:
    scene = make(version("v2"), version("v1"))
    scene.work(predict=True)
    assert (scene.sent, scene.books.predicted) == ([], ["v1", "v2"])
    scene = make(marker("m"), version("v1"))
    scene.work(predict=True, again=True)
    assert (scene.sent, scene.books.predicted, scene.books.deletes) == ([], ["v1"], [None])


@pytest.mark.parametrize("reason", ["refused", "no-rule"])
def test_after_a_version_that_cannot_be_sent_no_others_are_sent(make: Make, reason: str) -> None:
    scene = make(version("v3"), version("v2"), version("v1"))
    scene.reasons = {"v2": reason}
    scene.work()
    assert scene.sent == ["v1"]
    assert scene.books.skipped == {"v2": reason, "v3": "previous-not-sent"}


@pytest.mark.parametrize("reason", ["gone", "changed", "already-there"])
def test_a_version_that_is_already_replicated_does_not_block_others(
    make: Make, reason: str
) -> None:
    scene = make(version("v3"), version("v2"), version("v1"))
    scene.reasons = {"v2": reason}
    scene.work()
    assert scene.sent == ["v1", "v3"]
    assert scene.books.skipped == {"v2": reason}


def test_a_key_with_a_null_version_is_left_to_threads_that_may_wait(make: Make) -> None:
    scene = make(version("v1"), version("null"))
    assert not scene.work(patient=False)
    assert scene.sent == []


def test_above_a_null_version_each_is_sent_when_the_one_before_has_arrived(make: Make) -> None:
    """A null version that is replicated later becomes current at the target."""
    scene = make(version("v2"), version("v1"), version("null"))
    assert scene.work()
    assert scene.sent == ["null", "v1", "v2"]
    assert scene.at_target == ["v2", "v1", "null"]
    assert sum(scene.time.slept) >= 3 * scene.delay


def test_if_the_null_version_does_not_arrive_nothing_is_sent_above_it(make: Make) -> None:
    scene = make(version("v2"), version("v1"), version("null"))
    scene.delay = SETTLE + 10
    scene.work()
    assert scene.sent == ["null"]
    assert scene.books.skipped == {"v1": "previous-not-arrived", "v2": "previous-not-arrived"}
    assert SETTLE <= sum(scene.time.slept) < SETTLE + 1


def test_a_null_version_that_was_deleted_in_the_meantime_is_not_waited_for(make: Make) -> None:
    scene = make(version("v1"), version("null"))
    scene.reasons = {"null": "gone"}
    scene.work()
    assert scene.sent == ["v1"]


def test_another_current_version_at_the_target_ends_the_job(make: Make) -> None:
    scene = make(version("v1"), version("null"))
    arrive = scene.arrive

    def late(entry: Entry) -> None:
        arrive(entry)
        scene.rows("target").sort(key=lambda row: row.version != b"null")

    scene.arrive = late  # type: ignore[method-assign]
    with pytest.raises(Unsatisfied, match="a GET returns the version null at the target t and v1"):
        scene.work()


def test_a_deleted_key_is_deleted_again_before_its_older_versions_are_sent(make: Make) -> None:
    scene = make(marker("m"), version("v2"), version("v1"))
    assert scene.work(again=True)
    assert scene.books.deletes == ["new"]
    assert scene.sent == ["v1", "v2"]
    assert scene.at_target[0] == "new"


def test_no_version_of_a_deleted_key_is_sent_unless_it_may_be_deleted_again(make: Make) -> None:
    scene = make(marker("m"), version("v1"))
    scene.work()
    assert (scene.sent, scene.books.deletes) == ([], [])
    assert scene.books.skipped == {"v1": "deleted-key", "m": "delete-marker"}


def test_nothing_is_sent_if_the_new_marker_does_not_arrive(make: Make) -> None:
    scene = make(marker("m"), version("v1"))
    scene.delay = SETTLE + 10
    scene.work(again=True)
    assert (scene.sent, scene.books.skipped) == ([], {"v1": "marker-not-arrived"})


@pytest.mark.parametrize("when", ["before", "at the same time", "while it is waited for"])
def test_no_version_is_sent_of_a_key_that_was_put_again(make: Make, when: str) -> None:
    scene = make(marker("m"), version("v1"))
    delete = scene.delete

    def put() -> None:
        scene.rows("source").insert(0, version("live", "COMPLETED"))

    def deleted(*_object: Any) -> str:
        if when == "at the same time":
            put()
        new = delete()
        if when == "while it is waited for":
            scene.arrivals.insert(0, (scene.time.now + 0.5, put))
        return new

    scene.delete = deleted  # type: ignore[method-assign]
    if when == "before":
        head = scene.head
        scene.head = lambda side, key, name: (  # type: ignore[method-assign]
            Head("COMPLETED", "live") if name is None else head(side, key, name)
        )
    scene.work(again=True)
    assert (scene.sent, scene.books.skipped) == ([], {"v1": "live-again"})
    assert scene.books.deletes == ([] if when == "before" else ["new"])


@pytest.mark.parametrize("done", [True, False])
def test_a_delete_with_a_lost_response_is_looked_up(make: Make, done: bool) -> None:
    scene = make(marker("m"), version("v1"))
    delete = scene.delete

    def lost(*_object: Any) -> str:
        if done:
            delete()
        raise Unreachable(Call("DeleteObject", "http://node1", "delete it"), "away")

    scene.delete = lost  # type: ignore[method-assign]
    if not done:
        with pytest.raises(Unreachable):
            scene.work(again=True)
        return
    scene.work(again=True)
    assert (scene.books.deletes, scene.sent) == (["new"], ["v1"])


def test_pending_versions_are_waited_for_if_the_order_depends_on_them(make: Make) -> None:
    """The null version is PENDING: what may follow is only known after it is replicated."""
    scene = make(version("v1"), version("null", "PENDING"))
    (null,) = scene.rows("source")[1:]
    scene.arrivals = [(scene.time.now + 5, lambda: scene.arrive(null))]
    assert not scene.work(patient=False)
    assert scene.work()
    assert scene.sent == ["v1"]
    assert sum(scene.time.slept) >= 5


def test_pending_versions_are_not_waited_for_if_the_null_version_must_not_be_sent(
    make: Make,
) -> None:
    scene = make(version("v1", "PENDING"), version("null"))
    assert scene.work(patient=False)
    assert scene.books.skipped == {"null": "null-after-newer"}


@pytest.mark.parametrize(
    ("stamp", "waits"),
    [
        ({"status": "PENDING", "role": ROLES}, True),
        ({"status": "PROCESSING", "role": ROLES}, True),
        ({"status": "PENDING", "role": "other-role,target-role"}, False),
        ({"status": "FAILED", "role": ROLES}, False),
        ({}, False),
    ],
)
def test_a_pending_marker_is_waited_for(
    make: Make, monkeypatch: pytest.MonkeyPatch, stamp: dict[str, str], waits: bool
) -> None:
    monkeypatch.setattr(backfill_key.s3_objects, "stamp", lambda *_version: stamp)
    scene = make(marker("m"), version("v1"))
    assert scene.work(patient=False) != waits


@pytest.mark.parametrize(
    ("state", "reason", "selected", "found"),
    [
        ("failed", "", True, "failed"),
        ("delete_marker_covered", "", True, "in_sync"),
        ("uninspected", "", True, "different"),
        ("not_selected", "replica", True, "replica_without_source"),
        ("not_selected", "replica", False, "not_selected"),
        ("not_selected", "rule", True, "not_selected"),
        ("missing", "replica", True, "missing"),
    ],
)
def test_states_of_versions_for_the_rules_for_sending(
    state: str, reason: str, selected: bool, found: str
) -> None:
    problem = Problem("k", "v1", state, "source", status="FAILED", reason=reason)
    assert backfill_key._state(problem, selected) == (found, "FAILED")
    assert backfill_key._state(None, selected) == ("in_sync", None)


@pytest.mark.parametrize(("seconds", "waits"), [(9, True), (10, False)])
def test_a_new_marker_whose_status_cannot_be_read_may_be_pending(
    make: Make, monkeypatch: pytest.MonkeyPatch, seconds: int, waits: bool
) -> None:
    def refused(*_version: Any) -> Any:
        raise Forbidden(Call("GetObject", "http://node1", "read"), "No")

    monkeypatch.setattr(backfill_key.s3_objects, "stamp", refused)
    scene = make(marker("m"), version("v1"))
    scene.now = MODIFIED + timedelta(seconds=seconds)
    assert scene.work(patient=False) != waits


@pytest.mark.parametrize(
    ("source", "target", "concerned"),
    [
        (["v2", "v1"], ["v2", "v1"], False),
        (["v2", "v1"], ["v2"], True),
        (["v2"], ["v2", "v1"], False),
        # A listing does not prove that a null version below newer ones is replicated.
        (["v1", "null"], ["v1", "null"], True),
        (["null", "v1"], ["null", "v1"], False),
        (["null"], ["null"], True),
    ],
)
def test_keys_that_a_backfill_processes(
    make: Make, source: list[str], target: list[str], concerned: bool
) -> None:
    scene = make(*map(version, source), target=list(map(version, target)))
    assert scene.key_work(Choice(FAILED)).concerns(scene.case) == concerned
    lacking = bool(set(source) - set(target))
    assert scene.key_work(Choice(frozenset({"failed"}))).concerns(scene.case) == lacking


@pytest.mark.parametrize(
    ("since", "before", "excluded"),
    [
        ("", "", set()),
        ("2026-01-02T00:00:00.000Z", "", {"v1"}),
        ("", "2026-01-02T00:00:00.000Z", {"v2", "v3"}),
        ("2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z", {"v1", "v3"}),
    ],
)
def test_versions_of_other_times_are_not_selected(
    since: str, before: str, excluded: set[str]
) -> None:
    entries = [
        Entry(b"v%d" % day, modified=b"2026-01-0%dT00:00:00.000Z" % day) for day in (3, 2, 1)
    ]
    rows = Bucket({KEY_NAME: entries}).rows()
    selection = Choice(FAILED, {"k": {"v9"}}, since, before).selection("k", rows)
    assert selection.excluded == excluded
    assert selection.version_ids == {"v9"}
    assert Choice(FAILED, {"k": {"v9"}}).selection("other", rows).version_ids == frozenset()


def test_delete_markers_that_are_missing_are_listed_unless_only_named_versions_are_sent() -> None:
    assert "delete_marker_missing" in Choice(FAILED).selection("k", []).states
    named = Choice(frozenset(), {"k": {"v1"}}).selection("k", [])
    assert named.states == frozenset()
    assert not named.delete_again
