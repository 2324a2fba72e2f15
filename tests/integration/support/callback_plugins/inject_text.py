# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds a text to every string that a module of this collection returns, as if servers had sent it.

Removes the same text from the options of modules, so that a run continues as without it: the text is in everything
that a playbook does between two modules.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.plugins.callback import CallbackBase

from ansible_collections.scality.backbeat.plugins.plugin_utils import _in_process

DOCUMENTATION = """
name: inject_text
type: notification
short_description: Adds a text to all strings that modules return
description:
  - The environment variable INJECTED_TEXT is the text. Without it, the plugin does nothing.
  - INJECTED_EXCEPT lists fields that stay as they are, such as findings.id, separated by commas.
"""
TEXT = os.environ.get("INJECTED_TEXT", "")
EXCEPT = os.environ.get("INJECTED_EXCEPT", "").split(",")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "inject_text"
    CALLBACK_NEEDS_ENABLED = True


def with_text(value: Any, name: str = "", outer: str = "") -> Any:
    """The value, with the text appended to every string in it."""
    if f"{outer}.{name}" in EXCEPT:
        return value
    if isinstance(value, Mapping):
        return {key: with_text(one, str(key), name) for key, one in value.items()}
    if isinstance(value, list):
        return [with_text(one, name, outer) for one in value]
    return value + TEXT if isinstance(value, str) else value


def without_text(value: Any) -> Any:
    """The value without the text."""
    if isinstance(value, Mapping):
        return {without_text(key): without_text(one) for key, one in value.items()}
    if isinstance(value, list):
        return list(map(without_text, value))
    return value.replace(TEXT, "") if isinstance(value, str) else value


run_here, plain = _in_process.InProcess._run_here, _in_process._plain


def run_with_text(self: Any, task_vars: dict[str, Any]) -> dict[str, Any]:
    """The module's result with the text, except in its options."""
    result = run_here(self, task_vars)
    options = {name: result.pop(name) for name in ("invocation",) if name in result}
    return {**with_text(result), **options}


# Ansible loads all callback plugins of a folder, enabled or not, before it forks the workers.
if TEXT:
    _in_process.InProcess._run_here = run_with_text  # type: ignore[method-assign]
    _in_process._plain = lambda arguments: without_text(plain(arguments))
