# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read-only calls: their requests, absence, and the servers' clocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils._clients import (
    iam_entities,
    s3_buckets,
    session,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    Forbidden,
    NotFound,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import SERVICES

from .conftest import Wire, options

BUCKET = {"Bucket": "b"}
ROLE = {"RoleName": "r"}
ENCRYPTED = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
CALLS: dict[str, Callable[[Api], Any]] = {
    "get_bucket_policy": lambda api: s3_buckets.bucket_policy(api, "b"),
    "get_object_lock_configuration": lambda api: s3_buckets.object_lock(api, "b"),
    "get_bucket_encryption": lambda api: s3_buckets.encryption(api, "b"),
    "list_role_policies": lambda api: iam_entities.inline_policies(api, "r"),
    "get_role_policy": lambda api: iam_entities.inline_policy(api, "r", "inline"),
    "list_roles": iam_entities.probe_iam,
}


def service_of(operation: str) -> str:
    return "iam" if "role" in operation else "s3"


def run(operation: str, prepare: Callable[[Stubber], None]) -> Any:
    api = session.open_api(SERVICES[service_of(operation)], options(retry_timeout=0))
    with Stubber(api.client) as stub:
        prepare(stub)
        result = CALLS[operation](api)
        stub.assert_no_pending_responses()
    return result


@pytest.mark.parametrize(
    ("operation", "parameters", "answer", "shape"),
    [
        ("get_bucket_policy", BUCKET, {"Policy": "{}"}, "{}"),
        ("get_object_lock_configuration", BUCKET, {"ObjectLockConfiguration": {}}, True),
        (
            "get_bucket_encryption",
            BUCKET,
            {"ServerSideEncryptionConfiguration": {"Rules": [ENCRYPTED]}},
            True,
        ),
        ("list_role_policies", ROLE, {"PolicyNames": ["x", "y"]}, ("x", "y")),
        (
            "get_role_policy",
            {**ROLE, "PolicyName": "inline"},
            {"RoleName": "r", "PolicyName": "inline", "PolicyDocument": '{"Statement": []}'},
            {"Statement": []},
        ),
        ("list_roles", {"MaxItems": 1}, {"Roles": []}, None),
    ],
)
def test_requests_and_responses(
    operation: str, parameters: dict[str, Any], answer: dict[str, Any], shape: Any
) -> None:
    assert run(operation, lambda stub: stub.add_response(operation, answer, parameters)) == shape


def test_all_pages_of_inline_policies() -> None:
    def pages(stub: Stubber) -> None:
        first = {"PolicyNames": ["x"], "IsTruncated": True, "Marker": "m"}
        stub.add_response("list_role_policies", first, ROLE)
        second = {"PolicyNames": ["y"], "IsTruncated": False}
        stub.add_response("list_role_policies", second, {**ROLE, "Marker": "m"})

    assert run("list_role_policies", pages) == ("x", "y")


@pytest.mark.parametrize(
    ("operation", "code", "absent"),
    [
        ("get_bucket_policy", "NoSuchBucketPolicy", None),
        ("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError", False),
        ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError", False),
        ("list_role_policies", "NoSuchEntity", None),
        ("get_role_policy", "NoSuchEntity", None),
    ],
)
def test_absence(operation: str, code: str, absent: Any) -> None:
    found = run(operation, lambda stub: stub.add_client_error(operation, code, "", 404))
    assert found is absent


@pytest.mark.parametrize("operation", [name for name in CALLS if service_of(name) == "s3"])
def test_a_missing_bucket_is_not_a_missing_setting(operation: str) -> None:
    with pytest.raises(NotFound):
        run(operation, lambda stub: stub.add_client_error(operation, "NoSuchBucket", "", 404))


@pytest.mark.parametrize("operation", CALLS)
def test_forbidden_is_never_absence(operation: str) -> None:
    with pytest.raises(Forbidden):
        run(operation, lambda stub: stub.add_client_error(operation, "AccessDenied", "", 403))


def date(seconds: float) -> str:
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)


LISTED = "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"


@pytest.mark.parametrize("seconds", [-100, 0, 3600])
def test_the_server_s_clock(s3: Wire, seconds: int) -> None:
    s3.answer(200, LISTED, date=date(seconds))
    assert s3.api.ahead is None
    s3_buckets.buckets(s3.api)
    assert s3.api.ahead == pytest.approx(seconds, abs=2)


def test_the_clock_of_a_server_that_refuses(s3: Wire) -> None:
    s3.answer(403, "<Error><Code>AccessDenied</Code></Error>", date=date(90))
    with pytest.raises(Forbidden):
        s3_buckets.buckets(s3.api)
    assert s3.api.ahead == pytest.approx(90, abs=2)


@pytest.mark.parametrize("header", ["", "yesterday"])
def test_a_server_without_a_clock(s3: Wire, header: str) -> None:
    s3.answer(200, LISTED, date=header)
    s3_buckets.buckets(s3.api)
    assert s3.api.ahead is None
