# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures five ways to do the guide's procedure on the sandbox."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from devtools.places import ROOT, VENV, environ
from devtools.processes import Failure
from sandbox import Sandbox, SandboxEnvironment
from sandbox.inventory import write_inventory

from .measure import Command, Sample, run
from .peers import AWS, PEERS
from .plays import AMAZON, EMPTY, GUIDE, play

HERE = Path(__file__).parent
DOCUMENTS = ROOT / "tests" / "unit" / "plugins" / "module_utils" / "_documents" / "data"


def measure_guide(rounds: int) -> Iterator[dict[str, Sample]]:
    """The samples of each round, which does everything once, with empty environments before writes.

    Raises Failure if the bare script leaves out calls of the playbook, because they could not be compared.
    """
    with tempfile.TemporaryDirectory() as folder, guide_sandbox() as sandbox:
        inventory = write_inventory(Path(folder) / "inventory.json", sandbox.describe())
        env = environ() | sandbox.environ
        peers_env = environ(PEERS) | sandbox.environ
        peers_env |= {
            "BENCHMARK_DOCUMENTS": str(DOCUMENTS),
            "BENCHMARK_AWS": str(AWS),
            # Use only the collections of the environment.
            "ANSIBLE_COLLECTIONS_PATH": folder,
        }
        ours = play(GUIDE, inventory)
        checked = play(GUIDE, inventory, preflight=True)
        amazon = play(AMAZON, inventory, PEERS)
        bare = bare_script(inventory)

        def from_nothing(commands: list[Command], env: dict[str, str]) -> Sample:
            for side in sandbox.environments():
                side.control("reset")
            return run(commands, env)

        our_calls = [calls_of(sandbox, ours, env, anew=anew) for anew in (True, False)]
        bare_calls = [calls_of(sandbox, bare, env, anew=anew) for anew in (True, False)]
        for made, matched in zip(our_calls, bare_calls, strict=True):
            if made - matched:
                raise Failure(f"The bare script leaves out calls that we make: {made - matched}")
        for number in range(rounds):
            print(f"guide, round {number + 1} of {rounds}", file=sys.stderr)
            yield {
                "empty": run([play(EMPTY, inventory)], env),
                "aws": from_nothing(commands_of_the_guide(sandbox), peers_env),
                "bare": from_nothing([bare], env),
                "bare_second": run([bare], env),
                "first": from_nothing([ours], env),
                "second": run([ours], env),
                "checked_first": from_nothing([checked], env),
                "checked_second": run([checked], env),
                "amazon_first": from_nothing([amazon], peers_env),
                "amazon_second": run([amazon], peers_env),
            }


def bare_script(inventory: Path) -> Command:
    """The command that runs the minimal script."""
    return [VENV / "bin" / "python", HERE / "bare_guide.py", inventory, DOCUMENTS]


def calls_of(
    sandbox: Sandbox, command: Command, env: Mapping[str, str], *, anew: bool
) -> Counter[str]:
    """How often a run makes each call; anew: with empty environments."""
    if anew:
        for side in sandbox.environments():
            side.control("reset")
    sandbox.clear_calls()
    run([command], env)
    told = ("side", "service", "operation", "bucket", "key", "name")
    return Counter(" ".join(filter(None, (one[part] for part in told))) for one in sandbox.calls())


def guide_sandbox() -> Sandbox:
    """A sandbox with servers of the older generation, for which the guide's permissions are sufficient."""
    return Sandbox(generation=2024, delay=0)


def commands_of_the_guide(sandbox: Sandbox) -> list[Command]:
    """The 14 `aws` commands; the ARNs are predicted, because a user would copy them from earlier responses."""
    commands: list[Command] = []
    sides: dict[str, SandboxEnvironment] = {"source": sandbox.source, "target": sandbox.target}
    trust = f"file://{DOCUMENTS / 'guide-trust-policy.json'}"
    permissions = f"file://{DOCUMENTS / 'guide-permissions-policy.json'}"
    roles = {
        name: f"arn:aws:iam::{side.account_id}:role/{name.capitalize()}RoleForS3Replication"
        for name, side in sides.items()
    }

    def aws(service: str, operation: str, side: str, *arguments: str) -> None:
        place = sides[side].iam_url if service == "iam" else sides[side].s3_url
        where = ("--endpoint", place, "--profile", sides[side].profile)
        commands.append([AWS, service, operation, *arguments, *where])

    for side, arn in roles.items():
        role = arn.rsplit("/", 1)[1]
        aws("iam", "create-role", side, "--role-name", role, "--assume-role-policy-document", trust)
    for side, arn in roles.items():
        role, policy = arn.rsplit("/", 1)[1], f"{side.capitalize()}PolicyForS3Replication"
        policy_arn = f"arn:aws:iam::{sides[side].account_id}:policy/{policy}"
        named = ("--policy-name", policy)
        aws("iam", "create-policy", side, *named, "--policy-document", permissions)
        attached = ("--role-name", role, "--policy-arn", policy_arn)
        aws("iam", "attach-role-policy", side, *attached)
    for side in sides:
        aws("s3api", "create-bucket", side, "--bucket", f"{side}-bucket")
    for side in sides:
        versioning = ("--versioning-configuration", "Status=Enabled")
        aws("s3api", "put-bucket-versioning", side, "--bucket", f"{side}-bucket", *versioning)
    configuration = {
        "Role": ",".join(roles.values()),
        "Rules": [
            {
                "Prefix": "",
                "Status": "Enabled",
                "Destination": {"Bucket": "arn:aws:s3:::target-bucket"},
            }
        ],
    }
    bucket = ("--bucket", "source-bucket")
    replication = ("--replication-configuration", json.dumps(configuration))
    aws("s3api", "put-bucket-replication", "source", *bucket, *replication)
    key = ("--key", "object-to-replicate")
    aws("s3api", "put-object", "source", *bucket, *key)
    aws("s3api", "head-object", "source", *bucket, *key)
    aws("s3api", "head-object", "target", "--bucket", "target-bucket", *key)
    return commands
