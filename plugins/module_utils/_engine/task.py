# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module as data, and the processing of its options into a result: one item, or a list of items in parallel."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ansible.module_utils.basic import AnsibleModule

from .._clients.api import Api
from .._clients.service import Service
from .._clients.session import Connections, SingleFlight
from .._waiting import Deadline, Progress, Tell
from .._work import Failure, InvalidDocument
from .options import (
    CONCURRENCY,
    CONNECTION,
    CONNECTION_RULES,
    Spec,
    bad_numbers,
    chosen,
    hidden,
    refusal,
    with_items,
)

Options = Mapping[str, Any]
Result = dict[str, Any]
Request = TypeVar("Request")
# Seconds for a task, and for each item of its list; requested waiting times are added.
TASK_TIME, ITEM_TIME = 600.0, 2.0
# The maximum number of reasons in the message if several items of a list failed.
REASONS = 5


@dataclass(frozen=True)
class Kind:
    """A kind of work: resources, queries or jobs.

    run: returns the result of one item from the object that `build` returned. It appends writes to the list of changes,
    so that they are known after an error too. writes: whether results have changes. limited: whether the whole task has
    one deadline. in_turn: whether items of the same name are processed one after the other.
    """

    run: Callable[[Task[Any], Any, Connections, str, list[str]], Result]
    writes: bool = True
    limited: bool = True
    in_turn: bool = False


@dataclass(frozen=True)
class Task(Generic[Request]):
    """The definition of one module.

    key: the result's name for one item, such as "iam_role"; plural: the option that takes a list of items, "" if there
    is only one item, the task itself.
    item: the argument spec of one item; identity: the options that identify it, the first for messages. request: builds
    the typed request of one item from its options; raises InvalidDocument. build: builds the work of this kind from the
    request and the item's endpoints. kind: QUERY, RESOURCE of reconcile.py, or one of job.py. service: of the
    connection options at the top level; None if the item has its own connections. shared: options that exist only at
    the top level and apply to all items. title: returns an item's name for messages, if its identity is not text. turn:
    returns the name of a thing on which only one item may work at a time. every: an option that requests all existing
    items, and the function that lists them; for queries. exclusive: whether an item is read, changed and written as a
    whole, so that runs have to be locked against each other. Its resources have a method `confirm`, which is called at
    the end of a list and raises if a change was lost.
    """

    key: str
    plural: str
    item: Spec
    identity: tuple[str, ...]
    request: Callable[[Options], Request]
    build: Callable[[Request, Connections], Any]
    kind: Kind
    service: Service | None = None
    shared: Spec = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    title: Callable[[Options], str] | None = None
    turn: Callable[[Options], str] | None = None
    every: tuple[str, Callable[[Api], list[dict[str, Any]]]] | None = None
    exclusive: bool = False

    def argument_spec(self) -> dict[str, Any]:
        """The arguments for AnsibleModule or ArgumentSpecValidator."""
        connection = CONNECTION if self.service else {}
        if not self.plural:
            return {"argument_spec": {**connection, **self.item}, **self._rules({})}
        ways = [self.identity[0], self.plural, *([self.every[0]] if self.every else [])]
        rules: dict[str, list[Any]] = {
            "mutually_exclusive": [tuple(ways)],
            "required_one_of": [tuple(ways)],
            "required_together": [],
            "required_if": [],
        }
        spec = {
            **connection,
            **with_items(self.item, self.plural, self.identity),
            **self.shared,
            **CONCURRENCY,
        }
        if self.every:
            spec[self.every[0]] = {"type": "bool"}
        for name, entries in self.rules.items():
            spec[self.plural][name] = list(entries)
        if len(self.identity) > 1:
            rules["required_together"].append(self.identity)
        return {"argument_spec": spec, **self._rules(rules)}

    def _rules(self, own: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """The rules for checking the options at the top level."""
        together = {name: list(entries) for name, entries in own.items()}
        for rules in (self.rules, CONNECTION_RULES if self.service else {}):
            for name, entries in rules.items():
                together.setdefault(name, []).extend(entries)
        return together

    def run(
        self, options: Options, *, check_mode: bool, diff: bool = True, tell: Tell | None = None
    ) -> Result:
        """Run the task. Returns the result for Ansible; after a failure with "failed", "msg" and, for calls, "error".

        There is always a list of "warnings"; "diff" only if it was requested. `tell` receives progress lines.
        """
        result = _attempt(lambda: self._run(options, check_mode, tell), self._writes([]))
        result.setdefault("warnings", [])
        if not diff:
            result.pop("diff", None)
        return result

    def _writes(self, changes: list[str]) -> Result:
        """The part of a result that only kinds of work with writes have."""
        return {"changes": changes} if self.kind.writes else {}

    def _run(self, options: Options, check_mode: bool, tell: Tell | None) -> Result:
        bad = list(bad_numbers(self.argument_spec()["argument_spec"], options))
        if bad:
            raise InvalidDocument(" ".join(bad))
        seconds = TASK_TIME + _longest_wait(options) if self.kind.limited else math.inf
        deadline = Deadline(seconds)
        items = self._items(options, deadline)
        if items is None:
            only = Connections(
                self.service,
                options,
                check_mode=check_mode,
                deadline=deadline,
                progress=Progress(tell),
            )
            return self._run_item(options, only)
        if not items:
            return self._together([], [])
        deadline.extend(ITEM_TIME * len(items))
        workers = max(1, min(int(options["concurrency"]), len(items)))
        once = SingleFlight()
        progress = Progress(tell, len(items), self.plural.replace("_", " "))

        def run(group: Sequence[int]) -> None:
            for number in group:
                connections = Connections(
                    self.service,
                    options,
                    workers,
                    check_mode=check_mode,
                    deadline=deadline,
                    once=once,
                    progress=progress,
                )
                results[number] = self._run_item(items[number], connections)
                if number == group[-1] and connections.confirm:
                    confirmations[number] = connections.confirm
                progress.done()

        results: dict[int, Result] = {}
        confirmations: dict[int, Callable[[], None]] = {}
        with ThreadPoolExecutor(max_workers=workers) as pool:
            list(pool.map(run, self._groups(items)))
            for number, lost in pool.map(_confirmed, confirmations.items()):
                results[number] |= lost
        return self._together(items, [results[number] for number in range(len(items))])

    def _groups(self, items: Sequence[Options]) -> list[list[int]]:
        """The numbers of the items in groups; those in a group are processed one after the other."""
        turn = self.turn or (self.name if self.kind.in_turn else None)
        if turn is None:
            return [[number] for number in range(len(items))]
        groups: dict[str, list[int]] = {}
        for number, item in enumerate(items):
            groups.setdefault(turn(item), []).append(number)
        return list(groups.values())

    def _items(self, options: Options, deadline: Deadline) -> Sequence[Options] | None:
        """The list of items, None if the task has a single one at the top level."""
        items: Sequence[Options] | None = options.get(self.plural)
        if self.every and options.get(self.every[0]):
            return self.every[1](Connections(self.service, options, deadline=deadline).main)
        return items

    def _run_item(self, item: Options, connections: Connections) -> Result:
        changes: list[str] = []

        def work() -> Result:
            for part in self.identity:
                if item[part] is None:
                    raise InvalidDocument(
                        f"{part} has no value: give the name of the {self.key.replace('_', ' ')}."
                    )
            wanted = {**chosen(item, self.item), **chosen(connections.options, self.shared)}
            built = self.build(self.request(wanted), connections)
            return self.kind.run(self, built, connections, self.name(item), changes)

        result = _attempt(work, self._writes(changes))
        # A change that failed half-way is not in the list of changes, but something was written.
        result["changed"] = result["changed"] or (bool(result.get("failed")) and connections.wrote)
        return result

    def name(self, item: Options) -> str:
        """The name of an item in messages: its title, or its identity such as "bucket/key"."""
        if self.title is not None:
            return self.title(item)
        return "/".join(str(item[part]) for part in self.identity)

    def _together(self, items: Sequence[Options], results: list[Result]) -> Result:
        warnings = [text for result in results for text in result.pop("warnings", [])]
        together: Result = {
            "changed": any(result["changed"] for result in results),
            "results": results,
            "warnings": list(dict.fromkeys(warnings)),
        }
        diffs = [result.pop("diff") for result in results if "diff" in result]
        if diffs:
            together["diff"] = diffs
        bad = [
            (self.name(item), result["msg"])
            for item, result in zip(items, results, strict=True)
            if result.get("failed")
        ]
        if bad:
            together["failed"] = True
            together["msg"] = bad[0][1] if len(items) == 1 else self._failures(bad, len(items))
        return together

    def _failures(self, bad: Sequence[tuple[str, str]], count: int) -> str:
        """The message for failures in a list: one line for each reason, with the names of its items."""
        named: dict[str, list[str]] = {}
        for name, message in bad:
            named.setdefault(message, []).append(name)
        kind = self.plural.replace("iam_", "IAM ").replace("_", " ")
        lines = [f"{len(bad)} of {count} {kind} failed."]
        shown = list(named.items())[:REASONS]
        lines += [f"{', '.join(names)}: {message}" for message, names in shown]
        further = [name for names in list(named.values())[REASONS:] for name in names]
        if further:
            lines.append(f"{', '.join(further)} failed for other reasons: see the results.")
        return "\n".join(lines)


def _run_query(
    _task: Task[Any], work: Any, _connections: Connections, _name: str, _changes: list[str]
) -> Result:
    return {"changed": False, **work.run()}


# Queries run identically in check mode.
QUERY: Kind = Kind(_run_query, writes=False)


def _confirmed(item: tuple[int, Callable[[], None]]) -> tuple[int, Result]:
    """The number of an item, and its failure if its write was lost."""
    number, confirm = item
    lost = _attempt(lambda: confirm() or {}, {})
    return number, {
        name: lost[name] for name in ("failed", "msg", "error", "exception") if name in lost
    }


def _longest_wait(options: Options) -> float:
    """The longest requested waiting time in seconds, from the options or their suboptions."""
    inside = [value for value in options.values() if isinstance(value, Mapping)]
    return max(float(options.get("wait_timeout") or 0), *map(_longest_wait, inside), 0.0)


def _attempt(work: Callable[[], Result], made: Result) -> Result:
    """The result of the work, or of its failure; `made` has the changes before it, if the work can write."""
    try:
        return work()
    except Failure as error:
        return _failure(str(error), **{**made, **error.details})
    # Exceptions of any kind, so that secrets in them are removed.
    except Exception as error:
        # Secrets are removed from text and traceback in the result, but would not be from a raised exception.
        return _failure(
            f"Unexpected {type(error).__name__}: {error}. This is a bug in the collection.",
            **made,
            exception=traceback.format_exc(),
        )


def _failure(message: str, **details: Any) -> Result:
    return {"changed": bool(details.get("changes")), "failed": True, "msg": message, **details}


class Module(AnsibleModule):  # type: ignore[misc]
    """An AnsibleModule that hides every secret in the process, also in errors about options."""

    def fail_json(self, msg: str, **result: Any) -> None:
        self._hide()
        refused = getattr(self, "validation_result", None)
        if refused is not None and refused.error_messages and msg == refused.error_messages[0]:
            msg = refusal(refused.error_messages)
        super().fail_json(msg, **result)

    def exit_json(self, **result: Any) -> None:
        self._hide()
        super().exit_json(**result)

    def _hide(self) -> None:
        self.no_log_values |= hidden(self.argument_spec, self.params)


def run_module(task: Task[Any]) -> None:
    """Check the options, run the task, and return its result to Ansible."""
    # Do not log options to the system's journal, because other users may read it.
    module = Module(**task.argument_spec(), supports_check_mode=True, no_log=True)
    result = task.run(module.params, check_mode=module.check_mode, diff=bool(module._diff))
    for warning in result.pop("warnings"):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
