# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repair in steps: converts the results of its tasks to a report for each pair, and to the reasons for a failure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .repair_report import RepairAction, RepairReport, SkippedVersion
from .topology_comparisons import comparisons, unsent

Result = Mapping[str, Any]
Pair = tuple[str, str, str, str]
#: States of versions that are not replicated yet, but may be.
UNDER_WAY = ("pending", "processing")


@dataclass(frozen=True)
class RepairSteps:
    """The results of a repair's steps on one pair; None for a step that did not run.

    before, after: reports of backbeat_verify. retried: the result of backbeat_retry for the bucket. sent: the report of
    the backfill. The others are sentences, "" if they do not apply. stopped: why nothing was repaired; unread: why the
    first verification is incomplete; retry_failed, send_failed: why a step failed, after which the repair continued;
    unverified: why the last verification failed; refused: what the last verification does not accept; unsent: why
    nothing is sent to such a target.
    """

    before: Result | None = None
    retried: Result | None = None
    sent: RepairReport | None = None
    after: Result | None = None
    stopped: str = ""
    unverified: str = ""
    refused: str = ""
    retry_failed: str = ""
    send_failed: str = ""
    unread: str = ""
    unsent: str = ""

    @property
    def verified(self) -> bool:
        """Whether the last verification is complete and successful."""
        complete = self.after is not None and self.after["complete"]
        return bool(complete) and not self.refused and not self.unverified

    @property
    def left(self) -> tuple[str, ...]:
        """Why the repair failed. If the last verification is successful, failures of steps do not matter."""
        if self.stopped:
            return (self.stopped,)
        if self.verified:
            waits = any(_found(self.after or {}).get(state) for state in UNDER_WAY)
            return (self.send_failed,) if self.send_failed and waits else ()
        left = self.unverified or self.refused
        said = (self.unread, self.retry_failed, self.send_failed, left)
        return tuple(one for one in said if one)


@dataclass(frozen=True)
class TaskResults:
    """The results of a repair's tasks as registered by Ansible, empty for a task that did not run.

    Results of `preflight` are by pair, of `retried` by the comparison's name, the others by comparison; `sent` has no
    clouds, and no pairs with preflight errors.
    """

    preflight: Result = field(default_factory=dict)
    before: Result = field(default_factory=dict)
    retried: Result = field(default_factory=dict)
    sent: Result = field(default_factory=dict)
    after: Result = field(default_factory=dict)


def steps_of(planned: Mapping[str, Any], tasks: TaskResults) -> Iterator[tuple[Pair, RepairSteps]]:
    """The steps on each compared pair of buckets of a plan, as HostPlan.describe() returns it."""
    retried = {one.get("item"): one for one in tasks.retried.get("results") or ()}
    sent = _sent(tasks.sent.get("results") or ())
    before, after = (
        _verifications(one.get("results") or ()) for one in (tasks.before, tasks.after)
    )
    number = 0
    for place, one in enumerate(comparisons(planned["outgoing"])):
        pair = (planned["host"], one["source_bucket"], one["target_host"], one["target_bucket"])
        again = retried.get(one["name"]) or {}
        checked, last = _of_pair(tasks.preflight, one["place"]), _of_pair(tasks.after, place)
        is_sent = not one.get("cloud") and not checked.get("failed")
        sending = _of_pair(tasks.sent, number) if is_sent else {}
        number += is_sent
        yield (
            pair,
            RepairSteps(
                before=before.get(pair),
                retried=again.get("retry"),
                sent=sent.get(pair),
                after=after.get(pair),
                stopped=_message(checked),
                unverified=_incomplete(last),
                refused=_message(last),
                retry_failed=_message(again),
                send_failed=_message(sending),
                unread=_incomplete(_of_pair(tasks.before, place)),
                unsent=unsent(one),
            ),
        )


def _sent(results: Sequence[Result]) -> dict[Pair, RepairReport]:
    reports = [RepairReport.from_dict(one["repair"]) for one in results if one.get("repair")]
    return {report.pair: report for report in reports}


def _verifications(results: Sequence[Result]) -> dict[Pair, Result]:
    return {
        (
            report["source"]["name"],
            report["source"]["bucket"],
            report["target"]["name"],
            report["target"]["bucket"],
        ): report
        for one in results
        if (report := one.get("verification"))
    }


def _of_pair(result: Result, place: int) -> Result:
    """A task's result for the pair at this place, or the whole result if it failed before the first pair."""
    listed = result.get("results") or ()
    found: Result = listed[place] if place < len(listed) else ({} if listed else result)
    return found


def _message(result: Result) -> str:
    return str(result.get("msg") or "")


def _incomplete(result: Result) -> str:
    """Why a verification is incomplete; "" if it is complete, with or without problems."""
    return "" if (result.get("verification") or {}).get("complete") else _message(result)


def of_steps(pair: Pair, steps: RepairSteps) -> RepairReport:
    """The report of a repair in steps. pair: as RepairReport.pair."""
    sent, retried = steps.sent or RepairReport(*pair), steps.retried
    looks = [one for one in (steps.before, steps.after) if one is not None]
    # Versions that an incomplete verification did not read may be in any state.
    after = steps.after if steps.after and steps.after["complete"] else None
    stopped = steps.stopped
    if not stopped and not steps.verified:
        stopped = sent.stopped or steps.unverified
    failures = (steps.unread, steps.retry_failed, steps.send_failed, steps.unsent)
    return RepairReport(
        *pair,
        before=sent.before if steps.before is None else _found(steps.before),
        done=((_retry(retried),) if retried else ()) + sent.done,
        skipped=(*(_refused(retried) if retried else ()), *sent.skipped),
        skipped_count=sent.skipped_total + (retried["refused"] if retried else 0),
        after=None if after is None else _found(after),
        finished=looks[-1]["finished"] if looks else sent.finished,
        stopped=stopped,
        notes=(
            *dict.fromkeys(
                [
                    *(one for one in failures if one and one != stopped),
                    *(note for one in looks for note in one["notes"]),
                ]
            ),
            *sent.notes,
        ),
    )


def _found(report: Mapping[str, Any]) -> dict[str, int]:
    counts = {name: tally["count"] for name, tally in report["states"].items()}
    return {name: count for name, count in counts.items() if count}


def _retry(retried: Mapping[str, Any]) -> RepairAction:
    outcome = retried["outcome"] or {}
    return RepairAction(
        "retry",
        asked=retried["asked"] + retried["refused"],
        sent=retried["asked"],
        accepted=retried["accepted"],
        refused=retried["refused"] + retried["dropped"],
        completed=outcome.get("COMPLETED", 0),
        failed=outcome.get("FAILED", 0),
    )


def _refused(retried: Mapping[str, Any]) -> tuple[SkippedVersion, ...]:
    return tuple(
        SkippedVersion(one["key"], one["version_id"], one["detail"])
        for one in retried["first_refused"]
    )
