# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the facts for judging a pair: its rules and roles, and when a pending version counts as stuck."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from .._clients import s3_buckets
from .._clients.api import Api
from .._clients.errors import Forbidden
from .._documents.moments import iso
from .._documents.replication import Configuration, enabled_for, from_api, join_roles
from .._documents.verify_questions import Context
from .._documents.verify_report import Report
from .._work import InvalidDocument
from .backlog import backlog_age
from .verify_request import VerifyRequest


def context_of(
    request: VerifyRequest,
    apis: tuple[Api, Api],
    service: Api | None,
    report: Report,
    since: Callable[[str, str], str | None],
) -> Context:
    """Read the facts for judging, and add them to the report, with a note for each that cannot be read.

    service: Backbeat's API, None for no query. since: returns when earlier runs first read a version as PENDING.
    """
    mine = _configuration(apis, 0, request.source.bucket, report)
    theirs = (
        _configuration(apis, 1, request.target.bucket, report)
        if request.both_ways is None and not request.cloud
        else None
    )
    # The bucket in the cloud is set in the location; the configuration names another bucket.
    destination = None if request.cloud else request.target.bucket
    prefixes = enabled_for(mine, destination, request.site)
    back = enabled_for(theirs, request.source.bucket)
    if mine is not None and not prefixes:
        site = f" on the site {request.site}" if request.site else ""
        where = "a cloud" if request.cloud else request.target.bucket
        report.note(
            f"The source bucket {request.source.bucket} has no enabled rule for {where}{site}: "
            "versions without replication status are reported as never replicated.",
        )
    report.both_ways = bool(back) if request.both_ways is None else request.both_ways
    report.backlog_age = backlog_age(service, request.site, report.note)
    started = datetime.fromisoformat(report.started.replace("Z", "+00:00"))
    # By the source's clock, because LastModified is from it.
    ahead = apis[0].ahead or 0.0
    stuck_after = max(request.stuck_after, request.backlog_age, report.backlog_age or 0.0)
    return Context(
        prefixes=prefixes or None,
        back_prefixes=back or None,
        both_ways=report.both_ways,
        roles=None if mine is None else join_roles(mine.roles),
        cloud=request.cloud,
        started=iso(started + timedelta(seconds=ahead)),
        stuck_before=iso(started + timedelta(seconds=ahead - stuck_after)),
        pending_since=since,
    )


def _configuration(
    apis: tuple[Api, Api], side: int, bucket: str, report: Report
) -> Configuration | None:
    """The replication configuration of a bucket; None, with a note, if it cannot be used."""
    try:
        stored = s3_buckets.replication(apis[side], bucket)
        if stored is not None:
            return from_api(stored)
    except (Forbidden, InvalidDocument) as error:
        report.note(f"The rules of {bucket} are not taken into account: {error}")
        return None
    if side == 0:
        report.note(
            f"The source bucket {bucket} has no replication configuration: versions without replication status "
            "are reported as never replicated.",
        )
    return None
