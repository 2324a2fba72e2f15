# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a run in a terminal: counts, keys and remedies of problems, without control characters."""

from __future__ import annotations

from ansible_collections.scality.backbeat.plugins.module_utils._documents.repair_report import (
    RepairReport,
    SkippedVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_page import (
    PageInput,
    PagePair,
    page,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.report_screen import (
    screen,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_states import STATE

from ...reports import SERVICE, problem, report


def test_the_screen_has_a_block_for_each_pair() -> None:
    pair = PagePair("node1", "source-bucket", "node6", "target-bucket", "all objects", ("node6",))
    given = PageInput(
        "t",
        pairs=[pair, PagePair("node2", "a", "node3", "b")],
        services={"node1": SERVICE, "node2": {"error": "no route to host"}},
        failures={"node1": {"by_bucket": {"source-bucket": 7}}},
        last=[report(in_sync=1, pending=2)],
    )
    assert screen(page(given)) == [
        "1 pair waits for replication, 1 pair was not verified.",
        "Pending: node1 source-bucket -> node6 target-bucket",
        "    all objects; site node6: paused until 2026-11-24 06:00 UTC; failed in 24 h: 7; oldest pending: 1 d; "
        "verified: 2026-11-24 02:14 UTC, ok",
        "    versions: 1 in sync; 2 pending",
        "Not verified: node2 a -> node3 b",
        "    verified: never",
        "Backbeat of node1: healthy",
        "    That alone is not an outage.",
        "Backbeat of node2: not healthy",
        "    no route to host",
    ]


def test_problems_have_their_first_keys_and_a_remedy() -> None:
    made = report(in_sync=1234, not_selected=2)
    for number in range(5):
        made.add(problem(f"k{number}", state="missing"))
    made.add(problem("never", state="never_replicated"))
    shown = screen(page(PageInput("t", [made])))
    assert (
        "    versions: 1 234 in sync; 5 missing although COMPLETED; 1 never replicated; "
        in "\n".join(shown)
    )
    start = shown.index(f"    missing although COMPLETED: {STATE['missing'].remedy}")
    assert shown[start + 1 :] == [
        "        k0 (version 98765)",
        "        k1 (version 98765)",
        "        k2 (version 98765)",
        "        and 2 more",
        f"    never replicated: {STATE['never_replicated'].remedy}",
        "        never (version 98765)",
    ]


def test_actions_and_remaining_problems_of_a_repair() -> None:
    skipped = [
        SkippedVersion(f"k{number}", "9", "The key is deleted.", "Delete it again.")
        for number in range(4)
    ]
    repair = RepairReport(
        "node1",
        "a",
        "node6",
        "b",
        {"failed": 5},
        skipped=tuple(skipped),
        after={"failed": 4},
        stopped="It was enough.",
    )
    shown = screen(page(PageInput("t", repairs=[repair])))
    start = shown.index("    repair: 5 versions were to be fixed, 4 still are; 4 were skipped.")
    assert shown[start + 1 :] == [
        "    repair stopped: It was enough.",
        "    4 skipped: The key is deleted. Delete it again.",
        "        k0 (version 9)",
        "        k1 (version 9)",
        "        k2 (version 9)",
        "        and 1 more",
    ]


def shown_key(key: str) -> str:
    made = report(in_sync=1)
    made.add(problem(key, state="missing"))
    return screen(page(PageInput("t", [made])))[-1].strip().removesuffix(" (version 98765)")


def test_a_key_cannot_control_the_terminal() -> None:
    assert (
        shown_key("a\x1b[2J\nb\u202e\U0001f600 \u00e9") == "a\\x1b[2J\\nb\\u202e\U0001f600 \u00e9"
    )
    long = shown_key("a" * 500 + "b" * 500)
    assert (long[:1], long[-1:], len(long)) == ("a", "b", 120)
