# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook backfill_replication: all pairs of an inventory, its files, and its output."""

from __future__ import annotations

import json
from pathlib import Path

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up
from tests.integration.support.versions import put, states, verify

BACKFILL = ROOT / "playbooks" / "backfill_replication.yml"


def test_objects_older_than_the_rule_are_sent_and_reported(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    set_up(source, target, but=("object", "replication"))
    put(source, "old")
    put(source, "gone")
    source.s3.delete_object(Bucket=SOURCE_BUCKET, Key="gone")
    set_up(source, target, but=("object",))
    folder, page = tmp_path / "reports", tmp_path / "page.html"
    inventory = play.inventory(
        replication_verify_folder=str(folder), replication_report_html=str(page)
    )
    before = source.sandbox.calls(write=True)
    predicted = play("--check", inventory=inventory, playbook=BACKFILL).ok()
    assert "1 would be sent, 2 skipped" in " ".join(predicted.output.split())
    assert source.sandbox.calls(write=True) == before
    played = play(inventory=inventory, playbook=BACKFILL).ok()
    assert "1 sent, 2 skipped" in " ".join(played.output.split())
    assert states(verify(source, target)) == {"in_sync": 1, "never_replicated": 2}
    name = f"node1__{SOURCE_BUCKET}__node6__{TARGET_BUCKET}"
    written = json.loads((folder / f"{name}.backfill.json").read_text())
    assert written["outcome"] == {"never_replicated": {"COMPLETED": 1}}
    skipped = (folder / f"{name}.skipped.jsonl").read_text().splitlines()
    assert {json.loads(line)["reason"] for line in skipped} == {"delete-marker", "deleted-key"}
    assert "Sent again by putting own tags back" in page.read_text()
    again = play(inventory=inventory, playbook=BACKFILL).ok()
    results = [one for one in again.module_records() if one["action"].endswith("backbeat_backfill")]
    assert [one["result"]["changed"] for one in results if "results" in one["result"]] == [False]
