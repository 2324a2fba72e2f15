# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of modules as the role shows them: with its variables in place of the options that it sets from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

ROLE = "scality.backbeat.replication"
#: Options of modules that messages name, and the role's variables for them.
VARIABLES = {
    "allow_empty": "replication_verify_allow_empty",
    "allow_pending_loss": "replication_allow_pending_loss",
    "backbeat_url": "replication_backbeat_url",
    "known_sites": "replication_known_sites",
    "max_size": "replication_policy_max_size",
    "purge_rules": "replication_purge_rules",
    "purge_statements": "replication_purge_statements",
    "requests_per_second": "replication_verify_requests_per_second",
    "servers_since_2025": "replication_servers_since_2025",
    "trusted_principals": "replication_trusted_principals",
    "wait_timeout": "replication_verify_timeout",
}
#: Where results have sentences.
SENTENCES = ("lines", "msg", "remedy", "warnings", "what")
_OPTION = re.compile(rf"(?<![\w.])(?:{'|'.join(VARIABLES)})(?!\w)")


def in_words_of_role(value: Any, name: str = "") -> Any:
    """The result of a module, with the role's variables in its sentences."""
    if isinstance(value, Mapping):
        return {key: in_words_of_role(one, str(key)) for key, one in value.items()}
    if isinstance(value, list):
        return [in_words_of_role(one, name) for one in value]
    if isinstance(value, str) and name in SENTENCES:
        return _OPTION.sub(lambda match: VARIABLES[match[0]], value)
    return value
