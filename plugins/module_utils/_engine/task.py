# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module as data, and how its options become a result: one item, or a list of them side by side."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from .._clients.api import Api
from .._clients.connections import Connections, SingleFlight
from .._clients.errors import ApiError
from .._clients.session import BadConnection
from .._documents.errors import InvalidDocument
from .._progress import Progress, Tell
from .._queries.query import Query, Unsatisfied
from .._resources.plan import Refused, Resource
from .options import (
    CONCURRENCY,
    CONNECTION,
    CONNECTION_RULES,
    Spec,
    bad_numbers,
    chosen,
    with_items,
)
from .reconcile import reconcile

Options = Mapping[str, Any]
Result = dict[str, Any]
Request = TypeVar("Request")
Kind = Literal["resource", "query"]


@dataclass(frozen=True)
class Task(Generic[Request]):
    """What one module does.

    key: the result's name for one item, such as "iam_role"; plural: the option that takes a list of items, "" if there
    is only one item, the task itself.
    item: the argument spec of one item; identity: the options that name it, the first for messages.
    request: makes the typed request of one item from its options; raises InvalidDocument.
    build: makes the resource or query from the request and the item's endpoints.
    service: "iam" or "s3" for the connection options at the top level; empty when the item holds its connections.
    shared: options that stand at the top level only and hold for all items.
    title: how messages call an item, where its identity is no text that could be shown.
    every: an option that asks for all items there are, and the function that lists them; for what is only read.
    kind: what `build` makes; the results of queries have no changes.
    """

    key: str
    plural: str
    item: Spec
    identity: tuple[str, ...]
    request: Callable[[Options], Request]
    build: Callable[[Request, Connections], Resource[Any] | Query]
    service: str = ""
    shared: Spec = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    title: Callable[[Options], str] | None = None
    every: tuple[str, Callable[[Api], list[dict[str, Any]]]] | None = None
    kind: Kind = "resource"

    def argument_spec(self) -> dict[str, Any]:
        """Everything that AnsibleModule or ArgumentSpecValidator takes to check the options."""
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
        """Those with which the options of the task itself are checked."""
        together = {name: list(entries) for name, entries in own.items()}
        for rules in (self.rules, CONNECTION_RULES if self.service else {}):
            for name, entries in rules.items():
                together.setdefault(name, []).extend(entries)
        return together

    def run(
        self, options: Options, *, check_mode: bool, diff: bool = True, tell: Tell | None = None
    ) -> Result:
        """The result for Ansible; with "failed", "msg" and, where a call failed, "error" when it did not work.

        There is always a list of "warnings"; "diff" only where it is asked for. `tell` hears what goes on while this
        takes its time.
        """
        bad = list(bad_numbers(self.argument_spec()["argument_spec"], options))
        result = self._refused(bad) if bad else self._run(options, check_mode, tell)
        result.setdefault("warnings", [])
        if not diff:
            result.pop("diff", None)
        return result

    def _refused(self, reasons: list[str]) -> Result:
        made: Result = {} if self.kind == "query" else {"changes": []}
        return _failure(" ".join(reasons), **made)

    def _run(self, options: Options, check_mode: bool, tell: Tell | None) -> Result:
        items = options.get(self.plural)
        if self.every and options.get(self.every[0]):
            list_all = self.every[1]
            listed = _attempt(
                lambda: {"items": list_all(Connections(self.service, options, 1).main)}
            )
            if "items" not in listed:
                return listed
            items = listed["items"]
        if items is None:
            connections = Connections(self.service, options, 1, check_mode, progress=Progress(tell))
            return self._run_item(options, connections)
        if not items:
            return self._together([], [])
        workers = max(1, min(int(options["concurrency"]), len(items)))
        once = SingleFlight()
        progress = Progress(tell, len(items), self.plural.replace("_", " "))

        def run(item: Options) -> Result:
            connections = Connections(self.service, options, workers, check_mode, once, progress)
            result = self._run_item(item, connections)
            progress.done()
            return result

        with ThreadPoolExecutor(max_workers=workers) as pool:
            results = list(pool.map(run, items))
        return self._together(items, results)

    def _run_item(self, item: Options, connections: Connections) -> Result:
        changes: list[str] = []

        def work() -> Result:
            for part in self.identity:
                if item[part] is None:
                    raise Refused(f"{part} has no value: name the {self.key.replace('_', ' ')}.")
            wanted = {**chosen(item, self.item), **chosen(connections.options, self.shared)}
            work = self.build(self.request(wanted), connections)
            if isinstance(work, Query):
                return {"changed": False, **work.run()}
            return reconcile(
                work,
                self.key,
                f"{self.key} {self.name(item)}",
                check_mode=connections.check_mode,
                backoff=connections.backoff,
                changes=changes,
            )

        result = _attempt(work, None if self.kind == "query" else changes)
        # A change that failed half-way is none of the changes that were made, and yet something was written.
        result["changed"] = result["changed"] or (bool(result.get("failed")) and connections.wrote)
        return result

    def name(self, item: Options) -> str:
        """How messages call an item: its title, or its identity such as "bucket/key"."""
        if self.title is not None:
            return self.title(item)
        return "/".join(str(item[part]) for part in self.identity)

    def _together(self, items: list[Options], results: list[Result]) -> Result:
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
            names = ", ".join(name for name, _message in bad)
            together["failed"] = True
            together["msg"] = (
                f"{len(bad)} of {len(items)} items failed: {names}. The first: {bad[0][1]}"
            )
        return together


def _attempt(work: Callable[[], Result], changes: list[str] | None = None) -> Result:
    """The result of the work, or of its failure; `changes` has what was changed before it, if anything can be."""
    made = {} if changes is None else {"changes": changes}
    try:
        return work()
    except ApiError as error:
        return _failure(str(error), **made, error=error.describe())
    except Unsatisfied as error:
        return _failure(str(error), **error.seen)
    except (BadConnection, InvalidDocument, Refused) as error:
        return _failure(str(error), **made)
    except Exception as error:
        # As a part of the result it goes through the scrubbing of secrets, and on its own it would not.
        return _failure(
            f"Unexpected {type(error).__name__}: {error}. This is a fault of the collection.",
            **made,
            exception=traceback.format_exc(),
        )


def _failure(message: str, **details: Any) -> Result:
    return {"changed": bool(details.get("changes")), "failed": True, "msg": message, **details}
