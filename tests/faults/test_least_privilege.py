# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The permissions for the procedure's calls on its own resources are sufficient, and each of them is required."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from devtools.places import ROOT
from sandbox import Sandbox
from sandbox.environments import SideName
from tests.faults.support.scenarios import set_up
from tests.integration.support import procedure
from tests.integration.support.modules import Result, Side

pytestmark = pytest.mark.slow
#: Operations whose IAM action has another name.
RENAMED_ACTIONS = {
    "DeleteBucketReplication": "s3:DeleteReplicationConfiguration",
    "GetBucketReplication": "s3:GetReplicationConfiguration",
    "HeadObject": "s3:GetObject",
    "ListObjectVersions": "s3:ListBucketVersions",
    "PutBucketReplication": "s3:PutReplicationConfiguration",
}
#: It reads the account. Without this permission the list of policies is read instead.
OPTIONAL_ACTION = "iam:GetUser"
GUIDE = (ROOT / "docs" / "docsite" / "rst" / "guide_permissions.rst").read_text()
# By action: the operations that need it, and the resources.
Needed = dict[str, tuple[set[str], set[str]]]
Keys = dict[SideName, dict[str, str]]


def run_procedure(source: Side, target: Side, keys: Keys) -> Iterator[Result]:
    """Run check mode, set-up, set-up again, repair of drift, teardown and teardown again."""
    steps = set_up(source, target)
    yield from _run_steps(steps[:-1], keys, check_mode=True)
    yield from _run_steps(steps, keys)
    yield from _run_steps(steps, keys)
    _drift(source)
    yield from _run_steps(steps, keys)
    absent = {"state": "absent"}
    for _ in range(2):
        yield from _run_steps(
            [
                (
                    source,
                    "bucket_replication",
                    {"bucket": procedure.SOURCE_BUCKET, **absent, "allow_pending_loss": True},
                ),
                (source, "policy", {"name": procedure.SOURCE_POLICY, **absent}),
                (target, "policy", {"name": procedure.TARGET_POLICY, **absent}),
                (source, "iam_role", {"name": procedure.SOURCE_ROLE, **absent}),
                (target, "iam_role", {"name": procedure.TARGET_ROLE, **absent}),
            ],
            keys,
        )


def _run_steps(steps: Any, keys: Keys, check_mode: bool = False) -> Iterator[Result]:
    for side, module, options in steps:
        given = {**options, **keys[side.name], "retry_timeout": 0.0}
        if "target" in options:
            there = {**options["target"]["s3"], **keys["target"]}
            given["target"] = {**options["target"], "s3": there}
        yield side.run(module, check_mode=check_mode, **given)


def _drift(source: Side) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "other"}, "Action": "sts:AssumeRole"}
    source.iam.update_assume_role_policy(
        RoleName=procedure.SOURCE_ROLE,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    for number in range(4):
        source.iam.create_policy_version(
            PolicyArn=source.arn("policy", procedure.SOURCE_POLICY),
            PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{**allow, "Sid": f"S{number}"}]}
            ),
            SetAsDefault=True,
        )


@pytest.fixture
def slow_replication(sandbox: Sandbox) -> None:
    """Delay replication, so that the target is always read before the replica exists."""
    sandbox.settings(delay=0.5)


@pytest.fixture(scope="module")
def table(running_sandbox: Sandbox) -> dict[SideName, Needed]:
    """The permissions that each side's operator needs, taken from the calls of an operator with all permissions."""
    sandbox = running_sandbox
    sandbox.reset()
    sides = (Side(sandbox, sandbox.source), Side(sandbox, sandbox.target))
    needed: dict[SideName, Needed] = {"source": {}, "target": {}}
    keys: Keys = {side.name: _keys(side) for side in sides}
    for result in run_procedure(*sides, keys):
        assert not result.get("failed"), result
    # Calls with which the test causes drift are not part of the procedure.
    drift_calls = {"CreatePolicyVersion": 4, "UpdateAssumeRolePolicy": 1}
    for side in sides:
        for call in sandbox.calls(side.name):
            operation = call["operation"]
            if side.name == "source" and drift_calls.get(operation, 0) > 0:
                drift_calls[operation] -= 1
                continue
            action = RENAMED_ACTIONS.get(operation, f"{call['service']}:{operation}")
            operations, resources = needed[side.name].setdefault(action, (set(), set()))
            operations.add(operation)
            resources.add(_resource(side, call))
    return needed


def _keys(side: Side) -> dict[str, str]:
    return {"access_key": side.side.access_key, "secret_key": side.side.secret_key}


def _resource(side: Side, call: dict[str, Any]) -> str:
    if call["service"] == "s3":
        return f"arn:aws:s3:::{call['bucket']}" + ("/*" if call["key"] else "")
    name = call["name"]
    if not name:
        return "*"
    if name.startswith("arn:"):
        return str(name)
    return side.arn("policy" if "Policy" in name else "role", name)


def operators(
    sides: tuple[Side, Side], table: dict[SideName, Needed], lacks: tuple[str, str] = ("", "")
) -> Keys:
    """Create users with exactly these permissions, except for the action of the side in `lacks`."""
    keys: Keys = {}
    for side in sides:
        statements = [
            {"Effect": "Allow", "Action": action, "Resource": sorted(resources)}
            for action, (_operations, resources) in table[side.name].items()
            if (side.name, action) != lacks
        ]
        document = {"Version": "2012-10-17", "Statement": statements}
        keys[side.name] = side.side.create_user("deputy", document)
    return keys


@pytest.mark.usefixtures("slow_replication")
def test_required_permissions_are_sufficient(
    source: Side, target: Side, table: dict[SideName, Needed]
) -> None:
    keys = operators((source, target), table)
    results = list(run_procedure(source, target, keys))
    assert not [result for result in results if result.get("failed")]
    assert not source.iam.list_roles()["Roles"]
    users = {call["user"] for call in source.sandbox.calls() if call["operation"] == "PutObject"}
    assert users == {"deputy"}


def test_each_permission_is_required(
    source: Side, target: Side, table: dict[SideName, Needed]
) -> None:
    """Without any one of them but the optional one, a step fails and names the forbidden call and its endpoint."""
    problems = []
    for side in (source, target):
        for action, (operations, _resources) in table[side.name].items():
            source.sandbox.reset()
            source.sandbox.settings(delay=0.5)
            keys = operators((source, target), table, lacks=(side.name, action))
            result = next(
                (one for one in run_procedure(source, target, keys) if one.get("failed")), {}
            )
            if action == OPTIONAL_ACTION and not result:
                continue
            problems += [
                f"{side.name} {action}: {text}" for text in _unclear(result, operations, side)
            ]
    assert not problems, "\n".join(problems)


def _unclear(result: Result, operations: set[str], side: Side) -> Iterator[str]:
    error = result.get("error")
    if not error:
        yield f"does not fail without it: {result.get('msg')}"
        return
    if error["operation"] not in operations or error["status"] != 403:
        yield f"fails for another reason: {result['msg']}"
    if error["endpoint"] not in (side.side.s3_url, side.side.iam_url):
        yield f"fails at another endpoint: {result['msg']}"
    if error["operation"] not in result["msg"] or error["endpoint"] not in result["msg"]:
        yield f"does not say which call: {result['msg']}"


def test_each_permission_is_documented(table: dict[SideName, Needed]) -> None:
    documented = set(re.findall(r"``((?:iam|s3):\w+)``", GUIDE))
    wanted = {action for needed in table.values() for action in needed}
    assert wanted <= documented, wanted - documented
