# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared policies: permissions for unlisted buckets stay, those for listed ones become as requested."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.scality.backbeat.plugins.module_utils._documents import (
    permissions,
    policy,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.policy_parts import (
    buckets_of,
    keep_unlisted,
    remove_buckets,
    split,
)

from .generated import PROFILE

NAMES = [f"bucket-{number}" for number in range(6)]
SOME = st.lists(st.sampled_from(NAMES), min_size=1, unique=True)


def source(*buckets: str) -> dict[str, Any]:
    return permissions.source_policy(buckets)


def allow(action: str, *resources: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": list(resources), **more}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@PROFILE
@given(SOME, SOME)
def test_a_policy_that_grew_is_as_if_it_was_created_at_once(
    ours: list[str], theirs: list[str]
) -> None:
    merged = keep_unlisted(source(*ours), [source(*theirs)])
    assert policy.equivalent(merged, source(*dict.fromkeys((*theirs, *ours))))
    assert policy.equivalent(keep_unlisted(source(*ours), [merged]), merged)
    assert policy.equivalent(keep_unlisted(source(*theirs), [merged]), merged)


@PROFILE
@given(SOME, SOME, st.integers(500, 2000))
def test_parts_stay_parts(ours: list[str], theirs: list[str], limit: int) -> None:
    """The result does not depend on how the stored policy is split, and is idempotent."""
    parts = split(source(*theirs), limit)
    merged = keep_unlisted(source(*ours), parts)
    assert policy.equivalent(merged, keep_unlisted(source(*ours), [source(*theirs)]))
    again = split(merged, limit)
    assert split(keep_unlisted(source(*ours), again), limit) == again


def test_a_new_policy_is_the_requested_document() -> None:
    assert keep_unlisted(source("a-bucket"), []) == source("a-bucket")


def test_a_listed_bucket_gets_exactly_the_requested_permissions() -> None:
    drifted = source("a-bucket", "b-bucket")
    drifted["Statement"][0]["Action"].append("s3:DeleteObject")
    drifted["Statement"].append(
        allow("s3:PutObject", "arn:aws:s3:::a-bucket/*", "arn:aws:s3:::b-bucket/*")
    )
    merged = keep_unlisted(source("a-bucket"), [drifted])
    only_a = remove_buckets([merged], ["b-bucket"])
    assert only_a is not None
    assert policy.equivalent(only_a, source("a-bucket"))
    only_b = remove_buckets([merged], ["a-bucket"])
    assert only_b is not None
    expected = remove_buckets([drifted], ["a-bucket"])
    assert expected is not None
    assert policy.equivalent(only_b, expected)


@pytest.mark.parametrize(
    "statement",
    [
        allow("s3:*", "*"),
        allow("s3:*", "arn:aws:s3:::*"),
        allow("s3:*", "arn:aws:s3:::b-bucke?/*"),
        allow("s3:*", "arn:aws:s3:::${aws:username}/*"),
        {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b-bucket"},
        {"Effect": "Allow", "Action": "s3:*"},
    ],
)
def test_statements_without_a_bucket_are_drift(statement: dict[str, Any]) -> None:
    wanted = source("a-bucket")
    assert keep_unlisted(wanted, [document(statement)]) == wanted
    assert remove_buckets([document(statement)], ["a-bucket"]) is None


def test_statements_about_unlisted_buckets_stay_whatever_they_are() -> None:
    deny = {
        "Sid": "Mine",
        "Effect": "Deny",
        "Action": "s3:DeleteObject",
        "Resource": "arn:aws:s3:::b-bucket/keep/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    merged = keep_unlisted(source("a-bucket"), [document(deny)])
    assert policy.equivalent(merged, document(*source("a-bucket")["Statement"], deny))


def test_the_policy_without_some_buckets() -> None:
    parts = [source("a-bucket", "b-bucket"), source("c-bucket")]
    assert remove_buckets(parts, ["b-bucket", "c-bucket"]) == source("a-bucket")
    assert remove_buckets(parts, ["z-bucket"]) == source("a-bucket", "b-bucket", "c-bucket")
    assert remove_buckets(parts, ["a-bucket", "b-bucket", "c-bucket"]) is None
    assert remove_buckets([], ["a-bucket"]) is None
    wide = allow("s3:*", "*")
    assert remove_buckets([document(wide), parts[0]], ["a-bucket"]) == document(
        wide, *source("b-bucket")["Statement"]
    )


def test_the_buckets_of_a_policy() -> None:
    guide = permissions.guide_policy(["a-bucket"], ["b-bucket"])
    assert buckets_of([guide, source("c-bucket", "a-bucket")]) == [
        "a-bucket",
        "b-bucket",
        "c-bucket",
    ]
    assert buckets_of([document(allow("s3:*", "*"))]) == []
