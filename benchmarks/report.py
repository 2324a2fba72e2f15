# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes medians and ratios from samples, and whether they are within the limits."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from .measure import Sample
from .slope import slope

Rounds = Sequence[Mapping[str, Sample]]
Times = dict[str, float]

NAMES = {
    "empty": "an empty playbook",
    "aws": "the guide's 14 aws commands",
    "bare": "a bare boto3 script, first run",
    "bare_second": "a bare boto3 script, second run",
    "first": "our playbook, first run",
    "second": "our playbook, second run",
    "checked_first": "our playbook with preflight, first run",
    "checked_second": "our playbook with preflight, second run",
    "amazon_first": "with amazon.aws, first run",
    "amazon_second": "with amazon.aws, second run",
}


@dataclass(frozen=True)
class Figure:
    """A number with a limit; `aim`: the desired value; `value`: None if it was not measured."""

    what: str
    value: float | None
    must: float
    aim: float | None = None
    unit: str = ""

    @property
    def holds(self) -> bool:
        return self.value is not None and self.value <= self.must

    def as_dict(self) -> dict[str, object]:
        """The figure as a dictionary, for JSON."""
        return {**asdict(self), "holds": self.holds}


def medians(rounds: Rounds) -> Times:
    """The median of each contender's seconds."""
    return {name: statistics.median(one[name].seconds for one in rounds) for name in rounds[0]}


def guide_figures(times: Times) -> Iterator[Figure]:
    """The figures for the playbook, compared with other ways to do the guide's procedure."""
    for run, like in (("first", "amazon_first"), ("second", "amazon_second")):
        yield Figure(f"{run} run / amazon.aws", times[run] / times[like], 0.25, 0.15)
        checked = f"{run} run with preflight / amazon.aws"
        yield Figure(checked, times[f"checked_{run}"] / times[like], 0.32, 0.25)
        yield Figure(f"{run} run / aws commands", times[run] / times["aws"], 0.25, 0.15)
    for run, like in (("first", "bare"), ("second", "bare_second")):
        over = times[run] - times["empty"]
        what = f"({run} run - empty playbook) / bare boto3 script"
        yield Figure(what, over / times[like], 1.5, 1.0)


def slope_figures(times: Times) -> Iterator[Figure]:
    """The figures for one more task with one call."""
    ratio = slope(times, "call") / slope(times, "debug")
    yield Figure("one more task with one call / debug task", ratio, 3.0, 1.5)


def fleet_figures(times: Times) -> Iterator[Figure]:
    """The figures for many pairs."""
    if "second_1000" not in times:
        return
    over = times["second_1000"] - times["empty_1000"]
    what = "1,000 pairs: (second run - empty playbook) / bare threaded script"
    yield Figure(what, over / times["bare_1000"], 1.2, 1.1)
    for run in ("first", "second"):
        small, middle, large = (times[f"{run}_{size}"] for size in (10, 100, 1000))
        what = f"{run} run: (t(1,000) - t(100)) / (t(100) - t(10))"
        yield Figure(what, (large - middle) / (middle - small), 11.0, 10.0)


def memory_figures(pairs: int, peaks: Mapping[str, float]) -> Iterator[Figure]:
    """The figures for the peak memory of the process tree."""
    for run, peak in peaks.items():
        yield Figure(f"{pairs:,} pairs: memory, {run} run", peak, 400.0, unit=" MB")


def show_times(title: str, rounds: Rounds) -> None:
    """Print a table of the measured times, fastest first."""
    print(f"\n{title}, {len(rounds)} rounds\n")
    print(f"{'':<34}{'median':>9}{'least':>9}{'most':>9}{'CPU':>9}   seconds")
    for name, median in sorted(medians(rounds).items(), key=lambda entry: entry[1]):
        seconds = [one[name].seconds for one in rounds]
        cpu = statistics.median(one[name].cpu for one in rounds)
        row = (median, min(seconds), max(seconds), cpu)
        print(f"{NAMES.get(name, name):<34}" + "".join(f"{value:9.2f}" for value in row))


def show_figures(figures: Sequence[Figure]) -> None:
    """Print the table of limits, and whether they hold."""
    width = max(len(figure.what) for figure in figures)
    print(f"\n{'':<{width}}{'measured':>12}{'must':>12}{'aim':>9}\n")
    for figure in figures:
        digits = 0 if figure.unit else 2
        value = "-" if figure.value is None else f"{figure.value:.{digits}f}{figure.unit}"
        must = f"{figure.must:.3g}{figure.unit}"
        aim = "" if figure.aim is None else f"{figure.aim:.3g}"
        verdict = "holds" if figure.holds else "MISSED"
        verdict = verdict if figure.value is not None else "NOT MEASURED"
        print(f"{figure.what:<{width}}{value:>12}{must:>12}{aim:>9}  {verdict}")
