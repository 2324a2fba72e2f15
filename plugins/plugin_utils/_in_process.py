# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs this collection's modules in the controller's own process, unless a setting requires another one.

A module in a separate process takes about 400 ms before its first call, nearly all of it for starting Python and
imports; here it takes about 20 ms. Options are checked by the same argument spec, the same engine does the work, and
secrets are removed from the result in the same way.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, ClassVar

import ansible.constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common import json as ansible_json
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import filter_loader
from ansible.template import Templar
from ansible.utils.display import Display
from ansible.utils.vars import merge_hash

from ..module_utils._clients.session import BOTOCORE_VERSION, warm
from ..module_utils._engine.options import hidden, refusal
from ..module_utils._engine.task import Task
from ..module_utils._waiting import Tell
from . import _role_variables
from ._role_words import ROLE, in_words_of_role

try:
    from ansible.template import trust_as_template as trusted
except ImportError:
    # Older cores treat any text as a template.
    trusted = str

SWITCH = "backbeat_in_process"
INTERPRETER = "ansible_python_interpreter"
# The usual value in inventories: compiling a template takes as long as a call.
THIS_PYTHON = "{{ ansible_playbook_python }}"


def _encoder() -> dict[str, Any]:
    """The arguments with which json.dumps encodes a module's options; newer cores load the encoder at the first
    call."""
    if hasattr(ansible_json, "get_module_encoder"):
        to_module = ansible_json.Direction.CONTROLLER_TO_MODULE
        return {"cls": ansible_json.get_module_encoder("legacy", to_module)}
    return {"cls": ansible_json.AnsibleJSONEncoder, "vault_to_text": True}


def _warm_templates() -> None:
    """Load everything that a first template needs: Ansible's filters and tests, Jinja's lexer, and our filter."""
    Templar(loader=None, variables={}).template(
        trusted("{{ 1 if 1 is defined else 1 | default(1) }}")
    )
    # In unit tests the collection is not loaded by Ansible, and there are no templates.
    with suppress(KeyError):
        filter_loader.get("scality.backbeat.replication_plan")


# The parent of all workers imports action plugins before it forks, so this is loaded once. Otherwise each worker would
# take 200 ms for it, 40 ms for the role's plan, and 20 ms for the requirements of templates.
warm()
_role_variables.specs()
import_module("._plan", __package__)
_warm_templates()
ENCODER = _encoder()
# Loaded modules stay until the end, so the garbage collector need not scan them in every worker and at the exit: this
# saves 0.15 of 2.1 s of CPU time in a play of 40 tasks (measured). Freezing only in the workers saves nothing.
gc.freeze()
# Workers have no terminal for questions.
ON_TERMINAL = sys.stdout.isatty()


class InProcess(ActionBase):  # type: ignore[misc]
    """The action plugin of each module of this collection; a subclass sets its task."""

    _supports_check_mode = True
    _supports_async = True
    TASK: ClassVar[Task[Any]]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Any:
        """Run the module here if that is possible, else in the usual way; the result is the same."""
        variables = task_vars or {}
        result = super().run(tmp, variables)
        if self._may_run_here(variables):
            result = {**result, **self._run_here(variables)}
        else:
            result = self._run_as_module(result, variables)
        role = self._task._role
        return in_words_of_role(result) if role and role.get_name() == ROLE else result

    def _may_run_here(self, task_vars: Mapping[str, Any]) -> bool:
        return (
            BOTOCORE_VERSION is not None
            and boolean(self._templar.template(task_vars.get(SWITCH, True)), strict=False)
            and self._connection.transport == "local"
            and self._connection.become is None
            and not self._task.async_val
            # Ansible interrupts the process at the timeout, but threads would continue with the rest of a list.
            and not self._task.timeout
            and not any(self._task.environment or ())
            and self._wants_this_python(task_vars)
        )

    def _wants_this_python(self, task_vars: Mapping[str, Any]) -> bool:
        if self._task.delegate_to:
            delegated = task_vars.get("ansible_delegated_vars", {})
            task_vars = delegated.get(self._task.delegate_to, task_vars)
        configured = C.config.get_config_value("INTERPRETER_PYTHON", variables=task_vars)
        if configured == THIS_PYTHON:
            return True
        wanted = self._templar.template(configured)
        # With these values, Ansible would look for any Python on the host, so this one is as good.
        return wanted in (None, "", sys.executable) or str(wanted).startswith("auto")

    def _with_this_python(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """The variables, with this Python as interpreter for this machine unless a variable sets another one.

        Ansible would find the system's Python, which has no boto3.
        """
        if (
            BOTOCORE_VERSION is None
            or self._connection.transport != "local"
            or not self._wants_this_python(task_vars)
        ):
            return task_vars
        chosen = {**task_vars, INTERPRETER: sys.executable}
        if self._task.delegate_to:
            delegated = task_vars.get("ansible_delegated_vars", {})
            there = {**delegated.get(self._task.delegate_to, {}), INTERPRETER: sys.executable}
            chosen["ansible_delegated_vars"] = {**delegated, self._task.delegate_to: there}
        return chosen

    def _run_here(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        spec = self.TASK.argument_spec()
        validator = ArgumentSpecValidator(**spec)
        validated = validator.validate(_plain(self._task.args))
        options = validated.validated_parameters
        if validated.error_messages:
            message = refusal(validated.error_messages)
            if isinstance(validated.errors[0], UnsupportedError):
                name = self._task.resolved_action or self._task.action
                message = f"Unsupported parameters for ({name}) module: {message}"
            result: dict[str, Any] = {"failed": True, "changed": False, "msg": message}
        else:
            with _directory(self._loader.get_basedir()):
                result = self.TASK.run(
                    options,
                    check_mode=self._task.check_mode,
                    diff=bool(self._task.diff),
                    tell=self._teller(task_vars, spec["argument_spec"], options)
                    if self._may_tell()
                    else None,
                )
            if not result["warnings"]:
                del result["warnings"]
        if self._shows_invocation(task_vars):
            result["invocation"] = {"module_args": options}
        # The validator also has secrets in options that could not be parsed.
        unseen = hidden(spec["argument_spec"], options) | validated._no_log_values
        return dict(scrubbed(result, unseen))

    def _may_tell(self) -> bool:
        return ON_TERMINAL and not self._task.no_log

    def _teller(
        self, task_vars: Mapping[str, Any], spec: Mapping[str, Any], options: Mapping[str, Any]
    ) -> Tell:
        """A function that shows a line about this host in the terminal."""
        host = task_vars.get("inventory_hostname", "")

        def tell(text: str) -> None:
            Display().display(f"[{host}] {remove_values(text, hidden(spec, options))}")

        return tell

    def _shows_invocation(self, task_vars: Mapping[str, Any]) -> bool:
        try:
            return bool(C.config.get_config_value("INJECT_INVOCATION", variables=task_vars))
        except AnsibleError:
            # Older cores do not have this setting, and always show the invocation.
            return True

    def _run_as_module(self, result: dict[str, Any], task_vars: dict[str, Any]) -> Any:
        in_background = self._task.async_val and not self._connection.has_native_async
        done = self._execute_module(
            task_vars=self._with_this_python(task_vars), wrap_async=in_background
        )
        if not in_background:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return merge_hash(result, done)


@contextmanager
def _directory(path: str) -> Iterator[None]:
    """Run in the playbook's directory, as modules do on a local connection, so that relative paths are the same."""
    before = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


def _plain(arguments: Mapping[str, Any]) -> Any:
    """The arguments as a module gets them from JSON: without tags, and with decrypted vault values."""
    return json.loads(json.dumps(arguments, **ENCODER))


def scrubbed(result: Mapping[str, Any], secrets: Collection[str]) -> Mapping[str, Any]:
    """The result with all secrets masked, as AnsibleModule does it."""
    # Ansible searches every value, 50 ms for a list of 1,000 buckets; usually there is nothing to mask.
    if not _holds(result, secrets):
        return result
    # A secret such as "1" must not mask the value true.
    kept = {key: value for key, value in result.items() if value is None or value in (True, False)}
    return {**remove_values(result, secrets), **kept}


def _holds(result: Mapping[str, Any], secrets: Collection[str]) -> bool:
    """Whether a secret may be in the result."""
    try:
        text = json.dumps(result, ensure_ascii=False)
    except (TypeError, ValueError):
        return True
    # In the form that the secret has inside a JSON text, with characters such as quotes escaped.
    return any(json.dumps(secret, ensure_ascii=False)[1:-1] in text for secret in secrets)
