# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies of one part: creating, changing, attaching, removing and finding them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import Forbidden
from ansible_collections.scality.backbeat.plugins.module_utils._documents import permissions
from ansible_collections.scality.backbeat.plugins.module_utils._documents.names import (
    UNKNOWN_ACCOUNT,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy import Policy
from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy_request import (
    PolicyRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument, Refused

from ...fake_client import ENDPOINT, refusal
from ...fake_iam import FakeIam, arn
from ...runs import converge, run
from .policy_options import DEFAULTS

ARN = arn("policy", "P")


def document(*actions: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def iam() -> FakeIam:
    server = FakeIam()
    for name in ("R", "S"):
        server.create_role(RoleName=name, Path="/", AssumeRolePolicyDocument="{}")
    server.calls.clear()
    return server


def policy(iam: FakeIam, **options: Any) -> Policy:
    return Policy(PolicyRequest.from_options({**DEFAULTS, **options}), iam.api())


def in_force(iam: FakeIam, arn: str = ARN) -> Any:
    return iam._in_force(arn)


def test_a_new_policy_is_created_and_attached(iam: FakeIam) -> None:
    asked = {"policy": json.dumps(document("s3:Get")), "description": "Reads", "roles": ["R", "S"]}
    predicted, done = converge(iam, lambda: policy(iam, **asked))
    assert done["changes"] == [
        "CreatePolicy P",
        "AttachRolePolicy P to R",
        "AttachRolePolicy P to S",
    ]
    one = {
        "policy_name": "P",
        "arn": ARN,
        "path": "/",
        "policy_id": "ANPA1",
        "description": "Reads",
        "default_version_id": "v1",
        "create_date": "2026-11-22T17:00:00+00:00",
        "update_date": "2026-11-22T17:00:00+00:00",
        "document": document("s3:Get"),
        "roles": ["R", "S"],
    }
    assert done["it"] == {**one, "parts": [one]}
    foreseen = {**one, "policy_id": None, "create_date": None, "update_date": None}
    foreseen["arn"] = predicted["it"]["arn"]
    assert predicted["it"] == {**foreseen, "parts": [foreseen]}
    assert iam.roles["R"]["attached"] == iam.roles["S"]["attached"] == [ARN]
    assert done["diff"]["after"] == {"P": {"document": document("s3:Get"), "roles": ["R", "S"]}}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            {"side": "source", "source_buckets": ["a-bucket", "b-bucket"]},
            permissions.source_policy(["a-bucket", "b-bucket"]),
        ),
        (
            {"side": "source", "source_buckets": ["a-bucket"], "cloud_targets": True},
            permissions.source_policy(["a-bucket"], cloud_targets=True),
        ),
        (
            {"side": "target", "target_buckets": ["t-bucket"]},
            permissions.target_policy(["t-bucket"]),
        ),
        (
            {
                "side": "target",
                "permissions": "guide",
                "source_buckets": ["a-bucket"],
                "target_buckets": ["t-bucket"],
            },
            permissions.guide_policy(["a-bucket"], ["t-bucket"]),
        ),
    ],
)
def test_a_document_is_generated_for_a_side(
    iam: FakeIam, options: dict[str, Any], expected: Any
) -> None:
    converge(iam, lambda: policy(iam, **options))
    assert in_force(iam) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "policy P needs a document: give policy, or give side"),
        ({"permissions": "guide"}, "policy P needs a document"),
        ({"side": "source", "target_buckets": ["t-bucket"]}, "needs source_buckets"),
        ({"side": "target", "source_buckets": ["a-bucket"]}, "needs target_buckets"),
        ({"side": "target", "target_buckets": []}, "needs target_buckets"),
        (
            {"side": "target", "permissions": "guide", "target_buckets": ["t-bucket"]},
            "needs source_buckets",
        ),
    ],
)
def test_missing_options_of_a_document_are_named(
    iam: FakeIam, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(Refused, match=message):
        policy(iam, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "bad name", "policy": "{}"}, "policy name 'bad name' is invalid"),
        ({"path": "x", "policy": document("s3:Get")}, "path 'x' is invalid"),
        ({"policy": "{"}, "not valid JSON"),
        ({"policy": document("s3:Get"), "roles": ["bad role"]}, "role name 'bad role' is invalid"),
        ({"side": "source", "source_buckets": ["A"]}, "bucket name 'A'"),
    ],
)
def test_bad_options_are_refused_before_any_call(
    iam: FakeIam, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidDocument, match=message):
        policy(iam, **options)
    assert iam.calls == []


def test_a_drifted_document_becomes_a_new_default_version(iam: FakeIam) -> None:
    iam._add("P", document("s3:Put"))
    predicted, done = converge(iam, lambda: policy(iam, policy=document("s3:Get")))
    assert done["changes"] == ["CreatePolicyVersion P"]
    assert in_force(iam) == document("s3:Get")
    assert (predicted["it"]["default_version_id"], done["it"]["default_version_id"]) == ("v1", "v2")
    assert done["diff"]["before"]["P"]["document"] == document("s3:Put")


def test_an_equivalent_document_stays(iam: FakeIam) -> None:
    iam._add("P", document("S3:GET", "s3:Put"))
    assert run(policy(iam, policy=document("s3:Put", "s3:Get", "s3:Get")))["changes"] == []


def test_at_the_limit_the_oldest_version_is_deleted_but_never_the_default_one(iam: FakeIam) -> None:
    there = iam._add("P", document("v2"))
    there["versions"] = {f"v{number}": document(f"v{number}") for number in (2, 8, 9, 10, 11)}
    there.update(default="v2", next=12)
    converge(iam, lambda: policy(iam, policy=document("s3:Get")))
    assert list(there["versions"]) == ["v2", "v9", "v10", "v11", "v12"]
    assert in_force(iam) == document("s3:Get")


def test_below_the_limit_no_version_is_deleted(iam: FakeIam) -> None:
    there = iam._add("P", document("v1"))
    for number in range(2, 5):
        there["versions"][f"v{number}"] = document(f"v{number}")
    there["next"] = 5
    converge(iam, lambda: policy(iam, policy=document("s3:Get")))
    assert len(there["versions"]) == 5


def test_it_stays_attached_to_unlisted_roles(iam: FakeIam) -> None:
    iam._add("P", document("s3:Get"))
    iam.roles["R"]["attached"].append(ARN)
    _, done = converge(iam, lambda: policy(iam, policy=document("s3:Get"), roles=["S"]))
    assert done["changes"] == ["AttachRolePolicy P to S"]
    assert iam.roles["R"]["attached"] == iam.roles["S"]["attached"] == [ARN]


def test_another_path_is_refused_and_another_description_a_warning(iam: FakeIam) -> None:
    iam._add("P", document("s3:Get"), "/", "Old")
    result = run(policy(iam, policy=document("s3:Get"), description="New"))
    assert result["changes"] == []
    assert result["warnings"] == [
        "The policy P has the description 'Old', not 'New'; IAM cannot change it, so it stays."
    ]
    with pytest.raises(Refused, match=f"policy P at {ENDPOINT} has the path /, not /new/"):
        run(policy(iam, policy=document("s3:Get"), path="/new/"), timeout=10)


def test_a_policy_on_an_unnamed_path_is_found_when_its_name_is_taken(iam: FakeIam) -> None:
    iam._add("P", document("s3:Put"), "/backbeat/", "Mine")
    result = run(policy(iam, policy=document("s3:Get"), description="Mine"), timeout=10)
    assert result["changes"] == ["CreatePolicyVersion P"]
    assert (result["it"]["path"], result["it"]["description"]) == ("/backbeat/", "Mine")


def test_removal_detaches_deletes_versions_and_then_the_policy(iam: FakeIam) -> None:
    there = iam._add("P", document("s3:Get"))
    there["versions"]["v2"] = document("s3:Put")
    for name in ("R", "S"):
        iam.roles[name]["attached"].append(ARN)
    _, done = converge(iam, lambda: policy(iam, state="absent"))
    assert done["changes"] == [
        "DetachRolePolicy P from R",
        "DetachRolePolicy P from S",
        "DeletePolicy P",
    ]
    assert (done["it"], done["diff"]["after"], iam.policies) == (None, {}, {})


@pytest.mark.parametrize("path", ["/", "/backbeat/"])
def test_removal_finds_the_policy_on_any_path(iam: FakeIam, path: str) -> None:
    iam._add("P", document("s3:Get"), path)
    assert run(policy(iam, state="absent"))["changes"] == ["DeletePolicy P"]
    assert iam.policies == {}


def test_a_policy_of_users_is_not_removed(iam: FakeIam) -> None:
    iam._add("P", document("s3:Get"))["users"].append("alice")
    with pytest.raises(Refused, match=r"is attached to users or groups \(alice\): detach it there"):
        run(policy(iam, state="absent"))
    assert iam.writes == []


def test_a_role_that_is_removed_in_the_meantime_does_not_stop_the_removal(iam: FakeIam) -> None:
    iam._add("P", document("s3:Get"))
    iam.roles["R"]["attached"].append(ARN)
    iam.before("detach_role_policy", lambda: iam.roles.pop("R"))
    assert run(policy(iam, state="absent"))["it"] is None
    assert iam.policies == {}


def test_a_version_that_is_removed_in_the_meantime_does_not_stop_the_change(iam: FakeIam) -> None:
    there = iam._add("P", document("v1"))
    there["versions"].update({f"v{number}": document() for number in range(2, 6)})
    there["next"] = 6
    iam.before("delete_policy_version", lambda: there["versions"].pop("v2"))
    assert run(policy(iam, policy=document("s3:Get")))["changes"] == ["CreatePolicyVersion P"]


class TestFindingTheAccount:
    """The calls for finding the policy's ARN, from the cheapest to the most expensive."""

    @pytest.fixture(autouse=True)
    def _policy(self, iam: FakeIam) -> None:
        iam._add("P", document("s3:Get"))

    def calls(self, iam: FakeIam, **options: Any) -> list[str]:
        result = run(policy(iam, policy=document("s3:Get"), **options), check_mode=True)
        assert (result["it"]["arn"], "CreatePolicy P" in result["changes"]) == (ARN, False)
        return iam.calls[: iam.calls.index("GetPolicy")]

    def test_from_the_arn_of_a_role(self, iam: FakeIam) -> None:
        assert self.calls(iam, roles=[arn("role", "R")]) == []

    def test_from_a_policy_attached_to_a_role(self, iam: FakeIam) -> None:
        iam.roles["R"]["attached"].append(ARN)
        assert self.calls(iam, roles=["R"]) == ["ListAttachedRolePolicies"]

    def test_from_another_policy_of_the_account(self, iam: FakeIam) -> None:
        iam._add("Q", {})
        iam.roles["R"]["attached"].append(arn("policy", "Q"))
        assert self.calls(iam, roles=["R"]) == ["ListAttachedRolePolicies"]

    def test_not_from_a_providers_policy_but_from_the_role(self, iam: FakeIam) -> None:
        iam.roles["R"]["attached"].append("arn:aws:iam::aws:policy/ReadOnly")
        assert self.calls(iam, roles=["R"]) == ["ListAttachedRolePolicies", "GetRole"]

    def test_not_from_a_predicted_arn(self, iam: FakeIam) -> None:
        predicted = f"arn:aws:iam::{UNKNOWN_ACCOUNT}:role/New"
        assert self.calls(iam, roles=[predicted]) == ["ListAttachedRolePolicies", "GetUser"]

    def test_from_the_user(self, iam: FakeIam) -> None:
        assert self.calls(iam) == ["GetUser"]

    @pytest.mark.parametrize(
        ("code", "status"),
        [("AccessDenied", 403), ("MethodNotAllowed", 405), ("ValidationError", 400)],
    )
    def test_the_list_of_policies_is_the_last_resort(
        self, iam: FakeIam, code: str, status: int
    ) -> None:
        for _ in range(4):
            iam.before("get_user", refusal(code, "No", status))
        assert self.calls(iam) == ["GetUser", "ListPolicies"]

    def test_a_forbidden_list_is_an_error(self, iam: FakeIam) -> None:
        iam.user = None
        iam.before("list_policies", refusal("AccessDenied", "Access Denied", 403))
        with pytest.raises(Forbidden, match="Failed to look for the policy P"):
            run(policy(iam, policy=document("s3:Get")))


def test_entities_other_than_the_roles_of_a_teardown_are_named() -> None:
    entities = SimpleNamespace(roles=("Own", "Other"), users=("ann",), groups=("audit", "Own"))
    policy: Any = SimpleNamespace(request=SimpleNamespace(holders=("Own",)))
    current: Any = {"part": SimpleNamespace(entities=entities)}
    named = "the role Other, the user ann, the group audit, the group Own"
    assert Policy._foreign(policy, current) == named
