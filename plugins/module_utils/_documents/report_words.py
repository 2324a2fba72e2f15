# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of the page of a run: verdicts, groups of states, and numbers, sizes and times in readable form."""

from __future__ import annotations

from itertools import pairwise

#: The most severe first; each has its own shape in addition to its colour.
VERDICTS = ("failed", "incomplete", "waiting", "unverified", "ok")
WORDS = {
    "failed": "Problems",
    "incomplete": "Incomplete",
    "waiting": "Pending",
    "unverified": "Not verified",
    "ok": "In sync",
}
#: The groups of states in bars.
GROUPS = {
    "in_sync": "ok",
    "not_selected": "quiet",
    "written_at_target": "quiet",
    "replica_without_source": "quiet",
    "delete_marker_covered": "quiet",
    "delete_marker_extra": "quiet",
    "other_order": "quiet",
    "pending": "waiting",
    "processing": "waiting",
    "not_comparable": "unknown",
    "uninspected": "unknown",
}


def group_of(state: str) -> str:
    """The group of a state: ok, waiting, unknown, quiet, or bad (to be fixed)."""
    return GROUPS.get(state, "bad")


def number(value: int) -> str:
    """The number in groups of three digits, separated by narrow blanks: 1 234 567."""
    return f"{value:,}".replace(",", "\u202f")


def size(value: float) -> str:
    """The bytes in binary units with up to three digits: 1.25 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1000 or unit == "TiB":
            break
        value /= 1024
    digits = 0 if unit == "B" or value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f}\u202f{unit}"


def duration(seconds: float) -> str:
    """The seconds in the two largest units: 2 d 3 h, 4 min 5 s."""
    whole = round(seconds)
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for (unit, length), (smaller, part) in pairwise(units):
        if whole >= length:
            rest = whole % length // part
            tail = f" {rest}\u202f{smaller}" if rest else ""
            return f"{whole // length}\u202f{unit}{tail}"
    return f"{seconds:.1f}\u202fs" if seconds < 10 else f"{whole}\u202fs"


def moment(text: str | None) -> str | None:
    """A time in ISO 8601 in readable form: 2026-11-22 17:21 UTC."""
    return f"{text[:10]} {text[11:16]} UTC" if text else None


def printable(text: str) -> str:
    """A key as one line; characters that control a terminal or the text direction are escaped as in Python."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
