# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adoption: resources by name or by ARN, skipped buckets, and warnings."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents import permissions
from ansible_collections.scality.backbeat.plugins.module_utils._queries.adoption import Adoption

from ...fake_client import refusal
from ...fake_iam import FakeIam
from ...fake_s3 import FakeS3

ROLES = {
    "source": "arn:aws:iam::123456789012:role/Source",
    "target": "arn:aws:iam::123456789012:role/Target",
}
OTHER = "arn:aws:iam::123456789012:role/other/Source"


class Scene:
    """A source bucket that is replicated with two roles, as the role `replication` would create them."""

    def __init__(self) -> None:
        self.s3 = FakeS3()
        self.iam = {"source": FakeIam(), "target": FakeIam()}
        for side, arn in ROLES.items():
            document = {
                "source": permissions.source_policy(["source"]),
                "target": permissions.target_policy(["target"]),
            }[side]
            name = arn.rpartition("/")[2]
            self.iam[side].roles[name] = {
                "RoleName": name,
                "Arn": arn,
                "Path": "/",
                "AssumeRolePolicyDocument": permissions.trust_policy(),
                "attached": [self.iam[side]._add(f"{name}Policy", document)["arn"]],
            }
        self.replicate("source")

    def replicate(self, bucket: str, role: str | None = ",".join(ROLES.values())) -> None:
        rule = {"Prefix": "", "Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::target"}}
        stored: dict[str, Any] = {"Rules": [rule], **({"Role": role} if role else {})}
        self.s3._add(bucket, versioning="Enabled", replication=stored)

    def adopt(self, **iam: FakeIam | None) -> dict[str, Any]:
        clients: dict[str, FakeIam | None] = {**self.iam, **iam}
        return Adoption(
            self.s3.api(),
            {side: client.api() if client else None for side, client in clients.items()},
        ).run()

    def identity(self, side: str) -> dict[str, Any]:
        variables = self.adopt()["variables"][side]
        return {name: value for name, value in variables.items() if f"_{side}_" in name}


def by_name(side: str) -> dict[str, str]:
    name = side.capitalize()
    return {
        f"replication_{side}_role_name": name,
        f"replication_{side}_policy_name": f"{name}Policy",
    }


def by_arn(side: str) -> dict[str, str]:
    return {f"replication_{side}_role_arn": ROLES[side]}


@pytest.mark.parametrize("side", ROLES)
def test_resources_that_managing_would_not_change_are_given_by_name(side: str) -> None:
    assert Scene().identity(side) == by_name(side)
    assert Scene().adopt()["warnings"] == []


def drifted_trust(role: dict[str, Any], _iam: FakeIam) -> None:
    role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] = {"Service": "other"}


def drifted_permissions(_role: dict[str, Any], iam: FakeIam) -> None:
    (policy,) = iam.policies.values()
    policy["versions"]["v1"] = copy.deepcopy(policy["versions"]["v1"])
    policy["versions"]["v1"]["Statement"].pop()


def no_policy(role: dict[str, Any], _iam: FakeIam) -> None:
    role["attached"] = []


@pytest.mark.parametrize("drift", [drifted_trust, drifted_permissions, no_policy])
@pytest.mark.parametrize("side", ROLES)
def test_resources_that_managing_would_change_are_given_by_arn(side: str, drift: Any) -> None:
    scene = Scene()
    drift(scene.iam[side].roles[side.capitalize()], scene.iam[side])
    other = "source" if side == "target" else "target"
    if (side, drift) == ("target", drifted_permissions):
        (policy,) = scene.iam[side].policies.values()
        policy["versions"]["v1"]["Statement"] = [
            {"Effect": "Allow", "Action": "s3:ReplicateObject", "Resource": "arn:aws:s3:::target/*"}
        ]
    assert scene.identity(side) == by_arn(side)
    assert scene.identity(other) == by_name(other)


@pytest.mark.parametrize("side", ROLES)
def test_a_policy_with_further_buckets_is_given_by_name(side: str) -> None:
    """The role does not remove unlisted buckets from its policies."""
    scene = Scene()
    (policy,) = scene.iam[side].policies.values()
    make = {"source": permissions.source_policy, "target": permissions.target_policy}[side]
    policy["versions"]["v1"] = make([side, "another-bucket"])
    assert scene.identity(side) == by_name(side)


def test_a_role_with_the_same_name_and_another_path_is_another_role() -> None:
    scene = Scene()
    scene.iam["source"].roles["Source"] |= {"Arn": OTHER, "Path": "/other/"}
    assert scene.identity("source") == by_arn("source")
    (warning,) = scene.adopt()["warnings"]
    assert f"The source role {ROLES['source']} of source does not exist" in warning


def test_roles_that_do_not_exist_are_warned_about() -> None:
    scene = Scene()
    missing = f"{ROLES['source']}x,{ROLES['target']}x"
    scene.replicate("a-bucket", missing)
    for bucket in ("b-bucket", "c-bucket", "d-bucket", "e-bucket"):
        scene.replicate(bucket)
    found = scene.adopt()
    assert [one.split(" at ")[0] for one in found["warnings"]] == [
        f"The source role {ROLES['source']}x of a-bucket does not exist",
        f"The target role {ROLES['target']}x of a-bucket does not exist",
    ]
    assert len(found["variables"]["source"]["replication_pairs"]) == 6


def test_placeholders_and_unread_sides_are_not_warned_about() -> None:
    scene = Scene()
    placeholder = "arn:aws:iam::123456789012:role/scality-internal/replication-role"
    scene.replicate("source", f"{placeholder},{placeholder}")
    assert scene.adopt()["warnings"] == []
    scene.replicate("source", f"{ROLES['source']}x,{ROLES['target']}x")
    assert scene.adopt(source=None, target=None)["warnings"] == []


def test_a_pairs_own_role_that_may_not_be_read_is_a_warning() -> None:
    scene = Scene()
    scene.replicate("a-bucket", f"{ROLES['source']}x,{ROLES['target']}")
    scene.replicate("b-bucket")
    for _time in range(2):
        scene.iam["source"].before("get_role", lambda: None)
    scene.iam["source"].before("get_role", refusal("AccessDenied", "No", 403))
    (warning,) = scene.adopt()["warnings"]
    assert "exists is unknown" in warning


def test_a_configuration_without_roles_is_skipped_and_the_others_are_adopted() -> None:
    scene = Scene()
    scene.replicate("broken", role=None)
    found = scene.adopt()
    (pair,) = found["variables"]["source"]["replication_pairs"]
    assert pair["source_bucket"] == "source"
    ((bucket, why),) = [tuple(one.values()) for one in found["left_out"]]
    assert (bucket, "has no Role" in why) == ("broken", True)
