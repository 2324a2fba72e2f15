# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source and a target environment for the procedure: those of the sandbox, or those of an inventory."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import SERVICES
from ansible_collections.scality.backbeat.plugins.module_utils._clients.session import open_api
from devtools.places import ROOT
from sandbox import Sandbox
from tests.integration.support.modules import Result, task_of
from tests.integration.support.plays import CALLBACKS, PlaybookResult, RunningPlaybook
from tests.integration.support.preloaded import Preloaded

DESCRIBE = Path(__file__).parent / "describe.yml"
PLAYBOOKS = ROOT / "playbooks"
#: Seconds for a run of ansible-playbook; real servers may need minutes to replicate an object.
PLAYBOOK_TIMEOUT = 900


@dataclass(frozen=True)
class Environment:
    """One host of the inventory: its connections, with all templates resolved."""

    host: str
    s3: Mapping[str, Any]
    #: None if set-up has no IAM steps on this host; role_arn is set then.
    iam: Mapping[str, Any] | None
    role_arn: str = ""
    #: URL of Backbeat's API; "" if there is none.
    backbeat_url: str = ""
    #: access_key and secret_key of a second account on the same S3 endpoint, if one is known.
    other_account: Mapping[str, str] = field(default_factory=dict)
    #: How these servers are known to differ from the contract; the names are in tests/contract/differences.py.
    differences: frozenset[str] = frozenset()

    @cached_property
    def s3_client(self) -> Any:
        """The boto3 client, for manual changes and for reading the state."""
        return self.client("s3")

    @cached_property
    def iam_client(self) -> Any:
        return self.client("iam")

    def client(self, service: str) -> Any:
        options = self.connection(service)
        spec = task_of("bucket").argument_spec()["argument_spec"]
        defaults = {name: option.get("default") for name, option in spec.items()}
        return open_api(SERVICES[service], {**defaults, **options}).client

    def connection(self, service: str) -> dict[str, Any]:
        """The connection options for "s3" or "iam"."""
        return dict((self.s3 if service == "s3" else self.iam) or {})

    def run(self, module: str, *, check_mode: bool = False, **options: Any) -> Result:
        """Run backbeat_<module> in this process; returns its result."""
        task = task_of(module)
        given = {**(self.connection(task.service.name) if task.service else {}), **options}
        validated = ArgumentSpecValidator(**task.argument_spec()).validate(given)
        assert not validated.error_messages, validated.error_messages
        return task.run(validated.validated_parameters, check_mode=check_mode)

    def do(self, module: str, **options: Any) -> Result:
        """Like run, but fails the test if the module fails."""
        result = self.run(module, **options)
        assert not result.get("failed"), result["msg"]
        return result


@dataclass(frozen=True)
class Environments:
    """Two environments and the inventory that describes them.

    prefix: the prefix of the names of all resources that the tests create. sandbox: None for real servers.
    """

    inventory: Path
    hosts: tuple[str, ...]
    source: Environment
    target: Environment
    prefix: str
    folder: Path
    sandbox: Sandbox | None = None

    def sides(self) -> tuple[Environment, Environment]:
        return self.source, self.target


def play(inventories: list[Path], playbook: Path, folder: Path, *arguments: str) -> PlaybookResult:
    """Run ansible-playbook in this checkout, and record the result of every task."""
    records = folder / "records"
    records.write_text("")
    environ = {
        **os.environ,
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_CALLBACKS_ENABLED": "records",
        "RECORDS_FILE": str(records),
    }
    given = [word for one in inventories for word in ("-i", str(one))]
    return RunningPlaybook(Preloaded([*given, playbook, *arguments], environ), records).end(
        PLAYBOOK_TIMEOUT
    )


@dataclass(frozen=True)
class Pair:
    """A source and the target that it names, with all templates of the inventory resolved."""

    source: Environment
    target: Environment
    hosts: tuple[str, ...]


def pairs_of(inventory: Path, folder: Path) -> list[Pair]:
    """The pairs of environments that an inventory describes, in its order; none if no host names a target."""
    folder.mkdir(parents=True, exist_ok=True)
    described = folder / "described"
    described.mkdir(mode=0o700)
    play([inventory], DESCRIBE, folder, "-e", f"e2e_folder={described}").ok()
    found = {file.stem: json.loads(file.read_text()) for file in sorted(described.glob("*.json"))}
    for file in described.glob("*.json"):
        file.unlink()
    environments = {
        name: Environment(
            name,
            host["s3"],
            host["iam"] or None,
            host["role_arn"],
            host["backbeat_url"],
            host["other_account"],
            frozenset(host["differences"]),
        )
        for name, host in found.items()
    }
    return [
        Pair(
            replace(environments[name], role_arn=host["source_role_arn"]),
            environments[host["target_host"]],
            tuple(found),
        )
        for name, host in found.items()
        if host["target_host"] in environments and host["s3"]
    ]
