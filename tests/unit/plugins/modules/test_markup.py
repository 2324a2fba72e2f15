# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation marks options as O(), values as V(), modules as M() and results as RV(), so that readers get links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from ..documented import COLLECTION, MODULES, documentation, module

MARKED = re.compile(r"\b[A-Z]+\((?:[^()\\]|\\.|\([^()]*\))*\)")
CODE = re.compile(r"\bC\(((?:[^()]|\([^()]*\))*)\)")
# Values of replication; most of them are choices of an option too.
STATUSES = {"PENDING", "PROCESSING", "COMPLETED", "FAILED", "REPLICA"}
Options = Mapping[str, Any]


def texts(node: Any) -> Iterator[str]:
    """All descriptions."""
    for name, value in node.items() if isinstance(node, Mapping) else ():
        if isinstance(value, Mapping):
            yield from texts(value)
        elif name in ("description", "short_description"):
            yield from [value] if isinstance(value, str) else map(str, value)


def names(options: Options, inside: str) -> Iterator[str]:
    for name, option in options.items():
        yield name
        yield from names(option.get(inside) or {}, inside)


def values(options: Options, inside: str) -> Iterator[str]:
    for option in options.values():
        yield from map(str, option.get("choices") or ())
        yield from values(option.get(inside) or {}, inside)


def unmarked(text: str, known: set[str], choices: set[str]) -> Iterator[str]:
    """References without their markup: marked as code, or unmarked if the word can have no other meaning."""
    for code in CODE.findall(text):
        if code in choices or code in STATUSES or code.partition("=")[0] in known:
            yield f"C({code})"
    for word in re.findall(r"\w+", MARKED.sub("", text)):
        if word in MODULES or word in STATUSES or ("_" in word and word in known):
            yield word


@pytest.mark.parametrize("name", MODULES)
def test_a_module_marks_its_references(name: str) -> None:
    document, results = documentation(name), yaml.safe_load(module(name).RETURN)
    options = document["options"]
    known = {*names(options, "suboptions"), *names(results, "contains")}
    choices = set(values(options, "suboptions"))
    found = {
        text: list(unmarked(text, known, choices)) for text in (*texts(document), *texts(results))
    }
    assert found
    assert not {text: words for text, words in found.items() if words}


def test_the_role_marks_its_references() -> None:
    specs = yaml.safe_load(
        (COLLECTION / "roles" / "replication" / "meta" / "argument_specs.yml").read_text()
    )["argument_specs"]
    known = {name for spec in specs.values() for name in names(spec["options"], "options")}
    choices = {value for spec in specs.values() for value in values(spec["options"], "options")}
    found = {text: list(unmarked(text, known, choices)) for text in texts(specs)}
    assert len(found) > 20
    assert not {text: words for text, words in found.items() if words}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See O(purge_rules) and C(sts:AssumeRole).", []),
        ("See C(purge_rules).", ["C(purge_rules)"]),
        ("With C(state=absent) it goes.", ["C(state=absent)"]),
        ("C(absent) removes it.", ["C(absent)"]),
        ("Unless purge_rules is set, the state stays.", ["purge_rules"]),
        ("It says COMPLETED, V(FAILED) or C(REPLICA).", ["C(REPLICA)", "COMPLETED"]),
        ("Needs backbeat_policy and M(scality.backbeat.backbeat_bucket).", ["backbeat_policy"]),
    ],
)
def test_detection_of_unmarked_references(text: str, expected: list[str]) -> None:
    assert list(unmarked(text, {"purge_rules", "state"}, {"absent"})) == expected
