# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Missing resources are None; refusals, or a 404 from another server, are errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.stub import Stubber

from ansible_collections.scality.backbeat.plugins.module_utils._clients import (
    iam_entities,
    s3_buckets,
    s3_objects,
    session,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.api import Api
from ansible_collections.scality.backbeat.plugins.module_utils._clients.errors import (
    ApiError,
    Forbidden,
)
from ansible_collections.scality.backbeat.plugins.module_utils._clients.service import SERVICES

from .conftest import options
from .iam_samples import POLICY_ARN

NAMED = {"RequestId": "R1"}
IAM: dict[str, Callable[[Api], Any]] = {
    "get_role": lambda api: iam_entities.get_role(api, "my-role"),
    "list_attached_role_policies": lambda api: iam_entities.attached_policies(api, "my-role"),
    "get_policy": lambda api: iam_entities.get_policy(api, POLICY_ARN),
    "list_policies": lambda api: iam_entities.find_policy(api, "my-policy"),
    "get_policy_version": lambda api: iam_entities.policy_document(api, POLICY_ARN, "v1"),
    "list_entities_for_policy": lambda api: iam_entities.policy_entities(api, POLICY_ARN),
    "get_user": iam_entities.own_account,
}
S3: dict[str, tuple[Callable[[Api], Any], str]] = {
    "get_bucket_versioning": (lambda api: s3_buckets.versioning(api, "b"), "NoSuchBucket"),
    "get_bucket_location": (lambda api: s3_buckets.location(api, "b"), "NoSuchBucket"),
    "list_object_versions": (lambda api: s3_buckets.is_empty(api, "b"), "NoSuchBucket"),
    "get_bucket_replication": (
        lambda api: s3_buckets.replication(api, "b"),
        "ReplicationConfigurationNotFoundError",
    ),
    "head_object": (lambda api: s3_objects.head_object(api, "b", "k"), "404"),
    "get_object_tagging": (lambda api: s3_objects.object_tags(api, "b", "k"), "NoSuchKey"),
}
READS = {name: (call, "NoSuchEntity") for name, call in IAM.items()} | S3


@pytest.fixture
def api(operation: str) -> Api:
    service = "iam" if operation in IAM else "s3"
    return session.open_api(SERVICES[service], options(service, retry_timeout=0))


@pytest.mark.parametrize("operation", READS)
def test_absence_is_none(api: Api, stub: Stubber, operation: str) -> None:
    call, code = READS[operation]
    stub.add_client_error(operation, code, "", 404, response_meta=NAMED)
    assert call(api) is None


@pytest.mark.parametrize("operation", READS)
@pytest.mark.parametrize(
    "code", ["AccessDenied", "403", "InvalidAccessKeyId", "InvalidClientTokenId"]
)
def test_forbidden_is_never_absence(api: Api, stub: Stubber, operation: str, code: str) -> None:
    stub.add_client_error(operation, code, "", 403, response_meta=NAMED)
    with pytest.raises(Forbidden):
        READS[operation][0](api)


@pytest.mark.parametrize("operation", [name for name in S3 if name != "head_object"])
def test_only_head_may_respond_without_a_code(api: Api, stub: Stubber, operation: str) -> None:
    stub.add_client_error(operation, "404", "Not Found", 404, response_meta=NAMED)
    with pytest.raises(ApiError):
        READS[operation][0](api)
