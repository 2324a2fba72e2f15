# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of the guide "A night on call", run on a sandbox with the failures that it describes."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.places import ROOT
from tests.docs.support.blocks import RST
from tests.integration.support.modules import Side
from tests.integration.support.plays import TIMEOUT, Plays
from tests.integration.support.preloaded import Preloaded
from tests.integration.support.procedure import (
    SOURCE_BUCKET,
    SOURCE_ROLE,
    TARGET_BUCKET,
    TARGET_POLICY,
    TARGET_ROLE,
    set_up,
)

pytestmark = pytest.mark.slow
GUIDE = (RST / "guide_on_call.rst").read_text()
#: The exit code of each command and a pattern in its output, by the title of its section.
EXPECTED = {
    "1. What is the state?": [(0, r"1 failed|failed.*\b1\b")],
    "2. Which objects failed?": [(0, r'"key": "failed"|key: failed')],
    "3. Why?": [(2, r"s3:ReplicateObject")],
    "4. Remove the cause": [
        (0, r"Plan: "),
        (0, r"failed=0"),
        (2, r"objects-stuck"),
    ],
    "5. Retry failed versions": [(0, r"accepted: 1|\"accepted\": 1")],
    "6. What is still missing?": [(2, r"stuck")],
    "7. Send it again": [(0, r"1 would be sent"), (0, r"1 sent")],
    "8. Prove it": [(0, r"failed=0"), (0, r"failed=0")],
    # Everything is repaired already.
    "Steps 5 to 8 in one command": [(0, r"failed=0")],
    "If a site is paused": [(0, r"ResumeSite node6")],
}


def commands() -> Iterator[tuple[str, list[str]]]:
    """The commands of the guide, with the title of their section."""
    parts = re.split(r"^(.+)\n-{3,}\n", GUIDE, flags=re.MULTILINE)
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        found = re.findall(r"^   \$ (.+)$", text, flags=re.MULTILINE)
        if found:
            yield title, found


def test_every_command_has_an_expected_result() -> None:
    assert {title: len(found) for title, found in commands()} == {
        title: len(expected) for title, expected in EXPECTED.items()
    }


def change_role(source: Side, before: str, after: str) -> None:
    found = source.s3.get_bucket_replication(Bucket=SOURCE_BUCKET)["ReplicationConfiguration"]
    role = found["Role"].replace(f"role/{before}", f"role/{after}", 1)
    source.s3.put_bucket_replication(
        Bucket=SOURCE_BUCKET, ReplicationConfiguration={**found, "Role": role}
    )


def status(source: Side, key: str) -> str:
    return str(source.s3.head_object(Bucket=SOURCE_BUCKET, Key=key)["ReplicationStatus"])


@pytest.fixture
def failures_of_the_guide(source: Side, target: Side) -> None:
    """Cause the failures that the guide describes."""
    source.sandbox.settings("source", retries=0)
    set_up(source, target, but=("object",))
    change_role(source, SOURCE_ROLE, "Other")
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key="stuck", Body=b"1")
    change_role(source, "Other", SOURCE_ROLE)
    target.iam.detach_role_policy(
        RoleName=TARGET_ROLE, PolicyArn=target.arn("policy", TARGET_POLICY)
    )
    source.s3.put_object(Bucket=SOURCE_BUCKET, Key="failed", Body=b"1")
    source.do("object_check", bucket=SOURCE_BUCKET, key="failed", status=["FAILED"])


@pytest.mark.usefixtures("failures_of_the_guide")
def test_commands_repair_the_failures(
    source: Side, target: Side, play: Plays, tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts.json"
    hosts.write_text(json.dumps(play.inventory(replication_backbeat_url=source.side.s3_url)))
    for title, found in commands():
        if title == "If a site is paused":
            source.do("site", backbeat_url=source.side.s3_url, site="node6", state="paused")
        for command, (code, shown) in zip(found, EXPECTED[title], strict=True):
            exit_code, output = run(command, hosts, tmp_path, source)
            assert exit_code == code, f"{title}: {command}\n{output}"
            assert re.search(shown, output), f"{title}: {command}\n{output}"
    assert {key: status(source, key) for key in ("failed", "stuck")} == {
        "failed": "COMPLETED",
        "stuck": "COMPLETED",
    }
    there = target.s3.list_object_versions(Bucket=TARGET_BUCKET)["Versions"]
    assert {"failed", "stuck"} <= {one["Key"] for one in there}


def run(command: str, hosts: Path, folder: Path, source: Side) -> tuple[int, str]:
    """Run a command; returns its exit code and its output."""
    program, *given = shlex.split(command.replace("/srv/replication", str(folder / "reports")))
    arguments = ["-i", hosts, *given]
    environ = {**os.environ, **source.sandbox.environ}
    if program == "ansible-playbook":
        with Preloaded(arguments, environ) as process:
            output, _ = process.communicate(timeout=TIMEOUT)
        return process.wait(), output
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout
