# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backfill, compared with boto3 in threads that makes the same calls, and with the stub's own limit."""

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
#: The time that may be taken, as a share of boto3's.
LIMIT, AIM = 1 / 5, 1 / 8
#: Where the stub is the limit: its own time by a client that does nothing else, and so much more.
MARGIN = 1.25
#: Listings of more versions are not made beforehand.
PREBUILT = 20_000
#: Calls about the first version alone.
FIRST = 5


def measure_backfill(count: int, scale: float = 1.0) -> tuple[list[Figure], dict[str, Any]]:
    """The figures of the backfill, and the medians behind them. Raises Failure unless both make the same calls."""
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
    # Ours looks at the first version until it has arrived.
    more: Counter[str] = Counter(ours["calls"]) - Counter(theirs["calls"])
    if theirs["calls"] != alone["calls"] or more.total() > FIRST or not theirs["calls"]:
        raise Failure(f"ours made {ours['calls']}, boto3 {theirs['calls']}, raw {alone['calls']}")
    found = {"ours": ours["seconds"], "boto3": theirs["seconds"], "stub": alone["seconds"]}
    return {**found, "ours' CPU": ours["cpu"], "boto3's CPU": theirs["cpu"]}


def _sent(kind: str, size: int) -> Outcome:
    """What a client took on a stub of its own. Raises Failure unless it sent everything."""
    with stub("backfill_stub", versions=size, prebuilt=size <= PREBUILT) as url:
        outcome = client(kind, url, module="backfill_client", workers=WORKERS)
        with build_opener(ProxyHandler({})).open(f"{url}/_/calls") as answer:
            outcome["calls"] = json.load(answer)
    if outcome["result"] != size:
        raise Failure(f"{kind} sent {outcome['result']} of {size} versions")
    return outcome
