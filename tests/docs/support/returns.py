# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares a module's result with its RETURN documentation, in both directions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.unit.plugins.documented import module

Documented = Mapping[str, Mapping[str, Any]]
#: Values that Ansible documents for all modules. For items of a list, RETURN must document them.
COMMON = frozenset({"changed", "diff", "failed", "invocation", "msg", "warnings"})
TYPES: dict[str, type | tuple[type, ...]] = {
    "bool": bool,
    "dict": dict,
    "float": (int, float),
    "int": int,
    "list": list,
    "str": str,
}
MUST, MAY, MUST_NOT = "must", "may", "must not"


@dataclass(frozen=True)
class Outcome:
    """Decides whether a value must be returned; `options` are the options of the run."""

    options: Mapping[str, Any]
    ok: bool
    single: bool

    def expected(self, returned: str) -> str:
        """Whether a value must, may or must not be returned, according to its `returned` key."""
        for pattern, decide in _WORDS.items():
            found = re.fullmatch(pattern, returned)
            if found:
                given = [self.options.get(name) is not None for name in _OPTION.findall(returned)]
                return decide(self, any(given) or not given)
        raise AssertionError(f"no test knows what 'returned: {returned}' means")


_OPTION = re.compile(r"O\((\w+)\)")
_ONE = r"when one \w+ was (asked for|looked at|checked)"
_ALSO_IF_FAILED = r", also when the \w+ failed"


def _must_unless_failed(outcome: Outcome, asked: bool) -> str:
    # After a failed call the value may be missing.
    return MUST_NOT if not asked else MUST if outcome.ok else MAY


_WORDS: dict[str, Callable[[Outcome, bool], str]] = {
    r"always": lambda outcome, given: MUST,
    r"on success": lambda outcome, given: MUST if outcome.ok else MUST_NOT,
    rf"on success, {_ONE}": lambda outcome, given: (
        MUST if outcome.ok and outcome.single else MUST_NOT
    ),
    _ONE: lambda outcome, given: MUST if outcome.single else MUST_NOT,
    rf"{_ONE}{_ALSO_IF_FAILED}": lambda outcome, given: _must_unless_failed(
        outcome, outcome.single
    ),
    rf"{_ONE} and O\(\w+\) was given{_ALSO_IF_FAILED}": lambda outcome, given: _must_unless_failed(
        outcome, outcome.single and given
    ),
    rf"on success{_ALSO_IF_FAILED}": lambda outcome, given: _must_unless_failed(outcome, True),
    rf"when O\(\w+\) was given{_ALSO_IF_FAILED}": lambda outcome, given: _must_unless_failed(
        outcome, given
    ),
    r"when O\(\w+\)( or O\(\w+\))? was given": lambda outcome, given: (
        MUST_NOT if not given else MUST if outcome.ok else MAY
    ),
    r"when a call failed": lambda outcome, given: MUST_NOT if outcome.ok else MAY,
    r"when it failed for an unknown cause": lambda outcome, given: MUST_NOT if outcome.ok else MAY,
    r"when it failed": lambda outcome, given: MUST_NOT if outcome.ok else MUST,
}


@dataclass
class Comparison:
    """Compares results of one module with its documentation.

    wrong: the differences; seen: the paths that had a value; null: the paths that were null.
    plural: the option that takes a list of items.
    """

    documented: Documented
    plural: str = ""
    wrong: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    null: set[str] = field(default_factory=set)

    def compare(self, result: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        own = {
            key: value
            for key, value in result.items()
            if key not in COMMON and not key.startswith("_ansible_")
        }
        outcome = Outcome(options, not result.get("failed"), "results" not in result)
        self._dict(self.documented, own, "", outcome)

    def unseen(self) -> set[str]:
        """Documented values that were in no result."""
        return set(_paths(self.documented, "")) - self.seen

    def _dict(
        self, documented: Documented, value: Mapping[str, Any], path: str, outcome: Outcome
    ) -> None:
        for key in value.keys() - documented.keys():
            self.wrong.append(f"{path}{key} is returned, and not documented")
        for key, one in documented.items():
            expected = outcome.expected(one.get("returned", "always"))
            if key not in value:
                if expected == MUST:
                    self.wrong.append(f"{path}{key} is documented, and not returned")
            elif expected == MUST_NOT:
                self.wrong.append(f"{path}{key} is returned, but not {one['returned']}")
            else:
                self._value(one, value[key], f"{path}{key}", outcome)

    def _value(
        self, documented: Mapping[str, Any], value: Any, path: str, outcome: Outcome
    ) -> None:
        described = str(documented["description"])
        if path.startswith("results.") and ", as for one " in described:
            described = str(self.documented[path.removeprefix("results.")]["description"])
        if value is None:
            if "V(null)" not in described:
                self.wrong.append(f"{path} is null, which is not documented")
            self.null.add(path)
            return
        if not _is_a(value, documented["type"]):
            self.wrong.append(f"{path} is {value!r}, and documented as {documented['type']}")
            return
        if not isinstance(value, list) or value:
            self.seen.add(path)
        contains = documented.get("contains")
        for place, one in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(value, list) and not _is_a(one, documented["elements"]):
                self.wrong.append(f"{path} has {one!r}, documented as {documented['elements']}")
            elif contains:
                inside = outcome
                if path == "results":
                    items = outcome.options.get(self.plural) or [{}] * len(value)
                    options = {**outcome.options, **items[place]}
                    inside = Outcome(options, not one.get("failed"), single=True)
                self._dict(contains, one, f"{path}.", inside)


def _is_a(value: Any, type_name: str) -> bool:
    if isinstance(value, bool):
        return type_name == "bool"
    return isinstance(value, TYPES[type_name])


def _paths(documented: Documented, path: str) -> list[str]:
    found = []
    for key, one in documented.items():
        found += [f"{path}{key}", *_paths(one.get("contains") or {}, f"{path}{key}.")]
    return found


def comparison_of(name: str) -> Comparison:
    """A comparison with the module's RETURN."""
    return Comparison(yaml.safe_load(module(name).RETURN), module(name).TASK.plural)
