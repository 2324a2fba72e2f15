# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of the two environments and their operators' credentials, which are test values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SideName = Literal["source", "target"]
SIDES: tuple[SideName, ...] = ("source", "target")

ACCOUNTS: dict[SideName, str] = {"source": "123456789012", "target": "678901234567"}
#: An account besides, known in both environments, for what belongs to somebody else.
OTHER_ACCOUNT = "345678901234"
OPERATOR = "operator"


@dataclass(frozen=True)
class Operator:
    """An account's own credentials, which may do everything in that account."""

    account_id: str
    profile: str
    access_key: str
    secret_key: str
    session_token: str = ""


def _access_key(side: SideName, number: int) -> str:
    """20 characters, as moto wants them."""
    return f"SANDBOX{side.upper()}{number:07d}"


def operator(side: SideName) -> Operator:
    return Operator(
        ACCOUNTS[side],
        f"backbeat-{side}",
        _access_key(side, 1),
        f"sandbox-{side}-operator-secret-for-tests",
    )


def temporary(side: SideName) -> Operator:
    """The same operator with a session token, which has to come along."""
    return Operator(
        ACCOUNTS[side],
        f"backbeat-{side}-temporary",
        _access_key(side, 2),
        f"sandbox-{side}-temporary-secret-for-tests",
        f"sandbox-{side}-session-token-for-tests",
    )


def other(side: SideName) -> Operator:
    return Operator(
        OTHER_ACCOUNT,
        f"backbeat-{side}-other",
        _access_key(side, 3),
        f"sandbox-{side}-other-secret-for-tests",
    )


def operators(side: SideName) -> list[Operator]:
    return [operator(side), temporary(side), other(side)]
