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
# Without time for another try each of them ends the run, as does an unreadable response.
ENDING = ("error", "reset-after", "garbage")
Matrices = Callable[[str], Matrix]

pytestmark = [
    pytest.mark.usefixtures("short_pauses"),
    pytest.mark.parametrize("scenario", SCENARIOS),
]


@pytest.mark.parametrize("way", WAYS)
def test_the_run_itself_converges(matrix_of: Matrices, scenario: str, way: str) -> None:
    matrix = matrix_of(scenario)
    how, status = WAYS[way]
    problems: list[str] = []
    chosen = _chosen(matrix, FOR_READS.index(way) if way in FOR_READS else None)
    for at, outcome in matrix.faults(chosen, how, patience=20.0, status=status):
        problems += [f"{at}: {text}" for text in (*_passed(outcome), *_ended(matrix, at))]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("how", ENDING)
def test_the_next_run_converges(matrix_of: Matrices, scenario: str, how: str) -> None:
    matrix = matrix_of(scenario)
    problems: list[str] = []
    for at, outcome in matrix.faults(_chosen(matrix, ENDING.index(how)), how, patience=0.0):
        problems += [f"{at}: {text}" for text in _failed(outcome, at, how)]
        problems += [f"{at}, the next run: {text}" for text in _passed(matrix.run(at.step))]
        problems += [f"{at}: {text}" for text in _ended(matrix, at)]
    assert not problems, "\n".join(problems)


def _chosen(matrix: Matrix, turn: int | None) -> Iterator[CallAt]:
    """The calls to fail in one way: all writes, and all reads of the guide's procedure.

    All reads are repeated in the same way, so of the longer procedures' each takes its turn in one way only.
    """
    for place, at in enumerate(matrix.calls):
        if at.write or (turn is not None and (matrix.is_guide or place % len(FOR_READS) == turn)):
            yield at


def _passed(outcome: Outcome) -> Iterator[str]:
    yield from outcome.lost
    if outcome.failed:
        yield outcome.results[-1]["msg"]
    elif not outcome.honest:
        yield f"changed is {[one['changed'] for one in outcome.results]}, and written was {outcome.written}"


def _failed(outcome: Outcome, at: CallAt, how: str) -> Iterator[str]:
    yield from outcome.lost
    if not outcome.failed:
        # Who writes to S3 gets an answer without a body, and need not read one.
        if how != "garbage" or not at.write:
            yield "the run did not fail"
        return
    result = outcome.results[-1]
    if result["error"]["operation"] != at.operation or "Failed to " not in result["msg"]:
        yield f"not clear: {result['msg']}"
    if outcome.written[-1] and not result["changed"] and "may have been made" not in result["msg"]:
        yield f"something was written, but not said: {result['msg']}"
    if result["changed"] and not outcome.written[-1]:
        yield f"nothing was written, but said so: {result['changes']}"


def _ended(matrix: Matrix, at: CallAt) -> Iterator[str]:
    found, wanted = matrix.state(), matrix.states[at.step]
    if found != wanted:
        yield f"ends in {found}, not {wanted}"
