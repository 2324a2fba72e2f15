# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of verifications with all kinds of entries, for tests of their output formats."""

from __future__ import annotations

from typing import Any

from ansible_collections.scality.backbeat.plugins.module_utils._documents.repair_report import (
    RepairAction,
    RepairReport,
    SkippedVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_page import (
    PageInput,
    PagePair,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_entries import (
    Gap,
    Problem,
    Side,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_report import (
    Report,
)

FINISHED = "2026-11-24T02:14:09.000Z"
SCRIPT = "<script>document.title='run'</script>"
TEMPLATE = "{{ 1 + 1 }}{% set x = 1 %}"
LONG = "long/" + "x" * 300
ODD_KEYS = (
    SCRIPT,
    TEMPLATE,
    LONG,
    'line\nbreak "quoted" \\ \u202e & <b>',
    "donn\u00e9es/\u00e9t\u00e9.csv",
)


def report(source: str = "node1", target: str = "node6", **states: int) -> Report:
    """A complete report with these numbers of versions by state, of 1,000 bytes each, written on 2026-11-23."""
    made = Report(
        Side(source, f"http://{source}", "source-bucket"),
        Side(target, f"http://{target}", "target-bucket"),
        site="node6",
        finished=FINISHED,
        seconds=61.5,
    )
    for name, count in states.items():
        made.states[name].add(
            count, 1000 * count, "2026-11-23T02:14:09.000Z", "2026-11-24T02:13:09.000Z"
        )
    for side in ("source", "target"):
        made.listed[side].add(sum(states.values()), 1000 * sum(states.values()), None, None)
    made.judge({}, allow_empty=False)
    return made


def problem(key: str, state: str = "failed", **more: Any) -> Problem:
    return Problem(key, "98765", state, "source", size=1000, modified=FINISHED, **more)


def odd_report() -> Report:
    """A report with keys that a page must not interpret."""
    made = report(in_sync=100000, failed=0, stuck=2, pending=3, not_selected=7)
    for key in ODD_KEYS:
        made.add(problem(key, status="FAILED", detail=f"of {SCRIPT}"))
    made.notes.append(TEMPLATE)
    made.judge({}, allow_empty=False)
    return made


def incomplete_report() -> Report:
    made = report("node6", "node1", in_sync=5)
    made.gaps.append(Gap("listing-failed", "the listing broke off", "k"))
    made.last_complete = "2026-11-22T02:00:00.000Z"
    made.judge({}, allow_empty=False)
    return made


def repair_report() -> RepairReport:
    """A report of the pair of `odd_report`, with all kinds of entries."""
    return RepairReport(
        "node1",
        "source-bucket",
        "node6",
        "target-bucket",
        before={
            "in_sync": 100000,
            "failed": 12,
            "never_replicated": 1480,
            "stuck": 3,
            "a new state": 1,
        },
        done=(
            RepairAction("retry", 12, 11, 11, 1, 10, 1),
            RepairAction("tags", 1483, 1481, 1481, 2, 1480, 0),
        ),
        skipped=(
            SkippedVersion(
                SCRIPT, "98765", "The key is deleted at the source.", "Set delete_again."
            ),
            SkippedVersion(LONG, "null", "Old content would be shown.", "Copy it by hand."),
        ),
        after={"in_sync": 101490, "failed": 1, "never_replicated": 2},
        finished=FINISHED,
        notes=(f"Notifications were sent for {TEMPLATE}.",),
    )


FINDING = {
    "id": "target-versioning-off",
    "severity": "error",
    "what": f"Versioning was never enabled on {SCRIPT}.",
    "where": "target bucket target-bucket at http://node6",
    "why": "The copy loses its history.",
    "remedy": "Enable it.",
}
SERVICE: dict[str, Any] = {
    "backbeat_url": "http://node1",
    "reason": None,
    "healthy": True,
    "health": {"notes": ["That alone is not an outage."]},
    "metrics": {
        name: {"count": 3, "size": 3000} for name in ("backlog", "failures", "completions")
    },
    "sites": [
        {"name": "node6", "state": "paused", "resume_at": "2026-11-24T06:00:00Z", "metrics": None}
    ],
    "unsupported": [],
}


def everything() -> PageInput:
    reports = (odd_report(), incomplete_report(), report("node2", "node6", in_sync=4))
    quiet = PagePair("node3", "source-bucket", "node1", "third-bucket", "keys below a/")
    return PageInput(
        "Replication of 3 < 4",
        reports,
        (quiet,),
        {quiet.id: (FINDING,)},
        {"node1": SERVICE},
        repairs=(repair_report(),),
    )
