# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a role beyond this task's buckets: buckets for which it lost permissions, and permissions without a use."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..._clients import s3_buckets
from ..._clients.errors import ApiError
from ..._documents import replication
from ..._documents.evaluation import Outcome, evaluate
from ..._documents.policy_parts import buckets_of
from .findings import ERROR, INFO, FactReader, Kind, Side
from .permissions import Held, Use, required_resources

# Limits for one role: buckets of the account, and seconds.
BUCKETS = 1000
SECONDS = 30.0
# The number of buckets that a message names.
SHOWN = 10
KINDS = (
    Kind(
        "other-bucket-without-permission",
        ERROR,
        "The objects of another bucket that uses this role are not replicated.",
        "List the bucket in the inventory that owns the policy, or grant the permission with backbeat_policy, which "
        "keeps the statements of unlisted buckets.",
    ),
    Kind(
        "permission-unused",
        INFO,
        "No configuration that could be read uses it. Configurations in other environments cannot be read here.",
        "If no other environment uses it, remove it with backbeat_policy: list all buckets in use and set "
        "purge_statements.",
        changed_by_hand=True,
    ),
    Kind(
        "account-not-read",
        INFO,
        "Other buckets may be replicated with this role.",
        "Check them with an account that may read all replication configurations.",
    ),
)


@dataclass(frozen=True)
class Listed:
    """The names of the source and target buckets of the task's pairs between the same environments."""

    sources: frozenset[str]
    targets: frozenset[str]


@dataclass(frozen=True)
class Replicated:
    """A bucket of the source's account with its roles, its targets and the prefixes of its enabled rules."""

    bucket: str
    roles: tuple[str, ...]
    targets: tuple[str, ...]
    prefixes: tuple[str, ...]


@dataclass(frozen=True)
class Account:
    """The configurations in the source's account; `complete` is False if some could not be read in time."""

    replicated: tuple[Replicated, ...]
    complete: bool


def check(
    source: Side,
    side: Side,
    held: Held,
    use: Use,
    listed: Listed,
    facts: FactReader,
) -> None:
    """Check one side's role against all configurations of the source's account; once per task for each role.

    listed: the buckets of the task's pairs, which are checked themselves.
    """
    first: list[bool] = []
    key = ("sharing", side.name, held.role, source.s3.api and source.s3.api.client)
    facts.once(key, lambda: first.append(True))
    if not first or source.owned is None or side.iam is None:
        return
    account: Account = facts.once(
        ("configurations", source.s3.api and source.s3.api.client), lambda: _read(source, facts)
    )
    where = side.role_place(held.role)
    index = 0 if side.name == "source" else 1
    users = [one for one in account.replicated if one.roles[index : index + 1] == (held.role,)]
    for one in users:
        for bucket in (one.bucket,) if side.name == "source" else one.targets:
            missing = (
                _missing(side, held, one, bucket, use) if one.bucket not in listed.sources else []
            )
            if missing:
                what = (
                    f"The bucket {one.bucket} is replicated with this role, which lacks {', '.join(missing)} "
                    f"on {bucket}."
                )
                facts.findings.add("other-bucket-without-permission", where, what)
    if not account.complete:
        what = f"Not all replication configurations of the account at {source.s3.url} were read."
        facts.findings.add("account-not-read", where, what)
        return
    used = set(listed.sources | listed.targets)
    used |= {one.bucket for one in users} | {target for one in users for target in one.targets}
    unused = [
        name for name in buckets_of(one.document for one in held.policies) if name not in used
    ]
    if unused and held.complete:
        more = f" and {len(unused) - SHOWN} more" if len(unused) > SHOWN else ""
        what = f"It has permissions on {', '.join(unused[:SHOWN])}{more}."
        facts.findings.add("permission-unused", where, what)


def _missing(side: Side, held: Held, one: Replicated, bucket: str, use: Use) -> list[str]:
    if not held.complete:
        return []
    return list(
        dict.fromkeys(
            need.action
            for need, resource in required_resources(side.name, bucket, one.prefixes)
            if need.is_checked_by(use.since_2025) and need.since_2025 is None
            if evaluate(held.policies, need.action, resource).outcome is Outcome.NOT_ALLOWED
        )
    )


def _read(source: Side, facts: FactReader, clock: Callable[[], float] = time.monotonic) -> Account:
    owned = list(source.owned or ())
    until = clock() + SECONDS
    found: list[Replicated] = []
    for number, bucket in enumerate(owned):
        if number >= BUCKETS or clock() > until:
            return Account(tuple(found), complete=False)
        try:
            stored = facts.read(
                source.s3,
                ("replication", bucket),
                partial(s3_buckets.replication, bucket=bucket),
            )
        except ApiError:
            return Account(tuple(found), complete=False)
        if stored is not None:
            enabled = [one for one in stored.get("Rules", ()) if one.get("Status") == "Enabled"]
            found.append(
                Replicated(
                    bucket,
                    replication.split_roles(str(stored.get("Role") or "")),
                    tuple(replication.destinations(stored)),
                    tuple(map(replication.api_prefix, enabled)),
                )
            )
    return Account(tuple(found), complete=True)
