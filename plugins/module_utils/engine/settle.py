# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring one resource to the state that is wanted: the only place that knows check mode, changed and diff."""

from __future__ import annotations

from typing import Any, TypeVar

from ..clients.errors import ApiError, Conflict, NotFound, Unreachable
from ..resources.plan import Change, Plan, Resource
from ..waiting import Backoff

State = TypeVar("State")


def settle(
    resource: Resource[State], key: str, label: str, *, check_mode: bool, backoff: Backoff
) -> dict[str, Any]:
    """Read, plan, and unless checking apply. Answers the result of one item.

    Result: {"changed": bool, <key>: the resource or None, "changes": ["CreateRole X", ..],
    "diff": {"before", "after", "before_header", "after_header"}, "warnings": [..]}; the same keys in check mode.
    """
    before = resource.read()
    plan = resource.plan(before)
    if check_mode or not plan.changes:
        after, done = plan.after, plan.changes
    else:
        after, done = _apply(resource, before, plan, backoff)
    return {
        "changed": bool(done),
        key: resource.describe(after),
        "changes": [str(change) for change in done],
        "diff": {
            "before_header": label,
            "after_header": label,
            "before": resource.compared(before),
            "after": resource.compared(after),
        },
        "warnings": list(plan.warnings),
    }


# How often somebody else may get in between before it is no longer chance.
CONFLICTS = 5


def _apply(
    resource: Resource[State], state: State | None, plan: Plan[State], backoff: Backoff
) -> tuple[State | None, tuple[Change[State], ...]]:
    """Apply the plan; after an answer that is lost or contradicted, look what is there and plan anew."""
    done: list[Change[State]] = []
    conflicts = 0
    while True:
        pending: Change[State] | None = None
        try:
            for change in plan.changes:
                pending = change
                try:
                    state = change.apply(state)
                except NotFound:
                    if not change.removes:
                        raise
                done.append(change)
            return state, tuple(done)
        except ApiError as error:
            error.changes = tuple(map(str, done))
            conflicts += isinstance(error, Conflict)
            again = isinstance(error, Unreachable) or 0 < conflicts <= CONFLICTS
            if not again or not backoff.pause():
                raise
            if isinstance(error, Conflict):
                pending = None
        state = resource.read()
        plan = resource.plan(state)
        if pending is not None and str(pending) not in map(str, plan.changes):
            done.append(pending)
        if not plan.changes:
            return plan.after, tuple(done)
