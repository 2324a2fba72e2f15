# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of moto on which the sandbox relies. If a test fails, adapt store.py to moto."""

from __future__ import annotations

import inspect
from importlib.metadata import version

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY
from moto.core.responses import BaseResponse
from moto.core.utils import method_names_from_class
from moto.iam.access_control import IAMPolicy, IAMUserAccessKey, PermissionResult
from moto.iam.models import IAMBackend, iam_backends
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator
from moto.iam.responses import IamResponse
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend, s3_backends


def parameters(function: object) -> set[str]:
    assert callable(function)
    return set(inspect.signature(function).parameters)


def test_major_version_is_known() -> None:
    assert int(version("moto").split(".")[0]) == 5


def test_application_has_the_expected_attributes() -> None:
    for service in ("s3", "iam"):
        app = create_backend_app(service)
        assert isinstance(app.debug, bool)
        assert callable(app)
        assert app.url_map.merge_slashes in (True, False)
    assert "x-moto-account-id" in inspect.getsource(BaseResponse.get_current_account)
    assert PRESERVED_HEADER_NAMES_ENVIRON_KEY


def test_method_names_of_a_class_can_be_cached() -> None:
    """The names of methods depend only on the class, and moto calls this function for them."""
    assert parameters(method_names_from_class) == {"clazz"}
    assert "method_names_from_class(self.__class__)" in inspect.getsource(BaseResponse.call_action)
    assert "get_role" in method_names_from_class(IamResponse)


def test_backends_have_the_expected_state() -> None:
    assert callable(BackendDict.reset)
    assert callable(reset_model_data)
    assert isinstance(s3_backends.bucket_accounts, dict)
    assert isinstance(iam_backends["123456789012"]["aws"], IAMBackend)
    assert isinstance(s3_backends["123456789012"]["aws"], S3Backend)
    backend = iam_backends["123456789012"]["aws"]
    assert backend.roles == {}
    assert backend.managed_policies == {}
    assert backend.users == {}


def test_bucket_and_key_have_the_expected_parameters() -> None:
    wanted = {"name", "value", "account_id", "region_name", "storage", "etag", "is_versioned"}
    assert parameters(FakeKey) >= wanted | {"version_id", "bucket_name"}
    assert parameters(FakeDeleteMarker) == {"key"}
    backend = s3_backends["123456789012"]["aws"]
    bucket = backend.create_bucket("abc", "us-east-1")
    assert isinstance(bucket, FakeBucket)
    assert (bucket.versioning_status, bucket.object_lock_enabled) == (None, False)
    assert bucket.keys.getlist("k", []) == []
    assert s3_backends.bucket_accounts["abc"] == ("aws", "123456789012")
    backend.delete_bucket("abc")


def test_policies_are_evaluated_as_expected() -> None:
    assert parameters(IAMUserAccessKey) == {"account_id", "partition", "access_key_id", "headers"}
    statement = '{"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"}'
    policy = IAMPolicy(f'{{"Version": "2012-10-17", "Statement": {statement}}}')
    asked = policy.is_action_permitted("s3:GetObjectVersion", "arn:aws:s3:::b/k")
    assert asked == PermissionResult.PERMITTED
    assert callable(IAMTrustPolicyDocumentValidator("{}").validate)
