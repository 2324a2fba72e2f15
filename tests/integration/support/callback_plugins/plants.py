# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds a text to every string that a module of this collection returns, as if servers had sent it.

The same text is taken out of what modules are given, so that a run goes on as without it: what a playbook does between
two modules sees the text everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.plugins.callback import CallbackBase

from ansible_collections.scality.backbeat.plugins.plugin_utils import _in_process

DOCUMENTATION = """
name: plants
type: notification
short_description: Adds a text to all that modules return
description:
  - The text is that of the environment variable PLANTED_TEXT. Without it nothing is done.
  - Modules' own words stay as they are, which are those in PLANTED_KEPT, such as findings.id, separated by commas.
"""
TEXT = os.environ.get("PLANTED_TEXT", "")
KEPT = os.environ.get("PLANTED_KEPT", "").split(",")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "plants"
    CALLBACK_NEEDS_ENABLED = True


def planted(value: Any, name: str = "", outer: str = "") -> Any:
    """The value with the text after every string in it."""
    if f"{outer}.{name}" in KEPT:
        return value
    if isinstance(value, Mapping):
        return {key: planted(one, str(key), name) for key, one in value.items()}
    if isinstance(value, list):
        return [planted(one, name, outer) for one in value]
    return value + TEXT if isinstance(value, str) else value


def taken_out(value: Any) -> Any:
    """The value without the text."""
    if isinstance(value, Mapping):
        return {taken_out(key): taken_out(one) for key, one in value.items()}
    if isinstance(value, list):
        return list(map(taken_out, value))
    return value.replace(TEXT, "") if isinstance(value, str) else value


run_here, plain = _in_process.InProcess._run_here, _in_process._plain


def run_planted(self: Any, task_vars: dict[str, Any]) -> dict[str, Any]:
    """The module's result, planted but for its options."""
    result = run_here(self, task_vars)
    options = {name: result.pop(name) for name in ("invocation",) if name in result}
    return {**planted(result), **options}


# Ansible loads all callback plugins of a folder, and before it forks the workers.
if TEXT:
    _in_process.InProcess._run_here = run_planted  # type: ignore[method-assign]
    _in_process._plain = lambda arguments: taken_out(plain(arguments))
