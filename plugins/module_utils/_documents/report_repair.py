# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's section about a repair: problems, actions, and remaining problems with reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .repair_report import ACTIONS, RepairReport, SkippedVersion
from .report_words import WORDS, group_of, moment, number, printable
from .verify_report import SHOWN
from .verify_states import STATE


def repair_data(repair: RepairReport) -> dict[str, Any]:
    """The data of a pair's section "Repair" in the template.

    {"verdict", "word", "sentence", "stopped", "finished", "notes", "more",
    "classes": [{"title", "group", "before", "after" (None: not verified)}],
    "done": [{"title", and the numbers of RepairAction}],
    "skipped": [{"reason", "next_step", "count", "number", "versions": [{"key", "version_id"}], "more"}]}
    """
    verdict = repair_verdict(repair)
    return {
        "verdict": verdict,
        "word": WORDS[verdict],
        "sentence": _sentence(repair),
        "stopped": repair.stopped,
        "finished": moment(repair.finished),
        "classes": _classes(repair),
        "done": [
            {
                name: value if isinstance(value, str) else number(value)
                for name, value in {
                    **asdict(one),
                    "title": ACTIONS.get(one.action, one.action),
                    "pending": one.pending,
                }.items()
            }
            for one in repair.done
        ],
        "skipped": _skipped(repair),
        "more": _rest(repair.skipped_total - len(repair.skipped)),
        "notes": list(repair.notes),
    }


def repair_verdict(repair: RepairReport) -> str:
    """One of report_words.VERDICTS."""
    if repair.stopped:
        return "incomplete"
    if repair.after is None:
        return "unverified"
    groups = {group_of(state) for state, count in repair.after.items() if count}
    if "bad" in groups:
        return "failed"
    if "unknown" in groups:
        return "incomplete"
    return "waiting" if "waiting" in groups else "ok"


def _classes(repair: RepairReport) -> list[dict[str, Any]]:
    after = repair.after or {}
    found = [
        name
        for name in {**STATE, **repair.before, **after}
        if repair.before.get(name) or after.get(name)
    ]
    return [
        {
            "title": STATE[name].title if name in STATE else name,
            "group": group_of(name),
            "before": number(repair.before.get(name, 0)),
            "after": None if repair.after is None else number(after.get(name, 0)),
        }
        for name in found
        if name != "in_sync"
    ]


def _skipped(repair: RepairReport) -> list[dict[str, Any]]:
    kinds: dict[tuple[str, str], list[SkippedVersion]] = {}
    for one in repair.skipped:
        kinds.setdefault((one.reason, one.next_step), []).append(one)
    return [
        {
            "reason": reason,
            "next_step": next_step,
            "count": len(versions),
            "number": number(len(versions)),
            "versions": [
                {"key": printable(one.key), "version_id": one.version_id}
                for one in versions[:SHOWN]
            ],
            "more": _rest(len(versions) - SHOWN),
        }
        for (reason, next_step), versions in kinds.items()
    ]


def _rest(count: int) -> str:
    return number(count) if count > 0 else ""


def _bad(counts: Mapping[str, int]) -> int:
    return sum(count for state, count in counts.items() if group_of(state) == "bad")


def _sentence(repair: RepairReport) -> str:
    before, skipped = _bad(repair.before), repair.skipped_total
    were = f"{number(before)} {'version was' if before == 1 else 'versions were'} to be fixed"
    if repair.after is None:
        left = "; it was not verified what is left"
    else:
        after = _bad(repair.after)
        left = (
            f", {number(after)} still {'is' if after == 1 else 'are'}"
            if after
            else ", none is left"
        )
    were_skipped = (
        f"; {number(skipped)} {'was' if skipped == 1 else 'were'} skipped" if skipped else ""
    )
    return f"{were}{left}{were_skipped}."
