# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A procedure with one fault at one of its calls, what must be true of that run, and of the run after it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils.clients.api import Api
from tests.faults.support.scenarios import SCENARIOS, Scenario
from tests.faults.support.state import Permission, permissions_of, state_of
from tests.integration.support.modules import Result, Side
from tests.sandbox import Sandbox
from tests.sandbox.accounts import SideName
from tests.sandbox.faults import AFTER

#: How long the client waits for an answer that does not come, in seconds: only as long as the test needs.
SHORT: dict[str, float] = {"connect_timeout": 1, "read_timeout": 0.25}
LONG: dict[str, float] = {"connect_timeout": 5, "read_timeout": 10}

Held = dict[str, frozenset[Permission]]


@dataclass(frozen=True)
class CallAt:
    """One call of a procedure: the nth of its kind on that side."""

    side: SideName
    operation: str
    nth: int
    write: bool

    def __str__(self) -> str:
        return f"{self.side} {self.operation} {self.nth}"


@dataclass
class Clean:
    """A run without faults: its calls in their order, the state it ends in, and what stays allowed throughout."""

    calls: list[CallAt]
    state: dict[str, Any]
    kept: Held


@dataclass
class Outcome:
    """The results of the steps that were taken, each with whether the server was changed by it."""

    results: list[Result] = field(default_factory=list)
    written: list[bool] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return any(result.get("failed") for result in self.results)

    @property
    def honest(self) -> bool:
        """Whether each result says `changed` exactly when something was written."""
        return [result["changed"] for result in self.results] == self.written


class Matrix:
    """Runs one scenario again and again on the same sandbox, each time from its beginning."""

    def __init__(self, sandbox: Sandbox, scenario: str) -> None:
        self.sandbox = sandbox
        self.sides = (Side(sandbox, sandbox.source), Side(sandbox, sandbox.target))
        self.scenario: Scenario = SCENARIOS[scenario]
        self.is_guide = scenario == "set up"
        self.clean = self._run_clean()

    def _run_clean(self) -> Clean:
        before = self._begin()
        outcome = self.run()
        assert not outcome.failed, outcome.results
        assert outcome.honest, outcome.results
        seen: Counter[tuple[str, str]] = Counter()
        calls = []
        for entry in self.sandbox.calls():
            seen[entry["side"], entry["operation"]] += 1
            nth = seen[entry["side"], entry["operation"]]
            calls.append(CallAt(entry["side"], entry["operation"], nth, entry["write"]))
        after = permissions_of(*self.sides)
        kept = {role: held & after.get(role, frozenset()) for role, held in before.items()}
        again = self.run()
        assert not again.failed
        assert again.honest
        assert not any(again.written)
        # Once more, and now look after each call that nothing of it was missing.
        self._begin()
        with self._watching(kept, outcome, lambda: True):
            self.run()
        assert not outcome.lost
        return Clean(_without_polling(calls), self.state(), kept)

    def _begin(self) -> Held:
        self.sandbox.reset()
        self.scenario.prepare(*self.sides)
        held = permissions_of(*self.sides)
        self.sandbox.clear_calls()
        return held

    def fault(self, at: CallAt, how: str, patience: float, **details: Any) -> Outcome:
        """The procedure from its beginning, until a step fails, with this fault at this call.

        patience: retry_timeout in seconds.
        """
        self._begin()
        self.sandbox.fail(at.operation, at.nth, at.side, how, seconds=2.0, **details)
        outcome = self.run(patience, SHORT if how.startswith("hang") else LONG)
        struck = self.sandbox.calls(fault=how)
        assert len(struck) == 1, f"{at} did not come"
        return outcome

    def run(self, patience: float = 20.0, timeouts: dict[str, float] | None = None) -> Outcome:
        """The procedure as things are, until a step fails."""
        outcome = Outcome()
        more = {"retry_timeout": patience, "aws_config": timeouts or LONG}
        troubled: list[bool] = []
        kept = self.clean.kept if hasattr(self, "clean") else {}
        starts = []
        with self._watching(kept, outcome, lambda: bool(troubled), troubled):
            for side, module, options in self.scenario.steps(*self.sides):
                starts.append(time.time())
                outcome.results.append(side.run(module, **_patient(module, options, more)))
                if outcome.failed:
                    break
        writes = self._writes()
        for start, end in pairwise([*starts, time.time()]):
            outcome.written.append(any(start <= moment < end for moment in writes))
        return outcome

    def state(self) -> dict[str, Any]:
        return state_of(*self.sides)

    def _writes(self) -> list[float]:
        """When calls have changed something on a server."""
        return [
            call["time"]
            for call in self.sandbox.calls(write=True)
            if call["fault"] in AFTER or (not call["fault"] and (call["status"] or 500) < 400)
        ]

    @contextmanager
    def _watching(
        self,
        kept: Held,
        outcome: Outcome,
        active: Callable[[], bool],
        troubled: list[bool] | None = None,
    ) -> Iterator[None]:
        """After each call, as long as `active`, look that the roles have what they must not lose."""
        call: Any = Api._call

        def watched(api: Api, operation: str, *arguments: Any) -> Any:
            try:
                return call(api, operation, *arguments)
            except Exception:
                if troubled is not None:
                    troubled.append(True)
                raise
            finally:
                if kept and active() and not operation.startswith(("get_", "list_", "head_")):
                    now = permissions_of(*self.sides)
                    outcome.lost += [
                        f"after {operation}, {role} lacks {sorted(held - now.get(role, held))}"
                        for role, held in kept.items()
                        if held - now.get(role, frozenset())
                    ]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Api, "_call", watched)
            yield


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
