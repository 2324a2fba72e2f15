# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the canaries that prove replication beside an object that stays."""

from __future__ import annotations

import re
import uuid

_END = re.compile(r"-canary-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def canary_key(key: str) -> str:
    """A new key for a canary beside the object with this key."""
    return f"{key}-canary-{uuid.uuid4()}"


def without_canary(key: str) -> str:
    """The key of the object that a canary was put beside; any other key as it is."""
    return _END.sub("", key)
