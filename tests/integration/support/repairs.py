# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs repair_replication.yml, and reads its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devtools.places import ROOT
from tests.integration.support.plays import Inventory, PlaybookResult, Plays

REPAIR = ROOT / "playbooks" / "repair_replication.yml"


def inventory(play: Plays, folder: Path, **variables: Any) -> Inventory:
    return play.inventory(
        replication_verify_folder=str(folder),
        replication_report_html=str(folder / "page.html"),
        **variables,
    )


def repair_report(played: PlaybookResult) -> dict[str, Any]:
    """The report of the only pair. Its statistic for AWX workflows has the same values without texts from servers."""
    facts = [
        found
        for one in played.records
        if one["host"] == "node1"
        for found in [one["result"].get("ansible_facts", {}).get("replication_repair_results")]
        if found
    ]
    stats = [
        one["result"]["ansible_stats"]["data"]["replication_repair"]["node1"]
        for one in played.records
        if "replication_repair" in str(one["result"].get("ansible_stats"))
    ]
    (report,) = facts[-1]
    left_out = {"schema", "skipped", "stopped", "notes"}
    assert stats == [[{name: value for name, value in report.items() if name not in left_out}]]
    return dict(report)
