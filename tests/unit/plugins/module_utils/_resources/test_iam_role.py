# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Forbidden,
    NotFound,
    Unsupported,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.permissions import (
    trust_policy,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.iam_role import (
    IamRole,
    RoleRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument, Refused

from ...fake_client import ENDPOINT, refusal
from ...fake_iam import FakeIam, arn
from ...runs import converge, run

OTHER_TRUST = trust_policy("another")
READ, WRITE = arn("policy", "Read"), arn("policy", "Write")


@pytest.fixture
def iam() -> FakeIam:
    server = FakeIam()
    for name in ("Read", "Write"):
        server._add(name, {})
    return server


def role(iam: FakeIam, **options: Any) -> IamRole:
    defaults = {
        "name": "R",
        "path": None,
        "description": None,
        "assume_role_policy_document": None,
        "managed_policies": None,
        "purge_policies": False,
        "state": "present",
    }
    return IamRole(RoleRequest.from_options({**defaults, **options}), iam.api())


def there(iam: FakeIam, **options: Any) -> None:
    """Create the role, and clear the recorded calls."""
    run(role(iam, **options))
    iam.calls.clear()


def test_a_new_role_trusts_backbeat(iam: FakeIam) -> None:
    predicted, done = converge(iam, lambda: role(iam))
    assert done["changes"] == ["CreateRole R"]
    assert iam.roles["R"]["AssumeRolePolicyDocument"] == trust_policy()
    assert done["it"] == {
        "role_name": "R",
        "arn": arn("role", "R"),
        "path": "/",
        "role_id": "AROA1",
        "description": "",
        "create_date": "2026-11-22T17:00:00+00:00",
        "assume_role_policy_document": trust_policy(),
        "attached_policies": None,
    }
    assert predicted["it"] == {
        **done["it"],
        "arn": "arn:aws:iam::<account>:role/R",
        "role_id": None,
        "create_date": None,
    }
    assert done["diff"]["before"] == {}
    assert done["diff"]["after"] == predicted["diff"]["after"]


def test_a_new_role_is_created_as_requested(iam: FakeIam) -> None:
    asked = {
        "path": "/backbeat/",
        "description": "Copies",
        "assume_role_policy_document": '{"Version": "2012-10-17", "Statement": {"Effect": "Allow"}}',
        "managed_policies": [READ, WRITE, READ],
    }
    _, done = converge(iam, lambda: role(iam, **asked))
    assert done["changes"] == [
        "CreateRole R",
        f"AttachRolePolicy {READ} to R",
        f"AttachRolePolicy {WRITE} to R",
    ]
    made = iam.roles["R"]
    assert (made["Path"], made["Description"]) == ("/backbeat/", "Copies")
    assert made["AssumeRolePolicyDocument"]["Statement"] == {"Effect": "Allow"}
    assert done["it"]["attached_policies"] == [
        {"policy_name": "Read", "policy_arn": READ},
        {"policy_name": "Write", "policy_arn": WRITE},
    ]


def test_a_drifted_trust_policy_is_repaired(iam: FakeIam) -> None:
    there(iam, assume_role_policy_document=OTHER_TRUST)
    _, done = converge(iam, lambda: role(iam))
    assert done["changes"] == ["UpdateAssumeRolePolicy R"]
    assert iam.roles["R"]["AssumeRolePolicyDocument"] == trust_policy()
    assert done["diff"]["before"]["assume_role_policy_document"] == OTHER_TRUST
    assert done["diff"]["after"]["assume_role_policy_document"] == trust_policy()


def test_an_equivalent_trust_policy_stays(iam: FakeIam) -> None:
    statement = trust_policy()["Statement"][0]
    reworded = {"Version": "2012-10-17", "Statement": {**statement, "Action": ["STS:AssumeRole"]}}
    there(iam, assume_role_policy_document=reworded)
    assert run(role(iam))["changes"] == []


def test_another_path_is_refused(iam: FakeIam) -> None:
    there(iam, path="/old/")
    with pytest.raises(
        Refused, match=f"role R at {ENDPOINT} has the path /old/, not /new/.*leave path out"
    ):
        run(role(iam, path="/new/"))
    assert run(role(iam))["it"]["path"] == "/old/"


@pytest.mark.parametrize(
    ("asked", "warned"), [(None, False), ("Old", False), ("New", True), ("", True)]
)
def test_another_description_is_only_a_warning(
    iam: FakeIam, asked: str | None, warned: bool
) -> None:
    there(iam, description="Old")
    result = run(role(iam, description=asked))
    assert (result["changed"], result["it"]["description"]) == (False, "Old")
    assert [
        text.startswith("The role R has the description 'Old', not") for text in result["warnings"]
    ] == ([True] if warned else [])


def test_unlisted_policies_stay_unless_purged(iam: FakeIam) -> None:
    there(iam, managed_policies=[READ])
    _, added = converge(iam, lambda: role(iam, managed_policies=[WRITE]))
    assert added["changes"] == [f"AttachRolePolicy {WRITE} to R"]
    assert iam.roles["R"]["attached"] == [READ, WRITE]
    _, purged = converge(iam, lambda: role(iam, managed_policies=[WRITE], purge_policies=True))
    assert purged["changes"] == [f"DetachRolePolicy {READ} from R"]
    assert purged["diff"]["after"]["managed_policies"] == [WRITE]


def test_policies_are_attached_before_others_are_detached(iam: FakeIam) -> None:
    there(iam, managed_policies=[READ])
    result = run(role(iam, managed_policies=[WRITE], purge_policies=True))
    assert [change.split()[0] for change in result["changes"]] == [
        "AttachRolePolicy",
        "DetachRolePolicy",
    ]


def test_purging_with_an_empty_list_detaches_all_and_without_a_list_nothing(iam: FakeIam) -> None:
    there(iam, managed_policies=[READ])
    assert run(role(iam, purge_policies=True))["changes"] == []
    assert run(role(iam, managed_policies=[], purge_policies=True))["changes"] == [
        f"DetachRolePolicy {READ} from R"
    ]


def test_attachments_are_only_read_if_requested(iam: FakeIam) -> None:
    there(iam)
    run(role(iam))
    assert iam.calls == ["GetRole"]


def test_a_role_is_removed_with_its_attachments_and_the_policies_stay(iam: FakeIam) -> None:
    there(iam, managed_policies=[READ, WRITE])
    _, done = converge(iam, lambda: role(iam, state="absent"))
    assert done["changes"] == [
        f"DetachRolePolicy {READ} from R",
        f"DetachRolePolicy {WRITE} from R",
        "DeleteRole R",
    ]
    assert (done["it"], done["diff"]["after"], iam.roles) == (None, {}, {})
    assert set(iam.policies) == {READ, WRITE}


def test_another_run_removes_the_role_in_the_meantime(iam: FakeIam) -> None:
    there(iam)
    iam.before("delete_role", lambda: iam.roles.clear())
    result = run(role(iam, state="absent"))
    assert (result["it"], result["diff"]["after"]) == (None, {})


def test_another_run_creates_the_role_in_the_meantime(iam: FakeIam) -> None:
    iam.before("create_role", lambda: there(iam, assume_role_policy_document=OTHER_TRUST))
    result = run(role(iam), timeout=10)
    assert result["changes"] == ["UpdateAssumeRolePolicy R"]
    assert iam.roles["R"]["AssumeRolePolicyDocument"] == trust_policy()


def test_a_policy_that_does_not_exist_is_named(iam: FakeIam) -> None:
    there(iam)
    missing = arn("policy", "Missing")
    iam.before("attach_role_policy", refusal("NoSuchEntity", "Policy not found", 404))
    with pytest.raises(NotFound, match=f"Failed to attach the policy {missing} to the role R"):
        run(role(iam, managed_policies=[missing]))


def test_a_forbidden_role_is_not_absent(iam: FakeIam) -> None:
    iam.before("get_role", refusal("AccessDenied", "Access Denied", 403))
    with pytest.raises(Forbidden, match="Failed to read the role R"):
        run(role(iam, state="absent"))
    assert iam.writes == []


def test_a_missing_call_for_repairing_trust_is_named(iam: FakeIam) -> None:
    there(iam, assume_role_policy_document=OTHER_TRUST)
    iam.before("update_assume_role_policy", refusal("NotImplemented", "Not implemented", 501))
    with pytest.raises(Unsupported, match="does not support the IAM call UpdateAssumeRolePolicy"):
        run(role(iam))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "bad name"}, "role name 'bad name' is invalid"),
        ({"path": "no-slash"}, "path 'no-slash' is invalid"),
        ({"managed_policies": ["Read"]}, "'Read' is not an ARN"),
        ({"assume_role_policy_document": "{"}, "not valid JSON"),
    ],
)
def test_bad_options_are_refused_before_any_call(
    iam: FakeIam, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidDocument, match=message):
        role(iam, **options)
    assert iam.calls == []
