# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A procedure with one fault at one call of a step, what must be true of that step, and of the run after it."""

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

#: How long the client waits for an answer that does not come, in seconds: only as long as the test needs.
SHORT: dict[str, float] = {"connect_timeout": 1, "read_timeout": 0.25}
LONG: dict[str, float] = {"connect_timeout": 5, "read_timeout": 10}

Held = dict[str, frozenset[Permission]]


@dataclass(frozen=True)
class CallAt:
    """One call of a procedure: the number of the step that makes it, and the nth of its kind there on that side."""

    side: SideName
    operation: str
    nth: int
    write: bool
    step: int

    def __str__(self) -> str:
        return f"step {self.step} {self.side} {self.operation} {self.nth}"


@dataclass
class Outcome:
    """The results of the steps that were taken, each with whether the server was changed by it.

    calls: the server's, those before these steps too; lost: what a role was not allowed any more, for a moment.
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
    def honest(self) -> bool:
        """Whether each result says `changed` exactly when something was written."""
        return [result["changed"] for result in self.results] == self.written


class Matrix:
    """Runs one scenario again and again on the same sandbox, each time from its beginning.

    calls: those of a run without faults; states: what is there after each of its steps;
    kept: what each role may do before and after, and so at any time in between.
    """

    def __init__(self, sandbox: Sandbox, scenario: str) -> None:
        self.sandbox = sandbox
        self.sides = (Side(sandbox, sandbox.source), Side(sandbox, sandbox.target))
        self.scenario = SCENARIOS[scenario]
        self.is_guide = scenario == GUIDE
        self.last = len(self.scenario.steps(*self.sides)) - 1
        self.kept: Held = {}
        before = self._begin()
        outcome = self._expect_good(self.run(self.last))
        self.calls = self._calls(outcome)
        after = permissions_of(*self.sides)
        assert not any(self._expect_good(self.run(self.last)).written)
        self.kept = {role: held & after.get(role, frozenset()) for role, held in before.items()}
        self.states = []
        for step in range(self.last + 1):
            if step == 0:
                self._begin()
            self._expect_good(self.run(step, first=step, always=True))
            self.states.append(self.state())

    def state(self) -> dict[str, Any]:
        return state_of(*self.sides)

    def faults(
        self, chosen: Iterable[CallAt], how: str, patience: float, **details: Any
    ) -> Iterator[tuple[CallAt, Outcome]]:
        """Each call with what became of its step when this fault struck it.

        In one pass through the procedure every step has one fault, so before the next outcome is taken, the state
        must be that after this step without faults. patience: retry_timeout in seconds.
        """
        left: dict[int, list[CallAt]] = {}
        for at in chosen:
            left.setdefault(at.step, []).append(at)
        while left:
            self._begin()
            for step in range(max(left) + 1):
                if step not in left:
                    self._expect_good(self.run(step, first=step))
                    continue
                at = left[step].pop(0)
                if not left[step]:
                    del left[step]
                yield at, self._fault(at, how, patience, **details)

    def _fault(self, at: CallAt, how: str, patience: float, **details: Any) -> Outcome:
        self.sandbox.clear_calls()
        self.sandbox.fail(at.operation, at.nth, at.side, how, seconds=2.0, **details)
        timeouts = SHORT if how.startswith("hang") else LONG
        outcome = self.run(at.step, patience, timeouts, first=at.step)
        struck = [call for call in outcome.calls if call["fault"] == how]
        assert len(struck) == 1, f"{at} did not come"
        return outcome

    def run(
        self,
        last: int,
        patience: float = 20.0,
        timeouts: dict[str, float] | None = None,
        first: int = 0,
        always: bool = False,
    ) -> Outcome:
        """The steps up to this one as things are, until one fails.

        always: look after every call at what the roles may do, and not only once one has failed.
        """
        outcome = Outcome()
        more = {"retry_timeout": patience, "aws_config": timeouts or LONG}
        with self._watching(outcome, always):
            for side, module, options in self.scenario.steps(*self.sides)[first : last + 1]:
                outcome.starts.append(time.time())
                outcome.results.append(side.run(module, **_patient(module, options, more)))
                if outcome.failed:
                    break
        outcome.calls = self.sandbox.calls()
        writes = _writes(outcome.calls)
        for start, end in pairwise([*outcome.starts, time.time()]):
            outcome.written.append(any(start <= moment < end for moment in writes))
        return outcome

    def _begin(self) -> Held:
        self.sandbox.reset()
        self.scenario.prepare(*self.sides)
        held = permissions_of(*self.sides) if not self.kept else {}
        self.sandbox.clear_calls()
        return held

    @staticmethod
    def _expect_good(outcome: Outcome) -> Outcome:
        assert not outcome.failed, outcome.results
        assert outcome.honest, outcome.results
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
    def _watching(self, outcome: Outcome, always: bool) -> Iterator[None]:
        """After each change of roles and policies, look that the roles have what they must not lose."""
        call: Any = Api._call
        sides = [side for side in self.sides if any(r.startswith(side.name) for r in self.kept)]
        troubled = always

        def watched(api: Api, operation: str, *arguments: Any) -> Any:
            nonlocal troubled
            try:
                return call(api, operation, *arguments)
            except Exception:
                troubled = True
                raise
            finally:
                if troubled and sides and _changes_permissions(operation):
                    outcome.lost += self._missing(operation, sides)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Api, "_call", watched)
            yield

    def _missing(self, operation: str, sides: list[Side]) -> list[str]:
        now = permissions_of(*sides)
        return [
            f"after {operation}, {role} lacks {sorted(held - now.get(role, frozenset()))}"
            for role, held in self.kept.items()
            if held - now.get(role, frozenset())
        ]


def _writes(calls: list[dict[str, Any]]) -> list[float]:
    """When calls have changed something on a server."""
    return [
        call["time"]
        for call in calls
        if call["write"]
        and (call["fault"] in AFTER or (not call["fault"] and (call["status"] or 500) < 400))
    ]


def _changes_permissions(operation: str) -> bool:
    return "policy" in operation and not operation.startswith(("get_", "list_"))


def _patient(module: str, options: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    if module != "object_check":
        return {**options, **more}
    target = {**options["target"], "s3": {**options["target"]["s3"], **more}}
    return {**options, **more, "target": target}


def _without_polling(calls: list[CallAt]) -> list[CallAt]:
    """How often the waiting for an object looks is chance: of its looks the first on each side stands for all."""
    last = max((place for place, call in enumerate(calls) if call.write), default=-1)
    left, seen = calls[: last + 1], set()
    for call in calls[last + 1 :]:
        if (call.side, call.operation) not in seen:
            left.append(call)
        seen.add((call.side, call.operation))
    return left
