# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as users install it: from the tarball, without access to the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from tests.docs.support.examples import documented_uses

from .conftest import ROOT, OutsideCheckout

pytestmark = [
    pytest.mark.packaging,
    pytest.mark.each_core,
    pytest.mark.sandbox,
    pytest.mark.playbook,
    pytest.mark.slow,
]

MODULES = sorted(file.stem for file in (ROOT / "plugins" / "modules").glob("backbeat_*.py"))

VERIFIED = "{{ playbook_dir }}/verified.json"

# Options for each module, for resources that the playbook has created on the source environment. A module without
# an entry runs its first documented example.
USES: dict[str, dict[str, Any]] = {
    "backbeat_adoption_info": {
        "name": "node1 to node6",
        "source": {"s3": "{{ replication_s3 }}", "iam": "{{ replication_iam }}"},
        "target": {"iam": "{{ hostvars['node6'].replication_iam }}"},
    },
    "backbeat_backfill": {
        "source": {"bucket": "source-bucket", "s3": "{{ replication_s3 }}"},
        "target": {"bucket": "target-bucket", "s3": "{{ hostvars['node6'].replication_s3 }}"},
    },
    "backbeat_bucket": {"name": "source-bucket", "versioning": "enabled"},
    "backbeat_bucket_replication": {"bucket": "source-bucket", "target_bucket": "target-bucket"},
    "backbeat_bucket_replication_info": {"bucket": "source-bucket"},
    "backbeat_failed_info": {"backbeat_url": "{{ replication_s3.endpoint_url }}"},
    "backbeat_iam_role": {"name": "SourceRoleForS3Replication"},
    "backbeat_object": {"bucket": "source-bucket", "key": "object-to-replicate"},
    "backbeat_object_check": {"bucket": "source-bucket", "key": "object-to-replicate"},
    "backbeat_preflight": {
        "source": {
            "bucket": "source-bucket",
            "s3": "{{ replication_s3 }}",
            "iam": "{{ replication_iam }}",
        },
        "target": {
            "bucket": "target-bucket",
            "s3": "{{ hostvars['node6'].replication_s3 }}",
            "iam": "{{ hostvars['node6'].replication_iam }}",
        },
    },
    "backbeat_policy": {
        "name": "SourcePolicyForS3Replication",
        "side": "source",
        "source_buckets": ["source-bucket"],
        "roles": ["SourceRoleForS3Replication"],
    },
    "backbeat_proof": {
        "bucket": "source-bucket",
        "key": "object-to-replicate",
        "target": {"bucket": "target-bucket", "s3": "{{ hostvars['node6'].replication_s3 }}"},
    },
    "backbeat_report": {"title": "Nothing is written without a file"},
    "backbeat_retry": {"backbeat_url": "{{ replication_s3.endpoint_url }}"},
    "backbeat_service_info": {"backbeat_url": "{{ replication_s3.endpoint_url }}"},
    "backbeat_site": {"backbeat_url": "{{ replication_s3.endpoint_url }}", "site": "node6"},
    "backbeat_verify": {
        "source": {"bucket": "source-bucket", "s3": "{{ replication_s3 }}"},
        "target": {"bucket": "target-bucket", "s3": "{{ hostvars['node6'].replication_s3 }}"},
        "report_file": VERIFIED,
    },
    "backbeat_verify_merge": {"parts": [{"report_file": VERIFIED}]},
    "backbeat_verify_plan": {"bucket": "source-bucket", "s3": "{{ replication_s3 }}", "parts": 2},
}


@pytest.fixture(scope="module")
def first_run(installed: OutsideCheckout, inventory: Path, sandbox: Sandbox) -> int:
    """Run the playbook by its full name on empty environments; returns the number of changed tasks."""
    return installed.play("scality.backbeat.setup_replication", inventory, sandbox)


def test_playbook_sets_up_replication(first_run: int, sandbox: Sandbox) -> None:
    assert first_run > 0
    for side, bucket, status in (
        (sandbox.source, "source-bucket", "COMPLETED"),
        (sandbox.target, "target-bucket", "REPLICA"),
    ):
        head = side.client("s3").head_object(Bucket=bucket, Key="object-to-replicate")
        assert head["ReplicationStatus"] == status


@pytest.mark.usefixtures("first_run")
def test_second_run_by_full_names_changes_nothing(
    installed: OutsideCheckout, inventory: Path, sandbox: Sandbox
) -> None:
    assert set(USES) <= set(MODULES)
    role = {"hosts": "all", "gather_facts": False, "roles": ["scality.backbeat.replication"]}
    modules = {
        "hosts": "node1",
        "gather_facts": False,
        "module_defaults": {
            "group/scality.backbeat.iam": "{{ replication_iam }}",
            "group/scality.backbeat.s3": "{{ replication_s3 }}",
        },
        "tasks": [
            {f"scality.backbeat.{name}": USES.get(name) or documented_uses(name)[0]}
            for name in MODULES
        ],
    }
    playbook = write(
        installed.folder / "again.yml",
        {"import_playbook": "scality.backbeat.setup_replication"},
        role,
        modules,
    )
    assert installed.play(playbook, inventory, sandbox) == 0


def test_ansible_doc_shows_the_installed_modules(installed: OutsideCheckout) -> None:
    names = [f"scality.backbeat.{name}" for name in MODULES]
    answer = json.loads(installed.run("ansible-doc", "--json", "--type", "module", *names))
    assert sorted(answer) == names
    for name, parts in answer.items():
        assert Path(parts["doc"]["filename"]).is_relative_to(installed.collections)
        assert parts["doc"]["short_description"]
        assert parts["doc"]["options"]
        assert f"{name}:" in parts["examples"]
        assert parts["return"]


def write(file: Path, *plays: dict[str, Any]) -> Path:
    """Write a playbook as JSON, which is valid YAML."""
    file.write_text(json.dumps(plays))
    return file
