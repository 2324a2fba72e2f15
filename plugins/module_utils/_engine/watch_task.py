# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds a watch from the arguments of the event source."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from .._documents.wanted_replication import RULE_OPTIONS
from .._queries.watch import Watch, WatchRequest
from .._work import InvalidDocument
from .event_source import EventSource, Times
from .options import Spec, bad_numbers, hidden, pair_side

PAIR: Spec = {
    "host": {"type": "str", "required": True},
    "name": {"type": "str"},
    "source": {"type": "dict", "options": pair_side(), "required": True},
    "target": {"type": "dict", "options": pair_side(), "required": True},
    "rules": {"type": "list", "elements": "dict", "options": RULE_OPTIONS},
    "known_sites": {"type": "dict"},
    "backbeat_url": {"type": "str"},
    "sites": {"type": "list", "elements": "str"},
}
SPEC: Spec = {
    "pairs": {"type": "list", "elements": "dict", "options": PAIR, "required": True},
    "state_file": {"type": "path", "required": True},
    "interval": {"type": "float", "default": 60.0},
    "heartbeat": {"type": "float", "default": 300.0},
    "failed": {"type": "bool", "default": True},
    "stuck_after": {"type": "float", "default": 900.0},
    "paused_after": {"type": "float", "default": 3600.0},
    "preflight_interval": {"type": "float", "default": 900.0},
    "ignore": {"type": "list", "elements": "str", "default": []},
    "trusted_principals": {"type": "list", "elements": "str", "default": ["backbeat"]},
    "servers_since_2025": {"type": "bool"},
    "limit": {"type": "int", "default": 1000},
    "scan_pages": {"type": "int", "default": 10},
}
#: Arguments that ansible-rulebook adds.
OF_RULEBOOK = ("eda_feedback_queue", "feedback")


def build(arguments: Mapping[str, Any]) -> EventSource:
    """Build the event source. Raises InvalidDocument, which names each wrong argument and no secret."""
    given = {name: value for name, value in arguments.items() if name not in OF_RULEBOOK}
    validated = ArgumentSpecValidator(deepcopy(SPEC)).validate(json.loads(json.dumps(given)))
    options = validated.validated_parameters
    secrets = hidden(SPEC, options) | validated._no_log_values
    problems = validated.error_messages or list(bad_numbers(SPEC, options))
    if problems:
        text = " ".join(f"{one.rstrip('.')}." for one in problems)
        raise InvalidDocument(f"scality.backbeat.replication: {remove_values(text, secrets)}")

    def scrub(value: Any) -> Any:
        # Secrets of profiles are only known after the profiles were read.
        return remove_values(value, secrets | hidden(SPEC, options))

    if not options["state_file"]:
        raise InvalidDocument("scality.backbeat.replication: state_file is empty: name a file.")
    # The state file of the shipped rulebook is in Ansible's folder, which a new machine does not have.
    with contextlib.suppress(OSError):
        Path(options["state_file"]).parent.mkdir(mode=0o700, exist_ok=True)
    times = Times(options["interval"], options["preflight_interval"], options["heartbeat"])
    return EventSource(
        Watch(WatchRequest.from_options(options)), options["state_file"], times, scrub
    )
