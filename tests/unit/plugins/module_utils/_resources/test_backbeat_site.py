# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pausing, resuming and scheduling sites: plans, refusals and waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients import backbeat
from ansible_collections.scality.backbeat.plugins.module_utils._clients.backbeat import (
    Amount,
    Metrics,
    NoRoute,
    Rate,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import Call
from ansible_collections.scality.backbeat.plugins.module_utils._resources.backbeat_site import (
    BackbeatSite,
    Site,
    SiteRequest,
    State,
    _utc,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import Refused

from ...backbeat_stub import Backbeat
from ...fake_client import Time

NOW = datetime(2026, 11, 22, 17, 30, tzinfo=timezone.utc)
LATER = NOW + timedelta(hours=5)
URL = "http://node1:8900"


class Server:
    """Backbeat in memory: sites, when changes take effect, and a sequence of metrics."""

    def __init__(self, **sites: Site) -> None:
        self.sites: dict[str, Site] = dict(sites)
        self.lag: list[Mapping[str, bool]] = []
        self.flow: list[tuple[int, int]] = [(0, 0)]
        self.done: list[str] = []
        self.schedules = True

    def install(self, patch: pytest.MonkeyPatch) -> Server:
        for name in ("sites", "resume_times", "metrics", "pause", "resume", "schedule_resume"):
            patch.setattr(backbeat, name, getattr(self, f"_{name}"))
        return self

    def _sites(self, _api: Any) -> Mapping[str, bool]:
        if self.lag and self.done:
            return self.lag.pop(0)
        return {name: site.enabled for name, site in self.sites.items()}

    def _resume_times(self, _api: Any) -> Mapping[str, datetime | None]:
        if not self.schedules:
            raise NoRoute(Call("GetResumeSchedule", URL, ""), "no")
        return {name: site.resume_at for name, site in self.sites.items()}

    def _metrics(self, _api: Any, site: str = "all") -> Metrics:
        completions, backlog = self.flow.pop(0) if len(self.flow) > 1 else self.flow[0]
        none = Amount(0, 0)
        return Metrics(Amount(backlog, 0), none, Amount(completions, 0), none, Rate(0, 0))

    def _pause(self, _api: Any, site: str) -> None:
        self.done.append(f"pause {site}")
        self.sites[site] = Site(False)

    def _resume(self, _api: Any, site: str) -> None:
        self.done.append(f"resume {site}")
        self.sites[site] = Site(True)

    def _schedule_resume(self, _api: Any, site: str, hours: int) -> None:
        self.done.append(f"schedule {site} {hours}")
        self.sites[site] = Site(False, NOW + timedelta(hours=hours))


def resource(time: Time | None = None, **options: Any) -> BackbeatSite:
    api = Backbeat(URL).api("backbeat-direct")
    api.backoff = (time or Time()).backoff(0)
    return BackbeatSite(SiteRequest(URL, **options), api, now=lambda: NOW)


def planned(server: Server, **options: Any) -> tuple[list[str], list[str]]:
    one = resource(**options)
    plan = one.plan(one.read())
    return [str(change) for change in plan.changes], list(plan.warnings)


def apply(one: BackbeatSite) -> State | None:
    state: State | None = one.read()
    for change in one.plan(state).changes:
        state = change.apply(state)
    return state


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(a=Site(True), b=Site(False)).install(monkeypatch)


def test_only_differences_are_changed(server: Server) -> None:
    assert planned(server)[0] == ["ResumeSite b"]
    assert planned(server, running=False)[0] == ["PauseSite a"]
    assert planned(server, name="a") == ([], [])
    assert planned(server, name="b", running=False) == ([], [])


def test_pausing_and_resuming_converge(server: Server) -> None:
    for running in (False, True):
        one = resource(running=running)
        after = apply(one)
        assert after == one.read()
        assert not one.plan(after).changes
    assert server.done == ["pause a", "resume a", "resume b"]


def test_an_unknown_site(server: Server) -> None:
    with pytest.raises(Refused, match=r"no site c: its sites are a, b\."):
        resource(name="c").read()


def test_a_schedule_is_predicted_set_and_then_kept(server: Server) -> None:
    one = resource(name="a", running=False, until="2026-11-22T22:10:00Z")
    changes = ["PauseSite a", "ScheduleSiteResume a in 5 h, at 2026-11-22T22:30Z"]
    plan = one.plan(one.read())
    assert [str(change) for change in plan.changes] == changes
    assert apply(one) == plan.after == State({"a": Site(False, LATER)})
    assert server.done == ["pause a", "schedule a 5"]
    assert not one.plan(one.read()).changes


def test_another_schedule_is_only_changed_with_force(server: Server) -> None:
    server.sites["b"] = Site(False, LATER)
    for options in ({"running": False, "hours": 2}, {"running": True}):
        with pytest.raises(Refused, match=r"paused until 2026-11-22T22:30Z, .*set force"):
            planned(server, name="b", **options)
        assert len(planned(server, name="b", force=True, **options)[0]) == 1


def test_an_unrequested_schedule_is_kept_with_a_warning(server: Server) -> None:
    server.sites["b"] = Site(False, LATER)
    changes, warnings = planned(server, name="b", running=False)
    assert changes == []
    assert "resumes by itself at 2026-11-22T22:30Z" in warnings[0]


def test_a_server_that_cannot_schedule(server: Server) -> None:
    server.schedules = False
    assert planned(server, running=False)[0] == ["PauseSite a"]
    with pytest.raises(Refused, match="cannot schedule a resume"):
        planned(server, running=False, hours=2)


def test_it_waits_for_the_status(server: Server) -> None:
    time = Time()
    server.lag = [{"a": True, "b": False}] * 3
    apply(resource(time, name="a", running=False))
    assert len(time.slept) == 3


def test_a_status_that_never_changes_is_a_failure(server: Server) -> None:
    server.lag = [{"a": True, "b": False}] * 1000
    with pytest.raises(Refused, match="is not paused 20 s after"):
        apply(resource(name="a", running=False, wait_timeout=20.0))
    server.lag = [{"a": True, "b": False}] * 1000
    server.sites["a"] = Site(True)
    server.done = []
    apply(resource(name="a", running=False, wait="none"))


@pytest.mark.parametrize(
    "flow", [[(5, 9), (5, 9), (5, 9), (6, 8)], [(5, 9), (5, 9), (5, 9), (5, 0)]]
)
def test_replication_works_after_a_completion_or_with_an_empty_backlog(
    server: Server, flow: list[tuple[int, int]]
) -> None:
    time = Time()
    server.flow = flow
    apply(resource(time, name="b", wait="flow"))
    assert len(time.slept) == 2


def test_no_completions_are_a_failure(server: Server) -> None:
    server.flow = [(5, 9)]
    with pytest.raises(Refused, match="nothing was replicated within 60 s; 9 operations"):
        apply(resource(name="b", wait="flow", wait_timeout=60.0))


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 3, 1, 23, 59, tzinfo=timezone.utc), "2026-03-01T23:59Z"),
        (datetime(2026, 3, 1, 23, 59, 1, tzinfo=timezone.utc), "2026-03-02T00:00Z"),
        (datetime(2026, 3, 1, 23, 59, 0, 1, tzinfo=timezone.utc), "2026-03-02T00:00Z"),
        (datetime(2026, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2026-02-28T23:00Z"),
        (None, "never"),
    ],
)
def test_moments_are_shown_in_utc_rounded_up_to_the_minute(
    moment: datetime | None, shown: str
) -> None:
    assert _utc(moment) == shown
