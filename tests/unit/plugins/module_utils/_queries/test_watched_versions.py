# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions are failed or stuck in consecutive readings, without servers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import (
    FailedVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Call,
    Forbidden,
    Unreachable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.version_pages import (
    Marker,
    Page,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.events import (
    FAILED,
    STUCK,
    Reading,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_compare import (
    KEY,
    VERSION_ID,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_questions import (
    Head,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries import watched_versions
from ansible_collections.scality.backbeat.plugins.module_utils._queries.watched_versions import (
    Limits,
    WatchedVersions,
)

from .._documents.histories import Bucket, Entry, after

PAGE = 2
NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
ROLES = "source-role,target-role"
HOUR = timedelta(hours=1)


def entry(status: str | None, hours: float = 2.0, name: str = "v1") -> Entry:
    """A version that was put this number of hours before NOW."""
    put = (NOW - timedelta(hours=hours)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Entry(name.encode(), status=status, modified=put.encode())


class Scene:
    """A pair of buckets that is read repeatedly, as by the event source."""

    def __init__(self, **limits: Any) -> None:
        self.limits = Limits(**{"stuck_after": 900.0, **limits})
        self.source, self.target = Bucket(), Bucket()
        self.prefixes = [""]
        self.stamped: str | Exception = ROLES
        self.target_error: Exception | None = None
        self.failed: Sequence[FailedVersion] | None = ()
        self.now = NOW
        self.note: Mapping[str, Any] = {}
        self.known: dict[str, dict[str, Any]] = {}
        self.heads: list[str] = []
        self.target_pages = 0
        self.versions: WatchedVersions | None = None

    def read(self, **options: Any) -> Reading:
        source: Any = SimpleNamespace(bucket=self.source, scene=self)
        target: Any = SimpleNamespace(bucket=self.target, scene=self)
        self.heads = []
        self.target_pages = 0
        self.versions = WatchedVersions(source, target, ("s", "t"), self.limits, {"host": "node1"})
        reading = self.versions.read(
            "area", self.note, self.known, self.failed, self.now, **options
        )
        self.note = json.loads(json.dumps(reading.note))
        return reading

    def found(self, **options: Any) -> list[tuple[str, str, str]]:
        """The kind, key and cause of each problem in one reading."""
        return [
            (one.kind, one.subject[0], one.facts.get("cause", ""))
            for one in self.read(**options).problems
        ]

    def replication(self) -> dict[str, Any] | None:
        rules = [{"Prefix": prefix, "Status": "Enabled"} for prefix in self.prefixes]
        return {"Role": ROLES, "Rules": [*rules, {"Prefix": "off/", "Status": "Disabled"}]}


class Listing:
    def __init__(self, api: Any, bucket: str, prefix: str) -> None:
        self.api = api
        self.rows = [row for row in api.bucket.rows() if row[KEY].startswith(prefix.encode())]

    def page(self, marker: Marker) -> Page:
        scene = self.api.scene
        if self.api.bucket is scene.target:
            scene.target_pages += 1
            if scene.target_error:
                raise scene.target_error
        rows = after(self.rows, marker.key, marker.version_id)
        last = rows[PAGE - 1] if len(rows) > PAGE else None
        return Page(rows[:PAGE], None if last is None else Marker(last[KEY], last[VERSION_ID]))


class Heads:
    def __init__(self, api: Any, bucket: str) -> None:
        self.api = api

    def head(self, key: bytes, version_id: bytes) -> Head | None:
        self.api.scene.heads.append(key.decode())
        return self.api.bucket.head(key, version_id)


@pytest.fixture(autouse=True)
def without_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    def stamped(api: Any, *_version: str) -> str:
        if isinstance(api.scene.stamped, Exception):
            raise api.scene.stamped
        return str(api.scene.stamped)

    def replication(api: Any, _bucket: str) -> Any:
        return api.scene.replication()

    monkeypatch.setattr(watched_versions, "VersionListing", Listing)
    monkeypatch.setattr(watched_versions, "HeadRequests", Heads)
    monkeypatch.setattr(watched_versions.s3_buckets, "replication", replication)
    monkeypatch.setattr(watched_versions.s3_objects, "stamped_roles", stamped)


def test_without_a_configuration_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.source.keys = {b"a": [entry("PENDING")]}
    monkeypatch.setattr(scene, "replication", lambda: None)
    assert scene.read() == Reading("area")


def test_a_version_is_stuck_after_it_was_pending_for_long_enough() -> None:
    """The time before the first reading does not count: the configuration may be a minute old."""
    scene = Scene()
    scene.source.keys = {b"a": [entry("PENDING")]}
    assert scene.found() == []
    scene.now += timedelta(seconds=899)
    assert scene.found() == []
    scene.now += timedelta(seconds=1)
    assert scene.found() == [(STUCK, "a", "nothing-arrives")]


def test_a_version_that_was_overtaken_by_newer_ones_is_stuck() -> None:
    scene = Scene()
    arrived = [entry("COMPLETED", hours=1)]
    scene.source.keys = {b"a": [entry("PROCESSING")], b"b": arrived}
    scene.target.keys = {b"b": arrived}
    scene.read()
    scene.now += HOUR
    assert scene.found() == [(STUCK, "a", "overtaken")]
    # The first cause stays.
    scene.known = {one.name: {"cause": "nothing-arrives"} for one in scene.read().problems}
    assert scene.found() == [(STUCK, "a", "nothing-arrives")]


def test_a_version_as_old_as_the_newest_replica_was_not_overtaken() -> None:
    scene = Scene()
    scene.source.keys = {b"a": [entry("PENDING")], b"b": [entry("COMPLETED")]}
    scene.target.keys = {b"b": [entry("REPLICA")]}
    scene.read()
    scene.now += HOUR
    assert scene.found() == [(STUCK, "a", "nothing-arrives")]


@pytest.mark.parametrize("roles", ["other-role,target-role", "z-role,target-role"])
def test_a_version_of_other_roles_is_stuck_at_once(roles: str) -> None:
    scene = Scene()
    scene.source.keys = {b"a": [entry("PENDING")]}
    scene.stamped = roles
    assert scene.found() == [(STUCK, "a", "roles-changed")]


def test_roles_of_some_versions_are_read_at_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_versions, "STAMPS", 2)
    scene = Scene()
    scene.source.keys = {key: [entry("PENDING")] for key in (b"a", b"b", b"c")}
    scene.stamped = "other-role,target-role"
    assert [key for _kind, key, _cause in scene.found()] == ["a", "b"]


def test_roles_that_must_not_be_read_are_requested_once() -> None:
    scene = Scene()
    scene.source.keys = {key: [entry("PENDING")] for key in (b"a", b"b")}
    scene.stamped = Forbidden(Call("GetObject", "http://node1", "read"), "No")
    assert scene.found() == []
    assert scene.versions is not None
    assert scene.versions._stamps == 0


def test_time_in_which_a_site_is_paused_does_not_count() -> None:
    scene = Scene()
    scene.source.keys = {b"a": [entry("PENDING")]}
    scene.read()
    scene.now += HOUR
    assert scene.found(paused=True) == []
    scene.now += timedelta(seconds=899)
    assert scene.found() == []
    scene.now += timedelta(seconds=1)
    assert scene.found() == [(STUCK, "a", "nothing-arrives")]


def test_new_versions_delete_markers_and_replicated_versions_are_not_read() -> None:
    scene = Scene()
    there = [entry("COMPLETED")]
    marker = Entry(b"v1", marker=True, modified=b"2026-01-01T00:00:00.000Z")
    scene.source.keys = {
        b"a": [entry("PENDING", hours=0.2)],
        b"b": [marker],
        b"c": there,
        b"d": [entry("PENDING", hours=0.3)],
    }
    scene.target.keys = {b"c": there}
    scene.read()
    assert scene.heads == ["d"]


def test_a_replicated_or_deleted_version_is_no_longer_watched() -> None:
    scene = Scene()
    scene.source.keys = {key: [entry("PENDING")] for key in (b"a", b"b")}
    scene.read()
    assert len(scene.note["pending"]) == 2
    scene.source.keys = {b"a": [entry("COMPLETED")]}
    scene.target.keys = {b"a": [entry("REPLICA")]}
    scene.now += HOUR
    assert scene.found() == []
    assert scene.note["pending"] == {}


def test_an_unlisted_failed_version_is_found_if_failures_are_requested() -> None:
    scene = Scene()
    scene.source.keys = {b"a": [entry("FAILED")]}
    assert scene.found() == [(FAILED, "a", "")]
    scene.failed = None
    assert scene.found() == []


def test_listed_failures_are_reported_once_for_all_sites_up_to_a_limit() -> None:
    scene = Scene(limit=2, stuck_after=0)
    scene.failed = [
        FailedVersion("s", key, "v1", site, 1, None) for key in "abc" for site in ("x", "y")
    ]
    problems = scene.read().problems
    assert [(one.subject, one.facts.get("sites")) for one in problems] == [
        (("a", "v1"), ["x", "y"]),
        (("b", "v1"), ["x", "y"]),
        (("more",), None),
    ]
    assert problems[-1].facts["count"] == 3
    assert "lists 3 failed versions; events name 2 of them" in problems[-1].facts["what"]
    scene.failed = scene.failed[:4]
    assert len(scene.read().problems) == 2


def test_each_reading_continues_where_the_last_one_ended() -> None:
    scene = Scene(pages=1)
    scene.prefixes = ["a/", "b/"]
    keys = [b"a/%d" % number for number in range(3)] + [b"b/0", b"c/0"]
    scene.source.keys = {key: [entry("COMPLETED")] for key in keys}
    asked = []
    for _reading in range(4):
        scene.read()
        asked.append(scene.heads)
    # A page may end within the versions of a key, so its last key is left to the next reading.
    assert asked == [["a/0"], ["a/1", "a/2"], ["b/0"], ["a/0"]]


def test_all_prefixes_of_rules_have_their_turn() -> None:
    scene = Scene()
    scene.prefixes = ["a/", "b/", "c/"]
    scene.source.keys = {key: [entry("COMPLETED")] for key in (b"a/0", b"b/0", b"c/0", b"off/0")}
    asked = []
    for _reading in range(4):
        scene.read()
        asked += scene.heads
    assert asked == ["a/0", "b/0", "c/0", "a/0"]


def test_versions_within_the_limit_are_all_read_in_one_reading() -> None:
    scene = Scene(limit=2)
    scene.source.keys = {key: [entry("COMPLETED")] for key in (b"a", b"b")}
    scene.read()
    assert (scene.heads, scene.note["after"]) == (["a", "b"], "")
    scene.source.keys[b"c"] = [entry("COMPLETED")]
    scene.read()
    assert (scene.heads, scene.note["after"]) == (["a", "b"], "b")


def test_the_target_is_read_no_further_than_the_source() -> None:
    scene = Scene(pages=3)
    rows = {b"%d" % number: [entry("COMPLETED")] for number in range(6)}
    scene.source.keys = {b"0": rows[b"0"]}
    scene.target.keys = {**rows}
    scene.read()
    assert scene.target_pages == 1
    # Pages of the target that end before the source's are not enough.
    scene.target.keys = {b"%d" % number: rows[b"0"] for number in (0, 1, 2)}
    scene.source.keys = {b"3": rows[b"0"]}
    scene.read()
    assert scene.target_pages == 2


def test_versions_over_the_limit_are_left_to_the_next_readings() -> None:
    scene = Scene(limit=3)
    scene.source.keys = {b"%d" % number: [entry("PENDING")] for number in range(5)}
    scene.read()
    assert scene.heads == ["0", "1", "2"]
    scene.source.keys = {
        key: [entry("COMPLETED" if key < b"2" else "PENDING")] for key in scene.source.keys
    }
    scene.read()
    # There is no room: the first ones are read again.
    assert scene.heads == ["0", "1", "2"]
    scene.read()
    assert scene.heads == ["2", "3", "4"]


def test_a_problem_for_which_no_request_is_left_stays_as_it_is() -> None:
    scene = Scene(limit=1)
    scene.source.keys = {key: [entry("PENDING")] for key in (b"a", b"b")}
    names = [json.dumps([STUCK, "area", key, "v1"]) for key in "ab"]
    scene.known = {name: {"cause": "overtaken"} for name in names}
    reading = scene.read()
    assert [one.name for one in reading.problems] == names[:1]
    assert reading.checked is not None
    assert names[0] in reading.checked
    assert names[1] not in reading.checked
    scene.known = {names[0]: {"cause": "overtaken"}}
    assert scene.read().checked is None


@pytest.mark.parametrize("kind", [FAILED, STUCK])
def test_a_version_of_an_open_problem_is_read_until_the_problem_is_resolved(kind: str) -> None:
    """The target has it now, so a comparison does not find it."""
    scene = Scene()
    scene.source.keys = {b"a": [entry("COMPLETED")]}
    scene.target.keys = {b"a": [entry("REPLICA")]}
    scene.known = {json.dumps([kind, "area", "a", "v1"]): {}}
    reading = scene.read()
    assert scene.heads == ["a"]
    assert (reading.problems, reading.checked) == ((), None)


def test_failures_are_reported_although_the_target_cannot_be_read() -> None:
    scene = Scene()
    scene.source.keys = {b"a": [entry("PENDING")]}
    scene.failed = [FailedVersion("s", "k", "v1", "x", 1, None)]
    scene.target_error = Unreachable(Call("ListObjectVersions", "http://node6", "list"), "away")
    assert scene.found() == [(FAILED, "k", "")]
    assert scene.versions is not None
    assert scene.versions.target_error is scene.target_error


def test_nothing_is_compared_if_stuck_versions_are_not_requested() -> None:
    scene = Scene(stuck_after=0)
    scene.source.keys = {b"a": [entry("PENDING")]}
    scene.stamped = "other"
    assert scene.found() == []
    assert scene.heads == []
