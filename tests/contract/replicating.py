# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets up replication according to the guide without the collection, and has helpers for tests of the outcome."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from tests.contract.servers import Server

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "backbeat"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
_NUMBERS = itertools.count(1)


def code_of(call: Callable[..., Any], **arguments: Any) -> tuple[int, str]:
    """The status and the error code with which the server refuses the call."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer: Any = caught.value.response
    error = answer.get("Error", answer)
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"]


def document(*grants: tuple[list[str], str]) -> str:
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in grants
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def new_bucket(server: Server, versioning: str | None = "Enabled") -> str:
    """Create a bucket, which is emptied and removed at the end. Returns its name."""
    name = server.named(f"bucket-{next(_NUMBERS)}")
    server.s3.create_bucket(Bucket=name)
    server.undo.append(lambda: _remove_bucket(server.s3, name))
    if versioning:
        server.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": versioning})
    return name


def _remove_bucket(s3: Any, name: str) -> None:
    s3.delete_bucket_replication(Bucket=name)
    for version in rows(s3, name):
        s3.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=name)


def new_role(server: Server, policy: str | None = None) -> str:
    """Create a role with this policy, or use the role of this installation. Returns the ARN."""
    if server.role_arn:
        return server.role_arn
    name = server.named(f"role-{next(_NUMBERS)}")
    arn: str = server.iam.create_role(RoleName=name, Path="/", AssumeRolePolicyDocument=TRUST)[
        "Role"
    ]["Arn"]
    server.undo.append(lambda: server.iam.delete_role(RoleName=name))
    if policy is not None:
        attach(server, name, new_policy(server, policy))
    return arn


def attach(server: Server, role: str, policy: str) -> None:
    given = {"RoleName": role, "PolicyArn": policy}
    server.iam.attach_role_policy(**given)
    server.undo.append(lambda: server.iam.detach_role_policy(**given))


def new_policy(server: Server, policy: str) -> str:
    name = server.named(f"policy-{next(_NUMBERS)}")
    made: str = server.iam.create_policy(PolicyName=name, Path="/", PolicyDocument=policy)[
        "Policy"
    ]["Arn"]
    server.undo.append(lambda: server.iam.delete_policy(PolicyArn=made))
    return made


def rows(s3: Any, bucket: str, **options: Any) -> list[dict[str, Any]]:
    """The versions and delete markers of all pages, in the order of the listing; markers have "marker": True."""
    found: list[dict[str, Any]] = []
    while True:
        page = s3.list_object_versions(Bucket=bucket, **{"MaxKeys": 1000, **options})
        mixed = [
            *page.get("Versions", ()),
            *({**one, "marker": True} for one in page.get("DeleteMarkers", ())),
        ]
        found += sorted(mixed, key=lambda one: one["Key"].encode())
        if not page.get("IsTruncated"):
            return found
        options |= {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}  # fmt: skip


@dataclass(frozen=True)
class Replicated:
    """A source bucket that replicates to a target bucket."""

    source: Server
    target: Server
    bucket: str
    target_bucket: str
    roles: str

    def put(self, key: str, body: bytes = b"content", **options: Any) -> str:
        """Put an object at the source. Returns the version id."""
        answer = self.source.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **options)
        return str(answer["VersionId"])

    def head(self, key: str, version: str | None = None) -> dict[str, Any]:
        return _head(self.source.s3, self.bucket, key, version)

    def head_target(self, key: str, version: str | None = None) -> dict[str, Any]:
        return _head(self.target.s3, self.target_bucket, key, version)

    def status(self, key: str, version: str | None = None) -> str | None:
        return self.head(key, version).get("ReplicationStatus")

    def target_status(self, key: str, version: str | None = None) -> str | None:
        try:
            return self.head_target(key, version).get("ReplicationStatus")
        except ClientError:
            return None

    def arrived(self, key: str, version: str | None = None) -> None:
        self.wait(lambda: self.status(key, version) == "COMPLETED")
        assert self.target_status(key, version) == "REPLICA"

    def wait(self, condition: Callable[[], Any]) -> Any:
        return wait(condition, self.source.patience)

    def tag(self, key: str, version: str, **tags: str) -> None:
        """Put tags on a version; without tags its own, which makes the server send it again."""
        named = {"Bucket": self.bucket, "Key": key, "VersionId": version}
        own = self.source.s3.get_object_tagging(**named)["TagSet"]
        given = [{"Key": name, "Value": value} for name, value in tags.items()]
        self.source.s3.put_object_tagging(**named, Tagging={"TagSet": given or own})

    def configure(self, **rule: Any) -> None:
        """Put the configuration, or one with a different rule."""
        whole = {
            "ID": "contract",
            "Prefix": "",
            "Status": "Enabled",
            "Destination": {"Bucket": f"arn:aws:s3:::{self.target_bucket}"},
            **rule,
        }
        self.source.s3.put_bucket_replication(
            Bucket=self.bucket,
            ReplicationConfiguration={"Role": self.roles, "Rules": [whole]},
        )

    def unconfigure(self) -> None:
        self.source.s3.delete_bucket_replication(Bucket=self.bucket)


def _head(s3: Any, bucket: str, key: str, version: str | None) -> dict[str, Any]:
    named = {"VersionId": version} if version else {}
    answer: dict[str, Any] = s3.head_object(Bucket=bucket, Key=key, **named)
    return answer


def wait(condition: Callable[[], Any], seconds: float) -> Any:
    """Wait until the condition returns a true value. Returns this value."""
    deadline = time.monotonic() + seconds
    pause = min(0.02, seconds / 100)
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(pause)
    pytest.fail(f"did not become true within {seconds} s")


def replicated(source: Server, target: Server) -> Replicated:
    """Set up replication according to the guide, with new buckets and roles."""
    bucket, target_bucket = new_bucket(source), new_bucket(target)
    read = (
        ["s3:GetObjectVersion", "s3:GetObjectVersionAcl", "s3:ReplicateObject"],
        f"arn:aws:s3:::{source.prefix}*/*",
    )
    look = (["s3:ListBucket", "s3:GetReplicationConfiguration"], f"arn:aws:s3:::{source.prefix}*")
    write = (["s3:ReplicateObject", "s3:ReplicateDelete"], f"arn:aws:s3:::{target.prefix}*/*")
    roles = f"{new_role(source, document(read, look))},{new_role(target, document(write))}"
    made = Replicated(source, target, bucket, target_bucket, roles)
    made.configure()
    return made


def signed(
    server: Server,
    path: str,
    method: str = "GET",
    body: bytes = b"",
    keys: Any = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes, dict[str, str]]:
    """Send a signed request to the S3 endpoint. Returns status, body and headers."""
    request = AWSRequest(method, f"{server.s3_url}{path}", data=body, headers=headers or {})
    given = keys or server.keys
    if given:
        credentials = Credentials(given["access_key"], given["secret_key"])
        S3SigV4Auth(credentials, "s3", "us-east-1").add_auth(request)
    answer = URLLib3Session(timeout=10).send(request.prepare())
    found = {name.lower(): value for name, value in answer.headers.items()}
    return answer.status_code, answer.content, found
