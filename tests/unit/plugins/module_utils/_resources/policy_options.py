# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_policy with their defaults."""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, Any] = {
    "name": "P",
    "path": None,
    "description": None,
    "policy": None,
    "side": None,
    "permissions": "least",
    "source_buckets": None,
    "target_buckets": None,
    "cloud_targets": False,
    "purge_statements": False,
    "max_size": 6144,
    "roles": None,
    "state": "present",
}
