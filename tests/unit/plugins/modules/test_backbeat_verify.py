# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_verify."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_scope import Scope
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import secrets
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.verify_request import (
    VerifyRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument
from ansible_collections.scality.backbeat.plugins.modules.backbeat_verify import TASK

from ..tasks import checked, requested

SIDE: dict[str, Any] = {"bucket": "a-bucket", "s3": {"endpoint_url": "http://node1"}}
PAIR: dict[str, Any] = {"source": SIDE, "target": {**SIDE, "bucket": "t-bucket", "name": "node6"}}


def request(**options: Any) -> VerifyRequest:
    made = requested(TASK, **options)
    assert isinstance(made, VerifyRequest)
    return made


@pytest.mark.parametrize("options", [PAIR, {"pairs": [PAIR]}])
def test_defaults(options: dict[str, Any]) -> None:
    made = request(**options)
    assert (made.source.bucket, made.source.name) == ("a-bucket", "http://node1")
    assert (made.target.bucket, made.target.name) == ("t-bucket", "node6")
    assert made.ranges == (("", None),)
    assert (made.scope, made.both_ways) == (Scope(), None)
    assert made.fail
    assert not made.allow_empty
    assert made.limits.requests_per_second is None


def test_requested_values() -> None:
    made = request(
        **PAIR,
        versions="current",
        modified_since="2026-11-24T22:00:00+01:00",
        modified_before="2026-11-25",
        accept={"failed": 3, "missing": -1},
        backlog_age=7200,
        requests_per_second=50,
        bodies={"share": 0.5, "seed": 7},
        ranges=[{"until": "m"}, {"after": "m"}],
    )
    assert made.scope.current
    assert made.scope.since == "2026-11-24T21:00:00.000Z"
    assert made.scope.before == "2026-11-25T00:00:00.000Z"
    assert made.accepted == {"failed": 3, "missing": None}
    assert made.backlog_age == 7200
    assert made.limits.requests_per_second == 50
    assert (made.bodies.share, made.bodies.seed) == (0.5, 7)
    assert made.ranges == (("", "m"), ("m", None))


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_share_of_bodies_is_chosen_in_the_same_way_by_every_run(share: float) -> None:
    bodies = request(**PAIR, bodies={"share": share}).bodies
    assert (bodies.share, bodies.number, bodies.seed) == (share, 0, 0)


def test_secrets_of_both_sides_are_secret() -> None:
    def side(secret: str) -> dict[str, Any]:
        return {**SIDE, "s3": {**SIDE["s3"], "access_key": "a", "secret_key": secret}}

    spec = TASK.argument_spec()["argument_spec"]
    pair = {"source": side("planted"), "target": side("buried")}
    assert secrets(spec, checked(TASK, **pair)) == {"planted", "buried"}
    assert "planted" not in repr(request(**pair))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one of the following is required: source, pairs"),
        ({"source": SIDE}, "required together: source, target"),
        ({**PAIR, "versions": "some"}, "value of versions must be one of: all, current"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(TASK, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"source": {**SIDE, "bucket": "no"}},
        {"accept": {"in_sync": 1}},
        {"bodies": {"share": -0.01}},
        {"bodies": {"share": 1.01}},
    ],
)
def test_bad_values(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidDocument):
        request(**{**PAIR, **options})
