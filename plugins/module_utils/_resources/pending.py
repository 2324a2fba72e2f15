# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many objects of a bucket wait to be replicated, as far as a bounded look can tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .._clients import s3_objects
from .._clients.api import Api

WAITING = ("PENDING", "PROCESSING")
# Of the versions that were listed, so many are looked at: those put last, for the others are long through.
HEADS = 100


@dataclass(frozen=True)
class Pending:
    """What was found: how many versions were listed and looked at, and the keys of those that wait.

    `complete` is False when the bucket holds more versions than were listed.
    """

    keys: tuple[str, ...]
    looked: int
    listed: int
    complete: bool

    def __str__(self) -> str:
        examples = ", ".join(self.keys[:3]) + (", .." if len(self.keys) > 3 else "")
        scope = f"all {self.listed}" if self.complete else f"the first {self.listed}"
        return (
            f"{len(self.keys)} of the {self.looked} latest among {scope} versions are pending"
            f" ({examples})"
            if self.keys
            else f"none of the {self.looked} latest among {scope} versions is pending"
        )


def look_for_pending(api: Api, bucket: str, prefixes: Iterable[str], limit: int) -> Pending:
    """List up to `limit` versions below the prefixes, and look at the latest ones among them."""
    versions: list[s3_objects.Version] = []
    complete = True
    for prefix in prefixes:
        found, whole = s3_objects.versions(api, bucket, prefix, limit - len(versions))
        versions.extend(found)
        complete = complete and whole
    latest = sorted(versions, key=lambda one: one.modified, reverse=True)[:HEADS]
    waiting = []
    for one in latest:
        head = s3_objects.head_object(api, bucket, one.key, one.version_id)
        if head is not None and head.replication_status in WAITING:
            waiting.append(one.key)
    return Pending(tuple(waiting), len(latest), len(versions), complete)
