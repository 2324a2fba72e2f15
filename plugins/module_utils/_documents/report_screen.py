# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A summary of the page of a run, as lines of text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .report_drawing import shorten

#: The number of keys to show for each state to fix, and for each reason to skip a version.
KEYS = 3
LONGEST_KEY = 120


def screen(shown: Mapping[str, Any]) -> list[str]:
    """One block for each pair, then problems of Backbeat. shown: the result of report_page.page."""
    lines = [shown["sentence"]]
    for pair in shown["pairs"]:
        lines += _pair(pair)
    for service in shown["services"]:
        lines.append(f"Backbeat of {service['name']}: {service['word']}")
        lines += [f"    {text}" for text in (service["error"], *service["notes"]) if text]
    # Replace narrow blanks, which are for browsers.
    return [line.replace("\u202f", " ") for line in lines]


def _pair(pair: Mapping[str, Any]) -> Iterator[str]:
    yield "{word}: {source} {source_bucket} -> {target} {target_bucket}".format(**pair)
    facts = [f"{one['name']}: {one['value']}" for one in pair["status"]]
    rules = [pair["rules"]] if pair["rules"] else []
    yield f"    {'; '.join([*rules, *facts])}"
    if pair["states"]:
        counts = [f"{one['number']} {one['title']}" for one in pair["states"]]
        yield f"    versions: {'; '.join(counts)}"
    for one in pair["findings"]:
        yield f"    {one['severity']}: {one['what']}"
    for state in pair["states"]:
        if state["group"] == "bad":
            yield f"    {state['title']}: {state['remedy']}"
            yield from _keys(state["problems"], state["count"])
    if pair["repair"]:
        yield from _repair(pair["repair"])


def _repair(repair: Mapping[str, Any]) -> Iterator[str]:
    yield f"    repair: {repair['sentence']}"
    if repair["stopped"]:
        yield f"    repair stopped: {repair['stopped']}"
    for kind in repair["skipped"]:
        yield f"    {kind['number']} skipped: {kind['reason']} {kind['next_step']}".rstrip()
        yield from _keys(kind["versions"], kind["count"])


def _keys(versions: list[Mapping[str, Any]], count: int) -> Iterator[str]:
    for one in versions[:KEYS]:
        version = f" (version {one['version_id']})" if one["version_id"] else ""
        yield f"        {shorten(one['key'], LONGEST_KEY)}{version}"
    rest = count - min(KEYS, len(versions))
    if versions and rest:
        yield f"        and {rest:,} more"
