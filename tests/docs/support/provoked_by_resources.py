# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes the messages about roles, policies, buckets, configurations and objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ansible_collections.scality.backbeat.plugins.module_utils._clients import (
    s3_buckets,
    s3_objects,
)
from tests.docs.support.scene import Scene
from tests.integration.support.bad_input import BUCKET, GOOD, LEFT_OUT, ROLE, run_at
from tests.integration.support.modules import Result
from tests.integration.support.procedure import KEY, SOURCE_BUCKET, TARGET_BUCKET, set_up

A, B = f"{ROLE}A", f"{ROLE}B"
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{'x' * 60}/*"}
ONE: dict[str, Any] = {"bucket": SOURCE_BUCKET, "key": KEY, "wait": False, "retry_timeout": 0}
BEYOND_V1 = {
    "Role": A,
    "Rules": [{"Filter": {}, "Destination": {"Bucket": "arn:aws:s3:::other-bucket"}}],
}


def roles_and_policies(scene: Scene) -> Iterator[Result]:
    source = scene.source
    source.do("iam_role", name="Reader", description="one")
    yield run_at(source, "iam_role", path="/other/")
    yield run_at(source, "iam_role", description="another")
    yield run_at(source, "iam_role", managed_policies=["Reading"])
    yield run_at(source, "iam_role", assume_role_policy_document='{"Version":')
    source.do("policy", **GOOD["policy"])
    yield run_at(source, "policy", path="/other/")
    yield run_at(source, "policy", side=LEFT_OUT)
    yield run_at(source, "policy", side="target")
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": [ALLOW]}
    with_document: dict[str, Any] = {
        "side": LEFT_OUT,
        "source_buckets": LEFT_OUT,
        "policy": document,
    }
    yield run_at(source, "policy", **with_document, max_size=100)
    source.do("policy", name="Reading-2", policy=document)
    many: dict[str, Any] = {
        "source_buckets": [f"bucket-{number}" for number in range(20)],
        "max_size": 700,
    }
    yield run_at(source, "policy", **many)
    detach_all = {"roles": None, "source_buckets": None, "target_buckets": None}
    source.iam.create_user(UserName="other-user")
    source.iam.attach_user_policy(
        UserName="other-user", PolicyArn=source.arn("policy", "Reading-2")
    )
    yield run_at(source, "policy", name="Reading-2", state="absent", **detach_all)


def buckets_and_objects(scene: Scene) -> Iterator[Result]:
    source = scene.source
    yield run_at(source, "bucket", name="Source_Bucket")
    yield run_at(source, "bucket", name=None)
    yield run_at(source, "object", key="line\nend")
    yield run_at(source, "object", src="/no/such/file")
    theirs = source.side.client("s3", source.side.other)
    theirs.create_bucket(Bucket="their-bucket")
    yield run_at(source, "bucket", name="their-bucket")
    source.do("bucket", name=BUCKET, versioning="enabled", location="us-east-1")
    yield run_at(source, "bucket", location="eu-west-1")
    source.do("object", bucket=BUCKET, key="k", content="x")
    yield run_at(source, "object", metadata={"a": "b"})
    yield run_at(source, "bucket", state="absent")
    source.do("bucket_replication", **GOOD["bucket_replication"])
    yield run_at(source, "bucket", versioning="suspended")


def configurations(scene: Scene) -> Iterator[Result]:
    source = scene.source

    def wanted(**options: Any) -> Result:
        return run_at(source, "bucket_replication", **options)

    def rule(**options: Any) -> list[dict[str, Any]]:
        return [{"prefix": "", **options}]

    bare: dict[str, Any] = {"source_role": LEFT_OUT, "target_role": LEFT_OUT}
    yield source.run("bucket_replication", check_mode=True, **GOOD["bucket_replication"])
    source.do("bucket", name=BUCKET)
    yield wanted()
    source.do("bucket", name=BUCKET, versioning="enabled")
    yield wanted(**bare)
    yield wanted(target_bucket=LEFT_OUT)
    yield wanted(rules=[{"prefix": "a/"}, {"prefix": "a/b"}])
    yield wanted(rules=[{"prefix": "a/"}, {"prefix": "a/"}])
    yield wanted(rules=[])
    yield wanted(rules=[{}])
    yield wanted(rules=[{"id": "new"}])
    yield wanted(source_role=A.replace("role", "user"))
    yield wanted(source_role=A.replace("123456789012", "<account>"))
    yield wanted(rules=rule(sites=[{"name": "node7"}]))
    yield wanted(rules=rule(sites=[{"name": "node7"}]), known_sites={"node6": "scality"})
    yield wanted(**bare, role=A, rules=rule(sites=[{"name": "node6"}]))
    yield wanted(**bare, role=A, known_sites={"node6": "scality"})
    yield wanted(known_sites={"cloud": "cloud"})
    source.do("bucket_replication", **GOOD["bucket_replication"], rules=rule(id="all"))
    yield wanted(rules=rule(id="other"))
    yield wanted(target_bucket="third-bucket")


def changed_by_others(scene: Scene) -> Iterator[Result]:
    source = scene.source
    source.do("bucket", name=BUCKET, versioning="enabled")
    put = s3_buckets.put_replication

    def put_then_change(api: Any, bucket: str, configuration: Any) -> None:
        put(api, bucket, configuration)
        (rule,) = configuration["Rules"]
        put(api, bucket, {**configuration, "Rules": [{**rule, "Prefix": "other/"}]})

    with scene.monkeypatch.context() as patch:
        patch.setattr(s3_buckets, "put_replication", put_then_change)
        yield run_at(source, "bucket_replication")
    for stored in (lambda api, bucket: BEYOND_V1, lambda api, bucket: 1 / 0):
        with scene.monkeypatch.context() as patch:
            patch.setattr(s3_buckets, "replication", stored)
            yield run_at(source, "bucket_replication")


def pending(scene: Scene) -> Iterator[Result]:
    source = scene.source
    set_up(source, scene.target, but=("object",))
    source.sandbox.settings(paused=True)
    source.do("object", bucket=SOURCE_BUCKET, key=KEY)
    change: dict[str, Any] = {
        "bucket": SOURCE_BUCKET,
        "source_role": A,
        "target_role": B,
        "purge_rules": True,
    }
    everything: dict[str, Any] = {"rules": [{"prefix": ""}], "target_bucket": TARGET_BUCKET}
    yield run_at(source, "bucket_replication", **change, **everything)
    source.sandbox.fail("ListObjectVersions", status=403, code="AccessDenied")
    yield run_at(source, "bucket_replication", **change, **everything)
    yield source.run("object_check", **ONE)
    yield run_at(source, "bucket_replication", **change, **everything, allow_pending_loss=True)


def no_status(scene: Scene) -> Iterator[Result]:
    source = scene.source
    set_up(source, scene.target, but=("replication", "object"))
    yield source.run("object_check", **ONE)
    source.do("object", bucket=SOURCE_BUCKET, key=KEY)
    yield source.run("object_check", **ONE)
    yield source.run("object_check", **ONE, status=["REPLICA"])
    set_up(source, scene.target, rules=[{"prefix": "other/"}])
    yield source.run("object_check", **ONE)
    set_up(source, scene.target, rules=[{"prefix": "o", "enabled": False}])
    source.do("bucket_replication", bucket=SOURCE_BUCKET, **ONLY_DISABLED)
    yield source.run("object_check", **ONE)
    source.do("bucket_replication", bucket=SOURCE_BUCKET, rules=[{"prefix": "", "enabled": True}])
    yield source.run("object_check", **ONE)


ONLY_DISABLED: dict[str, Any] = {"rules": [{"prefix": "", "enabled": False}], "purge_rules": True}


def not_arrived(scene: Scene) -> Iterator[Result]:
    source, target = scene.source, scene.target
    set_up(source, target)
    there: dict[str, Any] = {"target": {"s3": target.connection("s3"), "bucket": TARGET_BUCKET}}
    with_wait = {**ONE, "wait": True, "wait_timeout": 20}
    version = source.do("object_check", **with_wait, **there)["object"]["version_id"]
    with scene.monkeypatch.context() as patch:
        read_object = s3_objects.head_object
        patch.setattr(s3_objects, "head_object", _another_size(read_object, target.side.s3_url))
        yield source.run("object_check", **ONE, **there)
    # If source and target are the same bucket, the version exists and is not a replica.
    itself: dict[str, Any] = {"target": {"s3": source.connection("s3"), "bucket": SOURCE_BUCKET}}
    yield source.run("object_check", **ONE, **itself)
    target.s3.delete_object(Bucket=TARGET_BUCKET, Key=KEY, VersionId=version)
    yield source.run("object_check", **ONE, **there)
    target.do("bucket", name=TARGET_BUCKET, versioning="suspended")
    yield source.run("object_check", **ONE, **there)
    for found in target.s3.list_object_versions(Bucket=TARGET_BUCKET).get("Versions", []):
        target.s3.delete_object(Bucket=TARGET_BUCKET, Key=KEY, VersionId=found["VersionId"])
    target.do("bucket", name=TARGET_BUCKET, state="absent")
    source.do("object", bucket=SOURCE_BUCKET, key=KEY, content="new")
    yield source.run("object_check", **with_wait, **there)


def _another_size(read_object: Any, url: str) -> Any:
    """A replacement for the read of an object, which is one byte larger on the server with this URL."""

    def read(api: Any, *arguments: Any) -> Any:
        head = read_object(api, *arguments)
        return replace(head, size=head.size + 1) if head and api.endpoint == url else head

    return read


BY_RESOURCES = (
    roles_and_policies,
    buckets_and_objects,
    configurations,
    changed_by_others,
    pending,
    no_status,
    not_arrived,
)
