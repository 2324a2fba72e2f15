# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_preflight."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.connections import (
    Connections,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    secrets,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.preflight.question import (
    Preflight,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_preflight import TASK

from ..tasks import checked, requested

SIDE: dict[str, Any] = {"bucket": "a-bucket", "s3": {"endpoint_url": "http://node1"}}
IAM: dict[str, Any] = {"endpoint_url": "http://node1:8600"}
PAIR: dict[str, Any] = {"source": SIDE, "target": {**SIDE, "bucket": "t-bucket", "iam": IAM}}


def built(**options: Any) -> Preflight:
    """The question about one pair, or about the first of a list; no connection is opened for that."""
    question = TASK.build(requested(TASK, **options), Connections("", {}, 1))
    assert isinstance(question, Preflight)
    return question


@pytest.mark.parametrize("options", [PAIR, {"pairs": [PAIR]}])
def test_defaults(options: dict[str, Any]) -> None:
    question = built(**options)
    assert (question.source.bucket, question.target.bucket) == ("a-bucket", "t-bucket")
    assert (question.source.iam, str(question.target.iam)) == (
        None,
        "target IAM at http://node1:8600",
    )
    assert [str(one) for one in question.trusted] == ["backbeat"]
    assert (question.since_2025, question.canary) == (None, None)
    assert (question.expected.rules, question.expected.known_sites) == (None, None)


def test_a_canary_has_defaults() -> None:
    question = built(**PAIR, canary={})
    assert question.canary == {
        "key": "backbeat-preflight-canary",
        "wait_timeout": 300.0,
        "wait_max_delay": 5.0,
    }


def test_messages_name_a_pair_by_its_buckets() -> None:
    pair = {"source": {**SIDE, "s3": {**SIDE["s3"], "secret_key": "planted"}}, "target": SIDE}
    assert TASK.name(pair) == "a-bucket to a-bucket"


def test_an_endpoint_that_is_none_is_a_finding() -> None:
    side = {**SIDE, "s3": {"endpoint_url": "http://user:planted@node1"}}
    question = built(source=side, target=SIDE)
    (finding,) = question.findings.of(["error"])
    assert (finding.id, finding.where) == ("connection-unusable", "source S3")
    assert "planted" not in str(finding)


def test_secrets_of_both_sides_are_secret() -> None:
    def side(secret: str) -> dict[str, Any]:
        keys = {"access_key": "a", "secret_key": secret}
        return {
            **SIDE,
            "s3": {**SIDE["s3"], **keys},
            "iam": {**IAM, **keys, "session_token": f"{secret}-token"},
        }

    spec = TASK.argument_spec()["argument_spec"]
    pair = {"source": side("planted"), "target": side("buried")}
    planted = {"planted", "buried", "planted-token", "buried-token"}
    assert secrets(spec, checked(TASK, **pair)) == planted
    assert secrets(spec, checked(TASK, pairs=[pair])) == planted


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: source, pairs"),
        ({"source": SIDE}, "required together: source, target"),
        ({**PAIR, "pairs": [PAIR]}, "mutually exclusive: source|pairs"),
        ({"source": {"bucket": "b"}, "target": SIDE}, "missing required arguments: s3"),
        ({**PAIR, "fail_on": "always"}, "value of fail_on must be one of: error, warning, never"),
        ({"pairs": [{**PAIR, "canary": {}}]}, "pairs.canary"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("|", r"\|")):
        checked(TASK, **options)
