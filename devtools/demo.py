# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets up replication between the sandbox's two environments, twice, and shows what came of it.

Runs in .venv: `python -m devtools.demo`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from devtools.places import ROOT, VENV, environ
from devtools.processes import Failure, end_as_interrupt, started
from devtools.summary import Seen, look, show
from sandbox import Sandbox
from sandbox.inventory import write_inventory

PLAYBOOK = ROOT / "playbooks" / "setup-replication.yml"


def main() -> int:
    """Run the demonstration; returns 0 when it went as promised. Leaves nothing running."""
    title("Starting two S3 and IAM environments that replicate, on loopback")
    # Delay: seconds that the sandbox's replicator takes over an object.
    with tempfile.TemporaryDirectory() as folder, Sandbox(generation=2025, delay=1.0) as sandbox:
        sides = (sandbox.source, sandbox.target)
        for side in sides:
            print(f"{side.name}: S3 {side.s3_url}, IAM {side.iam_url}, account {side.account_id}")
        inventory = write_inventory(Path(folder) / "inventory.json", sandbox.describe())
        recaps = []
        for run in ("First run", "Second run"):
            title(f"{run}: ansible-playbook {PLAYBOOK.relative_to(ROOT)}")
            recaps.append(recap(play(inventory, sandbox)))
        title("What exists now, as the servers tell it")
        seen = [look(side) for side in sides]
        for one in seen:
            show(one)
    title("Recaps")
    for run, lines in zip(("First run", "Second run"), recaps, strict=True):
        print(f"{run}:", *lines, sep="\n  ")
    judge(recaps, seen)
    print("\nReplication works, and the second run changed nothing. Everything is stopped again.")
    return 0


def title(text: str) -> None:
    print(f"\n=== {text}", flush=True)


def play(inventory: Path, sandbox: Sandbox) -> str:
    """Run the playbook, showing its output as it comes; returns the output."""
    command = [str(VENV / "bin" / "ansible-playbook"), "-i", str(inventory), str(PLAYBOOK)]
    env = environ() | sandbox.environ
    lines = []
    with started(command, cwd=ROOT, env=env, output=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101
        for line in process.stdout:
            lines.append(line.decode(errors="replace"))
            print(lines[-1], end="", flush=True)
        if process.wait():
            raise Failure(f"ansible-playbook ended with exit code {process.returncode}.")
    return "".join(lines)


def recap(output: str) -> list[str]:
    """The lines of the play recap, one a host."""
    return re.findall(r"^\S+ +: ok=.*\S", output, re.MULTILINE)


def judge(recaps: list[list[str]], seen: list[Seen]) -> None:
    """Raises Failure unless the first run did something, the second nothing, and an object arrived."""
    first, second = (sum(changes(lines)) for lines in recaps)
    if not first:
        raise Failure("The first run changed nothing, though there was nothing before it.")
    if second:
        raise Failure(f"The second run changed {second} things; it must change none.")
    source, target = (side.objects for side in seen)
    expected = dict.fromkeys(source, "REPLICA")
    if not source or set(source.values()) != {"COMPLETED"} or target != expected:
        raise Failure(f"The object did not arrive: source {source}, target {target}.")


def changes(lines: list[str]) -> list[int]:
    """How many tasks changed something on each host. Raises Failure when there is no recap."""
    if not lines:
        raise Failure("ansible-playbook showed no recap.")
    return [int(count) for line in lines for count in re.findall(r"\bchanged=(\d+)", line)]


if __name__ == "__main__":
    end_as_interrupt()
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"demo: {failure}")
    except KeyboardInterrupt:
        print("\ndemo: stopped, and so is everything that it had started", file=sys.stderr)
        sys.exit(130)
