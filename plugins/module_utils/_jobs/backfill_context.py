# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the facts about a pair of buckets that a backfill needs: for judging versions, and its side effects."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from .._clients import s3_buckets
from .._clients.api import Api
from .._clients.errors import ApiError
from .._documents import side_effects
from .._documents.backfill_report import Report
from .._documents.moments import iso
from .._documents.replication import (
    Configuration,
    enabled_for,
    from_api,
    join_roles,
)
from .._documents.verify_questions import Context
from .._work import InvalidDocument, Unsatisfied
from .backfill_request import BackfillRequest
from .backfill_sender import Pair, Requests
from .backlog import backlog_age
from .pending_history import PendingHistory


def context_of(
    request: BackfillRequest,
    requests: Requests,
    backbeat: Api | None,
    history: PendingHistory,
    report: Report,
) -> Context:
    """The facts for judging versions of the pair. Raises Unsatisfied if no rule replicates to the target."""
    configuration = requests.configuration()
    prefixes = enabled_for(configuration, request.target.bucket, request.site)
    if not prefixes:
        raise Unsatisfied(
            f"The bucket {request.source.bucket} has no enabled rule that replicates to "
            f"{request.target.bucket}{f' on the site {request.site}' if request.site else ''}, so nothing "
            "would be sent. Configure replication first.",
            {},
        )
    age = backlog_age(backbeat, request.site, report.note)
    stuck_after = max(request.stuck_after, age or 0.0)
    now = requests.pair.source.now
    return Context(
        prefixes=prefixes,
        both_ways=_replicates_back(requests.pair),
        roles=join_roles(configuration.roles) if configuration else None,
        started=iso(now),
        stuck_before=iso(now - timedelta(seconds=stuck_after)),
        pending_since=history.since,
    )


def _replicates_back(pair: Pair) -> bool:
    """Whether the target bucket replicates to the source, so that the source has replicas too."""
    stored: Configuration | None = None
    with contextlib.suppress(ApiError, InvalidDocument):
        found = s3_buckets.replication(pair.target, pair.target_bucket)
        stored = None if found is None else from_api(found)
    return bool(enabled_for(stored, pair.source_bucket))


def side_effects_of(request: BackfillRequest, pair: Pair, report: Report) -> list[str]:
    """Sentences about side effects of putting tags back; a failed read becomes a note in the report."""
    missing = "missing" in request.choice.states

    def ask(doing: str, read: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return read()
        except ApiError as error:
            report.note(f"It is unknown {doing}: {error}")
            return otherwise

    source, target = request.source.bucket, request.target.bucket
    return side_effects.sentences(
        source,
        target,
        notifications=ask(
            f"whether {source} notifies of tagging",
            lambda: s3_buckets.notifications(pair.source, source),
            None,
        ),
        lifecycle=ask(
            f"whether {source} has lifecycle rules by tags",
            lambda: s3_buckets.lifecycle(pair.source, source),
            (),
        ),
        object_lock=ask(
            f"whether {source} has object lock",
            lambda: s3_buckets.object_lock(pair.source, source),
            False,
        ),
        target_lock=ask(
            f"whether {target} has object lock",
            lambda: s3_buckets.object_lock(pair.target, target),
            False,
        ),
        target_lifecycle=ask(
            f"whether lifecycle rules of {target} removed what is missing",
            lambda: s3_buckets.lifecycle(pair.target, target),
            (),
        )
        if missing
        else None,
        deletes=request.choice.delete_again,
    )
