# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other settings of buckets: object lock, policies, lifecycle, notifications; and deleting many objects at once."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.replicating import code_of, new_bucket, signed
from tests.contract.servers import Server


def statement(bucket: str, **differences: Any) -> dict[str, Any]:
    return {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:PutObject"],
        "Resource": f"arn:aws:s3:::{bucket}/*",
        **differences,
    }


def put_policy(server: Server, bucket: str, *statements: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    server.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document, indent=2))


@pytest.mark.contract("bucket settings")
def test_object_lock_fixes_the_versioning(server: Server) -> None:
    name = server.named("locked")
    server.s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    server.undo.append(lambda: server.s3.delete_bucket(Bucket=name))
    assert server.s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    put = server.s3.put_bucket_versioning
    for status in ("Enabled", "Suspended"):
        refused = code_of(put, Bucket=name, VersioningConfiguration={"Status": status})
        assert refused == (409, "InvalidBucketState")


@pytest.mark.contract("bucket settings")
def test_a_default_retention_keeps_versions(server: Server) -> None:
    if server.sandbox is None:
        pytest.skip("what is retained could not be removed from real servers")
    name = server.named("retained")
    s3 = server.s3
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    s3.put_object_lock_configuration(
        Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    found = s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
    assert found == {"ObjectLockEnabled": "Enabled", "Rule": rule}
    version = s3.put_object(Bucket=name, Key="k", Body=b"")["VersionId"]
    assert s3.head_object(Bucket=name, Key="k")["ObjectLockMode"] == "COMPLIANCE"
    refused = code_of(s3.delete_object, Bucket=name, Key="k", VersionId=version)
    assert refused == (403, "AccessDenied")
    s3.delete_object(Bucket=name, Key="k")
    other = new_bucket(server)
    missing = code_of(s3.get_object_lock_configuration, Bucket=other)
    assert missing == (404, "ObjectLockConfigurationNotFoundError")


@pytest.mark.contract("bucket settings")
def test_a_deny_does_not_apply_to_the_owners_keys(server: Server) -> None:
    name = new_bucket(server)
    own = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    put_policy(server, name, statement(name, Action="s3:*", Resource=own))
    server.s3.put_object(Bucket=name, Key="k", Body=b"")
    if server.other is not None:
        refused = code_of(server.other.get_object, Bucket=name, Key="k")
        assert refused == (403, "AccessDenied")


@pytest.mark.contract("bucket settings")
@pytest.mark.parametrize(
    "resource", ["*", "arn:aws:s3:::*", "{}*", "{}-other", "{}-other/*", "{}-*/*"]
)
def test_a_policy_names_its_own_bucket(server: Server, resource: str) -> None:
    """A Resource must be exactly the bucket, or keys in it."""
    name = new_bucket(server)
    own = f"arn:aws:s3:::{name}"
    statements = [statement(name, Action="s3:*", Resource=[f"{own}/*", resource.format(own)])]
    refused = message_of(server, name, *statements)
    assert refused == ("MalformedPolicy", "Policy has invalid resource")
    for valid in (own, f"{own}/logs/*"):
        put_policy(server, name, statement(name, Action="s3:*", Resource=valid))


@pytest.mark.contract("bucket settings")
@pytest.mark.parametrize(
    ("action", "resource"),
    [("s3:PutObject", "{}"), ("s3:ListBucket", "{}/*"), ("s3:PutObject", "*")],
)
def test_actions_must_match_their_resources(server: Server, action: str, resource: str) -> None:
    """The policy is only refused if no statement has a matching action and resource."""
    name = new_bucket(server)
    unfit = statement(name, Action=action, Resource=resource.format(f"arn:aws:s3:::{name}"))
    assert message_of(server, name, unfit) == (
        "MalformedPolicy", "Action does not apply to any resource(s) in statement",
    )  # fmt: skip
    if resource != "*":
        put_policy(server, name, unfit, statement(name))


def message_of(server: Server, bucket: str, *statements: dict[str, Any]) -> tuple[str, str]:
    """The code and the message with which the policy is refused."""
    with pytest.raises(ClientError) as caught:
        put_policy(server, bucket, *statements)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.mark.contract("bucket settings")
def test_a_policy_is_returned_compact(server: Server) -> None:
    name = new_bucket(server)
    one = statement(name)
    put_policy(server, name, one)
    stored = server.s3.get_bucket_policy(Bucket=name)["Policy"]
    assert json.loads(stored)["Statement"] == [one]
    assert ": " not in stored
    assert "\n" not in stored


@pytest.mark.contract("bucket settings")
def test_a_policy_needs_a_principal(server: Server) -> None:
    """NotPrincipal does not replace it; in addition to it, NotPrincipal is accepted and stored."""
    name = new_bucket(server)
    both = {**statement(name), "NotPrincipal": "*"}
    without = {element: value for element, value in both.items() if element != "Principal"}
    refused = message_of(server, name, without)
    assert refused == ("MalformedPolicy", "This policy contains invalid Json")
    assert code_of(server.s3.get_bucket_policy, Bucket=name) == (404, "NoSuchBucketPolicy")
    put_policy(server, name, both)
    stored = json.loads(server.s3.get_bucket_policy(Bucket=name)["Policy"])
    assert stored["Statement"] == [both]


@pytest.mark.contract("bucket settings")
def test_lifecycle_and_notification_can_be_read(server: Server) -> None:
    name = new_bucket(server)
    s3 = server.s3
    missing = code_of(s3.get_bucket_lifecycle_configuration, Bucket=name)
    assert missing == (404, "NoSuchLifecycleConfiguration")
    found = s3.get_bucket_notification_configuration(Bucket=name)
    assert set(found) == {"ResponseMetadata"}
    rule = {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {"Prefix": "logs/"},
        "Expiration": {"Days": 30},
    }
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    stored = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert [(one["ID"], one["Expiration"]) for one in stored] == [("old", {"Days": 30})]


@pytest.mark.contract("bucket settings")
def test_a_notification_is_kept(server: Server) -> None:
    if server.sandbox is None:
        pytest.skip("its destination has to be set up on real servers")
    name = new_bucket(server)
    queue = {
        "Id": "tagging",
        "QueueArn": "arn:scality:bucketnotif:::target1",
        "Events": ["s3:ObjectTagging:*"],
    }
    server.s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"QueueConfigurations": [queue]}
    )
    found = server.s3.get_bucket_notification_configuration(Bucket=name)
    assert found["QueueConfigurations"] == [queue]


@pytest.mark.contract("bucket settings")
def test_deleting_many_needs_content_md5(server: Server) -> None:
    """Recent clients send another checksum, whatever their configuration is."""
    name = new_bucket(server)
    for key in ("a", "b"):
        server.s3.put_object(Bucket=name, Key=key, Body=b"")
    objects = {"Objects": [{"Key": "a"}, {"Key": "b"}]}
    refused = code_of(server.s3.delete_objects, Bucket=name, Delete=objects)
    assert refused == (400, "BadDigest")
    body = b"<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>"
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    headers = {"Content-MD5": digest}
    status, answer, _ = signed(server, f"/{name}?delete=", "POST", body, headers=headers)
    assert status == 200, answer
    assert "Contents" not in server.s3.list_objects_v2(Bucket=name)
