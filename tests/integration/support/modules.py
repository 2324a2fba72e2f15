# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules against one side of the sandbox."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from functools import cached_property
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.scality.backbeat.plugins.module_utils._engine.task import Task
from devtools.places import CACHE
from sandbox import Sandbox, SandboxEnvironment
from tests.integration.support.idempotency import run_predicted_and_repeated

MODULES = "ansible_collections.scality.backbeat.plugins.modules"
Result = dict[str, Any]


class OptionsRefused(Exception):
    """The options do not fit the module's argument spec."""


class Side:
    """One environment of the sandbox, with boto3 clients and modules that use its account's credentials."""

    def __init__(self, sandbox: Sandbox, side: SandboxEnvironment) -> None:
        self.sandbox = sandbox
        self.side = side
        self.name = side.name
        self.account = side.account_id

    @cached_property
    def iam(self) -> Any:
        """A boto3 client, for manual changes and for reading the server's state."""
        return self.side.client("iam")

    @cached_property
    def s3(self) -> Any:
        return self.side.client("s3")

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:iam::{self.account}:{kind}/{name}"

    def connection(self, service: str) -> dict[str, Any]:
        """The connection options for "s3" or "iam"."""
        return {
            "endpoint_url": getattr(self.side, f"{service}_url"),
            "access_key": self.side.access_key,
            "secret_key": self.side.secret_key,
        }

    def run(self, module: str, *, check_mode: bool = False, **options: Any) -> Result:
        """Runs the module in this process: validates the options by its argument spec, then runs its task."""
        task = task_of(module)
        given = {**(self.connection(task.service.name) if task.service else {}), **options}
        sent = json.loads(json.dumps(given))
        validated = ArgumentSpecValidator(**task.argument_spec()).validate(sent)
        if validated.error_messages:
            raise OptionsRefused("; ".join(validated.error_messages))
        return task.run(validated.validated_parameters, check_mode=check_mode)

    def do(self, module: str, **options: Any) -> Result:
        """Runs the module as run does, and asserts that it did not fail."""
        result = self.run(module, **options)
        assert not result.get("failed"), result
        return result

    def run_idempotent(self, module: str, **options: Any) -> Result:
        """Runs the module in check mode, then for real and again; asserts that it is predicted and idempotent."""
        return run_predicted_and_repeated(
            self.sandbox,
            lambda check_mode: self.run(module, check_mode=check_mode, **options),
        )

    def run_process(self, module: str, *, check_mode: bool = False, **options: Any) -> Result:
        """Runs the module in a process of its own, as Ansible does on a host."""
        task = task_of(module)
        arguments = {
            **self.connection(task.service.name),
            **options,
            "_ansible_check_mode": check_mode,
            "_ansible_diff": True,
        }
        done = subprocess.run(
            [sys.executable, "-m", f"{MODULES}.backbeat_{module}"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            env={**os.environ, "PYTHONPATH": str(CACHE)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        result: Result = json.loads(done.stdout)
        assert done.returncode == bool(result.get("failed"))
        return result

    def writes(self) -> list[str]:
        """The write operations that the server received since the last reset, in their order."""
        return [call["operation"] for call in self.sandbox.calls(self.name, write=True)]

    def reads(self) -> list[str]:
        return [call["operation"] for call in self.sandbox.calls(self.name, write=False)]


def task_of(module: str) -> Task:
    """The task of backbeat_<module>."""
    task = importlib.import_module(f"{MODULES}.backbeat_{module}").TASK
    assert isinstance(task, Task)
    return task
