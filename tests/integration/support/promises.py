# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module promises: check mode predicts and writes nothing; after a run nothing is left to do."""

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

#: Fields that check mode cannot know, for the server makes them up. It predicts null for them.
MADE_BY_THE_SERVER = frozenset(
    {
        "create_date",
        "update_date",
        "last_modified",
        "role_id",
        "policy_id",
        "version_id",
        "replication_status",
        # Of a rule that was given none.
        "id",
        # Of an object that was given none.
        "content_type",
    }
)
#: What differs though nothing is predicted wrongly: check mode leaves a policy's version in force as it was before
#: the change, and the server gives every request another name.
NOT_PREDICTED = frozenset({"default_version_id", "request_id"})

#: What a run that finds everything done does not return, or otherwise.
BESIDES = frozenset({"diff", "warnings", "rule_counts"})

#: What goes on changing on the server after a run: Backbeat's work, and the date of a policy's new version.
MOVES_ON = frozenset({"replication_status", "update_date"})


def keep_promises(sandbox: Sandbox, run: Callable[[bool], Result]) -> Result:
    """Predict, run, and run again; returns the run's result. `run` takes check mode.

    Asserts that the prediction writes nothing and says what the run then does, field by field; that the second run
    writes nothing, changes nothing and returns the same; and that the diff ends where the second one begins.
    """
    predicted = check_only(sandbox, run)
    made = run(False)
    json.dumps(made)
    assert_predicted(predicted, made)
    if made.get("failed"):
        return made

    sandbox.clear_calls()
    again = run(False)
    assert not again.get("failed"), again
    assert not again["changed"]
    assert written(sandbox) == []
    assert_same(without_changes(made), without_changes(again), MOVES_ON)
    for first, second in zip(diffs(made), diffs(again), strict=True):
        assert second["before"] == second["after"] == first["after"]
    return made


def check_only(sandbox: Sandbox, run: Callable[[bool], Result]) -> Result:
    """The result of check mode, while every write is refused and none is even tried."""
    sandbox.clear_calls()
    sandbox.refuse_writes(True)
    try:
        predicted = run(True)
    finally:
        sandbox.refuse_writes(False)
    assert written(sandbox) == []
    return predicted


def written(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Side and operation of each call that would change something, since the log was last cleared."""
    return [(call["side"], call["operation"]) for call in sandbox.calls(write=True)]


def assert_predicted(predicted: Any, made: Any) -> None:
    """Asserts that the prediction is what was made, but for what only the server knows."""
    differences = list(_differences(predicted, made, "", _foreseeable))
    assert not differences, "check mode and run differ:\n" + "\n".join(differences)


def assert_same(one: Any, other: Any, besides: Collection[str] = ()) -> None:
    """Asserts that two results are the same, but for fields of these names."""
    differences = list(_differences(one, other, "", lambda name, a, b: a == b or name in besides))
    assert not differences, "the results differ:\n" + "\n".join(differences)


def without_changes(result: Result) -> Result:
    """The result as it is in a run that finds everything done."""
    left = {key: value for key, value in result.items() if key not in BESIDES}
    if "results" in left:
        left["results"] = [without_changes(one) for one in left["results"]]
    if "changed" in left:
        left["changed"] = False
    if "changes" in left:
        left["changes"] = []
    return left


def diffs(result: Result) -> list[Result]:
    """The diffs of a result, one an item."""
    found = result.get("diff", [])
    return list(found) if isinstance(found, list) else [found]


#: A moment in a sentence, to the minute: one may pass between two runs.
MINUTE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d UTC")


def _timeless(value: Any) -> Any:
    return MINUTE.sub("(a moment)", value) if isinstance(value, str) else value


def _foreseeable(name: str, predicted: Any, made: Any) -> bool:
    if isinstance(predicted, str) and UNKNOWN_ACCOUNT in predicted and isinstance(made, str):
        pattern = re.escape(predicted).replace(re.escape(UNKNOWN_ACCOUNT), r"\d{12}")
        return re.fullmatch(pattern, made) is not None
    if name in MADE_BY_THE_SERVER and predicted is None:
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
        if not equal(name, _timeless(one), _timeless(other)):
            yield f"{path}: {one!r} and {other!r}"
