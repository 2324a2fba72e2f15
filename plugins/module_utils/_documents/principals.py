# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a statement of a trust policy or a bucket policy is about.

Source: Scality's public evaluator, read. The principal "*" is everybody; {"AWS": "*"} is everybody but services.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .coverage import Cover
from .errors import InvalidDocument
from .names import parse_arn


@dataclass(frozen=True)
class Who:
    """Somebody who asks: the kind as policies have it ("Service", "AWS"), and the names that stand for them."""

    kind: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return self.names[0]


def who(text: str) -> Who:
    """Somebody by the ARN of a role or user, or else the name of a service such as `backbeat`."""
    if not text.startswith("arn:"):
        return Who("Service", (text,))
    arn = parse_arn(text)
    if not arn.account:
        raise InvalidDocument(f"The ARN {text!r} names no account, so it stands for nobody.")
    return Who("AWS", (text, arn.account, f"arn:{arn.partition}:iam::{arn.account}:root"))


def covers_principal(statement: Mapping[str, Any], asked: Who) -> Cover:
    """Whether the statement is about them. One that names nobody is about nobody."""
    if "Principal" in statement:
        return _names(statement["Principal"], asked)
    if "NotPrincipal" in statement:
        return _names(statement["NotPrincipal"], asked).without()
    return Cover.NONE


def _names(principal: Any, asked: Who) -> Cover:
    if principal == "*":
        return Cover.ALL
    if not isinstance(principal, Mapping):
        return Cover.UNKNOWN
    named = principal.get(asked.kind, [])
    values = named if isinstance(named, list) else [named]
    if any(value == "*" or value in asked.names for value in values):
        return Cover.ALL
    # A canonical id, or a session of an assumed role, may stand for a role that is known by its ARN.
    hidden = asked.kind == "AWS" and (
        "CanonicalUser" in principal or any(":assumed-role/" in str(value) for value in values)
    )
    return Cover.UNKNOWN if hidden else Cover.NONE
