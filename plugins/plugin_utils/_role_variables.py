# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts the role's variables to the types of its argument spec, once, and reports errors in them.

Ansible checks variables against the spec, but leaves them as they are: `-e replication_verify=false` stays the text
"false", which is true to a template.
"""

from __future__ import annotations

import ast
import difflib
import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..module_utils._waiting import LEAST

SPECS = Path(__file__).parents[2] / "roles" / "replication" / "meta" / "argument_specs.yml"
PREFIX = "replication_"
#: Variables of playbooks. Without the first of them, a playbook applies to all hosts.
HOSTS = "replication_hosts"
OF_ADOPTION = ("replication_adopt_to", "replication_adopt_buckets")
OF_PLAYBOOKS = (HOSTS, *OF_ADOPTION)
#: The prefix that only variables of adoption have.
ADOPT = f"{PREFIX}adopt_"
#: The similarity (up to 1) from which a name counts as a misspelling of another: one or two letters differ.
SIMILAR = 0.93
TRUE = ("true", "yes", "on", "y", "t", "1")
FALSE = ("false", "no", "off", "n", "f", "0")

Spec = Mapping[str, Mapping[str, Any]]
Complain = Callable[[str], None]


class _Wrong(ValueError):
    """A wrong value; the text is what it must be."""


@cache
def specs() -> Spec:
    """The options of all entry points of the role, by name."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load(SPECS.read_text(), Loader=loader)["argument_specs"]  # noqa: S506 (a safe loader)
    return {name: spec for entry in entries.values() for name, spec in entry["options"].items()}


def convert(
    host: str, given: Mapping[str, Any], names: Collection[str] = ()
) -> tuple[dict[str, Any], list[str]]:
    """The variables with their types, and a sentence for each that cannot be converted.

    given: by name; None counts as not given. The result has the variables `names`, or all of the role: for those that
    are not given or wrong, the default or None.
    """
    wrong: list[str] = []
    converted = {}
    for name in names or specs():
        spec = specs()[name]
        value = given.get(name)
        default = spec.get("default")
        converted[name] = default
        # Templates of ansible-core 2.17 and 2.18 turn null into the empty string.
        is_given = value is not None and (value != "" or "default" in spec)
        if is_given:
            converted[name] = _convert(f"{name} of {host}", value, spec, wrong.append, default)
    return converted, wrong


def unknown_variables(names: Iterable[str]) -> dict[str, str]:
    """The unknown names that begin like the role's variables, each with the name that was probably intended."""
    candidates = {name for name in names if name.startswith(PREFIX)}
    of_adoption = {name for name in candidates if name.startswith(ADOPT)}
    return {
        **similar(candidates - of_adoption, {*specs(), *OF_PLAYBOOKS}, SIMILAR),
        # Only adoption has such names, so the intended one need not be similar.
        **similar(of_adoption, OF_ADOPTION, 0),
    }


def similar(names: Iterable[str], known: Collection[str], cutoff: float) -> dict[str, str]:
    """The unknown names that are similar to a known one, each with the name that was probably intended."""
    return {
        name: meant
        for name in sorted(set(names) - set(known))
        for meant in difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    }


def _convert(
    label: str, value: Any, spec: Mapping[str, Any], complain: Complain, default: Any = None
) -> Any:
    """The value, with everything in it, converted to the type of its spec; `default` after an error."""
    kind = spec.get("type", "str")
    try:
        if isinstance(value, str) and kind == "dict" and "options" not in spec:
            value = _literal(value)
        if kind == "list" and spec.get("elements") == "str" and _is_plain(value):
            value = [part.strip() for part in value.split(",") if part.strip()]
        converted = _TYPES[kind](value)
        if kind == "list":
            return _elements(label, converted, spec, complain)
        if kind == "dict" and "options" in spec:
            return _options(label, converted, spec["options"], complain)
        choices = spec.get("choices")
        if choices and converted not in choices:
            raise _Wrong(f"one of {', '.join(map(str, choices))}")
        return _in_range(label, converted) if kind in ("int", "float") else converted
    except _Wrong as wrong:
        # Text may be a secret unless the spec has choices for it.
        shown = (
            f"{value!r}" if kind in ("bool", "int", "float") or "choices" in spec else _kind(value)
        )
        complain(f"{label} is {shown}, but must be {wrong}.")
        return default


def _elements(
    label: str, values: list[Any], spec: Mapping[str, Any], complain: Complain
) -> list[Any]:
    element = {**spec, "type": spec.get("elements", "str")}
    return [
        _convert(f"Item {number} of {label[:1].lower()}{label[1:]}", value, element, complain, {})
        for number, value in enumerate(values, 1)
    ]


def _options(
    label: str, values: Mapping[str, Any], spec: Spec, complain: Complain
) -> dict[str, Any]:
    for name in values:
        if name not in spec:
            meant = difflib.get_close_matches(str(name), spec, n=1)
            hint = f"Did you mean {meant[0]}?" if meant else f"Use {', '.join(spec)}."
            complain(f"{label} has no option {name}. {hint}")
    for name, option in spec.items():
        if option.get("required") and values.get(name) in (None, ""):
            complain(f"{label} needs {name}.")
    return {
        name: _convert(f"{name} in {label[:1].lower()}{label[1:]}", values[name], option, complain)
        for name, option in spec.items()
        if values.get(name) is not None
    }


def _in_range(label: str, value: float) -> float:
    name = label.split()[0].removeprefix(PREFIX)
    least = LEAST.get(name, 0)
    if not least <= value < math.inf:
        raise _Wrong(f"a number, {least} or more")
    return value


def _boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if isinstance(value, (bool, int, float, str)) and text in (*TRUE, "1.0"):
        return True
    if isinstance(value, (bool, int, float, str)) and text in (*FALSE, "0.0"):
        return False
    raise _Wrong("true or false")


def _integer(value: Any) -> int:
    number = _number(value)
    if not math.isfinite(number) or number != int(number):
        raise _Wrong("a whole number")
    return int(number)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _Wrong("a number")
    try:
        return float(value)
    except ValueError:
        raise _Wrong("a number") from None


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _Wrong("text: put it in quotes" if isinstance(value, bool) else "text")
    return str(value)


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        text = value.strip()
        value = _literal(text) if text[:1] == "[" else value
    if not isinstance(value, (list, tuple)):
        raise _Wrong("a list")
    return list(value)


def _dictionary(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Wrong("a dictionary")
    return value


def _is_plain(value: Any) -> bool:
    """Whether this is text, but not a list written as text."""
    return isinstance(value, str) and not value.strip().startswith("[")


def _literal(text: str) -> Any:
    """The value of a text from `-e name=..` or a template: JSON or a Python literal, else the text itself."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return text


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, Mapping):
        return "a dictionary"
    return "a list" if isinstance(value, (list, tuple)) else repr(value)


_TYPES: Mapping[str, Callable[[Any], Any]] = {
    "bool": _boolean,
    "int": _integer,
    "float": _number,
    "str": _text,
    "path": _text,
    "list": _list,
    "dict": _dictionary,
}
