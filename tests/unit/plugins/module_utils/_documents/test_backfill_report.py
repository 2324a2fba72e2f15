# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a backfill: its numbers, its lines, and its state in a checkpoint."""

from __future__ import annotations

import json

from ansible_collections.scality.backbeat.plugins.module_utils._documents.backfill_report import (
    EXPLAINED,
    SHOWN,
    Report,
    SourceVersion,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.repair_report import (
    RepairReport,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.resend_rules import (
    REASONS,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_entries import Side

SIDES = (Side("node1", "http://node1", "a"), Side("node6", "http://node6", "b"))


def filled() -> Report:
    report = Report(*SIDES)
    for number in range(12):
        version = SourceVersion(f"k{number}", "1", "failed", 10, f"2026-01-{number + 1:02}T00")
        report.find(version)
        report.send(version)
        report.became("failed", "COMPLETED" if number else "FAILED")
        report.skip(version.skipped_line("deleted-key"))
    report.window.add(0.5)
    report.window.add(1.5)
    report.deleted_again = 2
    return report


def test_numbers_and_the_first_of_each_reason() -> None:
    found = filled().as_dict()
    assert found["sent"]["failed"] == {
        "count": 12,
        "bytes": 120,
        "oldest": "2026-01-01T00",
        "newest": "2026-01-12T00",
    }
    assert (found["sent_count"], found["skipped_count"]) == (12, 12)
    assert len(found["first_skipped"]["deleted-key"]) == SHOWN
    assert found["outcome"] == {"failed": {"FAILED": 1, "COMPLETED": 11}}
    assert found["tag_window_seconds"] == {"versions": 2, "mean": 1.0, "longest": 1.5}
    assert json.loads(json.dumps(found)) == found


def test_a_checkpoint_keeps_all_that_was_counted() -> None:
    report, again = filled(), Report(*SIDES)
    again.resume(json.loads(json.dumps(report.saved())))
    assert again == report


def test_lines_have_the_data_for_verifications_and_people() -> None:
    version = SourceVersion("k", "1", "stuck", status="PENDING")
    assert version.sent_line("2026-01-01T00:00:00.000Z")["pending_since"].startswith("2026")
    line = version.skipped_line("deleted-key")
    assert line["detail"] == REASONS["deleted-key"]
    assert version.skipped_line("refused", "why")["detail"] == "why"
    assert all(text.endswith(".") for text in EXPLAINED.values())


def test_the_page_of_reports_shows_the_same() -> None:
    repair = filled().repair()
    assert [one.action for one in repair.done] == ["delete_again", "tags"]
    assert (repair.done[1].completed, repair.done[1].failed) == (11, 1)
    assert repair.skipped_total == 12
    assert RepairReport.from_dict(repair.as_dict()) == repair
