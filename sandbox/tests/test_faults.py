# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of fault in every kind of call, and its entry in the log."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from sandbox import Sandbox, SandboxError
from sandbox.tests.helpers import SOURCE, TRUST, make_bucket, make_role, refusal, wait_for

pytestmark = pytest.mark.sandbox
BROKEN = (ConnectionClosedError, HTTPClientError)


def create_role(sandbox: Sandbox, **config: Any) -> Any:
    iam = sandbox.source.client("iam", **config)
    return iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)


def role_exists(sandbox: Sandbox) -> bool:
    roles = sandbox.source.client("iam").list_roles()["Roles"]
    return [role["RoleName"] for role in roles] == ["r"]


@pytest.mark.parametrize(
    ("how", "details", "answer"),
    [
        ("error", {}, (500, "InternalError")),
        ("error", {"status": 503}, (503, "SlowDown")),
        ("error", {"status": 409, "code": "OperationAborted"}, (409, "OperationAborted")),
        ("error-after", {"status": 500}, (500, "InternalError")),
    ],
)
@pytest.mark.parametrize("service", ["s3", "iam"])
def test_error_response_with_and_without_effect(
    sandbox: Sandbox, service: str, how: str, details: dict[str, Any], answer: tuple[int, str]
) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    operation = "CreateRole" if service == "iam" else "PutObject"
    sandbox.fail(operation=operation, how=how, **details)
    iam = sandbox.source.client("iam")
    calls = {
        "iam": lambda: refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=TRUST),
        "s3": lambda: refusal(s3.put_object, Bucket=SOURCE, Key="k"),
    }
    assert calls[service]()[:2] == answer
    done = {
        "iam": lambda: role_exists(sandbox),
        "s3": lambda: "Contents" in s3.list_objects_v2(Bucket=SOURCE),
    }
    assert done[service]() is (how == "error-after")
    call = sandbox.calls(operation=operation)[0]
    assert (call["status"], call["error"], call["fault"]) == (*answer, how)


@pytest.mark.parametrize("how", ["reset", "reset-after", "truncated", "no-http"])
@pytest.mark.parametrize("service", ["s3", "iam"])
def test_broken_connection_with_and_without_effect(
    sandbox: Sandbox, service: str, how: str
) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    operation = "CreateRole" if service == "iam" else "PutBucketTagging"
    sandbox.fail(operation=operation, how=how)
    tags = {"TagSet": [{"Key": "a", "Value": "b"}]}
    calls = {
        "iam": lambda: create_role(sandbox),
        "s3": lambda: s3.put_bucket_tagging(Bucket=SOURCE, Tagging=tags),
    }
    # botocore does not detect that a body is too short, but its parser fails.
    with pytest.raises((*BROKEN, ResponseParserError)):
        calls[service]()
    done = {"iam": lambda: role_exists(sandbox), "s3": lambda: has_tags(s3)}
    assert done[service]() is (how != "reset")
    call = sandbox.calls(operation=operation)[0]
    assert (call["status"], call["fault"]) == (None, how)


def has_tags(s3: Any) -> bool:
    try:
        return bool(s3.get_bucket_tagging(Bucket=SOURCE)["TagSet"])
    except s3.exceptions.from_code("NoSuchTagSet"):
        return False


def test_broken_connections_of_head_and_get_requests(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    for call in (s3.head_bucket, s3.get_bucket_versioning):
        for how in ("reset", "reset-after", "truncated", "no-http"):
            sandbox.fail(how=how)
            # botocore reports a truncated S3 response as a 500.
            with pytest.raises((*BROKEN, ClientError)):
                call(Bucket=SOURCE)
            assert call(Bucket=SOURCE)


@pytest.mark.parametrize("how", ["hang", "hang-after"])
def test_hanging_call_with_and_without_effect(sandbox: Sandbox, how: str) -> None:
    sandbox.fail(operation="CreateRole", how=how, seconds=20)
    started = time.monotonic()
    with pytest.raises(ReadTimeoutError):
        create_role(sandbox, read_timeout=0.1)
    assert time.monotonic() - started < 5
    assert role_exists(sandbox) is (how == "hang-after")


def test_hanging_call_ends_when_faults_are_cleared(sandbox: Sandbox) -> None:
    sandbox.fail(operation="CreateRole", how="hang", seconds=60)
    failures: list[Exception] = []

    def call() -> None:
        try:
            create_role(sandbox)
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    assert sandbox.wait_for_call(operation="CreateRole")["status"] is None
    sandbox.clear_faults()
    thread.join(5)
    assert isinstance(failures[0], BROKEN)


@pytest.mark.parametrize(("how", "status"), [("html", 502), ("garbage", 200)])
def test_invalid_response_is_sent(sandbox: Sandbox, how: str, status: int) -> None:
    make_role(sandbox.source, "r", None)
    s3 = make_bucket(sandbox.source, SOURCE)
    sandbox.fail(how=how, times=0, side="source")
    iam = sandbox.source.client("iam")
    for call in (iam.list_roles, s3.list_buckets):
        with pytest.raises((ResponseParserError, ClientError)):
            call()
    assert {one["status"] for one in sandbox.calls(fault=how)} == {status}
    assert refusal_of_head(s3, how) == (status if status >= 400 else None)


def refusal_of_head(s3: Any, _how: str) -> int | None:
    try:
        s3.head_bucket(Bucket=SOURCE)
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    return None


def test_html_page_with_status_200_is_sent(sandbox: Sandbox) -> None:
    """botocore parses an HTML page with status 200 as a response without content (S3) or without fields (IAM)."""
    sandbox.fail(how="html", status=200, times=0)
    with pytest.raises(KeyError):
        sandbox.source.client("iam").list_roles()
    assert "Buckets" not in sandbox.source.client("s3").list_buckets()


def test_fault_applies_to_the_nth_calls_of_an_operation_and_side(sandbox: Sandbox) -> None:
    iam = sandbox.source.client("iam")
    sandbox.fail(operation="ListRoles", nth=2, times=2, side="source")

    def outcome(client: Any) -> int:
        try:
            client.list_roles()
        except ClientError:
            return 500
        return 200

    assert outcome(sandbox.target.client("iam")) == 200
    iam.list_policies()
    assert [outcome(iam) for _ in range(4)] == [200, 500, 500, 200]


def test_fault_applies_to_a_bucket_and_to_writes(sandbox: Sandbox) -> None:
    s3 = sandbox.source.client("s3")
    sandbox.fail(bucket="second", write=True)
    s3.create_bucket(Bucket="first")
    assert refusal(s3.head_bucket, Bucket="second")[0] == 404
    assert refusal(s3.create_bucket, Bucket="second")[0] == 500
    s3.create_bucket(Bucket="second")


def test_every_call_of_a_procedure_can_fail(sandbox: Sandbox) -> None:
    """For each n, the nth call of any kind fails."""
    iam = sandbox.source.client("iam")

    def procedure() -> None:
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
        iam.get_role(RoleName="r")
        iam.delete_role(RoleName="r")

    failed = []
    for nth in (1, 2, 3, 4):
        sandbox.reset()
        sandbox.fail(nth=nth, side="source")
        try:
            procedure()
        except ClientError as error:
            failed.append(error.operation_name)
    assert failed == ["CreateRole", "GetRole", "DeleteRole"]


def test_outage_refuses_connections_until_it_ends(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    iam = sandbox.source.client("iam")
    sandbox.outage("source", "s3")
    with pytest.raises(EndpointConnectionError):
        s3.list_buckets()
    iam.list_roles()
    sandbox.target.client("s3").list_buckets()
    sandbox.outage("source", "s3", down=False)
    assert len(s3.list_buckets()["Buckets"]) == 1
    sandbox.outage()
    with pytest.raises(EndpointConnectionError):
        iam.list_roles()
    sandbox.reset()
    assert iam.list_roles()["Roles"] == []


def test_refused_writes_change_nothing_and_are_logged(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    iam = sandbox.target.client("iam")
    sandbox.clear_calls()
    sandbox.refuse_writes()
    refused = (500, "SandboxRefusesWrites")
    assert refusal(s3.put_object, Bucket=SOURCE, Key="k")[:2] == refused
    assert refusal(s3.delete_bucket, Bucket=SOURCE)[:2] == refused
    assert refusal(s3.delete_bucket_replication, Bucket=SOURCE)[:2] == refused
    created = refusal(iam.create_role, RoleName="r", AssumeRolePolicyDocument=TRUST)
    assert created[:2] == refused
    s3.head_bucket(Bucket=SOURCE)
    iam.list_roles()
    names = [call["operation"] for call in sandbox.calls(refused=True)]
    assert names == ["PutObject", "DeleteBucket", "DeleteBucketReplication", "CreateRole"]
    assert all(call["write"] for call in sandbox.calls(refused=True))
    sandbox.refuse_writes(False)
    assert s3.delete_bucket(Bucket=SOURCE)


def test_calls_are_logged_and_can_be_filtered(sandbox: Sandbox) -> None:
    s3 = make_bucket(sandbox.source, SOURCE)
    s3.put_object(Bucket=SOURCE, Key="a/b", Body=b"")
    sandbox.target.client("iam").list_roles()
    refusal(sandbox.target.client("iam").get_role, RoleName="missing")
    seen = [
        (one["side"], one["service"], one["operation"], one["write"], one["status"], one["error"])
        for one in sandbox.calls()
    ]
    assert seen == [
        ("source", "s3", "CreateBucket", True, 200, ""),
        ("source", "s3", "PutBucketVersioning", True, 200, ""),
        ("source", "s3", "PutObject", True, 200, ""),
        ("target", "iam", "ListRoles", False, 200, ""),
        ("target", "iam", "GetRole", False, 404, "NoSuchEntity"),
    ]
    put = sandbox.calls(operation="PutObject")[0]
    assert (put["bucket"], put["key"], put["user"]) == (SOURCE, "a/b", "operator")
    assert sandbox.calls(operation="GetRole")[0]["name"] == "missing"
    assert sandbox.calls("source", service="iam") == []
    sandbox.clear_calls()
    assert sandbox.calls() == []


def test_wait_for_call_returns_the_call(sandbox: Sandbox) -> None:
    """Wait for calls of both sides or of one side, before and after their arrival."""
    with pytest.raises(SandboxError, match="no call"):
        sandbox.wait_for_call(timeout=0.1, operation="ListBuckets")
    for side in (None, "source"):
        sandbox.clear_calls()
        later = threading.Timer(0.3, sandbox.source.client("s3").list_buckets)
        later.start()
        began = time.monotonic()
        assert sandbox.wait_for_call(side=side, operation="ListBuckets")["side"] == "source"
        assert time.monotonic() - began > 0.2
        later.join()
        assert sandbox.wait_for_call(side=side, operation="ListBuckets", status=200)["n"] == 1
    with pytest.raises(SandboxError, match="no call"):
        sandbox.wait_for_call(timeout=0.1, side="target", operation="ListBuckets")


def test_invalid_control_request_is_refused(sandbox: Sandbox) -> None:
    for mistake in (
        lambda: sandbox.fail(how="explode"),
        lambda: sandbox.fail(colour="blue"),
        lambda: sandbox.settings(no_such_setting=1),
        lambda: sandbox.settings(generation=2023),
        lambda: sandbox.source.control("no-such-command"),
    ):
        with pytest.raises(SandboxError):
            mistake()


def test_reset_restores_the_initial_state(sandbox: Sandbox) -> None:
    make_bucket(sandbox.source, SOURCE)
    make_role(sandbox.target, "r", None)
    sandbox.settings(policy_size_limit=1, generation=2024)
    sandbox.refuse_writes()
    sandbox.fail(how="reset", times=0)
    sandbox.reset()
    assert sandbox.calls() == []
    assert sandbox.source.client("s3").list_buckets()["Buckets"] == []
    assert sandbox.target.client("iam").list_roles()["Roles"] == []
    settings = sandbox.settings()
    assert (settings["generation"], settings["policy_size_limit"]) == (2025, 6144)
    assert not settings["refuse_writes"]


def test_responses_are_not_delayed(sandbox: Sandbox) -> None:
    """Delayed TCP acknowledgements would take 40 ms per call."""
    s3 = make_bucket(sandbox.source, SOURCE)

    def fast() -> bool:
        started = time.monotonic()
        for _ in range(5):
            s3.head_bucket(Bucket=SOURCE)
        return time.monotonic() - started < 5 * 0.03

    wait_for(fast)
