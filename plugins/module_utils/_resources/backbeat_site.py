# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manages whether Backbeat replicates to a site, and when a paused site resumes by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from .._clients import backbeat
from .._clients.api import Api
from .._clients.backbeat import NoRoute
from .._clients.session import Connections
from .._documents.schedule import HOUR, Resume, check_until, resume_in, resume_until
from .._waiting import Backoff, Progress
from .._work import Change, InvalidDocument, Plan, Refused

Wait = Literal["none", "status", "flow"]


@dataclass(frozen=True)
class Site:
    """One site; `resume_at`: the scheduled resume, None for no schedule."""

    enabled: bool
    resume_at: datetime | None = None


@dataclass(frozen=True)
class State:
    """The sites by name. `schedules` is False if the server has no route for scheduled resumes."""

    sites: Mapping[str, Site]
    schedules: bool = True


@dataclass(frozen=True)
class SiteRequest:
    """The desired state of one site, or of all of them.

    until, hours: when paused sites resume by themselves; None for both leaves a schedule as it is.
    force: whether another schedule may be replaced or ended.
    """

    backbeat_url: str
    name: str = backbeat.ALL
    running: bool = True
    until: str | None = None
    hours: int | None = None
    force: bool = False
    wait: Wait = "status"
    wait_timeout: float = 300.0
    wait_max_delay: float = 5.0

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> SiteRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        running = options["state"] == "running"
        until, hours = options["until"], options["hours"]
        if running and (until is not None or hours is not None):
            raise InvalidDocument(
                "until and hours say when a paused site resumes: give them with state: paused, or leave them out."
            )
        if hours is not None:
            resume_in(hours, _EPOCH)
        return cls(
            backbeat_url=options["backbeat_url"],
            name=options["site"],
            running=running,
            until=None if until is None else check_until(until),
            hours=hours,
            force=bool(options["force"]),
            wait=options["wait"],
            wait_timeout=float(options["wait_timeout"]),
            wait_max_delay=float(options["wait_max_delay"]),
        )


_EPOCH = datetime.fromtimestamp(0, timezone.utc)


class BackbeatSite:
    """The resource "sites of Backbeat"."""

    def __init__(
        self,
        request: SiteRequest,
        api: Api,
        progress: Progress | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        self.request = request
        self.api = api
        self.progress = progress or Progress()
        self.now = now

    @classmethod
    def build(cls, request: SiteRequest, connections: Connections) -> BackbeatSite:
        """Build it for the API at the request's URL."""
        return cls(request, connections.backbeat(request.backbeat_url), connections.progress)

    def read(self) -> State:
        enabled = backbeat.sites(self.api)
        name = self.request.name
        if name not in (*enabled, backbeat.ALL):
            known = ", ".join(sorted(enabled)) or "none"
            raise Refused(
                f"Backbeat at {self.api.endpoint} has no site {name}: its sites are {known}. Check the name."
            )
        names = sorted(enabled) if name == backbeat.ALL else [name]
        try:
            resumes = backbeat.resume_times(self.api)
        except NoRoute:
            return State({one: Site(enabled[one]) for one in names}, schedules=False)
        return State({one: Site(enabled[one], resumes.get(one)) for one in names})

    def plan(self, current: State | None) -> Plan[State]:
        current = current or State({})
        after = dict(current.sites)
        changes: list[Change[State]] = []
        warnings: list[str] = []
        resume = None if self.request.running else self._resume()
        if resume is not None and not current.schedules:
            raise Refused(
                f"Backbeat at {self.api.endpoint} cannot schedule a resume: leave until and hours out, and resume the "
                "site with state: running."
            )
        for name, site in current.sites.items():
            if self.request.running:
                after[name] = self._plan_running(name, site, changes)
            else:
                after[name] = self._plan_paused(name, site, resume, changes, warnings)
        return Plan(replace(current, sites=after), tuple(changes), tuple(warnings))

    def describe(self, state: State | None) -> dict[str, Any] | None:
        return {"name": self.request.name, "sites": _described(state or State({}))}

    def compared(self, state: State | None) -> dict[str, Any]:
        found = _described(state or State({}))
        return {
            one["name"]: {"state": one["state"], "resume_at": one["resume_at"]} for one in found
        }

    def _resume(self) -> Resume | None:
        if self.request.until is not None:
            return resume_until(self.request.until, self.now())
        if self.request.hours is not None:
            return resume_in(self.request.hours, self.now())
        return None

    def _plan_running(self, name: str, site: Site, changes: list[Change[State]]) -> Site:
        if site.enabled:
            return site
        self._check_schedule(name, site)
        changes.append(Change("ResumeSite", name, lambda state: self._run(name, state)))
        return Site(True)

    def _plan_paused(
        self,
        name: str,
        site: Site,
        resume: Resume | None,
        changes: list[Change[State]],
        warnings: list[str],
    ) -> Site:
        after = site
        if site.enabled:
            after = Site(False)
            changes.append(Change("PauseSite", name, lambda state: self._pause(name, state)))
        if resume is None:
            if after.resume_at is not None:
                warnings.append(
                    f"The site {name} at {self.api.endpoint} resumes by itself at {_utc(after.resume_at)}: "
                    "an earlier schedule is kept."
                )
            return after
        if resume.is_met_by(after.resume_at):
            return after
        self._check_schedule(name, after)
        hours = resume.hours
        after = Site(False, self.now() + hours * HOUR)
        subject = f"{name} in {hours} h, at {_utc(after.resume_at)}"
        changes.append(
            Change("ScheduleSiteResume", subject, lambda state: self._schedule(name, hours, state))
        )
        return after

    def _check_schedule(self, name: str, site: Site) -> None:
        if site.resume_at is None or self.request.force:
            return
        raise Refused(
            f"The site {name} at {self.api.endpoint} is paused until {_utc(site.resume_at)}, which another operator "
            "may rely on. Wait until then, or set force to replace that schedule."
        )

    def _pause(self, name: str, state: State | None) -> State | None:
        backbeat.pause(self.api, name)
        if self.request.wait != "none":
            self._wait_for(name, enabled=False)
        return _replaced(state, name, Site(False))

    def _run(self, name: str, state: State | None) -> State | None:
        before = self._completions(name)
        backbeat.resume(self.api, name)
        if self.request.wait != "none":
            self._wait_for(name, enabled=True)
        if before is not None:
            self._wait_for_flow(name, before)
        return _replaced(state, name, Site(True))

    def _schedule(self, name: str, hours: int, state: State | None) -> State | None:
        # Backbeat ignores a schedule for a site that is not paused, and acts on both requests later.
        self._wait_for(name, enabled=False)
        before = backbeat.resume_times(self.api).get(name)
        backbeat.schedule_resume(self.api, name, hours)
        backoff = self._backoff()
        while (at := backbeat.resume_times(self.api).get(name)) in (None, before):
            self.progress.waiting(f"waiting for the scheduled resume of the site {name}")
            if not backoff.pause():
                raise Refused(
                    f"The resume of the site {name} at {self.api.endpoint} is not scheduled "
                    f"{self.request.wait_timeout:.0f} s after Backbeat accepted the request. Check Backbeat's log and "
                    "its health (backbeat_service_info)."
                )
        return _replaced(state, name, Site(False, at))

    def _backoff(self) -> Backoff:
        return replace(
            self.api.backoff, timeout=self.request.wait_timeout, cap=self.request.wait_max_delay
        )

    def _wait_for(self, name: str, *, enabled: bool) -> None:
        """Wait until the site has this status. Backbeat answers a request before it changes the status."""
        backoff = self._backoff()
        wanted = "running" if enabled else "paused"
        while backbeat.sites(self.api).get(name) is not enabled:
            self.progress.waiting(f"waiting for the site {name} to be {wanted}")
            if not backoff.pause():
                raise Refused(
                    f"The site {name} at {self.api.endpoint} is not {wanted} {self.request.wait_timeout:.0f} s after "
                    "Backbeat accepted the request. Check Backbeat's log and its health (backbeat_service_info)."
                )

    def _completions(self, name: str) -> int | None:
        if self.request.wait != "flow":
            return None
        return backbeat.metrics(self.api, name).completions.count

    def _wait_for_flow(self, name: str, before: int) -> None:
        """Wait for completions: after a resume, Kafka's consumers regroup for about 30 to 45 s."""
        backoff = self._backoff()
        while True:
            metrics = backbeat.metrics(self.api, name)
            backlog = metrics.backlog.count
            if metrics.completions.count > before or not backlog:
                return
            self.progress.waiting(f"waiting for the site {name} to replicate: {backlog:,} pending")
            if not backoff.pause():
                raise Refused(
                    f"The site {name} at {self.api.endpoint} is running, but nothing was replicated within "
                    f"{self.request.wait_timeout:.0f} s; {backlog:,} operations are pending. "
                    "Check Backbeat's health (backbeat_service_info) and the pair (backbeat_preflight)."
                )


def _replaced(state: State | None, name: str, site: Site) -> State | None:
    return state and replace(state, sites={**state.sites, name: site})


def _described(state: State) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "state": "running" if site.enabled else "paused",
            "resume_at": None if site.resume_at is None else _utc(site.resume_at),
        }
        for name, site in sorted(state.sites.items())
    ]


def _utc(moment: datetime | None) -> str:
    """ISO 8601 to the minute, the accuracy of a prediction; rounded up, as Backbeat's schedules are."""
    if moment is None:
        return "never"
    rounded = moment.astimezone(timezone.utc)
    if rounded.second or rounded.microsecond:
        rounded = rounded.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return rounded.strftime("%Y-%m-%dT%H:%MZ")
