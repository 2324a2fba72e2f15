# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The conditions at the source for reading a version as the replicator."""

from __future__ import annotations

from moto.s3.models import FakeBucket, FakeDeleteMarker

from .objects import Replication
from .policies import role_may, trusts_backbeat
from .rules import Configuration
from .settings import Settings
from .store import Store, Version

BUCKET_ACTIONS = ("s3:GetReplicationConfiguration", "s3:ListBucket")
#: The action that servers of 2025 check at the source; those of 2024 check none.
ACTIONS_2025 = ["s3:GetReplicationConfiguration", "s3:GetObjectVersion", "s3:ReplicateObject"]


class Stuck(Exception):
    """There are no further attempts for this version."""


class Failed(Exception):
    """This attempt failed; there may be further ones."""


def check_source(
    store: Store,
    account_id: str,
    settings: Settings,
    configuration: Configuration | None,
    bucket: FakeBucket,
    version: Version,
    what: Replication,
) -> None:
    """Raise Stuck or Failed if this version cannot be read with the source role.

    account_id: Backbeat's account; configuration: the bucket's current one.
    """
    if bucket.account_id != account_id:
        raise Stuck(f"Backbeat does not work for account {bucket.account_id}")
    if configuration is None or configuration.rule_for(version.name) is None:
        raise Failed("no enabled rule of the bucket's configuration matches any more")
    if configuration.role != what.role:
        raise Stuck("the roles in the configuration have changed")
    if not settings.assume_roles:
        return
    arn = what.role.split(",")[0]
    role = store.role(arn)
    if role is None or role.account_id != account_id:
        raise Stuck(f"source role {arn} does not exist")
    if not trusts_backbeat(role):
        raise Stuck(f"source role {arn} does not trust Backbeat")
    marker = isinstance(version, FakeDeleteMarker)
    for action in source_actions(settings, marker=marker):
        resource = bucket.arn if action in BUCKET_ACTIONS else f"{bucket.arn}/{version.name}"
        if not role_may(store, role, action, resource):
            raise Stuck(f"source role {arn} may not {action} on {resource}")


def source_actions(settings: Settings, *, marker: bool) -> list[str]:
    """The actions that the source role requires for an object, or for a delete marker, which has no data."""
    if settings.source_actions is not None:
        actions = settings.source_actions
    else:
        actions = ACTIONS_2025 if settings.generation >= 2025 else []
    return [one for one in actions if not (marker and one.startswith("s3:GetObject"))]
