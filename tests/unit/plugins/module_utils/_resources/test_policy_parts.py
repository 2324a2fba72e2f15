# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies that are kept in several parts."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import Unreachable
from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy_parts import (
    writing_order,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import Refused

from ...fake_client import lost
from ...fake_iam import FakeIam, arn
from ...runs import converge, run
from .large_policies import allowed, buckets, iam, policy

__all__ = ["iam"]


def document(*actions: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
    }


def change(iam: FakeIam, before: tuple[int, ...], after: tuple[int, ...]) -> dict[str, Any]:
    """Change the list of buckets; a bucket in both lists must be permitted at any time."""
    run(policy(iam, before))
    iam.needed = {f"arn:aws:s3:::{name}/*" for name in buckets(*set(before) & set(after))}
    _, done = converge(iam, lambda: policy(iam, after))
    assert allowed(iam) == {f"arn:aws:s3:::{name}/*" for name in buckets(*after)}
    return done


def test_a_large_document_becomes_numbered_policies(iam: FakeIam) -> None:
    numbers = tuple(range(30))
    predicted, done = converge(iam, lambda: policy(iam, numbers, description="Writes"))
    names = [part["policy_name"] for part in done["it"]["parts"]]
    assert names == [part["policy_name"] for part in predicted["it"]["parts"]]
    assert names == ["P", *(f"P-{number}" for number in range(2, len(names) + 1))]
    assert len(names) > 2
    assert done["it"]["policy_name"] == "P"
    assert [part["description"] for part in done["it"]["parts"][:2]] == [
        "Writes",
        "Part 2 of the policy P. Writes",
    ]
    assert iam.roles["R"]["attached"] == [arn("policy", name) for name in names]
    assert len(allowed(iam)) == len(numbers)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param((1, 2), tuple(range(1, 20)), id="grow from one part"),
        pytest.param(tuple(range(1, 20)), tuple(range(1, 40)), id="grow at the end"),
        pytest.param(tuple(range(10, 30)), tuple(range(1, 30)), id="grow at the beginning"),
        pytest.param(tuple(range(1, 20)), (1, 2), id="shrink to one part"),
        pytest.param(tuple(range(1, 40)), tuple(range(20, 40)), id="shrink at the beginning"),
        pytest.param(tuple(range(1, 40)), tuple(range(1, 40, 2)), id="shrink everywhere"),
        pytest.param(tuple(range(1, 20, 2)), tuple(range(1, 20)), id="grow everywhere"),
    ],
)
def test_no_permission_is_missing_for_a_moment(
    iam: FakeIam, before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    done = change(iam, before, after)
    assert set(iam.policies) == {part["arn"] for part in done["it"]["parts"]}


def test_unneeded_parts_are_removed_from_the_end(iam: FakeIam) -> None:
    done = change(iam, tuple(range(1, 40)), (1, 2))
    deleted = [text for text in done["changes"] if text.startswith("DeletePolicy ")]
    assert len(deleted) > 1
    assert deleted == sorted(deleted, reverse=True)
    assert done["it"]["parts"] == [
        {key: value for key, value in done["it"].items() if key != "parts"}
    ]


def test_an_interrupted_cleanup_is_completed(iam: FakeIam) -> None:
    run(policy(iam, tuple(range(1, 40))))
    iam.before("delete_policy", lambda: None)
    iam.before("delete_policy", lost())
    with pytest.raises(Unreachable):
        run(policy(iam, (1, 2)))
    assert len(iam.policies) > 1
    run(policy(iam, (1, 2)))
    assert set(iam.policies) == {arn("policy", "P")}


def test_removal_takes_all_parts(iam: FakeIam) -> None:
    run(policy(iam, tuple(range(1, 40))))
    _, done = converge(iam, lambda: policy(iam, state="absent", roles=None))
    assert (iam.policies, iam.roles["R"]["attached"]) == ({}, [])
    assert done["changes"][-1] == "DeletePolicy P"


def test_a_policy_that_only_has_the_name_of_a_part_is_not_changed(iam: FakeIam) -> None:
    foreign = iam._add("P-2", document("s3:Get"), description="Mine")
    converge(iam, lambda: policy(iam, (1,)))
    converge(iam, lambda: policy(iam, state="absent"))
    assert list(iam.policies.values()) == [foreign]
    assert foreign["versions"] == {"v1": document("s3:Get")}


def test_another_policy_with_the_name_of_a_part_is_refused(iam: FakeIam) -> None:
    iam._add("P-2", document("s3:Get"), description="Mine")
    with pytest.raises(
        Refused, match=r"P-2 at .* is needed for part 2 of P, but its description does not identify"
    ):
        run(policy(iam, tuple(range(30))))
    assert iam.writes == ["CreateRole"]


def test_parts_are_identified_by_description_if_only_the_list_has_their_path(
    iam: FakeIam,
) -> None:
    iam.user = None
    numbers = tuple(range(1, 20))
    run(policy(iam, numbers, roles=None))
    _, done = converge(iam, lambda: policy(iam, numbers, roles=None))
    assert done["changes"] == []
    assert len(done["it"]["parts"]) > 1


def test_a_partly_created_policy_is_completed(iam: FakeIam) -> None:
    numbers = tuple(range(30))
    for _ in range(2):
        iam.before("create_policy", lambda: None)
    iam.before("create_policy", lost())
    with pytest.raises(Unreachable):
        run(policy(iam, numbers))
    assert set(iam.policies) == {arn("policy", "P"), arn("policy", "P-2")}
    converge(iam, lambda: policy(iam, numbers))
    assert len(allowed(iam)) == len(numbers)


@pytest.mark.parametrize(
    ("before", "after", "order"),
    [
        ({}, {"P": "ab", "P-2": "cd"}, ["P", "P-2"]),
        ({"P": "abc"}, {"P": "ab", "P-2": "c"}, ["P-2", "P"]),
        ({"P": "ab", "P-2": "cd"}, {"P": "bc", "P-2": "d"}, ["P", "P-2"]),
        ({"P": "ab", "P-2": "cd"}, {"P": "a", "P-2": "bcd"}, ["P-2", "P"]),
        (
            {"P": "ab", "P-2": "cd", "P-3": "ef"},
            {"P": "bc", "P-2": "de", "P-3": "f"},
            ["P", "P-2", "P-3"],
        ),
        (
            {"P": "a", "P-2": "b", "P-3": "c"},
            {"P": "b", "P-2": "d", "P-3": "c"},
            ["P", "P-2", "P-3"],
        ),
        pytest.param({"P": "a", "P-2": "b"}, {"P": "b", "P-2": "a"}, ["P-2", "P"], id="a circle"),
        pytest.param({"P": None}, {"P": "a"}, ["P"], id="an unreadable document"),
    ],
)
def test_a_part_that_gains_permissions_is_written_before_one_that_loses_them(
    before: dict[str, Any], after: dict[str, Any], order: list[str]
) -> None:
    def documents(parts: dict[str, Any]) -> dict[str, Any]:
        return {name: text and document(*text) for name, text in parts.items()}

    assert writing_order(documents(before), documents(after)) == order


def test_any_division_of_three_permissions_is_written_completely() -> None:
    for letters in permutations("abc"):
        after = {f"P-{place}": document(letter) for place, letter in enumerate(letters)}
        assert sorted(writing_order({}, after)) == sorted(after)


class TestNoDescriptions:
    """A server that returns policies without their descriptions."""

    @pytest.fixture(autouse=True)
    def _none(self, iam: FakeIam, monkeypatch: pytest.MonkeyPatch) -> None:
        get_policy = iam.get_policy

        def bare(**parameters: Any) -> Any:
            answer = get_policy(**parameters)
            return {"Policy": {k: v for k, v in answer["Policy"].items() if k != "Description"}}

        monkeypatch.setattr(iam, "get_policy", bare, raising=False)

    def test_parts_with_the_requested_document_are_found_again(self, iam: FakeIam) -> None:
        made = run(policy(iam, tuple(range(20)), description="mine"))
        assert len(made["it"]["parts"]) > 1
        again = run(policy(iam, tuple(range(20)), description="mine"))
        assert (again["changes"], again["warnings"]) == ([], [])

    def test_another_policy_is_not_overwritten(self, iam: FakeIam) -> None:
        iam._add("P-2", {"Version": "2012-10-17", "Statement": []})
        with pytest.raises(Refused, match=r"P-2 .* may be another policy"):
            run(policy(iam, tuple(range(20))))


@pytest.mark.parametrize("length", [126, 127, 128])
def test_the_longest_names(iam: FakeIam, length: int) -> None:
    """With a name of 127 characters, further parts would have no valid name, so there are none."""
    name = "P" * length
    get_policy = iam.get_policy

    def checked(PolicyArn: str) -> Any:
        assert len(PolicyArn.rpartition("/")[2]) <= 128
        return get_policy(PolicyArn=PolicyArn)

    iam.get_policy = checked
    for changes in (2, 0):
        assert len(run(policy(iam, (1,), name=name))["changes"]) == changes
    if length > 126:
        with pytest.raises(Refused, match=r"no name for further parts.*at most 126"):
            run(policy(iam, tuple(range(20)), name=name))
