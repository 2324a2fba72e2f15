# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers' clocks, as far as their answers tell: each has a Date header, in whole seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any


def ahead(metadata: Mapping[str, Any]) -> float | None:
    """How many seconds the server's clock is ahead of this machine's; None where the answer does not tell.

    `metadata` is botocore's ResponseMetadata of an answer that came just now.
    """
    try:
        server = parsedate_to_datetime(metadata["HTTPHeaders"]["date"])
        return (server - datetime.now(timezone.utc)).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None
