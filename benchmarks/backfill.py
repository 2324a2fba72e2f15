# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a backfill with the same calls by boto3 in threads, and with the stub's own limit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.request import ProxyHandler, build_opener

from devtools.processes import Failure

from .report import Figure
from .verify import NotMeasured, Outcome, client, rounds, stub

#: Keys that are sent in parallel.
WORKERS = 16
#: The limit for the time, as a share of boto3's.
LIMIT, AIM = 1 / 5, 1 / 8
#: If the stub is the bottleneck: this many times the time of a client that does nothing else.
MARGIN = 1.25
#: Listings of more versions are not built in advance.
PREBUILT = 20_000
#: Calls only for the first version.
FIRST = 5


def measure_backfill(count: int, scale: float = 1.0) -> tuple[list[Figure], dict[str, Any]]:
    """The figures of the backfill, and their medians. Raises Failure unless both clients make the same calls."""
    size = int(10_000 * scale)
    memory = _memory(size)
    what = f"backfill {size:,} versions, {WORKERS} side by side: time / boto3 in threads"
    try:
        found = rounds(count, lambda: _round(size))
    except NotMeasured as error:
        print(f"backfill: not measured: {error}", flush=True)
        return [Figure(what, None, LIMIT, AIM), memory], {}
    shown = ", ".join(f"{key} {value:.2f}" for key, value in found.items())
    print(f"backfill: {shown}", flush=True)
    limit = max(LIMIT, MARGIN * found["stub"] / found["boto3"])
    return [Figure(what, found["ours"] / found["boto3"], limit, AIM), memory], dict(found)


def _memory(size: int) -> Figure:
    peaks = [_sent("ours", number)["memory"] for number in (size, 10 * size)]
    what = f"backfill: memory with {10 * size:,} versions / {size:,}"
    return Figure(what, peaks[1] / peaks[0], 1.2, 1.0)


def _round(size: int) -> Mapping[str, float]:
    ours, theirs, alone = (_sent(kind, size) for kind in ("ours", "boto3", "raw"))
    # The backfill polls the first version until it is replicated.
    more: Counter[str] = Counter(ours["calls"]) - Counter(theirs["calls"])
    if theirs["calls"] != alone["calls"] or more.total() > FIRST or not theirs["calls"]:
        raise Failure(f"ours made {ours['calls']}, boto3 {theirs['calls']}, raw {alone['calls']}")
    found = {"ours": ours["seconds"], "boto3": theirs["seconds"], "stub": alone["seconds"]}
    return {**found, "ours' CPU": ours["cpu"], "boto3's CPU": theirs["cpu"]}


def _sent(kind: str, size: int) -> Outcome:
    """The measurements of a client on its own stub. Raises Failure unless it sent all versions."""
    with stub("backfill_stub", versions=size, prebuilt=size <= PREBUILT) as url:
        outcome = client(kind, url, module="backfill_client", workers=WORKERS)
        with build_opener(ProxyHandler({})).open(f"{url}/_/calls") as answer:
            outcome["calls"] = json.load(answer)
    if outcome["result"] != size:
        raise Failure(f"{kind} sent {outcome['result']} of {size} versions")
    return outcome
