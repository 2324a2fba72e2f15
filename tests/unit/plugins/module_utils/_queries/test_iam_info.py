# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading roles and policies."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import Forbidden
from ansible_collections.scality.backbeat.plugins.module_utils._queries.iam_role_info import (
    IamRoleInfo,
    RoleInfoRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.policy_info import (
    PolicyInfo,
    PolicyInfoRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.iam_role import (
    IamRole,
    RoleRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy import Policy
from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy_request import (
    PolicyRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument

from ...fake_client import refusal
from ...fake_iam import FakeIam, arn
from ...runs import run
from .._resources.policy_options import DEFAULTS


@pytest.fixture
def iam() -> FakeIam:
    server = FakeIam()
    for name in ("R", "S"):
        server.create_role(RoleName=name, Path="/", AssumeRolePolicyDocument="{}")
    server.calls.clear()
    return server


def role_info(iam: FakeIam, name: str = "R", include_policies: bool = True) -> Any:
    query = IamRoleInfo(RoleInfoRequest(name, include_policies), iam.api())
    return query.run()["iam_role"]


def policy_info(iam: FakeIam, name: str = "P", path: str | None = None) -> Any:
    return PolicyInfo(PolicyInfoRequest(name, path), iam.api()).run()["policy"]


class TestRole:
    def test_is_described_as_the_module_that_makes_it_does(self, iam: FakeIam) -> None:
        iam._add("P", {})
        options = {
            "name": "R",
            "path": None,
            "description": None,
            "assume_role_policy_document": None,
            "managed_policies": [arn("policy", "P")],
            "purge_policies": False,
            "state": "present",
        }
        made = run(IamRole(RoleRequest.from_options(options), iam.api()))["it"]
        assert role_info(iam) == made
        assert made["attached_policies"] == [{"policy_name": "P", "policy_arn": arn("policy", "P")}]

    @pytest.mark.parametrize(
        ("include", "calls"),
        [(True, ["GetRole", "ListAttachedRolePolicies"]), (False, ["GetRole"])],
    )
    def test_makes_only_the_requested_calls(
        self, iam: FakeIam, include: bool, calls: list[str]
    ) -> None:
        assert (
            role_info(iam, include_policies=include)["attached_policies"] is not None
        ) == include
        assert iam.calls == calls

    def test_may_be_missing(self, iam: FakeIam) -> None:
        assert role_info(iam, "X") is None

    def test_that_is_forbidden_is_not_missing(self, iam: FakeIam) -> None:
        iam.before("get_role", refusal("AccessDenied", "Denied", 403))
        with pytest.raises(Forbidden):
            role_info(iam)

    def test_has_a_name_that_is_checked(self) -> None:
        with pytest.raises(InvalidDocument, match="role name 'bad name'"):
            RoleInfoRequest.from_options({"name": "bad name", "include_policies": True})


class TestPolicy:
    def make(self, iam: FakeIam, **options: Any) -> Any:
        wanted = {**DEFAULTS, "side": "target", "target_buckets": ["t-bucket"], **options}
        return run(Policy(PolicyRequest.from_options(wanted), iam.api()))["it"]

    def test_is_described_as_the_module_that_makes_it_does(self, iam: FakeIam) -> None:
        made = self.make(iam, roles=["R"], description="Writes")
        assert policy_info(iam) == made

    def test_has_all_its_roles(self, iam: FakeIam) -> None:
        self.make(iam, roles=["R"])
        self.make(iam, roles=["S"])
        assert policy_info(iam)["roles"] == ["R", "S"]

    def test_has_all_its_parts(self, iam: FakeIam) -> None:
        buckets = [f"bucket-{number:02d}" for number in range(20)]
        made = self.make(iam, roles=["R"], target_buckets=buckets, max_size=520)
        assert len(made["parts"]) > 1
        assert policy_info(iam) == made

    @pytest.mark.parametrize("path", [None, "/backbeat/"])
    def test_is_found_on_its_path(self, iam: FakeIam, path: str | None) -> None:
        self.make(iam, path="/backbeat/")
        assert policy_info(iam, path=path)["path"] == "/backbeat/"

    def test_may_be_missing(self, iam: FakeIam) -> None:
        assert policy_info(iam) is None
        assert iam.writes == []

    def test_of_users_can_be_read(self, iam: FakeIam) -> None:
        iam._add("P", {})["users"].append("alice")
        assert policy_info(iam)["roles"] == []
