# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook verify_replication: all pairs of an inventory, their reports, and when it fails."""

from __future__ import annotations

import json
from pathlib import Path

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

VERIFY = ROOT / "playbooks" / "verify_replication.yml"


def test_a_pair_that_is_in_sync(play: Plays, source: Side, target: Side, tmp_path: Path) -> None:
    set_up(source, target)
    source.do("object_check", bucket=SOURCE_BUCKET, key="object-to-replicate")
    folder, page = tmp_path / "reports", tmp_path / "page.html"
    inventory = play.inventory(
        replication_verify_folder=str(folder), replication_report_html=str(page)
    )
    before = source.sandbox.calls(write=True)
    played = play(inventory=inventory, playbook=VERIFY).ok()
    assert source.sandbox.calls(write=True) == before
    name = f"node1__{SOURCE_BUCKET}__node6__{TARGET_BUCKET}"
    written = json.loads((folder / f"{name}.report.json").read_text())
    assert written["states"]["in_sync"]["count"] == 1
    assert (written["source"]["name"], written["target"]["name"]) == ("node1", "node6")
    assert SOURCE_BUCKET in page.read_text()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "1 pair" in played.output


def test_a_loss_fails_after_the_report(
    play: Plays, source: Side, target: Side, tmp_path: Path
) -> None:
    set_up(source, target)
    source.do("object_check", bucket=SOURCE_BUCKET, key="object-to-replicate")
    listed = target.s3.list_object_versions(Bucket=TARGET_BUCKET)["Versions"]
    target.s3.delete_object(
        Bucket=TARGET_BUCKET, Key=listed[0]["Key"], VersionId=listed[0]["VersionId"]
    )
    page = tmp_path / "page.html"
    inventory = play.inventory(replication_report_html=str(page))
    played = play(inventory=inventory, playbook=VERIFY)
    assert played.code != 0
    assert "missing although COMPLETED" in played.output
    assert "object-to-replicate" in page.read_text()
    again = play.inventory(replication_verify_accept={"missing": 1})
    play(inventory=again, playbook=VERIFY).ok()
