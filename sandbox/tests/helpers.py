# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions that several tests of the sandbox share."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from sandbox import Sandbox, SandboxEnvironment

DATA = Path(__file__).parents[1] / "data"
TRUST = (DATA / "backbeat-role-trust-policy.json").read_text()
GUIDE_POLICY = (DATA / "S3-role-permissions-policy.json").read_text()
#: Replication configurations and the responses that were recorded for them.
RECORDED = yaml.safe_load((DATA / "put-bucket-replication.yml").read_text())
SOURCE, TARGET = "source-bucket", "target-bucket"
SOURCE_ROLE, TARGET_ROLE = "SourceRoleForS3Replication", "TargetRoleForS3Replication"
#: Many times the replicator's delay of 0.02 s: what has not happened by then does not happen.
MANY_DELAYS = 0.25


def allow(*grants: tuple[list[str], str]) -> str:
    """A policy document that allows actions on resources."""
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": resource} for actions, resource in grants
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


SOURCE_POLICY = allow(
    (["s3:GetReplicationConfiguration"], f"arn:aws:s3:::{SOURCE}"),
    (["s3:GetObjectVersion", "s3:ReplicateObject"], f"arn:aws:s3:::{SOURCE}/*"),
)
TARGET_POLICY = allow((["s3:ReplicateObject", "s3:ReplicateDelete"], f"arn:aws:s3:::{TARGET}/*"))


def make_role(side: SandboxEnvironment, name: str, policy: str | None, trust: str = TRUST) -> str:
    """Create a role with one policy attached, or with none; returns the role's ARN."""
    iam = side.client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if policy is not None:
        made = iam.create_policy(PolicyName=f"{name}-policy", PolicyDocument=policy)
        iam.attach_role_policy(RoleName=name, PolicyArn=made["Policy"]["Arn"])
    return arn


def make_bucket(side: SandboxEnvironment, name: str, versioning: str | None = "Enabled") -> Any:
    """Create a bucket; returns the S3 client."""
    s3 = side.client("s3")
    s3.create_bucket(Bucket=name)
    if versioning:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": versioning})
    return s3


def roles_for(sandbox: Sandbox) -> str:
    """The Role of a replication configuration: both roles' ARNs, also if the roles do not exist."""
    return ",".join(
        f"arn:aws:iam::{side.account_id}:role/{name}"
        for side, name in ((sandbox.source, SOURCE_ROLE), (sandbox.target, TARGET_ROLE))
    )


def configure(
    s3: Any, role: str, bucket: str = SOURCE, target: str = TARGET, **rule: Any
) -> dict[str, Any]:
    """Put a replication configuration with one rule; returns the configuration."""
    storage = rule.pop("StorageClass", None)
    destination = {"Bucket": f"arn:aws:s3:::{target}"}
    if storage:
        destination["StorageClass"] = storage
    full = {"Prefix": "", "Status": "Enabled", "Destination": destination, **rule}
    configuration = {"Role": role, "Rules": [full]}
    s3.put_bucket_replication(Bucket=bucket, ReplicationConfiguration=configuration)
    return configuration


def set_up(
    sandbox: Sandbox,
    source_policy: str | None = SOURCE_POLICY,
    target_policy: str | None = TARGET_POLICY,
    **rule: Any,
) -> tuple[Any, Any]:
    """Run the whole procedure of the guide; returns the S3 clients of source and target."""
    make_role(sandbox.source, SOURCE_ROLE, source_policy)
    make_role(sandbox.target, TARGET_ROLE, target_policy)
    s3 = make_bucket(sandbox.source, SOURCE)
    target = make_bucket(sandbox.target, TARGET)
    configure(s3, roles_for(sandbox), **rule)
    return s3, target


def status(s3: Any, key: str, bucket: str = SOURCE, version: str | None = None) -> str | None:
    named = {"VersionId": version} if version else {}
    found: str | None = s3.head_object(Bucket=bucket, Key=key, **named).get("ReplicationStatus")
    return found


def wait_for(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait until the condition is true; returns its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.005)
    pytest.fail(f"did not become true within {seconds} s")


def wait_for_status(
    s3: Any, key: str, wanted: str, bucket: str = SOURCE, version: str | None = None
) -> None:
    wait_for(lambda: status(s3, key, bucket, version) == wanted)


def with_md5(s3: Any) -> Any:
    """Make the client send Content-MD5 with DeleteObjects, which this server requires."""

    def add(params: dict[str, Any], **_event: Any) -> None:
        digest = hashlib.md5(params["body"], usedforsecurity=False).digest()
        params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()

    s3.meta.events.register("before-call.s3.DeleteObjects", add)
    return s3


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[int, str, str]:
    """The status, code and message with which the server refuses the call."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer: Any = caught.value.response
    # An IAM client puts the code of an S3 error at the top of the response.
    error = answer.get("Error", answer)
    return answer["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def ask(
    side: SandboxEnvironment, path: str, method: str = "GET", body: Any = None, keys: Any = None
) -> tuple[int, Any]:
    """Send a signed request to /_/backbeat/<path>; returns status and JSON."""
    data = b"" if body is None else json.dumps(body).encode()
    request = AWSRequest(method, f"{side.s3_url}/_/backbeat/{path}", data=data)
    keys = keys or {"access_key": side.access_key, "secret_key": side.secret_key}
    signer = S3SigV4Auth(Credentials(keys["access_key"], keys["secret_key"]), "s3", "us-east-1")
    signer.add_auth(request)
    prepared = request.prepare()
    answer = requests.request(
        method, prepared.url, data=data, headers=dict(prepared.headers), timeout=5
    )
    is_json = answer.headers["Content-Type"] == "application/json"
    return answer.status_code, answer.json() if is_json else answer.text
