# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings one resource to its desired state: the only place for check mode, `changed` and diff."""

from __future__ import annotations

import errno
import fcntl
import functools
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from .._clients.errors import Conflict, NotFound, Unreachable
from .._clients.session import Connections
from .._waiting import Backoff
from .._work import Change, Plan, Refused, Resource
from .task import Kind, Task

State = TypeVar("State")


def reconcile(
    resource: Resource[State],
    key: str,
    label: str,
    *,
    check_mode: bool,
    backoff: Backoff,
    changes: list[str],
    lock: str | None = None,
) -> dict[str, Any]:
    """Read, plan, and apply the plan unless in check mode. Returns the result of one item.

    Changes are appended to `changes` as they are made, so that the caller has them after an error too. `lock`: the name
    of a lock against other runs.

    Result: {"changed": bool, <key>: the resource or None, "changes": ["CreateRole X", ..],
    "diff": {"before", "after", "before_header", "after_header"}, "warnings": [..]}; the same keys in check mode.
    """
    with exclusive(None if check_mode else lock, backoff) as unlocked:
        before = resource.read()
        plan = resource.plan(before)
        warnings = [*unlocked, *plan.warnings, *plan.check()]
        if check_mode or not plan.changes:
            after = plan.after
            changes.extend(map(str, plan.changes))
        else:
            after = _apply(resource, before, plan, backoff, changes)
            warnings += plan.follow_up(changes)
    return {
        "changed": bool(changes),
        key: resource.describe(after),
        "changes": changes,
        "diff": {
            "before_header": label,
            "after_header": label,
            "before": resource.compared(before),
            "after": resource.compared(after),
        },
        "warnings": warnings,
        **plan.details,
    }


@contextmanager
def exclusive(name: str | None, backoff: Backoff) -> Iterator[tuple[str, ...]]:
    """Lock the resource `name` against other runs of this user on this machine.

    Servers have no compare-and-swap: if two runs read a list, add to it and write it, one addition is lost. All names
    share LOCKS files. Yields warnings. Raises Refused when the time is up.
    """
    if name is None:
        yield ()
        return
    number = int(hashlib.sha256(name.encode()).hexdigest(), 16) % LOCKS
    folder = os.path.join(tempfile.gettempdir(), f"ansible-scality-backbeat-{os.getuid()}")
    try:
        _make_own(folder)
        file = os.open(f"{folder}/{number}.lock", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        reason = f"the folder {folder} cannot be used ({error.strerror})"
        yield (
            f"Other runs on this machine could change {name} at the same time, because there is no lock: {reason}.",
        )
        return
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if backoff.deadline.expired:
                    raise Refused(
                        f"Another run on this machine is still changing {name}: wait until it ends."
                    ) from None
                backoff.sleep(0.05)
        yield ()
    finally:
        os.close(file)


@functools.cache
def _make_own(folder: str) -> None:
    """Create a folder that only this user can access, once per process. Raises OSError."""
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(errno.EPERM, "it belongs to another user")


# Enough files that different names rarely share one.
LOCKS = 1024
# The number of conflicts with other clients after which it is not a coincidence.
CONFLICTS = 5
# Seconds for which IAM may not return a resource that was just created.
SETTLING = 5.0


def _apply(
    resource: Resource[State],
    state: State | None,
    plan: Plan[State],
    backoff: Backoff,
    done: list[str],
) -> State | None:
    """Apply the plan; after a lost response or a conflict, read the state and plan again."""
    conflicts, since = 0, backoff.elapsed
    lost: set[str] = set()
    while True:
        unsure: Change[State] | None = None
        try:
            for change in plan.changes:
                unsure = change
                state = _make(resource, change, state, backoff)
                done.append(str(change))
            return state
        except Unreachable:
            lost.add(str(unsure))
            if not backoff.pause():
                raise
        except Conflict as error:
            since = since if conflicts else backoff.elapsed
            conflicts += 1
            if error.happened and unsure is not None:
                done.append(str(unsure))
            settled = backoff.elapsed - since >= SETTLING
            if (conflicts > CONFLICTS and settled) or not backoff.pause():
                raise
            # If a resource exists after a lost response, the lost call created it.
            unsure = unsure if str(unsure) in lost else None
        state = resource.read()
        plan = resource.plan(state)
        if unsure is not None and str(unsure) not in map(str, plan.changes):
            done.append(str(unsure))
        if not plan.changes:
            return plan.after
        # With the state as read now, the new plan may be dangerous even if the first one was not.
        plan.check()


def _make(
    resource: Resource[State], change: Change[State], state: State | None, backoff: Backoff
) -> State | None:
    start = backoff.elapsed
    while True:
        try:
            return change.apply(state)
        except NotFound as error:
            if change.removes:
                return resource.read()
            if not change.retry_not_found:
                raise
            waited = backoff.elapsed - start
            if waited >= SETTLING or not backoff.pause():
                error.advice = f"It did not appear within {waited:.0f} s. {error.advice}".rstrip()
                raise


def _run(
    task: Task[Any], work: Any, connections: Connections, name: str, changes: list[str]
) -> dict[str, Any]:
    place = f"{name} at {connections.main.endpoint}"
    result = reconcile(
        work,
        task.key,
        f"{task.key} {name}",
        check_mode=connections.check_mode,
        backoff=connections.backoff,
        changes=changes,
        lock=f"the {task.key.replace('_', ' ')} of {place}" if task.exclusive else None,
    )
    if task.exclusive and changes and not connections.check_mode:
        connections.confirm = work.confirm
    return result


# Read, plan and apply.
RESOURCE = Kind(_run, in_turn=True)
