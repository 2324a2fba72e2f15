# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of an action or a resource a pattern in a policy covers.

Source: Scality's public policy evaluator, read. Each of an ARN's six parts is matched separately, so that no wildcard
spans a colon; parts that a pattern omits match everything.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

_PARTS = 6
# The literal characters *, ? and $ as a policy writes them; then variables such as ${aws:username}, and wildcards.
_TOKEN = re.compile(r"\$\{([*?$])\}|(\$\{[^}]*\})|([*?])")
# In no key: servers refuse non-printable characters.
_PROBE = "\0"


class Cover(IntEnum):
    """How much a pattern, a statement or a policy covers. UNKNOWN: only the server can tell."""

    NONE = 0
    SOME = 1
    UNKNOWN = 2
    ALL = 3

    def without(self) -> Cover:
        """What remains of everything without this part."""
        return {Cover.NONE: Cover.ALL, Cover.ALL: Cover.NONE}.get(self, self)


@dataclass(frozen=True)
class Resource:
    """What an action is for: one ARN or, with `below`, every ARN that begins with it."""

    arn: str
    below: bool = False

    def __str__(self) -> str:
        return f"{self.arn}*" if self.below else self.arn


def most(covers: Iterable[Cover]) -> Cover:
    """What several patterns cover together. SOME and SOME stay SOME."""
    return max(covers, default=Cover.NONE)


def both(*covers: Cover) -> Cover:
    """What several requirements cover at once."""
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
    cover = _covers(wide, resource)
    if cover is Cover.NONE:
        return Cover.NONE
    # Scality's evaluator never matches a colon after an ARN's fifth; others do.
    differs = pattern.count(":") >= _PARTS
    return Cover.UNKNOWN if wide != pattern or differs else cover


def _covers(pattern: str, resource: Resource) -> Cover:
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
