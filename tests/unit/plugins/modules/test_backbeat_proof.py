# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_proof."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import secrets
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.proof import Proof
from ansible_collections.scality.backbeat.plugins.modules.backbeat_proof import TASK

from ..tasks import built, checked

THERE = {"endpoint_url": "http://node6"}
PAIR: dict[str, Any] = {
    "bucket": "a-bucket",
    "key": "k",
    "target": {"s3": THERE, "bucket": "t-bucket"},
}


@pytest.mark.parametrize("options", [PAIR, {"proofs": [PAIR]}])
def test_defaults(options: dict[str, Any]) -> None:
    proof = built(TASK, **options)
    assert isinstance(proof, Proof)
    request = proof.request
    assert (request.bucket, request.key) == ("a-bucket", "k")
    assert (request.replica.bucket, request.replica.key) == ("t-bucket", "k")
    assert (request.fresh, request.despite_retention) == (False, False)
    assert (request.timeout, request.max_delay) == (300.0, 5.0)


def test_a_canary_has_a_key_next_to_the_object_and_the_same_timeout() -> None:
    canary = built(TASK, **PAIR, wait_timeout=7, wait_max_delay=2).canary.request
    assert (canary.source_bucket, canary.target_bucket) == ("a-bucket", "t-bucket")
    assert re.fullmatch(r"k-canary-[0-9a-f-]{36}", canary.key)
    assert (canary.timeout, canary.max_delay) == (7.0, 2.0)


def test_secrets_of_the_other_side_are_hidden() -> None:
    there = {**THERE, "access_key": "a", "secret_key": "planted"}
    options = {**PAIR, "target": {**PAIR["target"], "s3": there}}
    spec = TASK.argument_spec()["argument_spec"]
    assert secrets(spec, checked(TASK, **options)) == {"planted"}
    assert secrets(spec, checked(TASK, proofs=[options])) == {"planted"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: bucket, proofs"),
        ({"bucket": "b", "key": "k"}, "required together: bucket, key, target"),
        ({"proofs": [{"bucket": "b", "key": "k"}]}, "missing required arguments: target"),
        ({**PAIR, "target": {"s3": THERE}}, "missing required arguments: bucket found in target"),
        ({"proofs": [{**PAIR, "wait_timeout": 1}]}, "proofs.wait_timeout"),
        ({**PAIR, "wait": False}, "wait"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)
