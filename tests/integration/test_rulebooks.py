# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks in ansible-rulebook: failed versions are retried automatically, and other events start no playbook."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from devtools.places import ROOT
from tests.integration.support.modules import Side
from tests.integration.support.plays import Plays
from tests.integration.support.procedure import SOURCE_BUCKET, SOURCE_ROLE, TARGET_BUCKET, set_up
from tests.integration.support.rulebooks import (
    RULEBOOKS,
    replay_source,
    require,
    run_rulebook,
    venv,
    write_rulebooks,
)

# They need a virtualenv that only `dev.py test pytest` creates.
pytestmark = [pytest.mark.slow, pytest.mark.playbook, pytest.mark.usefixtures("rulebook")]
PAIRS = ROOT / "playbooks" / "write_event_pairs.yml"
FAILED_NOTIFICATION = "s3:Replication:OperationFailedReplication"


@pytest.fixture(scope="module")
def rulebook() -> None:
    require()


@pytest.fixture
def inventory(source: Side, target: Side, play: Plays) -> dict[str, Any]:
    source.sandbox.settings("source", retries=0)
    set_up(source, target, but=("object",))
    return play.inventory(replication_backbeat_url=source.side.s3_url)


@pytest.fixture
def variables(play: Plays, inventory: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """The variables for the event source, as the playbook write_event_pairs writes them."""
    file = tmp_path / "pairs.json"
    play("-e", f"replication_event_file={file}", inventory=inventory, playbook=PAIRS).ok()
    assert file.stat().st_mode & 0o777 == 0o600
    written: dict[str, Any] = json.loads(file.read_text())
    return {**written, "replication_event_interval": 0.5}


def fail(source: Side, target: Side, key: str = "k") -> str:
    """Put a version that fails because the target bucket does not exist."""
    target.s3.delete_bucket(Bucket=TARGET_BUCKET)
    version = str(source.s3.put_object(Bucket=SOURCE_BUCKET, Key=key, Body=b"1")["VersionId"])
    source.do("object_check", bucket=SOURCE_BUCKET, key=key, status=["FAILED"])
    return version


def repair(target: Side) -> None:
    target.do("bucket", name=TARGET_BUCKET, versioning="enabled")


def status(source: Side, key: str = "k") -> str:
    return str(source.s3.head_object(Bucket=SOURCE_BUCKET, Key=key)["ReplicationStatus"])


def test_a_failed_version_is_retried_and_replicated(
    source: Side,
    target: Side,
    inventory: dict[str, Any],
    variables: dict[str, Any],
    tmp_path: Path,
) -> None:
    """By the rulebook's full name, with its own throttle. The cause is fixed; Backbeat does not retry by itself."""
    fail(source, target)
    repair(target)
    name = "scality.backbeat.retry_on_events"
    with run_rulebook(name, source.sandbox, inventory, variables, tmp_path) as process:
        process.until(lambda: status(source) == "COMPLETED")
        assert (
            target.s3.head_object(Bucket=TARGET_BUCKET, Key="k")["ReplicationStatus"] == "REPLICA"
        )
        process.until(lambda: process.playbooks >= 1)
    assert "failed=0" in process.output


def test_a_retry_follows_when_the_preflight_finding_is_resolved(
    source: Side,
    target: Side,
    inventory: dict[str, Any],
    variables: dict[str, Any],
    tmp_path: Path,
) -> None:
    fail(source, target)
    variables["replication_event_preflight_interval"] = 0.5
    copy = write_rulebooks(tmp_path, {"retry_on_events": None})
    with run_rulebook(copy, source.sandbox, inventory, variables, tmp_path) as process:
        process.until(lambda: process.playbooks >= 1)
        assert status(source) == "FAILED"
        assert "target-bucket-missing" in process.output
        repair(target)
        process.until(lambda: status(source) == "COMPLETED")
        process.until(lambda: process.playbooks >= 2)


def test_a_stuck_version_is_sent_again(
    source: Side,
    target: Side,
    inventory: dict[str, Any],
    variables: dict[str, Any],
    tmp_path: Path,
) -> None:
    configured = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    for role in ("role/Other", f"role/{SOURCE_ROLE}"):
        # Versions that are put while the bucket has another role stay PENDING forever.
        changed = configured["Role"].replace(f"role/{SOURCE_ROLE}", role, 1)
        source.s3.put_bucket_replication(
            Bucket=SOURCE_BUCKET, ReplicationConfiguration={**configured, "Role": changed}
        )
        if role == "role/Other":
            source.s3.put_object(Bucket=SOURCE_BUCKET, Key="k", Body=b"1")
    variables["replication_event_stuck_after"] = 0.5
    variables["replication_event_state"] = str(tmp_path / "state.json")
    copy = write_rulebooks(tmp_path, {"retry_on_events": None})
    with run_rulebook(copy, source.sandbox, inventory, variables, tmp_path) as process:
        process.until(lambda: status(source) == "COMPLETED")
        process.until(lambda: process.playbooks >= 1)
    assert "failed=0" in process.output
    assert source.sandbox.calls("source", operation="PutObjectTagging")


def notification(name: str, key: str = "k") -> dict[str, Any]:
    """A notification as Backbeat writes it to Kafka and ansible.eda.kafka passes it on."""
    return {
        "body": {
            "Records": [
                {
                    "eventVersion": "1.0",
                    "eventSource": "scality:s3",
                    "eventName": name,
                    "eventTime": "2026-11-22T17:21:14.718Z",
                    "s3": {
                        "bucket": {"name": SOURCE_BUCKET},
                        "object": {"key": key, "size": 1, "versionId": "1"},
                    },
                }
            ]
        },
        "meta": {"headers": {}},
    }


def alert(name: str, state: str = "firing") -> dict[str, Any]:
    """An alert as ansible.eda.alertmanager passes it on."""
    return {
        "alert": {"status": state, "labels": {"alertname": name, "severity": "warning"}},
        "meta": {"endpoint": "alerts", "headers": {}, "hosts": []},
    }


def replication_event(kind: str, state: str, **more: Any) -> dict[str, Any]:
    facts = {"kind": kind, "state": state, "host": "node1", "occurrence": 1, **more}
    return {"replication": facts, "meta": {"hosts": ["node1"]}}


WANTED = {
    "retry_on_notifications": notification(FAILED_NOTIFICATION, "{{ 1 / 0 }}"),
    "retry_on_alerts": alert("ReplicationErrorsCriticalThreshold"),
    "retry_on_events": replication_event("failed", "new", key="k"),
}
OTHERS: dict[str, list[Any]] = {
    "retry_on_notifications": [
        notification("s3:ObjectCreated:Put"),
        notification("s3:Replication:OperationReplicatedAfterThreshold"),
        {"body": "text", "meta": {"headers": {}}},
        {"body": {"Records": []}, "meta": {"headers": {}}},
    ],
    "retry_on_alerts": [
        alert("ReplicationErrorsCriticalThreshold", "resolved"),
        alert("ReplicationBacklogGrowing"),
        alert("BackbeatVersionsLost"),
        {"payload": {"alerts": []}, "meta": {}},
    ],
    "retry_on_events": [
        replication_event("failed", "gone"),
        replication_event("failed", "new", occurrence=4),
        replication_event("paused", "new"),
        replication_event("stuck", "new", cause="nothing-arrives"),
        replication_event("stuck", "gone", cause="roles-changed"),
        replication_event("finding", "new", finding="target-versioning-off"),
        replication_event("outage", "new"),
        {"replication": {"kind": "heartbeat", "state": "heartbeat", "id": "1"}},
    ],
}


def test_each_rulebook_retries_once_for_repeated_events(
    source: Side, target: Side, inventory: dict[str, Any], tmp_path: Path
) -> None:
    """Exactly once for each rulebook, however often it arrives within the window."""
    fail(source, target)
    repair(target)
    sources = {
        name: replay_source(tmp_path, name, *OTHERS[name], wanted, wanted)
        for name, wanted in WANTED.items()
    }
    copy = write_rulebooks(tmp_path, sources)
    with run_rulebook(copy, source.sandbox, inventory, {}, tmp_path) as process:
        output = process.end()
    assert process.last_rules() == dict.fromkeys(WANTED, "Retry failed versions"), output
    assert process.playbooks == len(WANTED), output
    assert status(source) == "COMPLETED", output


def test_other_events_start_no_playbook(
    source: Side, inventory: dict[str, Any], tmp_path: Path
) -> None:
    sources = {name: replay_source(tmp_path, name, *others) for name, others in OTHERS.items()}
    copy = write_rulebooks(tmp_path, sources)
    with run_rulebook(copy, source.sandbox, inventory, {}, tmp_path) as process:
        output = process.end()
    assert process.playbooks == 0, output
    assert "Traceback" not in output


def test_rulebooks_match_the_schema_of_ansible_rulebook() -> None:
    """ansible-rulebook does not validate rulebooks that are given by full name. Also parse them with its parser."""
    check = (
        "import sys, yaml; from ansible_rulebook import rules_parser, validators\n"
        "for name in sys.argv[1:]:\n"
        "    data = yaml.safe_load(open(name)); validators.Validate.rulebook(data)\n"
        "    print(*[one.name for one in rules_parser.parse_rule_sets(data)])"
    )
    files = sorted(RULEBOOKS.glob("*.yml"))
    command = [venv() / "bin" / "python", "-c", check, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert len(done.stdout.splitlines()) == len(files) == len(WANTED), done.stderr
