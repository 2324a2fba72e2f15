# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated policies for replication."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents import (
    permissions,
    policy,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

DATA = Path(__file__).parent / "data"
Grants = set[tuple[str, str]]


def guide(name: str) -> Any:
    return json.loads((DATA / name).read_text())


def to_the_letter(document: Any) -> str:
    return json.dumps(document)


def grants(document: Any) -> Grants:
    """The pairs of action and resource that a document allows."""
    assert all(statement["Effect"] == "Allow" for statement in document["Statement"])
    return {
        (action, resource)
        for statement in document["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }


def test_the_trust_policy_is_the_guides() -> None:
    made = permissions.trust_policy()
    assert to_the_letter(made) == to_the_letter(guide("guide-trust-policy.json"))


def test_another_service_may_be_trusted() -> None:
    made = permissions.trust_policy("replicator")
    assert made["Statement"][0]["Principal"] == {"Service": "replicator"}


def test_the_guides_policy_is_the_guides_to_the_letter() -> None:
    made = permissions.guide_policy(["source-bucket"], ["target-bucket"])
    assert to_the_letter(made) == to_the_letter(guide("guide-permissions-policy.json"))


def test_the_guides_policy_for_many_buckets() -> None:
    made = permissions.guide_policy(["s1b", "s2b"], ["t1b", "t2b"])
    assert [statement["Resource"] for statement in made["Statement"]] == [
        ["arn:aws:s3:::s1b/*", "arn:aws:s3:::s2b/*"],
        ["arn:aws:s3:::s1b", "arn:aws:s3:::s2b"],
        ["arn:aws:s3:::t1b/*", "arn:aws:s3:::t2b/*"],
    ]


def test_the_source_policy_has_least_privilege() -> None:
    bucket, objects = "arn:aws:s3:::source-bucket", "arn:aws:s3:::source-bucket/*"
    needed: Grants = {
        ("s3:GetReplicationConfiguration", bucket),
        ("s3:ListBucket", bucket),
        ("s3:GetObjectVersion", objects),
        ("s3:GetObjectVersionAcl", objects),
        ("s3:ReplicateObject", objects),
    }
    assert grants(permissions.source_policy(["source-bucket"])) == needed
    assert grants(permissions.source_policy(["source-bucket"], cloud_targets=True)) == needed | {
        ("s3:GetObjectVersionTagging", objects)
    }


def test_the_target_policy_has_least_privilege() -> None:
    objects = "arn:aws:s3:::target-bucket/*"
    assert grants(permissions.target_policy(["target-bucket"])) == {
        ("s3:ReplicateObject", objects),
        ("s3:ReplicateDelete", objects),
    }


def test_many_buckets_get_the_same_permissions_as_each_alone() -> None:
    both = grants(permissions.source_policy(["b-one", "b-two"]))
    assert both == grants(permissions.source_policy(["b-one"])) | grants(
        permissions.source_policy(["b-two"])
    )


def test_each_bucket_occurs_once_in_the_given_order() -> None:
    made = permissions.target_policy(["zzz", "arn:aws:s3:::aaa", "arn:aws:s3:::zzz", "mmm", "aaa"])
    assert made["Statement"][0]["Resource"] == [
        "arn:aws:s3:::zzz/*",
        "arn:aws:s3:::aaa/*",
        "arn:aws:s3:::mmm/*",
    ]


BUILDERS: list[Callable[[list[str]], Any]] = [
    permissions.source_policy,
    permissions.target_policy,
    lambda buckets: permissions.guide_policy(buckets, ["target-bucket"]),
    lambda buckets: permissions.guide_policy(["source-bucket"], buckets),
]


@pytest.mark.parametrize("build", BUILDERS)
def test_buckets_are_checked(build: Callable[[list[str]], Any]) -> None:
    with pytest.raises(InvalidDocument, match="The bucket name 'Not_Valid' is invalid"):
        build(["a-bucket", "Not_Valid"])


@pytest.mark.parametrize("build", BUILDERS)
def test_no_bucket_is_an_error(build: Callable[[list[str]], Any]) -> None:
    with pytest.raises(InvalidDocument, match=r"name at least one (source|target) bucket"):
        build([])


@pytest.mark.parametrize("build", BUILDERS)
def test_the_documents_can_be_sent(build: Callable[[list[str]], Any]) -> None:
    made = build(["a-bucket"])
    assert policy.parse(policy.compact(made)) == made
