# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module in a process of its own, as Ansible starts it on a host: options in, one JSON object out."""

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

#: Each module once, by its place among the steps of the procedure.
PLACES = {"iam_role": 0, "policy": 2, "bucket": 4, "bucket_replication": 6, "object": 7}
#: Which steps are still to be taken before it.
LATER = ("roles", "policies", "buckets", "replication", "object")


@pytest.mark.parametrize("module", PLACES)
def test_module(source: Side, target: Side, module: str) -> None:
    name, side, _, options = steps(source, target)[PLACES[module]]
    set_up(source, target, but=LATER[LATER.index(name) :])
    predicted = run_in_check_mode(
        source.sandbox, lambda check: side.run_process(module, check_mode=check, **options)
    )
    made = side.run_process(module, **options)
    assert made["changed"]
    assert_predicted(_bare(predicted), _bare(made))
    # The same task inside this process finds nothing left to do, and says the same of what is there.
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


def test_questions(source: Side, target: Side) -> None:
    set_up(source, target)
    info = source.run_process("iam_role_info", name=SOURCE_ROLE)
    assert info["iam_role"]["arn"] == source.arn("role", SOURCE_ROLE)
    there: dict[str, Any] = {"s3": target.connection("s3"), "bucket": TARGET_BUCKET}
    proof = source.run_process("object_check", bucket=SOURCE_BUCKET, key=KEY, target=there)
    assert proof["replica"]["replication_status"] == "REPLICA"
    failed = source.run_process("object_check", bucket=SOURCE_BUCKET, key="none", wait=False)
    assert failed["failed"]
    assert failed["object"] is None


def test_options_that_do_not_fit(source: Side) -> None:
    result = source.run_process("iam_role", name=SOURCE_ROLE, iam_roles=[])
    assert result["failed"]
    assert "mutually exclusive: name|iam_roles" in result["msg"]
    assert source.sandbox.calls() == []


def _bare(result: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in ("invocation", "warnings")}


def test_what_is_refused_inside_a_list_names_its_option(source: Side) -> None:
    options = {
        "source_role": "arn:aws:iam::123456789012:role/A",
        "target_role": "arn:aws:iam::123456789012:role/B",
        "target_bucket": "b-bucket",
        "rules": [{"prefix": "", "sites": ["nowhere"]}],
    }
    result = source.run_process("bucket_replication", bucket="a-bucket", **options)
    assert "option 'sites' found in 'rules'" in result["msg"]
    assert source.writes() == []
