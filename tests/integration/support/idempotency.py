# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asserts what every module does: check mode predicts the run and writes nothing, and a second run changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import Any

from ansible_collections.scality.backbeat.plugins.module_utils._documents.names import (
    UNKNOWN_ACCOUNT,
)
from sandbox import Sandbox

Result = dict[str, Any]

#: Fields whose values the server generates. Check mode predicts null for them.
SERVER_GENERATED = frozenset(
    {
        "create_date",
        "update_date",
        "last_modified",
        "role_id",
        "policy_id",
        "version_id",
        "replication_status",
        # Of a rule without an id in the request.
        "id",
        # Of an object that was put without one.
        "content_type",
    }
)
#: Fields that may differ from a correct prediction: check mode keeps the default version from before the change, and
#: each request has its own id.
NOT_PREDICTED = frozenset({"default_version_id", "request_id"})

#: Fields that a run without changes does not return, or returns with other values.
DIFFERENT_WITHOUT_CHANGES = frozenset({"diff", "warnings", "rule_counts"})

#: Fields that still change after a run: Backbeat replicates, and a policy gets the date of its new version.
CHANGED_LATER = frozenset({"replication_status", "update_date"})


def run_predicted_and_repeated(sandbox: Sandbox, run: Callable[[bool], Result]) -> Result:
    """Run in check mode, run, and run again. Return the result of the first run. `run` takes check mode.

    Assert that check mode writes nothing and predicts the first run, field by field; that the second run writes
    nothing, changes nothing and returns the same; and that its diffs begin and end as those of the first run end.
    """
    predicted = run_in_check_mode(sandbox, run)
    made = run(False)
    json.dumps(made)
    assert_predicted(predicted, made)
    if made.get("failed"):
        return made

    sandbox.clear_calls()
    again = run(False)
    assert not again.get("failed"), again
    assert not again["changed"]
    assert write_calls(sandbox) == []
    assert_same(without_changes(made), without_changes(again), CHANGED_LATER)
    for first, second in zip(diffs(made), diffs(again), strict=True):
        assert second["before"] == second["after"] == first["after"]
    return made


def run_in_check_mode(sandbox: Sandbox, run: Callable[[bool], Result]) -> Result:
    """Return the result of check mode. Writes are refused meanwhile; fail if one is attempted."""
    sandbox.clear_calls()
    sandbox.refuse_writes(True)
    try:
        predicted = run(True)
    finally:
        sandbox.refuse_writes(False)
    assert write_calls(sandbox) == []
    return predicted


def write_calls(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Side and operation of each write since the log was last cleared."""
    return [(call["side"], call["operation"]) for call in sandbox.calls(write=True)]


def assert_predicted(predicted: Any, made: Any) -> None:
    """Assert that the run returned what was predicted, except for values that only the server knows."""
    differences = list(_differences(predicted, made, "", _equal_or_unpredictable))
    assert not differences, "check mode and run differ:\n" + "\n".join(differences)


def assert_same(one: Any, other: Any, ignored: Collection[str] = ()) -> None:
    """Assert that two results are the same, except for fields of these names."""
    differences = list(_differences(one, other, "", lambda name, a, b: a == b or name in ignored))
    assert not differences, "the results differ:\n" + "\n".join(differences)


def without_changes(result: Result) -> Result:
    """The result as a run without changes returns it."""
    left = {key: value for key, value in result.items() if key not in DIFFERENT_WITHOUT_CHANGES}
    if "results" in left:
        left["results"] = [without_changes(one) for one in left["results"]]
    if "changed" in left:
        left["changed"] = False
    if "changes" in left:
        left["changes"] = []
    return left


def diffs(result: Result) -> list[Result]:
    """The diffs of a result, one per item."""
    found = result.get("diff", [])
    return list(found) if isinstance(found, list) else [found]


#: A time in a message, to the minute: it may differ between two runs.
MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d UTC")


def _without_time(value: Any) -> Any:
    return MINUTE.sub("(time)", value) if isinstance(value, str) else value


def _equal_or_unpredictable(name: str, predicted: Any, made: Any) -> bool:
    if isinstance(predicted, str) and UNKNOWN_ACCOUNT in predicted and isinstance(made, str):
        pattern = re.escape(predicted).replace(re.escape(UNKNOWN_ACCOUNT), r"\d{12}")
        return re.fullmatch(pattern, made) is not None
    if name in SERVER_GENERATED and predicted is None:
        return True
    return bool(predicted == made) or name in NOT_PREDICTED


def _differences(one: Any, other: Any, path: str, equal: Callable[[str, Any, Any], bool]) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if key not in one or key not in other:
                yield f"{path}.{key}: only in the {'second' if key in other else 'first'}"
            else:
                yield from _differences(one[key], other[key], f"{path}.{key}", equal)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from _differences(first, second, f"{path}[{place}]", equal)
    else:
        name = re.sub(r"\[\d+\]$", "", path).rsplit(".", 1)[-1]
        if not equal(name, _without_time(one), _without_time(other)):
            yield f"{path}: {one!r} and {other!r}"
