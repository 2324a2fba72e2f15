# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a sample of the source's objects: whether some are stuck although the configuration works."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ..._clients import s3_objects
from ..._clients.api import Api
from ..._clients.errors import ApiError
from ..._documents.replication import PENDING_STATUSES, join_roles
from ..._work import quote
from .configuration import Live
from .findings import ERROR, WARNING, FactReader, Kind, Side

# Limits for one pair: listed versions per prefix, prefixes, and seconds.
LISTED = 1000
PREFIXES = 5
SECONDS = 10.0
# Seconds until a pending object counts as stuck if later ones arrived, and until it is a finding in any case.
STUCK_AFTER = 900.0
PENDING_LONG = 3600.0
# The maximum number of pending objects whose stamped roles are read.
STAMPS = 3
KINDS = (
    Kind(
        "objects-stuck",
        ERROR,
        "An object keeps the roles that it was put with. If they were changed while it was pending, it stays PENDING "
        "for ever, even if they were changed back, and is in no list of failures.",
        "Send such objects again: put their own tags back on them (backbeat_object).",
    ),
    Kind(
        "objects-pending-long",
        WARNING,
        "Either there is a backlog, or Backbeat is down, or these objects are stuck.",
        "Check Backbeat's health and backlog. If other objects arrive, send these again: put their own tags back "
        "on them.",
    ),
    Kind(
        "objects-failed",
        WARNING,
        "Backbeat stopped trying to replicate them.",
        "Fix the cause that other findings name, then send them again: put their own tags back on them.",
    ),
)


@dataclass(frozen=True)
class Pending:
    """A pending version; other_roles: its own roles if they differ from the configuration's, else None."""

    key: str
    modified: str
    other_roles: str | None = None


@dataclass
class Sample:
    """How many versions were read, which are pending or FAILED, and when the last COMPLETED one was put."""

    read: int = 0
    pending: list[Pending] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    completed: str = ""


def check(source: Side, live: Live, size: int, facts: FactReader) -> bool:
    """Check up to `size` versions below the prefixes of the enabled rules. Returns whether they could be read."""
    if not (size and live.roles and live.prefixes and source.bucket_usable):
        return False
    prefixes = live.prefixes[:PREFIXES]
    roles = join_roles(live.roles)
    sample = facts.try_read(
        source.s3,
        ("objects", source.bucket, prefixes, roles, size),
        lambda api: take_sample(api, source.bucket, prefixes, roles, size),
        where=source.place,
        permission="s3:ListBucketVersions and s3:GetObjectVersion",
    )
    if sample is None:
        return False
    _report(source, sample.fact, facts)
    return True


def take_sample(
    api: Api,
    bucket: str,
    prefixes: Sequence[str],
    roles: str,
    size: int,
    clock: Callable[[], float] = time.monotonic,
) -> Sample:
    """Read up to `size` versions within SECONDS. roles: the Role of the configuration. Raises ApiError."""
    until = clock() + SECONDS
    sample = Sample()
    versions = [
        version
        for prefix in prefixes
        for version in s3_objects.versions(api, bucket, prefix, LISTED)[0]
    ]
    for version in spread(versions, size):
        if clock() > until:
            break
        _read(api, bucket, version, roles, sample)
    return sample


def spread(versions: list[s3_objects.Version], size: int) -> Iterator[s3_objects.Version]:
    """Half of the sample from the newest versions, the other half spread evenly over all ages."""
    newest = sorted(versions, key=lambda one: one.modified, reverse=True)
    half = newest[: (size + 1) // 2]
    yield from half
    older = newest[len(half) :]
    count = min(size - len(half), len(older))
    for place in range(count):
        yield older[(place + 1) * len(older) // count - 1]


def _read(api: Api, bucket: str, version: s3_objects.Version, roles: str, sample: Sample) -> None:
    head = s3_objects.head_object(api, bucket, version.key, version.version_id)
    if head is None:
        return
    sample.read += 1
    if head.replication_status == "FAILED":
        sample.failed.append(version.key)
    elif head.replication_status == "COMPLETED":
        sample.completed = max(sample.completed, version.modified)
    elif head.replication_status in PENDING_STATUSES:
        stamped = None
        if len(sample.pending) < STAMPS:
            stamped = _stamped_roles(api, bucket, version)
        other = stamped if stamped != roles else None
        sample.pending.append(Pending(version.key, version.modified, other))


def _stamped_roles(api: Api, bucket: str, version: s3_objects.Version) -> str | None:
    try:
        return s3_objects.stamped_roles(api, bucket, version.key, version.version_id)
    except ApiError:
        # Many accounts lack the permission for this route, and some servers lack the route.
        return None


def _age(modified: str) -> float:
    return (datetime.now(timezone.utc) - datetime.fromisoformat(modified)).total_seconds()


def _report(source: Side, sample: Sample, facts: FactReader) -> None:
    of = f"of {sample.read} versions that were read"
    other = [one for one in sample.pending if one.other_roles]
    rest = [one for one in sample.pending if not one.other_roles]
    overtaken = [
        one.key
        for one in rest
        if one.modified < sample.completed and _age(one.modified) > STUCK_AFTER
    ]
    long = [one.key for one in rest if _age(one.modified) > PENDING_LONG and not overtaken]
    texts = {
        "objects-stuck": [
            f"{len(other)} {of} are pending with other roles than the configuration's: {quote(other[0].key)} was put "
            f"with {other[0].other_roles}."
            if other
            else "",
            f"{len(overtaken)} {of} are pending although later ones are COMPLETED: {_keys(overtaken)}."
            if overtaken
            else "",
        ],
        "objects-pending-long": [
            f"{len(long)} {of} are pending for more than an hour: {_keys(long)}." if long else ""
        ],
        "objects-failed": [
            f"{len(sample.failed)} {of} are FAILED: {_keys(sample.failed)}."
            if sample.failed
            else ""
        ],
    }
    for id, whats in texts.items():
        for what in filter(None, whats):
            facts.findings.add(id, source.place, what)


def _keys(keys: list[str]) -> str:
    return ", ".join(map(quote, keys[:3])) + (" and others" if len(keys) > 3 else "")
