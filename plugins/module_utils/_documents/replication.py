# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""V1 replication configurations: reading, writing, merging, comparing and checking them.

The collection writes V1 because all servers take it; a V2 configuration is recognised and refused.
"""

from __future__ import annotations

from .errors import UnsupportedConfiguration
from .replication_form import (
    describe,
    from_api,
    join_roles,
    join_sites,
    split_roles,
    split_sites,
    to_api,
)
from .replication_merge import merge, remove, same
from .replication_model import Configuration, Rule, Site, Wanted, WantedRule
from .replication_rules import STORAGE_CLASSES, validate

__all__ = [
    "STORAGE_CLASSES",
    "Configuration",
    "Rule",
    "Site",
    "UnsupportedConfiguration",
    "Wanted",
    "WantedRule",
    "describe",
    "from_api",
    "join_roles",
    "join_sites",
    "merge",
    "remove",
    "same",
    "split_roles",
    "split_sites",
    "to_api",
    "validate",
]
