# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of a V1 replication configuration, and of what a task wants of one."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import quote


@dataclass(frozen=True)
class Site:
    """Where a rule replicates to: the name of a site, or a storage class such as STANDARD."""

    name: str
    preferred_read: bool = False


@dataclass(frozen=True)
class Rule:
    """One rule. `id` None: the server makes one up. No sites: the server's default site."""

    prefix: str
    enabled: bool = True
    id: str | None = None
    sites: tuple[Site, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """A whole configuration: the roles' ARNs, the source's first, and the target bucket's name."""

    roles: tuple[str, ...]
    target_bucket: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class WantedRule:
    """What a task says about one rule. None: not asked."""

    prefix: str | None = None
    id: str | None = None
    enabled: bool | None = None
    sites: tuple[Site, ...] | None = None


@dataclass(frozen=True)
class Wanted:
    """What a task says about a configuration. None: not asked. `purge_rules`: unnamed ones go."""

    roles: tuple[str, ...] | None
    target_bucket: str | None
    rules: tuple[WantedRule, ...] | None
    purge_rules: bool = False


def label(rule: Rule, number: int | None = None) -> str:
    """What a message calls a rule: by its number (from 1) if given, its id and its prefix."""
    name = "rule" if number is None else f"rule {number}"
    mark = f"id {quote(rule.id)}, " if rule.id else ""
    return f"{name} ({mark}prefix {quote(rule.prefix)})"
