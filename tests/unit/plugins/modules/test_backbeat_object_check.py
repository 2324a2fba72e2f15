# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_object_check."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import secrets
from ansible_collections.scality.backbeat.plugins.module_utils._queries.object_check import (
    ObjectCheck,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_object_check import TASK

from ..tasks import built, checked

NAME = {"bucket": "a-bucket", "key": "k"}
THERE = {"endpoint_url": "http://node6"}


@pytest.mark.parametrize("options", [NAME, {"checks": [NAME]}])
def test_defaults(options: dict[str, Any]) -> None:
    query = built(TASK, **options)
    assert isinstance(query, ObjectCheck)
    assert (query.here.bucket, query.here.key, query.there) == ("a-bucket", "k", None)
    assert (query.wanted, query.version_id) == (("COMPLETED",), None)
    assert (query.backoff.timeout, query.backoff.cap) == (300.0, 5.0)


def test_waiting_options_apply_to_all_checks() -> None:
    query = built(TASK, checks=[NAME], wait_timeout=7, wait_max_delay=2)
    assert (query.backoff.timeout, query.backoff.cap) == (7.0, 2.0)
    assert built(TASK, **NAME, wait=False).backoff.timeout == 0.0


@pytest.mark.parametrize(("key", "expected"), [({}, "k"), ({"key": "other"}, "other")])
def test_the_other_side(key: dict[str, str], expected: str) -> None:
    query = built(TASK, **NAME, target={"s3": THERE, "bucket": "t-bucket", **key})
    assert (query.there.bucket, query.there.key) == ("t-bucket", expected)


@pytest.mark.parametrize(
    ("status", "wanted"), [("REPLICA", ("REPLICA",)), (["PENDING", "NONE"], ("PENDING", "NONE"))]
)
def test_one_status_or_several(status: Any, wanted: tuple[str, ...]) -> None:
    assert built(TASK, **NAME, status=status).wanted == wanted


def test_secrets_of_the_other_side_are_hidden() -> None:
    target = {"s3": {**THERE, "access_key": "a", "secret_key": "planted"}, "bucket": "t-bucket"}
    spec = TASK.argument_spec()["argument_spec"]
    assert secrets(spec, checked(TASK, **NAME, target=target)) == {"planted"}
    assert secrets(spec, checked(TASK, checks=[{**NAME, "target": target}])) == {"planted"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: bucket, checks"),
        ({**NAME, "status": "DONE"}, "value of status must be one or more of: COMPLETED"),
        ({**NAME, "target": {"s3": THERE}}, "missing required arguments: bucket found in target"),
        ({**NAME, "target": {"bucket": "b"}}, "missing required arguments: s3 found in target"),
        ({**NAME, "target": {"bucket": "b", "s3": {}}}, "missing required arguments: endpoint_url"),
        (
            {**NAME, "target": {"bucket": "b", "s3": {**THERE, "access_key": "a"}}},
            "required together: access_key, secret_key found in target",
        ),
        ({"checks": [{**NAME, "wait": True}]}, "checks.wait"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)
