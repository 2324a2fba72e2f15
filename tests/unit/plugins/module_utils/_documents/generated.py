# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy documents and plain JSON made up by hypothesis, for the property tests beside it."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

PROFILE = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

_ACTIONS = st.sampled_from(["s3:GetObject", "s3:Put*", "iam:PassRole", "sts:AssumeRole", "*"])
_RESOURCES = st.sampled_from([*(f"arn:aws:s3:::bucket-{n}/*" for n in range(8)), "*"])
_VALUES = st.one_of(st.text("ab1.", max_size=3), st.booleans(), st.integers(-3, 3))


def _some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return strategy | st.lists(strategy, min_size=1, max_size=5)


def statements() -> st.SearchStrategy[dict[str, Any]]:
    """Statements with one of each pair of elements, as IAM wants them."""
    conditions = st.dictionaries(
        st.sampled_from(["StringEquals", "Bool", "NumericLessThan"]),
        st.dictionaries(st.sampled_from(["aws:a", "s3:b"]), _some(_VALUES), min_size=1),
        min_size=1,
        max_size=2,
    )
    common = {"Effect": st.sampled_from(["Allow", "Deny"])}
    optional = {
        "Sid": st.sampled_from(["One", "Two"]),
        "Condition": conditions,
        "Principal": st.dictionaries(
            st.sampled_from(["AWS", "Service"]), _some(st.sampled_from(["x", "y"])), min_size=1
        ),
    }
    kinds = [
        st.fixed_dictionaries(
            {**common, action: _some(_ACTIONS), resource: _some(_RESOURCES)}, optional=optional
        )
        for action in ("Action", "NotAction")
        for resource in ("Resource", "NotResource")
    ]
    return st.one_of(*kinds)


def documents() -> st.SearchStrategy[dict[str, Any]]:
    """Whole documents whose Statement is a list."""
    return st.fixed_dictionaries(
        {
            "Version": st.just("2012-10-17"),
            "Statement": st.lists(statements(), min_size=1, max_size=5),
        }
    )


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON, half of it with the names that policy documents use."""
    names = st.sampled_from(
        ["Version", "Statement", "Action", "Principal", "Condition", "Sid", "x"]
    )
    leaves = (
        st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, "", "1", "x"])
    )
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
        max_leaves=8,
    )


def rewritten(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The same document in other words: order, repetitions, lists of one, case of actions."""
    statements = [_reworded(statement, chance) for statement in document["Statement"]]
    return {"Statement": _reordered(statements, chance), "Version": document["Version"]}


def _reworded(statement: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    elements = dict(_reordered(list(statement.items()), chance, repeat=False))
    for name in elements:
        if name in ("Action", "NotAction"):
            elements[name] = [
                action.swapcase() if chance.random() < 0.5 else action
                for action in _as_list(elements[name])
            ]
        if name not in ("Effect", "Sid"):
            elements[name] = _shuffled(elements[name], chance)
    if "Sid" not in elements and chance.random() < 0.5:
        elements["Sid"] = ""
    return elements


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        items = [(key, _shuffled(inner, chance)) for key, inner in value.items()]
        return dict(_reordered(items, chance, repeat=False))
    values = _reordered(_as_list(value), chance)
    return values[0] if len(values) == 1 and chance.random() < 0.5 else values


def _reordered(values: list[Any], chance: random.Random, *, repeat: bool = True) -> list[Any]:
    more = [chance.choice(values)] if repeat and chance.random() < 0.3 else []
    return chance.sample([*values, *more], len(values) + len(more))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
