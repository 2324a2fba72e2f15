# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a repair or backfill of one pair: problems, actions, and remaining problems with reasons.

The JSON form (`RepairReport.as_dict`) contains the schema's name. It is an item of backbeat_report's option `repairs`,
and of the fact `replication_repair_results` of each host:

    {"schema": "scality.backbeat.repair/1",
     "source": "node1", "source_bucket": "a", "target": "node6", "target_bucket": "b",
     "before": {"failed": 12, "stuck": 3},
     "done": [{"action": "retry", "asked": 12, "sent": 10, "accepted": 10, "refused": 2, "completed": 9, "failed": 1}],
     "skipped": [{"key": "k", "version_id": "9876", "reason": "The key is deleted at the source.",
                  "next_step": "Set delete_again."}],
     "skipped_count": 2,
     "after": {"failed": 3},
     "finished": "2026-11-24T02:14:09.000Z", "stopped": "", "notes": []}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from .._work import InvalidDocument

SCHEMA = "scality.backbeat.repair/1"
#: Texts for RepairAction.action.
ACTIONS = {
    "retry": "Retried with Backbeat's API",
    "tags": "Sent again by putting own tags back",
    "delete_again": "Deleted at the source once more",
}


@dataclass(frozen=True)
class RepairAction:
    """The numbers of versions of one kind of action.

    action: one of ACTIONS; another one is shown as it is. asked: selected for it; sent: requests that were made;
    accepted: by the server; refused: selected, but not sent or not accepted; completed, failed: accepted, and
    replicated or failed by the end of the repair. Other accepted versions are still pending.
    """

    action: str
    asked: int = 0
    sent: int = 0
    accepted: int = 0
    refused: int = 0
    completed: int = 0
    failed: int = 0

    @property
    def pending(self) -> int:
        return max(0, self.accepted - self.completed - self.failed)


@dataclass(frozen=True)
class SkippedVersion:
    """A version that was skipped. reason, next_step: sentences, the same for all versions of a kind."""

    key: str
    version_id: str
    reason: str
    next_step: str = ""


@dataclass(frozen=True)
class RepairReport:
    """The result of a repair of one pair, with the names of hosts and buckets as in reports of verifications.

    before, after: the number of versions in each state (ids of verify_states.STATES; other names are shown as they
    are), from a verification before and after the repair; after is None if there was none. done: in the order of the
    work. skipped: all skipped versions or the first of them; skipped_count: their number (0: as many as are listed).
    finished: ISO 8601 in UTC. stopped: why the repair ended early, a sentence, "" if it did not. notes: sentences, such
    as side effects on notifications.
    """

    source: str
    source_bucket: str
    target: str
    target_bucket: str
    before: Mapping[str, int] = field(default_factory=dict)
    done: tuple[RepairAction, ...] = ()
    skipped: tuple[SkippedVersion, ...] = ()
    skipped_count: int = 0
    after: Mapping[str, int] | None = None
    finished: str = ""
    stopped: str = ""
    notes: tuple[str, ...] = ()

    @property
    def pair(self) -> tuple[str, str, str, str]:
        return self.source, self.source_bucket, self.target, self.target_bucket

    @property
    def skipped_total(self) -> int:
        """The number of skipped versions."""
        return max(self.skipped_count, len(self.skipped))

    def as_dict(self) -> dict[str, Any]:
        """The JSON form; see the beginning of this file."""
        return {
            "schema": SCHEMA,
            **asdict(self),
            "before": dict(self.before),
            "done": [asdict(one) for one in self.done],
            "skipped": [asdict(one) for one in self.skipped],
            "skipped_count": self.skipped_total,
            "after": None if self.after is None else dict(self.after),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> RepairReport:
        """The report of a JSON form, in which keys with defaults may be absent. Raises InvalidDocument."""
        schema = given.get("schema")
        if schema != SCHEMA:
            raise InvalidDocument(
                f"This is not the result of a repair with the schema {SCHEMA} (its schema is {schema!r}): "
                "repair again with this version of the collection."
            )
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in given.items() if name in known}
        try:
            values["done"] = tuple(RepairAction(**one) for one in given.get("done") or ())
            values["skipped"] = tuple(SkippedVersion(**one) for one in given.get("skipped") or ())
            values["notes"] = tuple(given.get("notes") or ())
            return cls(**values)
        except TypeError as error:
            raise InvalidDocument(
                f"The result of a repair is damaged ({error}): repair again."
            ) from error
