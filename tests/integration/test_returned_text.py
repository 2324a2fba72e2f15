# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks never evaluate strings that modules return: each string has template syntax appended.

How servers' texts come into modules is tested in test_server_data.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.support.entry_points import entry_points, playbook
from tests.integration.support.modules import Side
from tests.integration.support.plays import Inventory, Plays
from tests.integration.support.procedure import SOURCE_BUCKET, TARGET_BUCKET, set_up

pytestmark = pytest.mark.oldest_core

#: In this order each playbook finds the resources that it needs.
PLAYBOOKS = (
    "setup_replication",
    "validate_replication",
    "status_replication",
    "verify_replication",
    "verify_replication_on_workers",
    "backfill_replication",
    "adopt_replication",
    "teardown_replication",
)
#: Fields that modules fill themselves and the plan compares; no server returns them.
MODULE_FIELDS = (
    "findings.id,findings.severity,results.changes,.changes,iam_role.role_name,results.proof"
)


@pytest.fixture
def evaluated(tmp_path: Path) -> Path:
    """The file that is created if the text is evaluated."""
    return tmp_path / "evaluated"


@pytest.fixture
def text(evaluated: Path, play: Plays) -> str:
    command = f"lookup('pipe', 'touch {evaluated}')"
    text = f"{{{{ {command} }}}}{{% set a = {command} %}}"
    play.environ["INJECTED_TEXT"] = text
    play.callbacks.append("inject_text")
    return text


@pytest.fixture
def everything(play: Plays, tmp_path: Path) -> Inventory:
    """An inventory with which every step of the role has something to do."""
    inventory = play.inventory(
        replication_backbeat_url=play.sandbox.source.backbeat_url,
        replication_preflight_canary=True,
        # A key between those of the seed, so that there are ranges.
        replication_verify_key="seed/1-proof",
        replication_verify_folder=str(tmp_path / "verified"),
        replication_verify_workers=["worker"],
        replication_verify_ranges_per_worker=3,
        replication_verify_least_versions=1,
        replication_adopt_to=str(tmp_path / "adopted"),
        replication_event_file=str(tmp_path / "pairs.json"),
        replication_event_state=str(tmp_path / "state.json"),
        replication_report_rclone=str(tmp_path),
        **{
            f"replication_report_{kind}": str(tmp_path / f"report.{kind}")
            for kind in ("html", "json", "junit", "prometheus")
        },
    )
    (tmp_path / "state.json").write_text(json.dumps({"state": {"open": {}}}))
    inventory["all"]["children"] = {"workers": {"hosts": {"worker": {}}}}
    return inventory


def test_playbooks_do_not_evaluate_returned_text(
    play: Plays,
    source: Side,
    target: Side,
    text: str,
    evaluated: Path,
    everything: Inventory,
    tmp_path: Path,
) -> None:
    play.environ["INJECTED_EXCEPT"] = MODULE_FIELDS
    for side, bucket in ((source, SOURCE_BUCKET), (target, TARGET_BUCKET)):
        side.do("bucket", name=bucket, versioning="enabled")
        # Enough for several ranges, which begin and end with keys.
        side.sandbox.seed(side.name, bucket, 1500)
    played = play("-vv", inventory=everything, playbook=playbook(tmp_path, PLAYBOOKS)).ok()
    assert not evaluated.exists()
    # The text is in results, in facts, and in files.
    (proof,) = [one for one in played.module_records() if one["action"].endswith("backbeat_proof")]
    shown = proof["result"]["results"][0]["object"]
    assert shown["bucket"] == f"{SOURCE_BUCKET}{text}"
    ranges = [one for one in played.module_records() if one["host"].startswith("verify-node1-0-")]
    assert len(ranges) > 1
    adopted = (tmp_path / "adopted" / "node1" / "replication_adopted.yml").read_text()
    assert f"!unsafe {json.dumps(TARGET_BUCKET + text)}" in adopted


ENTRIES = ("main", "validate", "status", "verify_all", "teardown")

#: Entry points for repairs. Some fail because a compared text has the suffix on one side only.
REPAIRS = ("repair_all", "retry", "event_pairs", "resend", "verify_ranges", "verify_parts")


def test_repair_entry_points_do_not_evaluate_returned_text(
    play: Plays,
    source: Side,
    target: Side,
    text: str,
    evaluated: Path,
    everything: Inventory,
    tmp_path: Path,
) -> None:
    play.environ["INJECTED_EXCEPT"] = MODULE_FIELDS
    set_up(source, target)
    stuck = {"kind": "stuck", "cause": "roles-changed", "host": "node1", "key": text}
    stuck |= {"bucket": SOURCE_BUCKET, "target": "node6", "target_bucket": TARGET_BUCKET}
    stuck |= {"version_id": text, "what": text}
    (tmp_path / "state.json").write_text(json.dumps({"state": {"open": {text: stuck}}}))
    played = play("-vv", inventory=everything, playbook=entry_points(tmp_path, REPAIRS))
    assert not evaluated.exists()
    assert {
        one["task"].split(" : ")[-1]
        for one in played.module_records()
        if text in str(one["result"])
    } >= {
        "Compare both buckets of every pair before",
        "Merge the parts of each pair",
        "Write and show the report",
    }


def test_failure_messages_contain_returned_text_unevaluated(
    play: Plays,
    source: Side,
    target: Side,
    text: str,
    evaluated: Path,
    everything: Inventory,
    tmp_path: Path,
) -> None:
    """Every entry point fails, with the text in its message."""
    play.environ["INJECTED_EXCEPT"] = MODULE_FIELDS
    everything["all"]["vars"] |= {
        "replication_backbeat_url": "http://127.0.0.1:9",
        "replication_preflight": False,
        "replication_verify_timeout": 1,
    }
    for host in ("node1", "node6"):
        everything["all"]["hosts"][host]["replication_s3"]["retry_timeout"] = 0.5
    fail = play.sandbox.fail
    fail(side="target", operation="HeadObject", status=403, code="AccessDenied", times=0)
    fail(side="target", operation="ListObjectVersions", status=403, code="AccessDenied", times=0)
    fail(side="source", operation="DeleteBucketReplication", status=403, code="No", times=0)
    played = play("-vv", inventory=everything, playbook=entry_points(tmp_path, ENTRIES))
    shown = [
        one["result"]["msg"]
        for one in played.records
        if one["task"].startswith("Show what failed") and one["host"] == "node1"
    ]
    assert len(shown) == len(ENTRIES), played.output
    assert all(text in str(one) for one in shown), shown
    assert not evaluated.exists()


def test_a_template_in_an_inventory_variable_is_evaluated(
    play: Plays, text: str, evaluated: Path, everything: Inventory, tmp_path: Path
) -> None:
    """So the tests above would fail if returned text was evaluated."""
    everything["all"]["hosts"]["node1"]["replication_location"] = text
    play(inventory=everything, playbook=playbook(tmp_path, ["status_replication"]))
    assert evaluated.exists()
