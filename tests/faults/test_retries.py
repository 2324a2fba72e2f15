# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which errors are retried, for how long and after which pauses; roles that IAM does not show at once."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest

from sandbox import Sandbox
from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_POLICY, SOURCE_ROLE, set_up

#: Seconds that a busy machine may add.
TOLERANCE = 1.0


def call_times(sandbox: Sandbox, operation: str) -> list[float]:
    return [call["time"] for call in sandbox.calls(operation=operation)]


@pytest.mark.parametrize("operation", ["GetRole", "CreateRole"])
@pytest.mark.parametrize(
    ("status", "code"), [(500, None), (503, "SlowDown"), (503, None), (429, "Throttling")]
)
def test_server_errors_are_retried_until_the_timeout(
    source: Side, operation: str, status: int, code: str | None
) -> None:
    source.sandbox.fail(operation, times=0, status=status, code=code)
    started = time.monotonic()
    result = source.run("iam_role", name=SOURCE_ROLE, retry_timeout=1.2)
    elapsed = time.monotonic() - started
    assert result["failed"]
    assert result["error"]["operation"] == operation
    assert result["error"]["status"] == status
    assert not result["changed"]
    tried = call_times(source.sandbox, operation)
    assert 3 <= len(tried) <= 8
    assert 1.2 <= elapsed < 1.2 + TOLERANCE
    # The error does not tell whether the write was done, so the role is read before each retry.
    assert len(call_times(source.sandbox, "GetRole")) == len(tried)


def test_pauses_between_tries_grow_and_are_random(source: Side) -> None:
    source.sandbox.fail("GetRole", times=0, status=503)
    source.run("iam_role", name=SOURCE_ROLE, retry_timeout=3.0)
    tried = call_times(source.sandbox, "GetRole")
    pauses = [later - sooner for sooner, later in pairwise(tried)]
    # Between half and all of 0.2, 0.4, 0.8 and 1.6 seconds.
    for pause, step in zip(pauses[:-1], (0.2, 0.4, 0.8, 1.6), strict=False):
        assert step / 2 <= pause < step + TOLERANCE
    first = []
    for _ in range(5):
        source.sandbox.clear_calls()
        source.run("iam_role", name=SOURCE_ROLE, retry_timeout=0.1)
        source.run("iam_role_info", name=SOURCE_ROLE, retry_timeout=0.25)
        first += [
            later - sooner for sooner, later in pairwise(call_times(source.sandbox, "GetRole"))
        ]
    assert max(first) - min(first) > 0.01


@pytest.mark.parametrize("operation", ["GetRole", "CreateRole"])
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "MalformedPolicyDocument"),
        (400, "InvalidInput"),
        (403, "AccessDenied"),
        (403, "SignatureDoesNotMatch"),
        (405, "MethodNotAllowed"),
        (501, "NotImplemented"),
    ],
)
def test_client_errors_are_not_retried(
    source: Side, operation: str, status: int, code: str
) -> None:
    source.sandbox.fail(operation, times=0, status=status, code=code)
    result = source.run("iam_role", name=SOURCE_ROLE, retry_timeout=30.0)
    assert result["failed"]
    assert (result["error"]["code"], result["error"]["operation"]) == (code, operation)
    assert len(call_times(source.sandbox, operation)) == 1


def test_retry_timeout_limits_all_calls_of_an_item_together(source: Side) -> None:
    source.sandbox.fail("GetRole", times=2, status=503)
    source.sandbox.fail("CreateRole", times=0, status=503)
    started = time.monotonic()
    assert source.run("iam_role", name=SOURCE_ROLE, retry_timeout=1.0)["failed"]
    assert time.monotonic() - started < 1.0 + TOLERANCE


class TestEventualConsistency:
    @pytest.fixture(autouse=True)
    def lag(self, sandbox: Sandbox) -> None:
        sandbox.settings(iam_lag=1.5)

    def test_set_up_succeeds(self, source: Side, target: Side) -> None:
        results = set_up(source, target, but=("object",))
        assert not [result for result in results if result.get("failed")]
        assert all(result["changed"] for result in results)
        found = source.iam.list_attached_role_policies(RoleName=SOURCE_ROLE)["AttachedPolicies"]
        assert [one["PolicyName"] for one in found] == [SOURCE_POLICY]

    def test_run_waits_for_a_role_that_another_run_just_created(
        self, source: Side, target: Side
    ) -> None:
        """The second run does not see the role, cannot create it because its name is taken, and waits for it."""
        first = source.run("iam_role", name=SOURCE_ROLE)
        second = source.run("iam_role", name=SOURCE_ROLE)
        assert first["changed"]
        assert not second.get("failed")
        assert not second["changed"]
        assert second["iam_role"]["arn"] == first["iam_role"]["arn"]

    @pytest.mark.parametrize("module", ["iam_role", "policy"])
    def test_lost_response_to_a_create_is_reported_as_a_change(
        self, source: Side, module: str
    ) -> None:
        """The retry finds that the name is taken, because the first try created it."""
        options: dict[str, Any] = {"name": "X"}
        if module == "policy":
            options |= {"side": "target", "target_buckets": ["bucket"]}
        source.sandbox.fail(
            "CreateRole" if module == "iam_role" else "CreatePolicy", how="reset-after"
        )
        result = source.do(module, **options)
        assert result["changed"]
        assert [one.split()[0] for one in result["changes"]] == [
            "CreateRole" if module == "iam_role" else "CreatePolicy"
        ]

    def test_new_policy_can_be_attached_at_once(self, source: Side) -> None:
        arn = source.arn("policy", "P")
        source.do("policy", name="P", side="target", target_buckets=["bucket"])
        result = source.do("iam_role", name=SOURCE_ROLE, managed_policies=[arn])
        assert [one["policy_arn"] for one in result["iam_role"]["attached_policies"]] == [arn]


@pytest.mark.parametrize("limit", [0.0, 0.5, 60.0])
def test_missing_role_fails_within_seconds(source: Side, limit: float) -> None:
    """A role that is never created is reported within a few seconds, even if retry_timeout is longer."""
    started = time.monotonic()
    result = source.run(
        "policy",
        name="P",
        side="target",
        target_buckets=["bucket"],
        roles=[source.arn("role", "Missing")],
        retry_timeout=limit,
    )
    assert time.monotonic() - started < min(limit, 10.0) + TOLERANCE
    assert result["failed"]
    assert result["changed"]
    assert result["error"]["code"] == "NoSuchEntity"
    assert "to the role Missing" in result["msg"]
    assert "It did not appear within" in result["msg"]
    assert "Create the role (backbeat_iam_role)" in result["msg"]
