# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of backbeat_backfill."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._documents.resend_rules import (
    DEFAULT_STATES,
)
from ansible_collections.scality.backbeat.plugins.module_utils._documents.verify_states import STATE
from ansible_collections.scality.backbeat.plugins.module_utils._engine.options import secrets
from ansible_collections.scality.backbeat.plugins.module_utils._jobs.backfill_request import (
    SENDABLE,
    BackfillRequest,
)
from ansible_collections.scality.backbeat.plugins.module_utils._work import InvalidDocument
from ansible_collections.scality.backbeat.plugins.modules.backbeat_backfill import TASK

from ..tasks import checked, requested

SIDE: dict[str, Any] = {"bucket": "a-bucket", "s3": {"endpoint_url": "http://node1"}}
PAIR: dict[str, Any] = {"source": SIDE, "target": {**SIDE, "bucket": "t-bucket", "name": "node6"}}


def request(**options: Any) -> BackfillRequest:
    made = requested(TASK, **options)
    assert isinstance(made, BackfillRequest)
    return made


@pytest.mark.parametrize("options", [PAIR, {"pairs": [PAIR]}])
def test_defaults(options: dict[str, Any]) -> None:
    made = request(**options)
    assert (made.source.bucket, made.source.name) == ("a-bucket", "http://node1")
    assert (made.target.bucket, made.target.name) == ("t-bucket", "node6")
    assert made.choice.states == DEFAULT_STATES
    assert not made.choice.delete_again
    assert not made.wait
    assert made.limits.backlog is None
    assert made.limits.job.requests_per_second is None


def test_requested_values() -> None:
    made = request(
        **PAIR,
        states=["missing"],
        modified_since="2026-11-24T22:00:00+01:00",
        versions=[{"key": "k", "version_id": "1"}, {"key": "k", "version_id": "2"}],
        resend_deleted_keys=True,
        backlog_age=7200,
        backlog_limit=5,
        requests_per_second=50,
    )
    assert made.choice.states == {"missing"}
    assert made.choice.named == {"k": {"1", "2"}}
    assert made.choice.since == "2026-11-24T21:00:00.000Z"
    assert made.choice.delete_again
    assert made.stuck_after == 7200
    assert (made.limits.backlog, made.limits.job.requests_per_second) == (5, 50)
    assert made.scope["versions"] == 2


@pytest.mark.parametrize(("given", "used"), [(0, 1), (1, 1), (2, 2)])
def test_there_is_at_least_one_thread_of_each_kind(given: int, used: int) -> None:
    limits = request(**PAIR, senders=given, listers=given).limits
    assert (limits.senders, limits.listers) == (used, used)


def test_only_named_versions_are_sent() -> None:
    made = request(**PAIR, versions=[{"key": "k", "version_id": "1"}])
    assert made.choice.states == frozenset()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"states": []}, "nothing would be sent"),
        ({"modified_since": "yesterday"}, "modified_since is 'yesterday'"),
        ({"source": {**SIDE, "bucket": "no"}}, "no"),
    ],
)
def test_refused_options(options: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        request(**{**PAIR, **options})
    assert text in str(caught.value)


def test_states_are_those_of_verify() -> None:
    assert set(STATE) >= set(SENDABLE) >= DEFAULT_STATES


def test_secrets_of_both_sides_are_hidden() -> None:
    keys = {"endpoint_url": "http://node1", "access_key": "AK", "secret_key": "whole-secret"}
    side = {"bucket": "a-bucket", "s3": keys}
    options = checked(TASK, source=side, target={**side, "s3": {**keys, "secret_key": "other"}})
    assert secrets(TASK.argument_spec()["argument_spec"], options) == {"whole-secret", "other"}
