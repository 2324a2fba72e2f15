# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_preflight."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._clients.session import (
    Connections,
)
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import (
    secrets,
)
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.proved_preflight import (
    CanaryOptions,
    ProvedPreflight,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.preflight.findings import (
    line,
)
from ansible_collections.scality.backbeat.plugins.module_utils._queries.preflight.preflight import (
    Preflight,
)
from ansible_collections.scality.backbeat.plugins.modules.backbeat_preflight import TASK

from ..tasks import checked, requested

SIDE: dict[str, Any] = {"bucket": "a-bucket", "s3": {"endpoint_url": "http://node1"}}
IAM: dict[str, Any] = {"endpoint_url": "http://node1:8600"}
PAIR: dict[str, Any] = {"source": SIDE, "target": {**SIDE, "bucket": "t-bucket", "iam": IAM}}


def built(**options: Any) -> Preflight:
    """Build the preflight of one pair, or of the first of a list, without opening a connection."""
    preflight = TASK.build(requested(TASK, **options), Connections(None, {}))
    assert isinstance(preflight, Preflight)
    return preflight


@pytest.mark.parametrize("options", [PAIR, {"pairs": [PAIR]}])
def test_defaults(options: dict[str, Any]) -> None:
    preflight = built(**options)
    assert (preflight.source.bucket, preflight.target.bucket) == ("a-bucket", "t-bucket")
    iam = preflight.target.iam
    assert preflight.source.iam is None
    assert iam is not None
    assert str(iam.place) == "target IAM at http://node1:8600"
    request = preflight.request
    assert [str(one) for one in request.trusted] == ["backbeat"]
    assert (request.servers_since_2025, request.before_setup) == (None, False)
    assert (request.rules, request.known_sites) == (None, None)


def test_a_canary_has_defaults() -> None:
    proved = TASK.build(requested(TASK, **PAIR, canary={}), Connections(None, {}))
    assert isinstance(proved, ProvedPreflight)
    assert proved.canary == CanaryOptions("backbeat-preflight-canary", 300.0, 5.0)


def test_messages_name_a_pair_by_its_buckets() -> None:
    pair = {"source": {**SIDE, "s3": {**SIDE["s3"], "secret_key": "planted"}}, "target": SIDE}
    assert TASK.name(pair) == "a-bucket to a-bucket"


def test_an_invalid_endpoint_is_a_finding() -> None:
    side = {**SIDE, "s3": {"endpoint_url": "http://user:planted@node1"}}
    preflight = built(source=side, target=SIDE)
    (finding,) = preflight.findings.of("error")
    assert (finding.id, str(finding.where)) == ("connection-unusable", "source S3")
    assert "planted" not in line(finding)


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
