# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request of a backfill, from the options of a task."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._documents.moments import moment_of
from .._documents.resend_rules import DEFAULT_STATES, Selection
from .._documents.verify_compare import MODIFIED, VERSION_ID, Row
from .._work import InvalidDocument
from .job import JobLimits
from .verify_listers import SideRequest

#: The states that a task can select. Versions that are named by their ids may be in any state.
SENDABLE = ("never_replicated", "failed", "stuck", "missing")


@dataclass(frozen=True)
class Choice:
    """Which versions are to be sent. since, before: LastModified, "" for no limit; named: version ids by key.

    states: those that are sent, empty if only named versions are. delete_again: whether keys that are deleted at the
    source are deleted there again.
    """

    states: frozenset[str]
    named: Mapping[str, Collection[str]] = field(default_factory=dict)
    since: str = ""
    before: str = ""
    delete_again: bool = False

    def selection(self, key: str, rows: Sequence[Row]) -> Selection:
        """The selection among a key's versions."""
        outside = frozenset(
            row[VERSION_ID].decode()
            for row in rows
            if (self.since and row[MODIFIED] < self.since.encode())
            or (self.before and row[MODIFIED] >= self.before.encode())
        )
        return Selection(
            # A missing delete marker is listed with the reason, unless only named versions are sent.
            states=self.states | {"delete_marker_missing"} if self.states else frozenset(),
            version_ids=frozenset(self.named.get(key, ())),
            excluded=outside,
            delete_again=self.delete_again,
        )


@dataclass(frozen=True)
class Limits:
    """Limits for the load of a backfill. Times are in seconds.

    senders: versions sent in parallel. backlog: the maximum number of pending versions, None for any number.
    first_timeout: for the first version to be replicated. settle: for a version that others have to wait for.
    """

    senders: int = 16
    listers: int = 2
    backlog: int | None = None
    first_timeout: float = 300.0
    settle: float = 300.0
    job: JobLimits = field(default_factory=JobLimits)


@dataclass(frozen=True)
class BackfillRequest:
    """Which versions to send, how fast, and which files to write.

    choice: by state, name and age. problems_file: of a verification, to process only its keys. wait: whether to wait
    for the outcome, at most wait_timeout seconds after the last version is sent.
    """

    source: SideRequest
    target: SideRequest
    choice: Choice
    site: str = ""
    prefix: str = ""
    problems_file: str | None = None
    stuck_after: float = 3600.0
    wait: bool = False
    wait_timeout: float = 3600.0
    backbeat_url: str = ""
    limits: Limits = field(default_factory=Limits)
    checkpoint: str | None = None
    sent_file: str | None = None
    skipped_file: str | None = None
    report_file: str | None = None
    status_file: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> BackfillRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        return cls(
            source=SideRequest.from_options(options["source"]),
            target=SideRequest.from_options(options["target"]),
            choice=_choice(options),
            site=options["site"] or "",
            prefix=options["prefix"],
            problems_file=options["verify_problems_file"],
            stuck_after=max(options["stuck_after"], options["backlog_age"] or 0.0),
            wait=bool(options["wait"]),
            wait_timeout=options["wait_timeout"],
            backbeat_url=options["backbeat_url"] or "",
            limits=Limits(
                max(1, options["senders"]),
                max(1, options["listers"]),
                options["backlog_limit"] or None,
                options["first_timeout"],
                options["settle_timeout"],
                JobLimits(options["requests_per_second"], options["no_progress_timeout"]),
            ),
            checkpoint=options["checkpoint"],
            sent_file=options["sent_file"],
            skipped_file=options["skipped_file"],
            report_file=options["report_file"],
            status_file=options["status_file"],
        )

    @property
    def scope(self) -> dict[str, Any]:
        """The selection of versions, in the form of the report."""
        choice = self.choice
        named = {key: sorted(ids) for key, ids in sorted(choice.named.items())}
        return {
            "states": sorted(choice.states),
            "versions": sum(map(len, named.values())) if named else None,
            "prefix": self.prefix,
            "modified_since": choice.since or None,
            "modified_before": choice.before or None,
            "verify_problems_file": self.problems_file,
            "resend_deleted_keys": choice.delete_again,
            "site": self.site,
        }


def _choice(options: Mapping[str, Any]) -> Choice:
    given: list[str] | None = options["states"]
    named: dict[str, set[str]] = {}
    for one in options["versions"] or ():
        named.setdefault(one["key"], set()).add(one["version_id"])
    # If versions are named, only these are sent.
    usual = frozenset[str]() if named else DEFAULT_STATES
    states = usual if given is None else frozenset(given)
    if not states and not named:
        raise InvalidDocument(
            "states is empty and versions names no version: nothing would be sent."
        )
    return Choice(
        states,
        named,
        moment_of("modified_since", options["modified_since"]),
        moment_of("modified_before", options["modified_before"]),
        bool(options["resend_deleted_keys"]),
    )
