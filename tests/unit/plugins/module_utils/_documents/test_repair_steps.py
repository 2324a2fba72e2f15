# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a repair: their report, and when a repair has failed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.repair_report import (
    RepairAction,
    RepairReport,
    SkippedVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.repair_steps import (
    RepairSteps,
    TaskResults,
    of_steps,
    steps_of,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_page import (
    PageInput,
    page,
)

PAIR = ("node1", "source-bucket", "node6", "target-bucket")


def shown(repair: RepairReport, **given: Any) -> dict[str, Any]:
    (pair,) = page(PageInput("t", repairs=[repair], **given))["pairs"]
    found: dict[str, Any] = pair["repair"]
    return found


def looked(complete: bool = True, **counts: int) -> dict[str, Any]:
    """The part of a verification's report that the code reads."""
    return {
        "complete": complete,
        "finished": f"with {sum(counts.values())}",
        "states": {name: {"count": count} for name, count in counts.items()},
        "notes": ["a note"],
    }


def test_a_repair_in_steps_is_one_report() -> None:
    retried = {
        "asked": 5,
        "accepted": 3,
        "dropped": 2,
        "refused": 4,
        "first_refused": [{"key": "k", "version_id": "1", "detail": "deleted."}],
        "outcome": {"COMPLETED": 2, "FAILED": 1},
    }
    sent = RepairReport(
        *PAIR,
        before={"stuck": 9},
        done=(RepairAction("tags", asked=2, sent=1, accepted=1, refused=1, completed=1),),
        skipped=(SkippedVersion("n", "null", "order."),),
        skipped_count=7,
        notes=("tags are events.",),
    )
    steps = RepairSteps(looked(failed=9, in_sync=0), retried, sent, looked(in_sync=8, failed=1))
    made = of_steps(PAIR, steps)
    assert made.before == {"failed": 9}
    assert made.after == {"in_sync": 8, "failed": 1}
    assert made.done[0] == RepairAction(
        "retry", asked=9, sent=5, accepted=3, refused=6, completed=2, failed=1
    )
    assert made.done[1:] == sent.done
    assert [one.key for one in made.skipped] == ["k", "n"]
    assert made.skipped_total == 11
    assert made.finished == "with 9"
    assert made.notes == ("a note", "tags are events.")


def test_a_stopped_repair_has_the_reason() -> None:
    made = of_steps(PAIR, RepairSteps(before=looked(failed=1), stopped="The bucket is missing."))
    assert made.stopped == "The bucket is missing."
    assert made.done == ()
    assert made.after is None


def test_counts_of_an_incomplete_verification_are_not_the_remaining_problems() -> None:
    steps = RepairSteps(looked(failed=1), after=looked(complete=False), unverified="No answer.")
    made = of_steps(PAIR, steps)
    assert (made.after, made.stopped) == (None, "No answer.")
    assert shown(made)["verdict"] == "incomplete"


def test_a_failed_step_is_reported_although_the_repair_continued() -> None:
    steps = RepairSteps(looked(failed=1), after=looked(in_sync=1), retry_failed="No answer.")
    made = of_steps(PAIR, steps)
    assert (made.after, made.stopped) == ({"in_sync": 1}, "")
    assert made.notes == ("No answer.", "a note")


def test_a_backfill_that_ended_early_does_not_matter_if_nothing_remains() -> None:
    sent = RepairReport(*PAIR, stopped="No answer.")
    steps = RepairSteps(sent=sent, send_failed="No answer.", after=looked(in_sync=1))
    assert steps.left == ()
    made = of_steps(PAIR, steps)
    assert (made.stopped, made.notes[0]) == ("", "No answer.")
    steps = replace(steps, after=looked(failed=1), refused="1 version: failed.")
    assert steps.left == ("No answer.", "1 version: failed.")
    assert of_steps(PAIR, steps).stopped == "No answer."


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        (RepairSteps(after=looked(in_sync=1)), ()),
        (RepairSteps(after=looked(failed=1), refused="failed."), ("failed.",)),
        # It does not matter how the problems were fixed.
        (RepairSteps(after=looked(in_sync=1), retry_failed="retry.", unread="before."), ()),
        (RepairSteps(after=looked(in_sync=1, pending=1), retry_failed="retry."), ()),
        (RepairSteps(after=looked(in_sync=1), send_failed="pending."), ()),
        (RepairSteps(after=looked(in_sync=1, pending=1), send_failed="pending."), ("pending.",)),
        (
            RepairSteps(
                after=looked(failed=1), retry_failed="retry.", send_failed="send.", refused="1."
            ),
            ("retry.", "send.", "1."),
        ),
        (
            RepairSteps(after=looked(complete=False), unverified="away.", refused="away."),
            ("away.",),
        ),
        # Preflight's error is still there.
        (RepairSteps(after=looked(in_sync=1), stopped="no role."), ("no role.",)),
        # In check mode there is no last verification.
        (RepairSteps(looked(failed=1)), ()),
        (RepairSteps(looked(failed=1), retry_failed="retry."), ("retry.",)),
    ],
)
def test_remaining_problems_decide_whether_a_repair_failed(
    steps: RepairSteps, left: tuple[str, ...]
) -> None:
    assert steps.left == left


def test_results_of_tasks_belong_to_their_pairs() -> None:
    """Preflight finds an error for the first pair, so none of its versions is sent."""

    def verified(bucket: str, **counts: int) -> dict[str, Any]:
        names = {"source": "node1", "target": "node6"}
        sides = {side: {"name": name, "bucket": bucket} for side, name in names.items()}
        return {"verification": {**looked(**counts), **sides}}

    def sent(bucket: str, **found: Any) -> dict[str, Any]:
        report = RepairReport("node1", bucket, "node6", bucket, before={"failed": 1})
        return {"repair": report.as_dict(), **found}

    buckets = ("a", "b", "c")
    planned = {
        "host": "node1",
        "outgoing": [
            {"source_bucket": one, "target_host": "node6", "target_bucket": one} for one in buckets
        ],
    }
    tasks = TaskResults(
        preflight={"results": [{"failed": True, "msg": "no role."}, {}, {}]},
        before={"results": [verified(one, failed=1) for one in buckets]},
        retried={"results": [{"item": "b", "failed": True, "msg": "retry of b."}]},
        sent={"results": [sent("b", msg="b failed again.", failed=True), sent("c")]},
        after={
            "results": [
                {**verified("a", failed=1), "msg": "a is not in sync."},
                {**verified("b", failed=1), "msg": "b is not in sync."},
                verified("c", in_sync=1),
            ]
        },
    )
    found = {pair[1]: steps for pair, steps in steps_of(planned, tasks)}
    assert [one.left for one in found.values()] == [
        ("no role.",),
        ("retry of b.", "b failed again.", "b is not in sync."),
        (),
    ]
    assert [one.sent is not None for one in found.values()] == [False, True, True]
    # A task that fails before its first pair fails for all of them.
    (*_others, last) = steps_of(planned, TaskResults(after={"msg": "No module.", "failed": True}))
    assert last[1].left == ("No module.",)
