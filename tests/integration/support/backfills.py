# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs backbeat_backfill on the guide's pair."""

from __future__ import annotations

from typing import Any

from tests.integration.support.modules import Result, Side
from tests.integration.support.procedure import set_up, sides


def configure(source: Side, target: Side) -> None:
    set_up(source, target, but=("object",))


def backfill(source: Side, target: Side, *, check_mode: bool = False, **options: Any) -> Result:
    given: dict[str, Any] = {
        **sides(source, target),
        "wait": True,
        "wait_timeout": 20.0,
        "first_timeout": 20.0,
        "settle_timeout": 20.0,
        **options,
    }
    return source.run("backfill", check_mode=check_mode, **given)
