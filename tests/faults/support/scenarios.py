# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Procedures that write, each from a state of its own: what faults are tried on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.integration.support import procedure
from tests.integration.support.modules import Side

Step = tuple[Side, str, dict[str, Any]]
#: So many buckets that their policy needs several parts of this size.
MANY = [f"bucket-{number:02}" for number in range(12)]
PART_SIZE = 600


@dataclass(frozen=True)
class Scenario:
    """prepare: makes the state to start from, by hand or by steps that must work; steps: the procedure itself."""

    prepare: Callable[[Side, Side], None]
    steps: Callable[[Side, Side], list[Step]]


def set_up(source: Side, target: Side) -> list[Step]:
    """The guide's procedure as the role takes its steps, with the proof at the end."""
    plain = [(side, module, options) for _name, side, module, options in _guide(source, target)]
    infos = [
        (source, "iam_role_info", {"name": procedure.SOURCE_ROLE, "include_policies": False}),
        (target, "iam_role_info", {"name": procedure.TARGET_ROLE, "include_policies": False}),
    ]
    check = {
        "bucket": procedure.SOURCE_BUCKET,
        "key": procedure.KEY,
        "wait_max_delay": 0.05,
        "wait_timeout": 20.0,
        "target": {"bucket": procedure.TARGET_BUCKET, "s3": target.connection("s3")},
    }
    return [*plain[:2], *infos, *plain[2:], (source, "object_check", check)]


def repair(source: Side, target: Side) -> list[Step]:
    """What `_drift` has changed by hand is brought back: every kind of change of something that exists."""
    steps = [(side, module, options) for _name, side, module, options in _guide(source, target)]
    managed = {
        "name": "Managed",
        "managed_policies": [source.arn("policy", "Wanted")],
        "purge_policies": True,
    }
    where = {"bucket": procedure.SOURCE_BUCKET, "key": procedure.KEY}
    steps[-1] = (source, "object", {**where, "content": "new"})
    tags = {**where, "tags": {"a": "b"}}
    return [*steps, (source, "object", tags), (source, "iam_role", managed)]


def tear_down(source: Side, target: Side) -> list[Step]:
    """Everything that the procedure made, in the order of the guide backwards; a bucket with it that is empty."""
    gone = {"state": "absent"}
    return [
        (source, "bucket_replication", {"bucket": procedure.SOURCE_BUCKET, **gone}),
        (source, "policy", {"name": procedure.SOURCE_POLICY, **gone}),
        (target, "policy", {"name": procedure.TARGET_POLICY, **gone}),
        (source, "iam_role", {"name": procedure.SOURCE_ROLE, **gone}),
        (target, "iam_role", {"name": procedure.TARGET_ROLE, **gone}),
        (source, "object", {"bucket": procedure.SOURCE_BUCKET, "key": procedure.KEY, **gone}),
        (target, "bucket", {"name": "empty-bucket", **gone}),
    ]


def _guide(source: Side, target: Side) -> list[procedure.Step]:
    return procedure.steps(source, target)


def _nothing(_source: Side, _target: Side) -> None:
    """An environment in which nobody has done anything."""


def _drift(source: Side, target: Side) -> None:
    for side, module, options in set_up(source, target):
        side.do(module, **options)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "other"}, "Action": "sts:AssumeRole"}
        ],
    }
    source.iam.update_assume_role_policy(
        RoleName=procedure.SOURCE_ROLE, PolicyDocument=json.dumps(trust)
    )
    # Five versions, the most there can be, the last of which allows a part of what is wanted and more.
    arn = source.arn("policy", procedure.SOURCE_POLICY)
    for action in ("s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:GetObjectVersion"):
        source.iam.create_policy_version(
            PolicyArn=arn,
            PolicyDocument=_allow(action, "arn:aws:s3:::source-bucket/*"),
            SetAsDefault=True,
        )
    target.s3.put_bucket_versioning(
        Bucket=procedure.TARGET_BUCKET, VersioningConfiguration={"Status": "Suspended"}
    )
    target.iam.detach_role_policy(
        RoleName=procedure.TARGET_ROLE, PolicyArn=target.arn("policy", procedure.TARGET_POLICY)
    )
    found = source.s3.get_bucket_replication(Bucket=procedure.SOURCE_BUCKET)
    configuration = found["ReplicationConfiguration"]
    configuration["Rules"][0]["Status"] = "Disabled"
    source.s3.put_bucket_replication(
        Bucket=procedure.SOURCE_BUCKET, ReplicationConfiguration=configuration
    )
    source.do("iam_role", name="Managed")
    for name in ("Wanted", "Extra"):
        source.iam.create_policy(
            PolicyName=name, PolicyDocument=_allow("s3:GetObject", f"arn:aws:s3:::{name}/*")
        )
    source.iam.attach_role_policy(RoleName="Managed", PolicyArn=source.arn("policy", "Extra"))


def _made(source: Side, target: Side) -> None:
    for side, module, options in set_up(source, target):
        side.do(module, **options)
    # Versions are a part of what has to go.
    source.iam.create_policy_version(
        PolicyArn=source.arn("policy", procedure.SOURCE_POLICY),
        PolicyDocument=_allow("s3:GetObject", "*"),
        SetAsDefault=True,
    )
    target.do("bucket", name="empty-bucket")


def _policy(source: Side, buckets: list[str], max_size: int) -> Step:
    options = {
        "name": procedure.SOURCE_POLICY,
        "side": "source",
        "source_buckets": buckets,
        "roles": [source.arn("role", procedure.SOURCE_ROLE)],
        "max_size": max_size,
    }
    return source, "policy", options


def _policy_of(buckets: list[str], max_size: int) -> Callable[[Side, Side], None]:
    def prepare(source: Side, _target: Side) -> None:
        source.do("iam_role", name=procedure.SOURCE_ROLE)
        side, module, options = _policy(source, buckets, max_size)
        side.do(module, **options)

    return prepare


def _allow(action: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


SCENARIOS = {
    "set up": Scenario(_nothing, set_up),
    "repair": Scenario(_drift, repair),
    "tear down": Scenario(_made, tear_down),
    "split a policy": Scenario(
        _policy_of(MANY, 6144), lambda source, _target: [_policy(source, MANY, PART_SIZE)]
    ),
    "join a policy": Scenario(
        _policy_of(MANY, PART_SIZE), lambda source, _target: [_policy(source, MANY[3:], 6144)]
    ),
}
