# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every call of every procedure fails once, with every fault: this run or the next one converges."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.support.matrix import CallAt, Matrix, Outcome
from tests.faults.support.scenarios import SCENARIOS

# Faults after which the same run continues: name, how the sandbox causes it, and with which status.
TRANSIENT: dict[str, tuple[str, int | None]] = {
    "500": ("error", 500),
    "slow down": ("error", 503),
    "timeout": ("hang", None),
    "reset": ("reset", None),
    "timeout after the server acted": ("hang-after", None),
    "reset after the server acted": ("reset-after", None),
}
FOR_READS = ("500", "slow down", "timeout", "reset")
# Faults that end the run if there is no time for a retry, and an unreadable response, which always ends it.
PERMANENT = ("error", "reset-after", "garbage")
Matrices = Callable[[str], Matrix]

pytestmark = [
    pytest.mark.usefixtures("short_pauses"),
    pytest.mark.parametrize("scenario", SCENARIOS),
]


@pytest.mark.parametrize("way", TRANSIENT)
def test_run_converges_after_a_transient_fault(
    matrix_of: Matrices, scenario: str, way: str
) -> None:
    matrix = matrix_of(scenario)
    how, status = TRANSIENT[way]
    problems: list[str] = []
    chosen = _chosen(matrix, FOR_READS.index(way) if way in FOR_READS else None)
    for at, outcome in matrix.faults(chosen, how, retry_timeout=20.0, status=status):
        problems += [
            f"{at}: {text}"
            for text in (*_problems_of_success(outcome), *_problems_of_state(matrix, at))
        ]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("how", PERMANENT)
def test_next_run_converges_after_a_permanent_fault(
    matrix_of: Matrices, scenario: str, how: str
) -> None:
    matrix = matrix_of(scenario)
    problems: list[str] = []
    for at, outcome in matrix.faults(_chosen(matrix, PERMANENT.index(how)), how, retry_timeout=0.0):
        problems += [f"{at}: {text}" for text in _problems_of_failure(outcome, at, how)]
        problems += [
            f"{at}, the next run: {text}" for text in _problems_of_success(matrix.run(at.step))
        ]
        problems += [f"{at}: {text}" for text in _problems_of_state(matrix, at)]
    assert not problems, "\n".join(problems)


def _chosen(matrix: Matrix, turn: int | None) -> Iterator[CallAt]:
    """The calls that fail with one fault: all writes, and all reads of the guide's procedure.

    All reads are retried in the same way, so each read of the other procedures fails with one of the faults only.
    """
    for place, at in enumerate(matrix.calls):
        if at.write or (turn is not None and (matrix.is_guide or place % len(FOR_READS) == turn)):
            yield at


def _problems_of_success(outcome: Outcome) -> Iterator[str]:
    yield from outcome.lost
    if outcome.failed:
        yield outcome.results[-1]["msg"]
    elif not outcome.changed_is_correct:
        yield f"changed is {[one['changed'] for one in outcome.results]}, and written was {outcome.written}"


def _problems_of_failure(outcome: Outcome, at: CallAt, how: str) -> Iterator[str]:
    yield from outcome.lost
    if not outcome.failed:
        # Responses to S3 writes have no body, so the client does not read the garbage.
        if how != "garbage" or not at.write:
            yield "the run did not fail"
        return
    result = outcome.results[-1]
    if result["error"]["operation"] != at.operation or "Failed to " not in result["msg"]:
        yield f"unclear message: {result['msg']}"
    if outcome.written[-1] and not result["changed"] and "may have been made" not in result["msg"]:
        yield f"something was written, but not reported: {result['msg']}"
    if result["changed"] and not outcome.written[-1]:
        yield f"nothing was written, but changes were reported: {result['changes']}"


def _problems_of_state(matrix: Matrix, at: CallAt) -> Iterator[str]:
    found, wanted = matrix.state(), matrix.states[at.step]
    if found != wanted:
        yield f"ends in {found}, not {wanted}"
