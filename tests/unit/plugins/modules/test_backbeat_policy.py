# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_policy."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.permissions import (
    source_policy,
)
from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy import Policy
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument, Refused
from ansible_collections.scality.backbeat.plugins.modules.backbeat_policy import TASK

from ..tasks import built, checked, requested

SOURCE = {"side": "source", "source_buckets": ["a-bucket"]}
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "a", "Resource": "*"}],
}


@pytest.mark.parametrize(
    "options", [{"name": "P", **SOURCE}, {"policies": [{"name": "P", **SOURCE}]}]
)
def test_a_generated_document(options: dict[str, Any]) -> None:
    policy = built(TASK, **options)
    assert isinstance(policy, Policy)
    assert policy.documents == (source_policy(["a-bucket"]),)
    assert (policy.name, policy.request.present, policy.path, policy.roles) == ("P", True, None, ())


def test_a_document_of_the_user() -> None:
    policy = built(TASK, name="P", policy=DOCUMENT, roles="arn:aws:iam::1:role/x/R", path="/p/")
    assert policy.documents == (DOCUMENT,)
    assert (policy.roles, policy.path) == (("R",), "/p/")


def test_a_size() -> None:
    buckets = [f"bucket-{number:03d}" for number in range(40)]
    options = {"side": "target", "target_buckets": buckets}
    assert len(built(TASK, name="P", **options).documents) == 1
    assert len(built(TASK, name="P", max_size=600, **options).documents) > 1


def test_removal_needs_no_document() -> None:
    assert built(TASK, name="P", state="absent").documents == ()


@pytest.mark.parametrize("options", [{"name": "P"}, {"policies": [{"name": "P"}]}])
def test_a_document_is_needed(options: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="policy P needs a document"):
        built(TASK, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: name, policies"),
        ({"name": "P", **SOURCE, "policy": DOCUMENT}, "mutually exclusive: policy.side"),
        (
            {"policies": [{"name": "P", **SOURCE, "policy": DOCUMENT}]},
            "mutually exclusive: policy.side found in policies",
        ),
        ({"name": "P", "side": "both"}, "value of side must be one of: source, target"),
        ({"name": "P", "permissions": "all"}, "value of permissions must be one of: least, guide"),
        ({"name": "P", "max_size": "large"}, "max_size"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ({"Efect": "Allow", "Action": "a", "Resource": "*"}, "unknown element 'Efect'"),
        ({"Action": "a", "Resource": "*"}, "Effect of statement 1 .* is None: use Allow or Deny"),
        ({"Effect": "allow", "Action": "a", "Resource": "*"}, "is 'allow': use Allow or Deny"),
    ],
)
def test_documents_that_every_server_refuses_are_refused_in_check_mode_too(
    statement: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidDocument, match=message):
        requested(TASK, name="P", policy={"Version": "2012-10-17", "Statement": [statement]})
