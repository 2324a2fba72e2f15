# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request of a verification, from the options of a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .._documents.moments import moment_of
from .._documents.verify_scope import Scope
from .._documents.verify_states import accepted
from .._work import InvalidDocument
from .job import JobLimits
from .verify_bodies import Bodies
from .verify_listers import SideRequest


@dataclass(frozen=True)
class VerifyRequest:
    """What to compare, how thoroughly, and which differences are accepted. Times are in seconds.

    ranges: keys after the first text, up to and including the second (None: the end), for sharing a bucket among
    machines. run: names the run that the ranges are parts of. target_prefix: the prefix that the target adds to each
    key. backlog_age: the age of Backbeat's backlog; younger versions do not count as stuck. It is read at backbeat_url
    if that is given.
    """

    source: SideRequest
    target: SideRequest
    site: str = ""
    cloud: bool = False
    target_prefix: str = ""
    both_ways: bool | None = None
    run: str = ""
    prefix: str = ""
    scope: Scope = field(default_factory=Scope)
    bodies: Bodies = field(default_factory=Bodies)
    stuck_after: float = 3600.0
    backlog_age: float = 0.0
    backbeat_url: str = ""
    inspect_limit: int = 1_000_000
    recheck_limit: int = 10_000
    accepted: Mapping[str, int | None] = field(default_factory=dict)
    allow_empty: bool = False
    fail: bool = True
    listers: int = 8
    ramp: bool = True
    heads: int = 16
    limits: JobLimits = field(default_factory=JobLimits)
    checkpoint: str | None = None
    problems_file: str | None = None
    report_file: str | None = None
    status_file: str | None = None
    sent_file: str | None = None
    ranges: tuple[tuple[str, str | None], ...] = (("", None),)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> VerifyRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        bodies = options["bodies"] or {}
        return cls(
            source=SideRequest.from_options(options["source"]),
            target=SideRequest.from_options(options["target"]),
            site=options["site"] or "",
            cloud=bool(options["cloud"]),
            target_prefix=options["target_prefix"],
            both_ways=options["both_ways"],
            run=options["run"],
            prefix=options["prefix"],
            scope=_scope(options),
            bodies=_bodies(bodies),
            stuck_after=options["stuck_after"],
            backlog_age=options["backlog_age"] or 0.0,
            backbeat_url=options["backbeat_url"] or "",
            inspect_limit=options["inspect_limit"],
            recheck_limit=options["recheck_limit"],
            accepted=accepted(options["accept"] or {}),
            allow_empty=bool(options["allow_empty"]),
            fail=bool(options["fail"]),
            listers=max(1, options["listers"]),
            ramp=bool(options["ramp_up"]),
            heads=max(1, options["inspectors"]),
            limits=JobLimits(options["requests_per_second"], options["no_progress_timeout"]),
            checkpoint=options["checkpoint"],
            problems_file=options["problems_file"],
            report_file=options["report_file"],
            status_file=options["status_file"],
            sent_file=options["sent_file"],
            ranges=_ranges(options["ranges"]),
        )

    @property
    def compared(self) -> dict[str, Any]:
        """The scope in the form of the report; the same for all parts of a run."""
        return {
            "run": self.run,
            "prefix": self.prefix,
            "versions": "current" if self.scope.current else "all",
            "modified_since": self.scope.since or None,
            "modified_before": self.scope.before or None,
            "bodies": asdict(self.bodies),
            "site": self.site,
            "cloud": self.cloud,
            "target_prefix": self.target_prefix,
            "inspect_limit": self.inspect_limit,
        }


def _scope(options: Mapping[str, Any]) -> Scope:
    since, before = (
        moment_of(name, options[name]) for name in ("modified_since", "modified_before")
    )
    if options["cloud"] and (since or before):
        raise InvalidDocument(
            "modified_since and modified_before cannot be used with cloud: a cloud gives its copies times of "
            "its own."
        )
    return Scope(options["versions"] == "current", since, before)


def _bodies(options: Mapping[str, Any]) -> Bodies:
    share, number = options.get("share") or 0.0, options.get("number") or 0
    if not 0 <= share <= 1:
        raise InvalidDocument(f"bodies.share is {share}: give a number between 0 and 1.")
    return Bodies(share, number, options.get("seed") or 0)


def _ranges(given: Sequence[Mapping[str, Any]] | None) -> tuple[tuple[str, str | None], ...]:
    if not given:
        return (("", None),)
    return tuple((one["after"] or "", one["until"] or None) for one in given)
