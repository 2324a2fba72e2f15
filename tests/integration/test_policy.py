# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module backbeat_policy on a server: one policy, its document, its versions and its roles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.support.modules import Side
from tests.integration.support.policies import NAME, ROLE, attached, document_of, policy_names

SOURCE_DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObjectVersion", "s3:GetObjectVersionAcl", "s3:ReplicateObject"],
            "Resource": ["arn:aws:s3:::source-bucket/*"],
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetReplicationConfiguration"],
            "Resource": ["arn:aws:s3:::source-bucket"],
        },
    ],
}
TARGET_DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete"],
            "Resource": ["arn:aws:s3:::target-bucket/*"],
        }
    ],
}
OWN_DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}],
}
GUIDE = Path(__file__).parents[1] / (
    "unit/plugins/module_utils/_documents/data/guide-permissions-policy.json"
)
WANTED: dict[str, Any] = {
    "name": NAME,
    "side": "source",
    "source_buckets": ["source-bucket"],
    "roles": [ROLE],
}


@pytest.fixture
def source(source: Side) -> Side:
    """The source with a role to attach policies to."""
    source.do("iam_role", name=ROLE)
    return source


def create_policy(
    side: Side, document: Any = SOURCE_DOCUMENT, name: str = NAME, **options: Any
) -> str:
    text = json.dumps(document)
    made = side.iam.create_policy(PolicyName=name, PolicyDocument=text, **options)
    return str(made["Policy"]["Arn"])


def attach(side: Side, arn: str, role: str = ROLE) -> None:
    side.iam.attach_role_policy(RoleName=role, PolicyArn=arn)


def versions(side: Side, name: str = NAME) -> list[str]:
    answer = side.iam.list_policy_versions(PolicyArn=side.arn("policy", name))
    return sorted(one["VersionId"] for one in answer["Versions"])


def test_create_for_the_source(source: Side) -> None:
    result = source.run_idempotent("policy", **WANTED)
    assert result["changes"] == [f"CreatePolicy {NAME}", f"AttachRolePolicy {NAME} to {ROLE}"]
    assert result["policy"]["arn"] == source.arn("policy", NAME)
    assert result["policy"]["document"] == SOURCE_DOCUMENT
    assert result["policy"]["roles"] == [ROLE]
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"] == {NAME: {"document": SOURCE_DOCUMENT, "roles": [ROLE]}}
    assert document_of(source) == SOURCE_DOCUMENT
    assert attached(source) == [NAME]


def test_create_for_the_target(target: Side) -> None:
    target.run_idempotent("policy", name=NAME, side="target", target_buckets=["target-bucket"])
    assert document_of(target) == TARGET_DOCUMENT


def test_create_with_the_guides_document(source: Side) -> None:
    buckets = {"source_buckets": ["source-bucket"], "target_buckets": ["target-bucket"]}
    source.run_idempotent("policy", name=NAME, side="source", permissions="guide", **buckets)
    assert document_of(source) == json.loads(GUIDE.read_text())


def test_create_with_a_document_path_and_description(source: Side) -> None:
    result = source.run_idempotent(
        "policy",
        name=NAME,
        path="/replication/",
        description="Of our own",
        policy=json.dumps(OWN_DOCUMENT),
        roles=[source.arn("role", ROLE)],
    )
    arn = source.arn("policy", f"replication/{NAME}")
    assert result["policy"]["arn"] == arn
    made = source.iam.get_policy(PolicyArn=arn)["Policy"]
    assert made["Path"] == "/replication/"
    assert made["Description"] == "Of our own"
    assert document_of(source, f"replication/{NAME}") == OWN_DOCUMENT
    assert attached(source) == [NAME]


def test_a_different_document_is_replaced_by_a_new_version(source: Side) -> None:
    attach(source, create_policy(source, OWN_DOCUMENT))
    result = source.run_idempotent("policy", **WANTED, purge_statements=True)
    assert result["changes"] == [f"CreatePolicyVersion {NAME}"]
    assert result["diff"]["before"][NAME]["document"] == OWN_DOCUMENT
    assert result["diff"]["after"][NAME]["document"] == SOURCE_DOCUMENT
    assert result["policy"]["default_version_id"] == "v2"
    assert document_of(source) == SOURCE_DOCUMENT
    assert versions(source) == ["v1", "v2"]


def test_an_equivalent_document_is_not_changed(source: Side) -> None:
    first, second = SOURCE_DOCUMENT["Statement"]
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    equivalent = {
        "Version": "2012-10-17",
        "Statement": [
            {**second, "Sid": "", "Resource": second["Resource"][0]},
            {**first, "Action": [action.lower() for action in reversed(first["Action"])]},
        ],
    }
    attach(source, create_policy(source, equivalent))
    assert not source.run_idempotent("policy", **WANTED)["changed"]
    assert document_of(source) == equivalent


@pytest.mark.lowest_boto3
def test_a_sixth_version_replaces_the_oldest(source: Side) -> None:
    arn = create_policy(source, OWN_DOCUMENT)
    attach(source, arn)
    for number in range(2, 6):
        other = json.loads(json.dumps(OWN_DOCUMENT).replace("::b/", f"::b{number}/"))
        text = json.dumps(other)
        source.iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
    result = source.run_idempotent("policy", **WANTED, purge_statements=True)
    assert result["changes"] == [f"CreatePolicyVersion {NAME}"]
    assert versions(source) == ["v2", "v3", "v4", "v5", "v6"]
    assert document_of(source) == SOURCE_DOCUMENT


def test_the_default_version_is_not_deleted_for_a_new_one(source: Side) -> None:
    """The default version may be the oldest; without it the role would lose its permissions."""
    arn = create_policy(source, OWN_DOCUMENT)
    for _ in range(4):
        text = json.dumps(TARGET_DOCUMENT)
        source.iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=False)
    source.run_idempotent("policy", **{**WANTED, "roles": [], "purge_statements": True})
    assert versions(source) == ["v1", "v3", "v4", "v5", "v6"]
    assert document_of(source) == SOURCE_DOCUMENT


def test_a_detached_policy_is_attached_again(source: Side) -> None:
    create_policy(source)
    result = source.run_idempotent("policy", **WANTED)
    assert result["changes"] == [f"AttachRolePolicy {NAME} to {ROLE}"]
    assert attached(source) == [NAME]


def test_it_stays_attached_to_unlisted_roles(source: Side) -> None:
    source.do("iam_role", name="Another")
    attach(source, create_policy(source), "Another")
    source.run_idempotent("policy", **WANTED)
    assert attached(source, "Another") == [NAME]


def test_attaching_to_a_missing_role_fails_after_the_policy_was_created(source: Side) -> None:
    result = source.run("policy", **{**WANTED, "roles": ["Missing"]})
    assert result["failed"]
    assert result["changes"] == [f"CreatePolicy {NAME}"]
    assert result["error"]["operation"] == "AttachRolePolicy"
    assert "Missing" in result["msg"]


def test_another_path_is_an_error(source: Side) -> None:
    attach(source, create_policy(source, Path="/elsewhere/"))
    result = source.run_idempotent("policy", **WANTED, path="/replication/")
    assert result["failed"]
    assert "has the path /elsewhere/, not /replication/" in result["msg"]


def test_another_description_is_a_warning(source: Side) -> None:
    attach(source, create_policy(source, Description="old"))
    result = source.run_idempotent("policy", **WANTED, description="new")
    assert not result["changed"]
    assert "'old', not 'new'" in result["warnings"][0]


@pytest.mark.lowest_boto3
def test_absent_detaches_from_all_roles_and_deletes(source: Side) -> None:
    arn = create_policy(source, OWN_DOCUMENT)
    source.do("iam_role", name="Another")
    attach(source, arn)
    attach(source, arn, "Another")
    source.do("policy", **WANTED)
    result = source.run_idempotent("policy", name=NAME, state="absent")
    assert sorted(result["changes"]) == [
        f"DeletePolicy {NAME}",
        f"DetachRolePolicy {NAME} from Another",
        f"DetachRolePolicy {NAME} from {ROLE}",
    ]
    assert result["policy"] is None
    assert result["diff"]["after"] == {}
    assert policy_names(source) == attached(source) == attached(source, "Another") == []


def test_absent_of_a_missing_policy_is_idempotent(source: Side) -> None:
    assert not source.run_idempotent("policy", name=NAME, state="absent")["changed"]


def test_absent_is_refused_if_the_policy_is_attached_to_a_user(source: Side) -> None:
    arn = create_policy(source)
    source.iam.create_user(UserName="other-user")
    source.iam.attach_user_policy(UserName="other-user", PolicyArn=arn)
    result = source.run_idempotent("policy", name=NAME, state="absent")
    assert result["failed"]
    assert "attached to users or groups (other-user)" in result["msg"]
    assert policy_names(source) == [NAME]


def test_an_invalid_item_does_not_prevent_the_changes_of_other_items(source: Side) -> None:
    create_policy(source, OWN_DOCUMENT, "Gone")
    items = [WANTED, {"name": "Bad", "side": "target"}, {"name": "Gone", "state": "absent"}]
    result = source.run_idempotent("policy", policies=items)
    assert result["failed"]
    assert result["msg"] == (
        "1 of 3 policies failed.\nBad: "
        "The policy Bad for the target side needs target_buckets to be generated."
    )
    assert [one["changed"] for one in result["results"]] == [True, False, True]
    assert policy_names(source) == [NAME]
