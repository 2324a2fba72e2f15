# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates many versions at once for tests, without client calls and without a log.

If both sides of a pair are seeded alike, they have the same versions: names, ids, dates and contents only depend on the
arguments.
"""

from __future__ import annotations

import hashlib
import time
from datetime import datetime, timedelta

from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey

from .objects import Replication, Replications, SiteStatus
from .rules import Configuration, Sites
from .settings import Settings
from .store import Store, Version

#: The time of the first version.
BEGIN = datetime(2026, 1, 1)
STATUSES = ("", "PENDING", "PROCESSING", "COMPLETED", "FAILED", "REPLICA")


def seed(
    store: Store,
    known: Replications,
    bucket: FakeBucket,
    configuration: Configuration | None,
    settings: Settings,
    *,
    count: int,
    prefix: str = "seed/",
    first: int = 0,
    versions: int = 1,
    size: int = 0,
    markers: int = 0,
    status: str = "",
) -> int:
    """Add keys <prefix><number of 8 digits> from `first` on. Returns the number of versions and markers.

    versions: of each key, seconds apart; size: of each, in bytes; markers: every how many keys one ends with a delete
    marker, 0 for none; status: of all; PENDING versions are not sent automatically.
    """
    if status not in STATUSES:
        raise ValueError(
            f"status is {status!r}, and can be one of {', '.join(map(repr, STATUSES))}"
        )
    if not bucket.is_versioned:
        raise ValueError(f"versioning of bucket {bucket.name} is not enabled")
    made = 0
    for number in range(first, first + count):
        key = f"{prefix}{number:08}"
        if bucket.keys.getlist(key, []):
            raise ValueError(f"there is a key {key} already")
        marked = bool(markers) and number % markers == 0
        history = [
            _version(bucket, key, number, nth, size, marker=marked and nth == versions)
            for nth in range(versions + marked)
        ]
        dict.__setitem__(bucket.keys, key, history)
        for version in history:
            if status:
                known.set(version, _replication(bucket, version, configuration, settings, status))
        made += len(history)
    store.changed(bucket.name)
    return made


def _version(
    bucket: FakeBucket, key: str, number: int, nth: int, size: int, *, marker: bool
) -> Version:
    digest = hashlib.sha256(f"{key}:{nth}".encode()).hexdigest()
    body = (digest.encode() * (size // 64 + 1))[:size]
    made = FakeKey(
        name=key,
        bucket_name=bucket.name,
        value=body,
        account_id=bucket.account_id,
        region_name=bucket.region_name,
        is_versioned=True,
        version_id=digest[:32],
    )
    version: Version = FakeDeleteMarker(key=made) if marker else made
    version._version_id = digest[:32]
    version.last_modified = BEGIN + timedelta(seconds=nth, milliseconds=number)
    return version


def _replication(
    bucket: FakeBucket,
    version: Version,
    configuration: Configuration | None,
    settings: Settings,
    status: str,
) -> Replication:
    """The replication that the server would have written for this status."""
    rule = configuration.rule_for(version.name) if configuration else None
    if status == "REPLICA" or configuration is None or rule is None:
        return Replication(status, bucket.name)
    now = time.time()
    failed = now if status == "FAILED" else 0.0
    one = "PENDING" if status == "PROCESSING" else status
    sites = {
        name: SiteStatus(one, changed=now, failed=failed)
        for name in Sites.of(settings).names(rule.storage_class)
    }
    return Replication(
        status,
        bucket.name,
        configuration.role,
        configuration.destination,
        rule.storage_class,
        sites,
    )
