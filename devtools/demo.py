# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets up replication between two sandbox environments, breaks it, finds the cause, repairs it and verifies it.

Runs in .venv: `python -m devtools.demo`.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devtools.places import CACHE, ROOT, VENV, environ
from devtools.processes import Failure, end_as_interrupt, started
from sandbox import Sandbox
from sandbox.inventory import write_inventory

SETUP, VALIDATE, VERIFY = (
    ROOT / "playbooks" / f"{name}_replication.yml" for name in ("setup", "validate", "verify")
)
#: The page that the demo writes.
PAGE = CACHE / "demo" / "replication.html"
SOURCE, TARGET, KEY = "source-bucket", "target-bucket", "object-to-replicate"
POLICY, ROLE = "TargetPolicyForS3Replication", "TargetRoleForS3Replication"
BROKEN_KEY = "written-while-broken"
WIDTH = 100
DEADLINE = 30.0  # time limit for an object in seconds


@dataclass(frozen=True)
class Run:
    """One run of ansible-playbook: its exit code and output."""

    code: int
    output: str

    def changes(self) -> list[str]:
        """The names of tasks with changes, each with its hosts."""
        found: dict[str, list[str]] = {}
        task = ""
        for line in self.output.splitlines():
            if heading := re.match(r"TASK \[(?:.* : )?(.*)\] \*", line):
                task = heading[1]
            elif changed := re.match(r"changed: \[(\w+)", line):
                hosts = found.setdefault(task, [])
                hosts += [changed[1]] if changed[1] not in hosts else []
        return [f"{task} ({', '.join(sorted(hosts))})" for task, hosts in found.items()]

    def findings(self) -> list[str]:
        """The errors that validation reports, one sentence for each."""
        text = " ".join(self.output.split())
        return list(dict.fromkeys(re.findall(r"'(error [a-z]+(?:-[a-z]+)+ \(.*?\.)'", text)))


class Story:
    """Prints the steps, with the seconds since the start."""

    def __init__(self, *, verbose: bool) -> None:
        self.verbose = verbose
        self.start = time.monotonic()

    def chapter(self, text: str) -> None:
        print(f"\n{text}", flush=True)

    def tell(self, *lines: str) -> None:
        for line in lines:
            indent = " " * (9 + len(line) - len(line.lstrip()))
            wrapped = textwrap.fill(
                line.lstrip(), WIDTH, initial_indent=indent, subsequent_indent=indent
            )
            print(f"{time.monotonic() - self.start:5.1f} s{wrapped[7:]}", flush=True)

    def play(
        self,
        playbook: Path,
        inventory: Path,
        sandbox: Sandbox,
        *arguments: str,
        page: Path | None = None,
    ) -> Run:
        """Run a playbook. Its output is shown if requested, or if it fails for another reason than findings.

        page: the path of its page.
        """
        shown = [f"scality.backbeat.{playbook.stem}", *arguments]
        if page is not None:
            shown += ["-e", f"replication_report_html={page.name}"]
            arguments += ("-e", json.dumps({"replication_report_html": str(page)}))
        self.tell(f"$ ansible-playbook {' '.join(shown)}")
        command: list[str | Path] = [
            VENV / "bin" / "ansible-playbook",
            "-i",
            inventory,
            playbook,
            *arguments,
        ]
        lines = []
        env = environ() | sandbox.environ
        with started(command, cwd=ROOT, env=env, output=subprocess.PIPE) as process:
            assert process.stdout is not None  # noqa: S101
            for raw in process.stdout:
                lines.append(raw.decode(errors="replace"))
                if self.verbose:
                    print(lines[-1], end="", flush=True)
            return Run(process.wait(), "".join(lines))


def expect(condition: object, failure: str, run: Run | None = None) -> None:
    """Raise Failure, with the output of the failed run, unless the condition is true."""
    if not condition:
        raise Failure(f"{failure}\n{run.output if run else ''}")


def statuses(sandbox: Sandbox, key: str) -> tuple[str, str]:
    """The replication status of the key's latest version on source and target."""
    return status(sandbox.source.client("s3"), SOURCE, key), status(
        sandbox.target.client("s3"), TARGET, key
    )


def status(s3: Any, bucket: str, key: str) -> str:
    try:
        return str(s3.head_object(Bucket=bucket, Key=key).get("ReplicationStatus", "no status"))
    except s3.exceptions.ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return "absent"


def wait_for(sandbox: Sandbox, key: str, wanted: tuple[str, str]) -> str:
    """Wait until both sides have these statuses. Returns a sentence about it. Raises Failure after a timeout."""
    deadline = time.monotonic() + DEADLINE
    while (found := statuses(sandbox, key)) != wanted:
        expect(
            time.monotonic() < deadline, f"{key} is {found} after {DEADLINE:.0f} s, not {wanted}."
        )
        time.sleep(0.1)
    return f"{key}: {found[0]} on the source, {found[1]} on the target"


def tell_story(story: Story, sandbox: Sandbox, inventory: Path) -> None:
    """Run all steps. Raises Failure if a step does not have the expected outcome."""
    for side in (sandbox.source, sandbox.target):
        story.tell(f"{side.name}: S3 {side.s3_url}, IAM {side.iam_url}, account {side.account_id}")

    story.chapter("Dry run: what would change")
    plan = story.play(SETUP, inventory, sandbox, "--check", "--diff")
    expect(plan.code == 0 and plan.changes(), "Check mode predicted nothing.", plan)
    story.tell(*(f"  would change: {one}" for one in plan.changes()))
    expect(
        not sandbox.source.client("s3").list_buckets()["Buckets"], "Check mode has written.", plan
    )

    story.chapter("Run: makes these changes, and proves replication with an object")
    first = story.play(SETUP, inventory, sandbox)
    expect(first.code == 0 and first.changes(), "The first run changed nothing.", first)
    story.tell(*(f"  changed: {one}" for one in first.changes()))
    story.tell("  " + wait_for(sandbox, KEY, ("COMPLETED", "REPLICA")))

    story.chapter("Second run: changes nothing")
    second = story.play(SETUP, inventory, sandbox)
    expect(second.code == 0 and not second.changes(), "The second run changed something.", second)
    story.tell("  changed: nothing")

    story.chapter("Fault: the policy is detached from the target role")
    iam = sandbox.target.client("iam")
    (arn,) = (
        one["Arn"]
        for one in iam.list_policies(Scope="Local")["Policies"]
        if one["PolicyName"] == POLICY
    )
    iam.detach_role_policy(RoleName=ROLE, PolicyArn=arn)
    sandbox.source.client("s3").put_object(Bucket=SOURCE, Key=BROKEN_KEY, Body=b"important")
    story.tell("  " + wait_for(sandbox, BROKEN_KEY, ("FAILED", "absent")))

    story.chapter("Diagnosis: validation finds the cause")
    validation = story.play(VALIDATE, inventory, sandbox)
    expect(validation.code, "Validation did not find it.", validation)
    expect(validation.findings(), "Validation reported no errors.", validation)
    story.tell(*(f"  {one}" for one in validation.findings()))

    story.chapter("Repair: the same command attaches the policy again")
    fix = story.play(SETUP, inventory, sandbox)
    expect(fix.code == 0 and fix.changes(), "The run repaired nothing.", fix)
    story.tell(*(f"  changed: {one}" for one in fix.changes()))

    story.chapter("Proof: the failed object is sent again by putting its own tags back on it")
    sandbox.source.client("s3").put_object_tagging(
        Bucket=SOURCE, Key=BROKEN_KEY, Tagging={"TagSet": []}
    )
    story.tell("  " + wait_for(sandbox, BROKEN_KEY, ("COMPLETED", "REPLICA")))
    final = story.play(VALIDATE, inventory, sandbox)
    expect(final.code == 0, "Validation still finds problems.", final)
    story.tell("  no errors or drift")

    story.chapter(
        "Verification: all versions of both buckets are compared, and a report page is written"
    )
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.unlink(missing_ok=True)
    verification = story.play(VERIFY, inventory, sandbox, page=PAGE)
    expect(verification.code == 0 and PAGE.exists(), "The buckets differ.", verification)
    story.tell("  all versions are in sync")


def main() -> int:
    """Run the demo. Returns 0 if all steps succeeded. Leaves no process running."""
    parser = argparse.ArgumentParser(
        prog="dev.py demo", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show Ansible's output")
    story = Story(verbose=parser.parse_args().verbose)
    print("Two S3 and IAM environments that replicate, on loopback", flush=True)
    # Delay: seconds that the sandbox's replicator takes for an object.
    with tempfile.TemporaryDirectory() as folder, Sandbox(generation=2025, delay=0.5) as sandbox:
        inventory = write_inventory(Path(folder) / "inventory.json", sandbox.describe())
        tell_story(story, sandbox, inventory)
    story.chapter(
        "Replication works, and the second run changed nothing. Both environments are stopped. The report page:"
    )
    print(PAGE, flush=True)
    return 0


if __name__ == "__main__":
    end_as_interrupt()
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"demo: {failure}")
    except KeyboardInterrupt:
        print("\ndemo: stopped, with all processes that it had started", file=sys.stderr)
        sys.exit(130)
