# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One policy for the buckets of several inventories: a run of one never removes the permissions of another."""

from __future__ import annotations

from typing import Any

import pytest

from ...fake_iam import FakeIam, arn
from ...runs import converge
from .large_policies import allowed, buckets, iam, policy

__all__ = ["iam"]


def arns(*numbers: int) -> set[str]:
    return {f"arn:aws:s3:::{name}/*" for name in buckets(*numbers)}


def shared(iam: FakeIam, numbers: tuple[int, ...], **options: Any) -> dict[str, Any]:
    """Run one inventory; the permissions for other buckets must exist after each write."""
    _predicted, done = converge(
        iam, lambda: policy(iam, numbers, purge_statements=False, **options)
    )
    return done


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ((1,), (2,)),
        ((1, 2, 3), (3, 4)),
        (tuple(range(20)), tuple(range(20, 50))),
        ((30,), tuple(range(30))),
    ],
)
def test_two_inventories_share_a_policy(
    iam: FakeIam, ours: tuple[int, ...], theirs: tuple[int, ...]
) -> None:
    shared(iam, ours)
    iam.needed = arns(*ours)
    shared(iam, theirs)
    iam.needed = arns(*ours, *theirs)
    # Neither has any changes after the other.
    for numbers in (ours, theirs):
        assert shared(iam, numbers)["changes"] == []
    assert allowed(iam) == arns(*ours, *theirs)

    iam.needed = arns(*theirs)
    left = shared(iam, tuple(set(ours) - set(theirs)), state="absent")
    assert left["it"] is not None
    assert allowed(iam) == arns(*theirs)
    iam.needed = set()
    assert shared(iam, theirs, state="absent")["it"] is None
    assert (iam.policies, iam.roles["R"]["attached"]) == ({}, [])


def test_a_bucket_that_leaves_the_list_keeps_its_permissions_unless_purging_is_requested(
    iam: FakeIam,
) -> None:
    shared(iam, (1, 2))
    shared(iam, (1,))
    assert allowed(iam) == arns(1, 2)
    converge(iam, lambda: policy(iam, (1,), purge_statements=True))
    assert allowed(iam) == arns(1)


def test_removing_buckets_attaches_nothing(iam: FakeIam) -> None:
    shared(iam, (1, 2))
    iam.roles["R"]["attached"] = []
    left = shared(iam, (1,), state="absent")
    assert left["changes"] == ["CreatePolicyVersion P"]
    assert iam.roles["R"]["attached"] == []


def test_without_a_list_the_whole_policy_is_removed(iam: FakeIam) -> None:
    shared(iam, (1, 2))
    assert shared(iam, (), state="absent")["changes"][-1] == "DeletePolicy P"
    shared(iam, (1, 2))
    converge(iam, lambda: policy(iam, (1,), state="absent", purge_statements=True))
    assert iam.policies == {}


def test_drift_of_a_listed_bucket_is_repaired_and_a_document_is_exact(iam: FakeIam) -> None:
    shared(iam, (1, 2))
    (stored,) = iam.policies.values()
    stored["versions"]["v1"]["Statement"].append(
        {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::bucket-01/*", "*"]}
    )
    shared(iam, (1,))
    assert allowed(iam) == arns(1, 2)
    exact = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "*", "Resource": ["*"]}],
    }
    converge(
        iam,
        lambda: policy(
            iam, (), side=None, target_buckets=None, policy=exact, purge_statements=False
        ),
    )
    assert iam._in_force(arn("policy", "P")) == exact


@pytest.mark.parametrize("stored", [{}, {"Statement": "?"}, []])
def test_a_malformed_stored_document_is_replaced(iam: FakeIam, stored: Any) -> None:
    iam._add("P", stored)
    shared(iam, (1,))
    assert allowed(iam) == arns(1)
