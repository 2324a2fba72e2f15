# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of versions and keys in verifications, and how many of each are accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._work import InvalidDocument


@dataclass(frozen=True)
class State:
    """One state of a version (or, if `of` is "keys", of a whole key).

    sign: rclone's (= same, - only at the target, + only at the source, * different, ! could not be examined).
    limit: how many are accepted by default; None: any number.
    meaning and remedy are sentences for reports.
    """

    id: str
    title: str
    sign: str
    limit: int | None
    meaning: str
    remedy: str = ""
    of: str = "versions"


STATES: tuple[State, ...] = (
    State("in_sync", "in sync", "=", None, "Both buckets hold the same version."),
    State(
        "pending",
        "pending",
        "+",
        None,
        "The server has marked the version for replication, but it has not arrived yet.",
        "Wait, and verify again: versions that stay pending beyond the limit are reported as stuck.",
    ),
    State(
        "processing",
        "processing",
        "+",
        None,
        "Backbeat is replicating the version, or has replicated it to some of its sites only.",
        "Wait, and verify again.",
    ),
    State(
        "failed",
        "failed",
        "+",
        0,
        "Backbeat gave up after its retries.",
        "Find the cause with backbeat_preflight, fix it, and retry with backbeat_retry; "
        "the playbook repair_replication does all of this.",
    ),
    State(
        "missing",
        "missing although COMPLETED",
        "+",
        0,
        "The source says that the version was replicated, but the target does not have it.",
        "Find out whether it was removed on purpose (lifecycle rules, erasure). If not, send it again: the playbooks "
        "backfill_replication and repair_replication do so if replication_backfill_states includes missing.",
    ),
    State(
        "never_replicated",
        "never replicated",
        "+",
        0,
        "An enabled rule selects the version, but it has no replication status: it is older than the rule.",
        "Send it with the playbook backfill_replication.",
    ),
    State(
        "not_selected",
        "not selected by a rule",
        "+",
        None,
        "No enabled rule selects the version, so it is not replicated.",
        "Add a rule for its prefix if it should be replicated.",
    ),
    State(
        "stuck",
        "stuck",
        "+",
        0,
        "The version has been PENDING for longer than the limit, or was put with roles that are no longer "
        "configured. No list of failures contains it.",
        "Find the cause with backbeat_preflight, fix it, and send it again with backbeat_backfill; "
        "the playbook repair_replication does all of this.",
    ),
    State(
        "different",
        "different",
        "*",
        0,
        "Both sides have the version, but with different ETags, sizes or content.",
        "Compare both sides manually before you replace one of them.",
    ),
    State(
        "not_comparable",
        "not comparable",
        "!",
        None,
        "The ETags cannot be compared (encryption or other part sizes); the sizes are equal.",
        "Compare the bytes with the option bodies.",
    ),
    State(
        "replica_without_source",
        "replica without source",
        "-",
        None,
        "The version is a replica whose source no longer exists: it was deleted permanently, which is never "
        "replicated, or lost.",
        "Delete it on this side too, or restore the source from it.",
    ),
    State(
        "written_at_target",
        "written at the target",
        "-",
        None,
        "The version was written directly to the target.",
        "Stop writing to the target, or replicate both ways.",
    ),
    State(
        "delete_marker_missing",
        "delete marker missing",
        "+",
        0,
        "The key is deleted at the source but not at the target.",
        "Delete the key at the source once more: the new marker is replicated.",
    ),
    State(
        "delete_marker_covered",
        "delete marker covered by a newer one",
        "+",
        None,
        "The marker is not at the target, but a newer one is: the key is deleted on both sides.",
    ),
    State(
        "delete_marker_extra",
        "delete marker extra",
        "-",
        None,
        "The key has a delete marker at the target that the source does not have.",
        "Remove the marker at the target if the key should be readable there.",
    ),
    State(
        "other_current",
        "another current version",
        "*",
        0,
        "A plain GET of the key returns another version at the target than at the source.",
        "Remove the version that covers the current one at the target, or put the object again at the source.",
        "keys",
    ),
    State(
        "other_order",
        "another order of versions",
        "*",
        None,
        "The noncurrent versions of the key are in another order.",
        "",
        "keys",
    ),
    State(
        "uninspected",
        "not inspected",
        "!",
        None,
        "The listings differ, but the limit for inspections was reached.",
        "Raise inspect_limit, or verify a smaller prefix.",
    ),
)
STATE: dict[str, State] = {state.id: state for state in STATES}


def accepted(given: Mapping[str, Any]) -> dict[str, int | None]:
    """The number of accepted versions in each state; None for any number. Raises InvalidDocument."""
    limits: dict[str, int | None] = {}
    for state, limit in given.items():
        if state not in STATE or state == "in_sync":
            known = ", ".join(name for name in STATE if name != "in_sync")
            raise InvalidDocument(f"accept names the state {state!r}: use {known}.")
        try:
            number = int(limit)
        except (TypeError, ValueError) as error:
            raise InvalidDocument(
                f"accept.{state} is {limit!r}: give a number, or -1 for any number."
            ) from error
        limits[state] = None if number < 0 else number
    return limits
