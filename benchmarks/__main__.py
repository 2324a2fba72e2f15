# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the benchmarks and checks their limits: `python -m benchmarks` in .venv, or `python3 dev.py bench`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from devtools.places import CACHE
from devtools.processes import Failure, end_as_interrupt

from . import report
from .backfill import measure_backfill
from .fleet import measure_fleets, measure_memory
from .guide import measure_guide
from .load import MOST
from .peers import prepare_peers, versions
from .slope import measure_slope
from .verify import QUIET, measure_verify

PARTS = ("guide", "slope", "fleet", "memory", "verify", "backfill")
SIZES = (1, 10, 100, 1000)
QUICK_SIZES = (1, 10)
QUICK_SCALE = 0.1
# An additional task takes milliseconds in a run of seconds, so it is measured in this many rounds for each of the
# others.
SLOPE_ROUNDS = 4


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all unless given"
    )
    parser.add_argument("--rounds", type=int, default=5, help="5 unless given")
    parser.add_argument(
        "--quick", action="store_true", help="one round of little, to try the benchmark itself"
    )
    parser.add_argument(
        "--json", type=Path, default=CACHE / "bench" / "result.json", metavar="FILE"
    )
    parser.add_argument(
        "--most-load",
        type=float,
        default=MOST,
        metavar="PROCESSORS",
        help=f"that other programs may use during a round on a wall clock; {MOST:g} unless given",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="to wait before each such round for others to be quiet",
    )
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return options


def main() -> int:
    """Measure, print the tables and write JSON. Returns 1 if a limit is exceeded."""
    options = parse()
    rounds, sizes = (1, QUICK_SIZES) if options.quick else (options.rounds, SIZES)
    wanted = options.parts or PARTS
    figures: list[report.Figure] = []
    samples: dict[str, report.Rounds] = {}
    result: dict[str, object] = {}
    if "guide" in wanted:
        prepare_peers()
        result["versions"] = versions()
        samples["guide"] = list(measure_guide(rounds))
        report.show_times("The guide's procedure on the sandbox", samples["guide"])
        figures += report.guide_figures(report.medians(samples["guide"]))
    if "slope" in wanted:
        samples["slope"] = list(measure_slope(1 if options.quick else rounds * SLOPE_ROUNDS))
        report.show_times("1, 11 and 21 tasks with one call each", samples["slope"])
        figures += report.slope_figures(report.medians(samples["slope"]))
    if "fleet" in wanted:
        samples["fleet"] = list(measure_fleets(sizes, rounds))
        report.show_times("Fleets of bucket pairs", samples["fleet"])
        figures += report.fleet_figures(report.medians(samples["fleet"]))
    if "memory" in wanted:
        figures += report.memory_figures(sizes[-1], measure_memory(sizes[-1]))
    if "verify" in wanted:
        QUIET.most, QUIET.patience = options.most_load, options.patience
        found, result["verify"] = measure_verify(rounds, QUICK_SCALE if options.quick else 1.0)
        result["discarded"] = QUIET.discarded
        figures += found
    if "backfill" in wanted:
        QUIET.most, QUIET.patience = options.most_load, options.patience
        found, result["backfill"] = measure_backfill(rounds, QUICK_SCALE if options.quick else 1.0)
        figures += found
    if figures:
        report.show_figures(figures)
    result["samples"] = {
        part: [{name: asdict(one) for name, one in round_.items()} for round_ in rounds_]
        for part, rounds_ in samples.items()
    }
    result["figures"] = [figure.as_dict() for figure in figures]
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\nAll samples are in {options.json}.")
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    end_as_interrupt()
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
