# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts versions in the states that backbeat_verify reports, and runs the module."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.e2e.replication import Replication
from tests.integration.support.modules import Result


def put(s3: Any, bucket: dict[str, str], key: str, body: bytes = b"content") -> str:
    """Put an object; returns its version ID."""
    return str(s3.put_object(**bucket, Key=key, Body=body)["VersionId"])


def status(
    s3: Any, bucket: dict[str, str], key: str, versions: dict[str, str] | None = None
) -> str | None:
    """The replication status of a key's current version, or of the version that `versions` has for it."""
    named = {"VersionId": versions[key]} if versions else {}
    found: str | None = s3.head_object(**bucket, Key=key, **named).get("ReplicationStatus")
    return found


def counts(result: Result) -> dict[str, int]:
    states = result["verification"]["states"]
    return {name: tally["count"] for name, tally in states.items() if tally["count"]}


def verify(replication: Replication, **options: Any) -> Result:
    return replication.source.run("verify", **replication.sides(), **options)


def without_configuration(replication: Replication, action: Callable[[], object]) -> None:
    configuration = replication.configuration()
    replication.source.s3_client.delete_bucket_replication(Bucket=replication.source_bucket)
    action()
    replication.source.s3_client.put_bucket_replication(
        Bucket=replication.source_bucket, ReplicationConfiguration=configuration
    )


def put_stuck_object(replication: Replication, *, with_other_roles: bool = False) -> None:
    """Put an object that stays pending: the configuration's roles change while "stuck" is pending.

    with_other_roles: the object is put with other roles, and the configuration gets its own roles back. Otherwise the
    configuration keeps the other roles: with its own it would be that of the object, which Backbeat would still send.
    """
    sandbox = replication.environments.sandbox
    if sandbox is not None:
        # Real servers need seconds until they replicate an object; the sandbox must be paused.
        sandbox.settings("source", paused=True)
    s3, at_source = replication.source.s3_client, {"Bucket": replication.source_bucket}
    configuration = replication.configuration()
    assert configuration is not None
    source_role, target_role = configuration["Role"].split(",")
    other = {**configuration, "Role": f"{source_role}-other,{target_role}"}
    first, then = (other, configuration) if with_other_roles else (configuration, other)
    s3.put_bucket_replication(**at_source, ReplicationConfiguration=first)
    put(s3, at_source, "stuck")
    s3.put_bucket_replication(**at_source, ReplicationConfiguration=then)
    assert status(s3, at_source, "stuck") == "PENDING"
    if sandbox is not None:
        sandbox.settings("source", paused=False)
    time.sleep(1)
