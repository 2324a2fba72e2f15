# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every call of every procedure fails once, in every way: the run, or the next one, ends where a clean run ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.support.matrix import CallAt, Matrix, Outcome
from tests.faults.support.scenarios import SCENARIOS

# Ways to fail after which the same run goes on: name, how the sandbox does it, with which status.
WAYS: dict[str, tuple[str, int | None]] = {
    "500": ("error", 500),
    "slow down": ("error", 503),
    "timeout": ("hang", None),
    "reset": ("reset", None),
    "timeout after it acted": ("hang-after", None),
    "reset after it acted": ("reset-after", None),
}
FOR_READS = ("500", "slow down", "timeout", "reset")
# Without time for another try each of them ends the run, as does an answer that nobody can read.
ENDING = ("error", "reset-after", "garbage")

pytestmark = [
    pytest.mark.usefixtures("short_pauses"),
    pytest.mark.parametrize("scenario", SCENARIOS),
]
Matrices = Callable[[str], Matrix]


@pytest.mark.parametrize("way", WAYS)
def test_the_run_itself_converges(matrix_of: Matrices, scenario: str, way: str) -> None:
    matrix = matrix_of(scenario)
    how, status = WAYS[way]
    problems: list[str] = []
    for place, at in enumerate(matrix.clean.calls):
        # To a reader one passing trouble is as good as another: each read of the long procedures has one of them.
        ways = FOR_READS if scenario == "set up" else FOR_READS[place % len(FOR_READS) :][:1]
        if at.write or way in ways:
            outcome = matrix.fault(at, how, patience=20.0, status=status)
            problems += [f"{at}: {text}" for text in (*_passed(outcome), *_ended(matrix))]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("how", ENDING)
def test_the_next_run_converges(matrix_of: Matrices, scenario: str, how: str) -> None:
    matrix = matrix_of(scenario)
    problems: list[str] = []
    for place, at in enumerate(matrix.clean.calls):
        if at.write or how == ENDING[place % len(ENDING)]:
            outcome = matrix.fault(at, how, patience=0.0)
            problems += [f"{at}: {text}" for text in _failed(outcome, at)]
            problems += [f"{at}, the next run: {text}" for text in _passed(matrix.run())]
            problems += [f"{at}: {text}" for text in _ended(matrix)]
    assert not problems, "\n".join(problems)


def _passed(outcome: Outcome) -> Iterator[str]:
    yield from outcome.lost
    if outcome.failed:
        yield outcome.results[-1]["msg"]
    elif not outcome.honest:
        yield f"changed is {[one['changed'] for one in outcome.results]}, and written was {outcome.written}"


def _failed(outcome: Outcome, at: CallAt) -> Iterator[str]:
    yield from outcome.lost
    if not outcome.failed:
        yield "the run did not fail"
        return
    result = outcome.results[-1]
    if result["error"]["operation"] != at.operation or "Failed to " not in result["msg"]:
        yield f"not clear: {result['msg']}"
    if outcome.written[-1] and not result["changed"] and "may have been" not in result["msg"]:
        yield f"something was written, but not said: {result['msg']}"
    if result["changed"] and not outcome.written[-1]:
        yield f"nothing was written, but said so: {result['changes']}"


def _ended(matrix: Matrix) -> Iterator[str]:
    found = matrix.state()
    if found != matrix.clean.state:
        yield f"ends in {found}, not {matrix.clean.state}"
