# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the guide, unchanged, on a sandbox with the generation that `run` starts: 2024."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.tests.helpers import DATA, status, wait_for

pytestmark = pytest.mark.sandbox
NODES = {"node1": "source", "node6": "target"}


def find_aws() -> str | None:
    """The path of the AWS command line: in the virtualenv in BACKBEAT_AWS_CLI, or on the PATH."""
    folder = os.environ.get("BACKBEAT_AWS_CLI")
    found = shutil.which("aws", path=str(Path(folder) / "bin")) if folder else shutil.which("aws")
    if found is None:
        return None
    answer = subprocess.run([found, "--version"], capture_output=True, check=False, timeout=30)
    return found if answer.returncode == 0 else None


@pytest.fixture(scope="module")
def sandbox_of_2024() -> Iterator[Sandbox]:
    with Sandbox(generation=2024, delay=0.2) as sandbox:
        yield sandbox


class Guide:
    """Runs the guide's commands with its hosts replaced by the sandbox's."""

    def __init__(self, sandbox: Sandbox, folder: Path, aws: str) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.aws_path = aws

    def aws(self, text: str) -> Any:
        for node, name in NODES.items():
            side = getattr(self.sandbox, name)
            text = text.replace(f"http://{node}:8600", side.iam_url)
            text = text.replace(f"http://{node}", side.s3_url)
        answer = subprocess.run(
            [self.aws_path, *text.split()[1:]],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.sandbox.environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert answer.returncode == 0, f"{text}\n{answer.stderr}"
        return json.loads(answer.stdout) if answer.stdout.strip() else None

    def prepare(self, node: str) -> str:
        """Create role, policy and bucket of one side; returns the role's ARN."""
        side = NODES[node]
        iam = f"--endpoint http://{node}:8600 --profile backbeat-{side}"
        role = f"--role-name {side.capitalize()}RoleForS3Replication"
        made = self.aws(
            f"aws iam create-role {role} "
            f"--assume-role-policy-document file://backbeat-role-trust-policy.json {iam}"
        )
        policy = self.aws(
            f"aws iam create-policy --policy-name {side.capitalize()}PolicyForS3Replication "
            f"--policy-document file://S3-role-permissions-policy.json {iam}"
        )
        self.aws(f"aws iam attach-role-policy {role} --policy-arn {policy['Policy']['Arn']} {iam}")
        s3 = f"--bucket {side}-bucket --endpoint http://{node} --profile backbeat-{side}"
        self.aws(f"aws s3api create-bucket {s3}")
        self.aws(f"aws s3api put-bucket-versioning --versioning-configuration Status=Enabled {s3}")
        return str(made["Role"]["Arn"])


@pytest.mark.slow
def test_commands_of_the_guide_set_up_replication(sandbox_of_2024: Sandbox, tmp_path: Path) -> None:
    found = find_aws()
    if found is None:
        pytest.skip("no AWS command line: `dev.py test pytest` brings one, in BACKBEAT_AWS_CLI")
    for name in ("backbeat-role-trust-policy.json", "S3-role-permissions-policy.json"):
        shutil.copy(DATA / name, tmp_path)
    guide = Guide(sandbox_of_2024, tmp_path, found)
    with ThreadPoolExecutor() as both:
        roles = list(both.map(guide.prepare, NODES))
    rule = {
        "Prefix": "",
        "Destination": {"Bucket": "arn:aws:s3:::target-bucket"},
        "Status": "Enabled",
    }
    configuration = {"Role": ",".join(roles), "Rules": [rule]}
    (tmp_path / "replication-configuration.json").write_text(json.dumps(configuration))
    source = "--bucket source-bucket --endpoint http://node1 --profile backbeat-source"
    guide.aws(
        "aws s3api put-bucket-replication "
        f"--replication-configuration file://replication-configuration.json {source}"
    )
    guide.aws(f"aws s3api put-object --key object-to-replicate {source}")
    client = sandbox_of_2024.source.client("s3")
    wait_for(lambda: status(client, "object-to-replicate") == "COMPLETED", seconds=30)
    head = f"aws s3api head-object --key object-to-replicate {source}"
    original = guide.aws(head)
    assert original["ReplicationStatus"] == "COMPLETED"
    replica = guide.aws(head.replace("source", "target").replace("node1", "node6"))
    assert replica["ReplicationStatus"] == "REPLICA"
    assert replica["VersionId"] == original["VersionId"]
