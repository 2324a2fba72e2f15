# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_policy on a server: documents above the size limit are split into several policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.policies import ROLE, attached, document_of, policy_names

NAME = "Large"
SIZE = 900


@pytest.fixture
def source(source: Side) -> Side:
    """The source with a role, and with a low size limit on the server."""
    source.sandbox.settings(policy_size_limit=SIZE)
    source.do("iam_role", name=ROLE)
    return source


def wanted(buckets: int, **options: Any) -> dict[str, Any]:
    names = [f"bucket-{number:02}" for number in range(buckets)]
    return {
        "name": NAME,
        "side": "source",
        "source_buckets": names,
        "max_size": SIZE,
        "purge_statements": True,
        "roles": [ROLE],
        **options,
    }


def granted(side: Side) -> set[tuple[str, str]]:
    """All pairs of action and resource that the role's policies allow."""
    found = set()
    for name in attached(side):
        for statement in document_of(side, name)["Statement"]:
            assert statement["Effect"] == "Allow"
            found |= {(a, r) for a in statement["Action"] for r in statement["Resource"]}
    return found


def needed(buckets: int) -> set[tuple[str, str]]:
    objects = ("s3:GetObjectVersion", "s3:GetObjectVersionAcl", "s3:ReplicateObject")
    whole = ("s3:ListBucket", "s3:GetReplicationConfiguration")
    arns = [f"arn:aws:s3:::bucket-{number:02}" for number in range(buckets)]
    return {(a, f"{arn}/*") for arn in arns for a in objects} | {
        (a, arn) for arn in arns for a in whole
    }


def test_parts_are_added_and_removed_with_the_size_of_the_document(source: Side) -> None:
    first = source.run_idempotent("policy", **wanted(40))
    names = [part["policy_name"] for part in first["policy"]["parts"]]
    assert names == [NAME, *(f"{NAME}-{number}" for number in range(2, len(names) + 1))]
    assert len(names) >= 4
    assert sorted(attached(source)) == sorted(names)
    assert granted(source) == needed(40)
    for name in names:
        size = len(json.dumps(document_of(source, name), separators=(",", ":")))
        assert size <= SIZE

    grown = source.run_idempotent("policy", **wanted(60))
    assert len(grown["policy"]["parts"]) > len(names)
    assert granted(source) == needed(60)

    shrunk = source.run_idempotent("policy", **wanted(5))
    assert [part["policy_name"] for part in shrunk["policy"]["parts"]] == [NAME]
    assert granted(source) == needed(5)
    assert policy_names(source) == attached(source) == [NAME]


def test_no_permission_is_missing_during_changes_of_the_bucket_list(source: Side) -> None:
    """Each write in turn is the last one that succeeds. Permissions in both documents must be granted after it."""
    for before, after in ((20, 40), (40, 20)):
        source.sandbox.reset()
        source.sandbox.settings(policy_size_limit=SIZE)
        source.do("iam_role", name=ROLE)
        source.do("policy", **wanted(before))
        cuts = 0
        while True:
            source.sandbox.fail(write=True, times=0, status=403, code="AccessDenied", nth=2)
            result = source.run("policy", **wanted(after))
            source.sandbox.clear_faults()
            assert granted(source) >= needed(min(before, after))
            if not result.get("failed"):
                break
            cuts += 1
        assert cuts >= 2
        assert granted(source) == needed(after)


def test_absent_removes_all_parts(source: Side) -> None:
    source.do("policy", **wanted(40))
    result = source.run_idempotent("policy", name=NAME, state="absent")
    assert result["policy"] is None
    assert policy_names(source) == attached(source) == []


def test_absent_removes_remaining_parts_after_a_partial_failure(source: Side) -> None:
    """The first part is already deleted; the others are still found."""
    source.do("policy", **wanted(40))
    source.sandbox.fail(operation="DeletePolicy", times=0, nth=2, status=403, code="AccessDenied")
    assert source.run("policy", name=NAME, state="absent")["failed"]
    source.sandbox.clear_faults()
    source.run_idempotent("policy", name=NAME, state="absent")
    assert policy_names(source) == []


def test_an_unrelated_policy_with_the_name_of_a_needed_part_is_an_error(source: Side) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    source.iam.create_policy(PolicyName=f"{NAME}-2", PolicyDocument=json.dumps(document))
    result = source.run_idempotent("policy", **wanted(40))
    assert result["failed"]
    assert f"The policy {NAME}-2" in result["msg"]
    assert document_of(source, f"{NAME}-2") == document


def test_an_unrelated_policy_with_the_name_of_an_unneeded_part_stays(source: Side) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    source.iam.create_policy(PolicyName=f"{NAME}-2", PolicyDocument=json.dumps(document))
    source.run_idempotent("policy", **wanted(2))
    source.run_idempotent("policy", name=NAME, state="absent")
    assert policy_names(source) == [f"{NAME}-2"]


def test_a_server_limit_below_max_size_is_an_error_that_names_max_size(source: Side) -> None:
    result = source.run("policy", **wanted(40, max_size=6144))
    assert result["failed"]
    assert result["error"]["operation"] == "CreatePolicy"
    assert result["error"]["code"] == "LimitExceeded"
    assert "max_size" in result["msg"]
