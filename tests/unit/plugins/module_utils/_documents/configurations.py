# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles, rules and configurations for the tests of merging."""

from __future__ import annotations

from ansible_collections.scality.backbeat.plugins.module_utils._documents.names import (
    UNKNOWN_ACCOUNT,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.replication import (
    Configuration,
    Rule,
    Site,
)

SOURCE = "arn:aws:iam::123456789012:role/S"
TARGET = "arn:aws:iam::678901234567:role/T"
OTHER = "arn:aws:iam::678901234567:role/U"
PREDICTED = f"arn:aws:iam::{UNKNOWN_ACCOUNT}:role/T"
BOTH = (SOURCE, TARGET)

A = Rule("a/", id="A")
B = Rule("b/", enabled=False, id="B", sites=(Site("x"), Site("y", True)))


def stored(*rules: Rule) -> Configuration:
    return Configuration(BOTH, "target", rules)
