# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates policies: whether they permit an action on a resource, and to whom.

An explicit Deny overrides every Allow; without an Allow nothing is permitted. Source: AWS's
documented evaluation, and Scality's public evaluator where the two differ. A Condition depends on a
request that does not exist yet, so its result is always UNKNOWN. The principal "*" is everyone;
{"AWS": "*"} is everyone except services. Each of an ARN's six parts is matched separately, so that
no wildcard spans a colon; parts that a pattern omits match everything.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any

from .._work import InvalidDocument, quote
from . import policy
from .names import parse_arn

_PARTS = 6
# The literal characters *, ? and $ as a policy writes them; then variables such as ${aws:username}, and wildcards.
_TOKEN = re.compile(r"\$\{([*?$])\}|(\$\{[^}]*\})|([*?])")
# This character is in no key: servers refuse non-printable characters.
_PROBE = "\0"


class Cover(IntEnum):
    """How much a pattern, a statement or a policy covers. UNKNOWN: only the server can determine it."""

    NONE = 0
    SOME = 1
    UNKNOWN = 2
    ALL = 3

    def without(self) -> Cover:
        """The rest of everything without this part."""
        return {Cover.NONE: Cover.ALL, Cover.ALL: Cover.NONE}.get(self, self)


@dataclass(frozen=True)
class Resource:
    """The subject of an action: one ARN or, with `below`, every ARN that begins with it."""

    arn: str
    below: bool = False

    def __str__(self) -> str:
        return f"{self.arn}*" if self.below else self.arn


@dataclass(frozen=True)
class Principal:
    """A caller: its kind in policies ("Service", "AWS"), and the names that match it."""

    kind: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return self.names[0]


def parse_principal(text: str) -> Principal:
    """A principal given by the ARN of a role or user, or by the name of a service such as `backbeat`.

    InvalidDocument for an ARN without an account.
    """
    if not text.startswith("arn:"):
        return Principal("Service", (text,))
    arn = parse_arn(text)
    if not arn.account:
        raise InvalidDocument(
            f"The ARN {quote(text)} has no account, so no principal matches it: give the ARN of a role or user."
        )
    return Principal("AWS", (text, arn.account, f"arn:{arn.partition}:iam::{arn.account}:root"))


class Outcome(Enum):
    """The result of an evaluation. IN_PART: allowed for some of the requested resources."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_ALLOWED = "not allowed"
    IN_PART = "allowed in part"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """The outcome; `by`: the statement that denies, limits or is undecided, such as "X, statement 2", or empty."""

    outcome: Outcome
    by: str = ""


@dataclass(frozen=True)
class Policy:
    """A policy: its name for messages, and its document as JSON text or an object.

    The document of a resource, such as a bucket, names principals: `principal` is the caller.
    """

    name: str
    document: Any
    principal: Principal | None = None


def evaluate(policies: Iterable[Policy], action: str, resource: Resource) -> Verdict:
    """Whether the policies together permit an action. Raises InvalidDocument for a malformed document."""
    allows: list[tuple[Cover, str]] = []
    denies: list[tuple[Cover, str]] = []
    for one in policies:
        for place, statement in enumerate(policy.statements(one.document), 1):
            name = f"{one.name}, {_label(statement, place)}"
            cover = _covers(statement, action, resource, one.principal)
            effect = statement.get("Effect")
            if effect != "Allow":
                denies.append((cover if effect == "Deny" else both(cover, Cover.UNKNOWN), name))
            if effect != "Deny":
                allows.append((cover if effect == "Allow" else both(cover, Cover.UNKNOWN), name))
    return _verdict(allows, denies)


def trusts(document: Any, principal: Principal, action: str = "sts:AssumeRole") -> Verdict:
    """Whether a trust policy lets a principal assume the role. Raises InvalidDocument for a malformed document."""
    return evaluate([Policy("trust policy", document, principal)], action, Resource("*"))


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
    statement: Mapping[str, Any], action: str, resource: Resource, principal: Principal | None
) -> Cover:
    covers = [
        _element(statement, "Action", lambda pattern: covers_action(pattern, action)),
        _element(statement, "Resource", lambda pattern: covers_resource(pattern, resource)),
        Cover.UNKNOWN if statement.get("Condition") else Cover.ALL,
    ]
    if principal is not None:
        covers.append(_covers_principal(statement, principal))
    return both(*covers)


def _element(statement: Mapping[str, Any], name: str, covers: Callable[[str], Cover]) -> Cover:
    """How much an element covers. In both evaluators, a statement without the element covers everything."""
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


def _covers_principal(statement: Mapping[str, Any], caller: Principal) -> Cover:
    """Whether the statement applies to the principal; one without principals applies to none."""
    if "Principal" in statement:
        return _names(statement["Principal"], caller)
    if "NotPrincipal" in statement:
        return _names(statement["NotPrincipal"], caller).without()
    return Cover.NONE


def _names(principal: Any, caller: Principal) -> Cover:
    if principal == "*":
        return Cover.ALL
    if not isinstance(principal, Mapping):
        return Cover.UNKNOWN
    named = principal.get(caller.kind, [])
    values = named if isinstance(named, list) else [named]
    if any(value == "*" or value in caller.names for value in values):
        return Cover.ALL
    # A canonical id, or a session of an assumed role, may denote a role that is known by its ARN.
    hidden = caller.kind == "AWS" and (
        "CanonicalUser" in principal or any(":assumed-role/" in str(value) for value in values)
    )
    return Cover.UNKNOWN if hidden else Cover.NONE


def most(covers: Iterable[Cover]) -> Cover:
    """The union of what several patterns cover. SOME and SOME stay SOME."""
    return max(covers, default=Cover.NONE)


def both(*covers: Cover) -> Cover:
    """The intersection of what several requirements cover."""
    if Cover.NONE in covers:
        return Cover.NONE
    if Cover.UNKNOWN in covers:
        return Cover.UNKNOWN
    return min(covers)


def covers_action(pattern: str, action: str) -> Cover:
    """Whether the pattern covers the action; servers ignore the case."""
    return Cover.ALL if _matches(pattern.lower(), action.lower()) else Cover.NONE


def covers_resource(pattern: str, resource: Resource) -> Cover:
    """How much of the resource the pattern of an ARN covers."""
    wide = _TOKEN.sub(lambda token: "*" if token[2] else token[0], pattern)
    cover = _covers_arn(wide, resource)
    if cover is Cover.NONE:
        return Cover.NONE
    # Scality's evaluator never matches a colon after an ARN's fifth; others do.
    differs = pattern.count(":") >= _PARTS
    return Cover.UNKNOWN if wide != pattern or differs else cover


def _covers_arn(pattern: str, resource: Resource) -> Cover:
    wanted = pattern.split(":", _PARTS - 1)
    given = resource.arn.split(":", _PARTS - 1)
    for one, part in zip(wanted[: _PARTS - 1], given, strict=False):
        if not _matches(one, part):
            return Cover.NONE
    if len(wanted) < _PARTS:
        return Cover.ALL
    name, rest = given[-1], wanted[-1]
    if not resource.below:
        return Cover.ALL if _matches(rest, name) else Cover.NONE
    return _covers_below(rest, name)


def _covers_below(pattern: str, beginning: str) -> Cover:
    """How much of all names with that beginning a pattern covers.

    A pattern that matches the shortest name, and a name longer than all its fixed parts, ends in wildcards that
    include a star, after the beginning. So it matches every name in between and every longer one.
    """
    # An object's key is never empty.
    whole_bucket = not beginning.partition("/")[2]
    shortest = beginning + _PROBE if whole_bucket else beginning
    longest = beginning + _PROBE * (len(pattern) + 1)
    if _matches(pattern, shortest) and _matches(pattern, longest):
        return Cover.ALL
    begins = any(
        _matches(part, beginning)
        for part in _beginnings(pattern)
        if part != pattern or not whole_bucket or pattern.endswith("*")
    )
    return Cover.SOME if begins else Cover.NONE


def _beginnings(pattern: str) -> Iterable[str]:
    ends = [token.span() for token in _TOKEN.finditer(pattern)]
    inside = {place for start, end in ends for place in range(start + 1, end)}
    return (pattern[:place] for place in range(len(pattern) + 1) if place not in inside)


def _matches(pattern: str, text: str) -> bool:
    return _expression(pattern).fullmatch(text) is not None


@functools.lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = []
    place = 0
    for token in _TOKEN.finditer(pattern):
        parts.append(re.escape(pattern[place : token.start()]))
        parts.append(re.escape(token[1]) if token[1] else {"*": ".*", "?": "."}.get(token[3], ""))
        place = token.end()
    parts.append(re.escape(pattern[place:]))
    return re.compile("".join(parts), re.DOTALL)
