# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedures in which the tests cause faults. Each has its own initial state."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.integration.support import procedure
from tests.integration.support.modules import Side

Step = tuple[Side, str, dict[str, Any]]
GUIDE = "set up"
#: So many buckets that their policy is split into several parts of this size.
MANY_BUCKETS = [f"bucket-{number:02}" for number in range(12)]
PART_SIZE = 600
BUCKET = procedure.SOURCE_BUCKET
POLICY = procedure.SOURCE_POLICY
ROLE = procedure.SOURCE_ROLE
ABSENT = {"state": "absent"}


@dataclass(frozen=True)
class Scenario:
    """prepare: creates the initial state; steps: the procedure itself."""

    prepare: Callable[[Side, Side], None]
    steps: Callable[[Side, Side], list[Step]]


def set_up(source: Side, target: Side) -> list[Step]:
    """The guide's procedure, in the order of the role's steps, with a check of an object at the end."""
    plain = [step[1:] for step in procedure.steps(source, target)]
    infos: list[Step] = [
        (source, "iam_role_info", {"name": ROLE, "include_policies": False}),
        (target, "iam_role_info", {"name": procedure.TARGET_ROLE, "include_policies": False}),
    ]
    check = {
        "bucket": BUCKET,
        "key": procedure.KEY,
        "wait_max_delay": 0.05,
        "wait_timeout": 20.0,
        "target": {"bucket": procedure.TARGET_BUCKET, "s3": target.connection("s3")},
    }
    return [*plain[:2], *infos, *plain[2:], (source, "object_check", check)]


def _policy(buckets: list[str], max_size: int = 6144) -> Callable[[Side, Side], list[Step]]:
    """The policy of the source role for these buckets."""

    def steps(source: Side, _target: Side) -> list[Step]:
        options = {
            "name": POLICY,
            "side": "source",
            "source_buckets": buckets,
            "roles": [source.arn("role", ROLE)],
            "max_size": max_size,
        }
        return [(source, "policy", options)]

    return steps


def _repair_role(source: Side, _target: Side) -> list[Step]:
    wanted = {"managed_policies": [source.arn("policy", "Wanted")], "purge_policies": True}
    return [(source, "iam_role", {"name": ROLE, **wanted})]


def _configure(source: Side, target: Side) -> list[Step]:
    return [step[1:] for step in procedure.steps(source, target) if step[0] == "replication"]


def _change_object(source: Side, _target: Side) -> list[Step]:
    where = {"bucket": BUCKET, "key": "k"}
    return [
        (source, "object", {**where, "content": "new"}),
        (source, "object", {**where, "tags": {"a": "b"}}),
    ]


def _remove_configuration(source: Side, _target: Side) -> list[Step]:
    return [(source, "bucket_replication", {"bucket": BUCKET, **ABSENT})]


def _remove_objects(source: Side, _target: Side) -> list[Step]:
    return [
        (source, "object", {"bucket": BUCKET, "key": "k", **ABSENT}),
        (source, "bucket", {"name": "empty-bucket", **ABSENT}),
    ]


def _remove_iam(source: Side, _target: Side) -> list[Step]:
    return [
        (source, "policy", {"name": POLICY, **ABSENT}),
        (source, "iam_role", {"name": ROLE, **ABSENT}),
    ]


def _nothing(_source: Side, _target: Side) -> None:
    """An empty environment."""


def _a_role(source: Side, _target: Side) -> None:
    """A role that trusts another service, with an extra policy attached and a required one missing."""
    trust = {"Effect": "Allow", "Principal": {"Service": "other"}, "Action": "sts:AssumeRole"}
    source.iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=_document(trust))
    for name in ("Wanted", "Extra"):
        source.iam.create_policy(PolicyName=name, PolicyDocument=_allow("s3:GetObject", name))
    source.iam.attach_role_policy(RoleName=ROLE, PolicyArn=source.arn("policy", "Extra"))


def _a_policy(source: Side, target: Side) -> None:
    """A policy with the maximum of five versions. The default one allows a part of what is wanted, and more."""
    _a_role(source, target)
    source.iam.create_policy(PolicyName=POLICY, PolicyDocument=_allow("s3:PutObject", BUCKET))
    arn = source.arn("policy", POLICY)
    for action in ("s3:GetObject", "s3:DeleteObject", "s3:PutObjectAcl", "s3:GetObjectVersion"):
        source.iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=_allow(action, BUCKET), SetAsDefault=True
        )
    source.iam.attach_role_policy(RoleName=ROLE, PolicyArn=arn)


def _parts_of(max_size: int) -> Callable[[Side, Side], None]:
    """The policy for many buckets in parts of this size."""

    def prepare(source: Side, target: Side) -> None:
        _a_role(source, target)
        for side, module, options in _policy(MANY_BUCKETS, max_size)(source, target):
            side.do(module, **options)

    return prepare


def _buckets(source: Side, target: Side) -> None:
    """Buckets whose versioning was suspended."""
    for side, bucket in ((source, BUCKET), (target, procedure.TARGET_BUCKET)):
        side.s3.create_bucket(Bucket=bucket)
        side.s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
        )


def _a_configuration(source: Side, target: Side) -> None:
    """A configuration whose rule was disabled."""
    source.do("bucket", name=BUCKET, versioning="enabled")
    rule = {
        "Prefix": "",
        "Status": "Disabled",
        "Destination": {"Bucket": f"arn:aws:s3:::{procedure.TARGET_BUCKET}"},
    }
    roles = (source.arn("role", ROLE), target.arn("role", procedure.TARGET_ROLE))
    source.s3.put_bucket_replication(
        Bucket=BUCKET,
        ReplicationConfiguration={"Role": ",".join(roles), "Rules": [rule]},
    )


def _objects(source: Side, _target: Side) -> None:
    for bucket in (BUCKET, "empty-bucket"):
        source.do("bucket", name=bucket, versioning="enabled")
    source.s3.put_object(Bucket=BUCKET, Key="k", Body=b"old", Tagging="kept=yes")


def _allow(action: str, bucket: str) -> str:
    resource = f"arn:aws:s3:::{bucket}/*"
    return _document({"Effect": "Allow", "Action": action, "Resource": resource})


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


SCENARIOS = {
    GUIDE: Scenario(_nothing, set_up),
    "repair a role": Scenario(_a_role, _repair_role),
    "change a policy": Scenario(_a_policy, _policy([BUCKET])),
    "split a policy": Scenario(_parts_of(6144), _policy(MANY_BUCKETS, PART_SIZE)),
    "merge a policy": Scenario(_parts_of(PART_SIZE), _policy(MANY_BUCKETS[3:])),
    "repair buckets": Scenario(
        _buckets,
        lambda source, target: [
            (source, "bucket", {"name": BUCKET, "versioning": "enabled"}),
            (target, "bucket", {"name": procedure.TARGET_BUCKET, "versioning": "enabled"}),
        ],
    ),
    "repair a configuration": Scenario(_a_configuration, _configure),
    "change an object": Scenario(_objects, _change_object),
    "remove a configuration": Scenario(_a_configuration, _remove_configuration),
    "remove roles and policies": Scenario(_a_policy, _remove_iam),
    "remove objects and buckets": Scenario(_objects, _remove_objects),
}
