# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What policies permit, decided here action by action: Deny over Allow over nothing.

Source: AWS's documented evaluation, and Scality's public evaluator where the two differ. A Condition
depends on a request that nobody has made yet, so it is never decided here: what hangs on one is
UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from . import policy
from .coverage import Cover, Resource, both, covers_action, covers_resource, most
from .principals import Who, covers_principal


class Outcome(Enum):
    """IN_PART: only for some of the resources that were asked for."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_ALLOWED = "not allowed"
    IN_PART = "allowed in part"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """`by` names the statement that denies, limits or cannot be decided: "X, statement 2"; empty where none does."""

    outcome: Outcome
    by: str = ""


@dataclass(frozen=True)
class Policy:
    """A policy by the name that messages call it, and its document: JSON text or an object.

    A document that belongs to a resource, such as a bucket's, names principals: `who` is the one it is asked about.
    """

    name: str
    document: Any
    who: Who | None = None


def evaluate(policies: Iterable[Policy], action: str, resource: Resource) -> Verdict:
    """Whether the policies together permit an action. InvalidDocument for a document that is none."""
    allows: list[tuple[Cover, str]] = []
    denies: list[tuple[Cover, str]] = []
    for one in policies:
        for place, statement in enumerate(statements(one.document), 1):
            name = f"{one.name}, {_label(statement, place)}"
            cover = _covers(statement, action, resource, one.who)
            effect = statement.get("Effect")
            if effect != "Allow":
                denies.append((cover if effect == "Deny" else both(cover, Cover.UNKNOWN), name))
            if effect != "Deny":
                allows.append((cover if effect == "Allow" else both(cover, Cover.UNKNOWN), name))
    return _verdict(allows, denies)


def trusts(document: Any, who: Who, action: str = "sts:AssumeRole") -> Verdict:
    """Whether a role's trust policy lets somebody assume it. InvalidDocument for a document that is none."""
    return evaluate([Policy("trust policy", document, who)], action, Resource("*"))


def statements(document: Any) -> list[dict[str, Any]]:
    """A document's statements, of which there may be one without a list around it."""
    found = policy.parse(document)["Statement"]
    return found if isinstance(found, list) else [found]


def _verdict(allows: list[tuple[Cover, str]], denies: list[tuple[Cover, str]]) -> Verdict:
    allowed = most(cover for cover, _name in allows)
    denied = most(cover for cover, _name in denies)
    if denied is Cover.ALL:
        return Verdict(Outcome.DENIED, _first(denies, Cover.ALL))
    if allowed is Cover.NONE:
        return Verdict(Outcome.NOT_ALLOWED)
    if denied is Cover.UNKNOWN:
        return Verdict(Outcome.UNKNOWN, _first(denies, Cover.UNKNOWN))
    if allowed is Cover.UNKNOWN:
        return Verdict(Outcome.UNKNOWN, _first(allows, Cover.UNKNOWN))
    if denied is Cover.SOME:
        return Verdict(Outcome.IN_PART, _first(denies, Cover.SOME))
    if allowed is Cover.SOME:
        return Verdict(Outcome.IN_PART, _first(allows, Cover.SOME))
    return Verdict(Outcome.ALLOWED)


def _first(covers: list[tuple[Cover, str]], wanted: Cover) -> str:
    return next(name for cover, name in covers if cover is wanted)


def _label(statement: Mapping[str, Any], place: int) -> str:
    sid = statement.get("Sid")
    return f"statement {sid}" if sid else f"statement {place}"


def _covers(
    statement: Mapping[str, Any], action: str, resource: Resource, who: Who | None
) -> Cover:
    covers = [
        _element(statement, "Action", lambda pattern: covers_action(pattern, action)),
        _element(statement, "Resource", lambda pattern: covers_resource(pattern, resource)),
        Cover.UNKNOWN if statement.get("Condition") else Cover.ALL,
    ]
    if who is not None:
        covers.append(covers_principal(statement, who))
    return both(*covers)


def _element(statement: Mapping[str, Any], name: str, covers: Callable[[str], Cover]) -> Cover:
    """How much an element covers; both evaluators take a statement without it for one about everything."""
    found = Cover.ALL
    for element, meaning in ((name, Cover), (f"Not{name}", Cover.without)):
        if element in statement:
            values = _strings(statement[element])
            cover = Cover.UNKNOWN if values is None else meaning(most(map(covers, values)))
            found = both(found, cover)
    return found


def _strings(value: Any) -> list[str] | None:
    values = value if isinstance(value, list) else [value]
    return values if all(isinstance(one, str) for one in values) else None
