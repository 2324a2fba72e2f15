# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments of a sandbox: names, accounts, sites, and their operators' credentials (test values)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .settings import CLOUD, SITES, Settings

SideName = Literal["source", "target"]
#: The environments of the default sandbox, which is the guide's pair.
SIDES: tuple[SideName, ...] = ("source", "target")

ACCOUNTS: dict[str, str] = {"source": "123456789012", "target": "678901234567"}
#: A further account in every environment, for resources of another account.
OTHER_ACCOUNT = "345678901234"
OPERATOR = "operator"
#: The services of an environment, each on its own port.
SERVICES = ("s3", "iam", "backbeat")


@dataclass(frozen=True)
class Environment:
    """One environment before it is started.

    account_id: of the account that Backbeat works for, derived from the name by default;
    settings: differences from the sandbox's own settings, see settings.py. Its `sites` has the environments to which
    this one replicates.
    """

    name: str
    account_id: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9]{0,30}", self.name):
            raise ValueError(
                f"{self.name!r} is no name: a letter, then letters and digits, lower case"
            )
        Settings().changed(self.settings)
        if not self.account_id:
            object.__setattr__(self, "account_id", ACCOUNTS.get(self.name) or _digits(self.name))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def pair() -> tuple[Environment, Environment]:
    """The guide's two environments; each has the other behind the site "node6"."""
    back = {site: "source" if where != CLOUD else CLOUD for site, where in SITES.items()}
    return Environment("source"), Environment("target", settings={"sites": back})


def mesh(names: Iterable[str], accounts: dict[str, str] | None = None) -> tuple[Environment, ...]:
    """Environments that each have a site for every other, named after it; the default is the first other.

    accounts: account numbers by name. A configuration has one target role for all its sites, so two environments with
    the same objects need the same account.
    """
    known = list(names)
    made = []
    for name in known:
        others = [one for one in known if one != name]
        sites = {"sites": {one: one for one in others}, "default_site": others[0]}
        made.append(Environment(name, (accounts or {}).get(name, ""), sites if others else {}))
    return tuple(made)


def check(environments: Iterable[Environment]) -> None:
    """Raise ValueError for duplicate names, or for sites with an unknown environment."""
    names = [one.name for one in environments]
    if len(set(names)) < len(names) or not names:
        raise ValueError(
            f"environments need different names: {', '.join(names) or 'there is none'}"
        )
    for one in environments:
        for site, where in one.settings.get("sites", {}).items():
            if where not in (*names, CLOUD):
                raise ValueError(f"{one.name}: site {site}: there is no environment {where!r}")


@dataclass(frozen=True)
class Operator:
    """An account's credentials, which have all permissions in this account."""

    account_id: str
    profile: str
    access_key: str
    secret_key: str
    session_token: str = ""


def _digits(name: str) -> str:
    """An account number derived from the name."""
    return f"{int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10**12:012}"


def _access_key(name: str, number: int) -> str:
    """An access key of 20 characters, as moto requires."""
    six = name if len(name) == 6 else hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"SANDBOX{six.upper()}{number:07d}"


def operator(name: str, account_id: str) -> Operator:
    return Operator(
        account_id,
        f"backbeat-{name}",
        _access_key(name, 1),
        f"sandbox-{name}-operator-secret-for-tests",
    )


def temporary(name: str, account_id: str) -> Operator:
    """The same operator with a session token, which requests must have."""
    return Operator(
        account_id,
        f"backbeat-{name}-temporary",
        _access_key(name, 2),
        f"sandbox-{name}-temporary-secret-for-tests",
        f"sandbox-{name}-session-token-for-tests",
    )


def other(name: str) -> Operator:
    return Operator(
        OTHER_ACCOUNT,
        f"backbeat-{name}-other",
        _access_key(name, 3),
        f"sandbox-{name}-other-secret-for-tests",
    )


def operators(name: str, account_id: str) -> list[Operator]:
    return [operator(name, account_id), temporary(name, account_id), other(name)]
