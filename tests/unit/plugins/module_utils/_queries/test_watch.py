# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One reading of all pairs: the calls to endpoints, the problems of each pair, and the effects of an outage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import (
    FailedVersion,
    NoRoute,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Call,
    NotFound,
    Unreachable,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.events import (
    FINDING,
    OUTAGE,
    PAUSED,
    Reading,
    advance,
    empty_state,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries import watch
from ansible_collections.scality.backbeat.plugins.module_utils._queries.preflight.preflight import (
    PreflightRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.watch import (
    Watch,
    WatchedPair,
    WatchRequest,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
BACKBEAT = "http://node1:8900"


def pair(name: str) -> WatchedPair:
    """A pair from a bucket to one whose name ends in -copy; both pairs have the same Backbeat."""
    side = {"iam": None, "role": None}
    source = {**side, "bucket": name, "s3": {"endpoint_url": "http://node1"}}
    target = {**side, "bucket": f"{name}-copy", "s3": {"endpoint_url": "http://node6"}}
    options = {
        "source": source,
        "target": target,
        "rules": None,
        "known_sites": None,
        "trusted_principals": ["backbeat"],
        "servers_since_2025": None,
        "before_setup": False,
        "endpoints_only": False,
        "object_samples": 0,
        "ignore": [],
        "fail_on": "never",
    }
    return WatchedPair(name, "node1", PreflightRequest.from_options(options), BACKBEAT)


def call(endpoint: str = "http://node1") -> Call:
    return Call("Any", endpoint, "ask")


class Scene:
    """Two pairs, and the calls about them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **request: Any) -> None:
        self.enabled: Mapping[str, bool] | Exception = {"node6": True}
        self.resumes: dict[str, datetime | None] = {}
        self.errors: dict[str, Exception] = {}
        self.target_error: Exception | None = None
        self.listed = [FailedVersion(name, "k", "v", "node6", 1, None) for name in ("aaa", "bbb")]
        self.asked: list[str] = []
        #: By source bucket, the arguments with which its versions were read.
        self.told: dict[str, tuple[Any, bool]] = {}
        self.known: dict[str, list[str]] = {}
        self.now = NOW
        self.state: dict[str, Any] = empty_state()
        pairs = (pair("aaa"), pair("bbb"))
        self.watch = Watch(WatchRequest(pairs, {}, **{"findings": False, **request}))
        api = SimpleNamespace(endpoint=BACKBEAT)
        connections = SimpleNamespace(main=None, backbeat=lambda url: api, open=lambda *_s3: None)
        monkeypatch.setattr(watch, "Connections", lambda *_s3, **_limits: connections)
        monkeypatch.setattr(watch.backbeat, "sites", self.sites)
        monkeypatch.setattr(watch.backbeat, "resume_times", lambda _api: self.resumes)
        monkeypatch.setattr(watch.backbeat, "failed_versions", lambda _api, _site: self.listed)
        monkeypatch.setattr(
            watch, "sites_to_ask", lambda _api, _sites: self.ask("failures") or [""]
        )
        monkeypatch.setattr(watch, "WatchedVersions", self.versions)

    def ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.errors:
            raise self.errors[what]

    def sites(self, _api: Any) -> Mapping[str, bool]:
        self.ask("sites")
        if isinstance(self.enabled, Exception):
            raise self.enabled
        return self.enabled

    def versions(self, _source: Any, _target: Any, buckets: tuple[str, str], *_more: Any) -> Any:
        def read(
            area: str, _note: Any, known: Any, failed: Any, _now: Any, *, paused: bool
        ) -> Reading:
            self.ask(f"versions of {buckets[0]}")
            told = None if failed is None else [one.bucket for one in failed]
            self.told[buckets[0]] = (told, paused)
            self.known[buckets[0]] = list(known)
            return Reading(area)

        return SimpleNamespace(read=read, target_error=self.target_error)

    def found(self) -> list[tuple[str, str]]:
        """The kind and last part of the subject of each problem, after one reading of everything."""
        readings = self.watch.read(self.state, self.now, findings=False)
        self.state, _events = advance(self.state, readings, self.now)
        return [(one.kind, one.subject[-1]) for reading in readings for one in reading.problems]


def test_each_pair_gets_the_failures_of_its_own_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch)
    assert scene.found() == []
    assert scene.told == {"aaa": (["aaa"], False), "bbb": (["bbb"], False)}
    # Both have the same Backbeat.
    assert scene.asked == ["sites", "failures", "versions of aaa", "versions of bbb"]


def test_open_problems_of_an_area_are_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch)
    for area in ("outages", "versions of aaa", "versions of bbb", "zzz"):
        scene.state["open"][f"problem in {area}"] = {"area": area, "occurrence": 1}
    scene.watch.read(scene.state, NOW, findings=False)
    assert scene.known == {
        "aaa": ["problem in versions of aaa"],
        "bbb": ["problem in versions of bbb"],
    }


def test_failures_are_not_listed_if_they_are_not_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, failed=False)
    scene.found()
    assert scene.told == {"aaa": (None, False), "bbb": (None, False)}
    assert "failures" not in scene.asked


def test_areas_have_names(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"versions of aaa", "versions of bbb"}
    findings = {"preflight of aaa", "preflight of bbb"}
    always = {"outages", f"sites of {BACKBEAT}"}
    assert Scene(monkeypatch).watch.areas == always | versions
    assert Scene(monkeypatch, findings=True).watch.areas == always | versions | findings
    quiet = watch.Limits(stuck_after=0)
    assert Scene(monkeypatch, limits=quiet).watch.areas == always | versions
    assert Scene(monkeypatch, failed=False, limits=quiet).watch.areas == always


def test_a_site_that_is_paused_for_too_long_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, paused_after=3600.0)
    scene.enabled = {"node6": False, "node7": True}
    assert scene.found() == []
    assert scene.told["aaa"] == (["aaa"], True)
    scene.now += timedelta(seconds=3600)
    assert scene.found() == [(PAUSED, "node6")]
    scene.resumes = {"node6": scene.now + timedelta(seconds=1)}
    assert scene.found() == []
    scene.now += timedelta(seconds=1)
    assert scene.found() == [(PAUSED, "node6")]
    scene.enabled = {"node6": True, "node7": True}
    assert scene.found() == []
    assert scene.told["aaa"] == (["aaa"], False)


def test_pauses_are_not_reported_if_they_are_not_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch, paused_after=0.0)
    scene.enabled = {"node6": False}
    scene.found()
    scene.now += timedelta(days=1)
    assert scene.found() == []


def test_servers_that_have_no_sites_and_no_backbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch)
    scene.enabled = scene.errors["failures"] = NoRoute(call(BACKBEAT), "404")
    assert scene.found() == []
    assert scene.told == {"aaa": ([], False), "bbb": ([], False)}


def test_a_backbeat_that_is_down_is_called_once_and_reported_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The age of pending versions is not meaningful then."""
    scene = Scene(monkeypatch)
    scene.errors["sites"] = Unreachable(call(BACKBEAT), "away")
    assert scene.found() == [(OUTAGE, f"Backbeat at {BACKBEAT}")]
    assert scene.asked == ["sites", "versions of aaa", "versions of bbb"]
    assert scene.told == {"aaa": ([], True), "bbb": ([], True)}
    scene.errors.clear()
    assert scene.found() == []
    assert scene.told == {"aaa": (["aaa"], False), "bbb": (["bbb"], False)}


def test_a_source_that_is_down_is_called_once_and_reported_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene(monkeypatch)
    scene.errors["versions of aaa"] = Unreachable(call(), "away")
    assert scene.found() == [(OUTAGE, "http://node1")]
    assert scene.asked == ["sites", "failures", "versions of aaa"]


def test_a_target_that_is_down_is_reported_and_a_missing_bucket_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A missing bucket is a finding of preflight."""
    scene = Scene(monkeypatch)
    scene.target_error = Unreachable(call("http://node6"), "away")
    assert scene.found() == [(OUTAGE, "http://node6")]
    scene.target_error = NotFound(call("http://node6"), "no bucket")
    assert scene.found() == []


def test_an_error_of_one_pair_does_not_end_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(monkeypatch)
    scene.errors["versions of aaa"] = KeyError("unforeseen")
    readings = scene.watch.read(scene.state, NOW, findings=False)
    (problem,) = [problem for reading in readings for problem in reading.problems]
    assert (problem.kind, problem.subject[-1]) == (FINDING, "versions of aaa")
    assert "Unexpected KeyError: 'unforeseen'" in problem.facts["what"]
    assert "bbb" in scene.told
