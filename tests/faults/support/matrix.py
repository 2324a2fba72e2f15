# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a procedure with one fault at one call of a step, and records what the step did."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from sandbox import Sandbox
from sandbox.environments import SideName
from sandbox.faults import AFTER
from tests.faults.support.scenarios import GUIDE, SCENARIOS
from tests.faults.support.state import Permission, permissions_of, state_of
from tests.integration.support.modules import Result, Side

#: How long the client waits for a response, in seconds. The sandbox sends none in a "hang", so that wait is short.
SHORT: dict[str, float] = {"connect_timeout": 1, "read_timeout": 0.25}
LONG: dict[str, float] = {"connect_timeout": 5, "read_timeout": 10}

PermissionsByRole = dict[str, frozenset[Permission]]


@dataclass(frozen=True)
class CallAt:
    """One call of a procedure: the nth call of this operation on this side in this step."""

    side: SideName
    operation: str
    nth: int
    write: bool
    step: int

    def __str__(self) -> str:
        return f"step {self.step} {self.side} {self.operation} {self.nth}"


@dataclass
class Outcome:
    """The results of the steps that were run, and whether each of them changed the server.

    calls: all calls in the sandbox's log, including those before these steps.
    lost: the permissions that a role must keep and did not have for a moment.
    """

    results: list[Result] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    written: list[bool] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return any(result.get("failed") for result in self.results)

    @property
    def changed_is_correct(self) -> bool:
        """Whether each result says `changed` exactly when something was written."""
        return [result["changed"] for result in self.results] == self.written


class Matrix:
    """Runs one scenario repeatedly on the same sandbox, each time from its initial state.

    calls: the calls of a run without faults; states: the state after each of its steps.
    must_keep: the permissions that each role has before and after the procedure, and so must have all the time.
    """

    def __init__(self, sandbox: Sandbox, scenario: str) -> None:
        self.sandbox = sandbox
        self.sides = (Side(sandbox, sandbox.source), Side(sandbox, sandbox.target))
        self.scenario = SCENARIOS[scenario]
        self.is_guide = scenario == GUIDE
        self.last = len(self.scenario.steps(*self.sides)) - 1
        self.must_keep: PermissionsByRole = {}
        before = self._begin()
        outcome = self._expect_success(self.run(self.last))
        self.calls = self._calls(outcome)
        after = permissions_of(*self.sides)
        assert not any(self._expect_success(self.run(self.last)).written)
        self.must_keep = {
            role: held & after.get(role, frozenset()) for role, held in before.items()
        }
        self.states = []
        for step in range(self.last + 1):
            if step == 0:
                self._begin()
            self._expect_success(self.run(step, first=step, always=True))
            self.states.append(self.state())

    def state(self) -> dict[str, Any]:
        return state_of(*self.sides)

    def faults(
        self, chosen: Iterable[CallAt], how: str, retry_timeout: float, **details: Any
    ) -> Iterator[tuple[CallAt, Outcome]]:
        """Yield each call, and the outcome of its step when this fault happened in that call.

        One pass through the procedure has one fault in every step. Therefore the caller must bring the state to that
        of this step without faults before it takes the next outcome.
        """
        left: dict[int, list[CallAt]] = {}
        for at in chosen:
            left.setdefault(at.step, []).append(at)
        while left:
            self._begin()
            for step in range(max(left) + 1):
                if step not in left:
                    self._expect_success(self.run(step, first=step))
                    continue
                at = left[step].pop(0)
                if not left[step]:
                    del left[step]
                yield at, self._fault(at, how, retry_timeout, **details)

    def _fault(self, at: CallAt, how: str, retry_timeout: float, **details: Any) -> Outcome:
        self.sandbox.clear_calls()
        self.sandbox.fail(at.operation, at.nth, at.side, how, seconds=2.0, **details)
        timeouts = SHORT if how.startswith("hang") else LONG
        outcome = self.run(at.step, retry_timeout, timeouts, first=at.step)
        affected = [call for call in outcome.calls if call["fault"] == how]
        assert len(affected) == 1, f"{at} was not called"
        return outcome

    def run(
        self,
        last: int,
        retry_timeout: float = 20.0,
        timeouts: dict[str, float] | None = None,
        first: int = 0,
        always: bool = False,
    ) -> Outcome:
        """Run the steps from `first` to `last` on the current state, until one fails.

        always: check the roles' permissions after every change, and not only after a call has failed.
        """
        outcome = Outcome()
        connection = {"retry_timeout": retry_timeout, "aws_config": timeouts or LONG}
        with self._checking_permissions(outcome, always):
            for side, module, options in self.scenario.steps(*self.sides)[first : last + 1]:
                outcome.starts.append(time.time())
                outcome.results.append(
                    side.run(module, **_with_options(module, options, connection))
                )
                if outcome.failed:
                    break
        outcome.calls = self.sandbox.calls()
        writes = _writes(outcome.calls)
        for start, end in pairwise([*outcome.starts, time.time()]):
            outcome.written.append(any(start <= moment < end for moment in writes))
        return outcome

    def _begin(self) -> PermissionsByRole:
        self.sandbox.reset()
        self.scenario.prepare(*self.sides)
        held = permissions_of(*self.sides) if not self.must_keep else {}
        self.sandbox.clear_calls()
        return held

    @staticmethod
    def _expect_success(outcome: Outcome) -> Outcome:
        assert not outcome.failed, outcome.results
        assert outcome.changed_is_correct, outcome.results
        assert not outcome.lost
        return outcome

    @staticmethod
    def _calls(outcome: Outcome) -> list[CallAt]:
        seen: Counter[tuple[int, str, str]] = Counter()
        calls = []
        for entry in outcome.calls:
            step = sum(start <= entry["time"] for start in outcome.starts) - 1
            seen[step, entry["side"], entry["operation"]] += 1
            nth = seen[step, entry["side"], entry["operation"]]
            calls.append(CallAt(entry["side"], entry["operation"], nth, entry["write"], step))
        return _without_polling(calls)

    @contextmanager
    def _checking_permissions(self, outcome: Outcome, always: bool) -> Iterator[None]:
        """After each change of roles and policies, record which permissions the roles have lost."""
        call: Any = Api._call
        sides = [
            side for side in self.sides if any(r.startswith(side.name) for r in self.must_keep)
        ]
        checking = always

        def watched(api: Api, operation: str, *arguments: Any) -> Any:
            nonlocal checking
            try:
                return call(api, operation, *arguments)
            except Exception:
                checking = True
                raise
            finally:
                if checking and sides and _changes_permissions(operation):
                    outcome.lost += self._missing(operation, sides)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Api, "_call", watched)
            yield

    def _missing(self, operation: str, sides: list[Side]) -> list[str]:
        now = permissions_of(*sides)
        return [
            f"after {operation}, {role} lacks {sorted(held - now.get(role, frozenset()))}"
            for role, held in self.must_keep.items()
            if held - now.get(role, frozenset())
        ]


def _writes(calls: list[dict[str, Any]]) -> list[float]:
    """The times of the calls that changed something on a server."""
    return [
        call["time"]
        for call in calls
        if call["write"]
        and (call["fault"] in AFTER or (not call["fault"] and (call["status"] or 500) < 400))
    ]


def _changes_permissions(operation: str) -> bool:
    return "policy" in operation and not operation.startswith(("get_", "list_"))


def _with_options(
    module: str, options: dict[str, Any], connection: dict[str, Any]
) -> dict[str, Any]:
    if module != "object_check":
        return {**options, **connection}
    target = {**options["target"], "s3": {**options["target"]["s3"], **connection}}
    return {**options, **connection, "target": target}


def _without_polling(calls: list[CallAt]) -> list[CallAt]:
    """Without repeated polls for an object, whose number is chance: the first of each kind on each side stays."""
    last = max((place for place, call in enumerate(calls) if call.write), default=-1)
    left, seen = calls[: last + 1], set()
    for call in calls[last + 1 :]:
        if (call.side, call.operation) not in seen:
            left.append(call)
        seen.add((call.side, call.operation))
    return left
