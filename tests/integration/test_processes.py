# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules in separate processes, as Ansible starts them on a host: options on stdin, one JSON object on stdout."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.support.idempotency import assert_predicted, assert_same, run_in_check_mode
from tests.integration.support.modules import Side
from tests.integration.support.procedure import (
    KEY,
    SOURCE_BUCKET,
    SOURCE_ROLE,
    TARGET_BUCKET,
    set_up,
    steps,
)

#: Index of the first step of each module in procedure.steps.
STEP_INDEX = {"iam_role": 0, "policy": 2, "bucket": 4, "bucket_replication": 6, "object": 7}
#: Names of the steps in their order.
STEP_NAMES = ("roles", "policies", "buckets", "replication", "object")


@pytest.mark.parametrize("module", STEP_INDEX)
def test_a_module_in_a_process_returns_what_it_returns_in_process(
    source: Side, target: Side, module: str
) -> None:
    name, side, _, options = steps(source, target)[STEP_INDEX[module]]
    set_up(source, target, but=STEP_NAMES[STEP_NAMES.index(name) :])
    predicted = run_in_check_mode(
        source.sandbox, lambda check: side.run_process(module, check_mode=check, **options)
    )
    made = side.run_process(module, **options)
    assert made["changed"]
    assert_predicted(_without_process_fields(predicted), _without_process_fields(made))
    # The same task in this process changes nothing and returns the same resource.
    again = side.run(module, **options)
    assert not again["changed"]
    key = next(
        key for key in made if key in ("iam_role", "policy", "bucket", "replication", "object")
    )
    assert_same(made[key], again[key], {"replication_status"})


def test_secrets_are_not_shown(source: Side) -> None:
    secret = source.connection("iam")["secret_key"]
    for result in (
        source.run_process("iam_role", name=SOURCE_ROLE),
        source.run_process("iam_role", name=SOURCE_ROLE, endpoint_url="http://127.0.0.1:9", retry_timeout=0),
    ):  # fmt: skip
        assert secret not in str(result)


def test_queries_in_a_process(source: Side, target: Side) -> None:
    set_up(source, target)
    info = source.run_process("iam_role_info", name=SOURCE_ROLE)
    assert info["iam_role"]["arn"] == source.arn("role", SOURCE_ROLE)
    there: dict[str, Any] = {"s3": target.connection("s3"), "bucket": TARGET_BUCKET}
    proof = source.run_process("object_check", bucket=SOURCE_BUCKET, key=KEY, target=there)
    assert proof["replica"]["replication_status"] == "REPLICA"
    failed = source.run_process("object_check", bucket=SOURCE_BUCKET, key="none", wait=False)
    assert failed["failed"]
    assert failed["object"] is None


def test_mutually_exclusive_options_are_refused_before_any_call(source: Side) -> None:
    result = source.run_process("iam_role", name=SOURCE_ROLE, iam_roles=[])
    assert result["failed"]
    assert "mutually exclusive: name|iam_roles" in result["msg"]
    assert source.sandbox.calls() == []


def _without_process_fields(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in ("invocation", "warnings")}


def test_an_invalid_suboption_is_named_with_its_list(source: Side) -> None:
    options = {
        "source_role": "arn:aws:iam::123456789012:role/A",
        "target_role": "arn:aws:iam::123456789012:role/B",
        "target_bucket": "b-bucket",
        "rules": [{"prefix": "", "sites": ["nowhere"]}],
    }
    result = source.run_process("bucket_replication", bucket="a-bucket", **options)
    assert "option 'sites' found in 'rules'" in result["msg"]
    assert source.writes() == []
