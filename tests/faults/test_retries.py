# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is tried again, for how long and how soon, and what is not; roles that IAM does not show at once."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest

from sandbox import Sandbox
from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_POLICY, SOURCE_ROLE, set_up

#: Seconds by which a busy machine may be late.
LATE = 1.0


def moments(sandbox: Sandbox, operation: str) -> list[float]:
    return [call["time"] for call in sandbox.calls(operation=operation)]


@pytest.mark.parametrize("operation", ["GetRole", "CreateRole"])
@pytest.mark.parametrize(
    ("status", "code"), [(500, None), (503, "SlowDown"), (503, None), (429, "Throttling")]
)
def test_later_is_tried_again_until_time_is_up(
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
    tried = moments(source.sandbox, operation)
    assert 3 <= len(tried) <= 8
    assert 1.2 <= elapsed < 1.2 + LATE
    # A write whose answer says nothing of it is looked for before it is tried again.
    assert len(moments(source.sandbox, "GetRole")) == len(tried)


def test_pauses_grow_and_differ(source: Side) -> None:
    source.sandbox.fail("GetRole", times=0, status=503)
    source.run("iam_role", name=SOURCE_ROLE, retry_timeout=3.0)
    tried = moments(source.sandbox, "GetRole")
    pauses = [later - sooner for sooner, later in pairwise(tried)]
    # Between half and all of 0.2, 0.4, 0.8 and 1.6 seconds.
    for pause, step in zip(pauses[:-1], (0.2, 0.4, 0.8, 1.6), strict=False):
        assert step / 2 <= pause < step + LATE
    first = []
    for _ in range(5):
        source.sandbox.clear_calls()
        source.run("iam_role", name=SOURCE_ROLE, retry_timeout=0.1)
        source.run("iam_role_info", name=SOURCE_ROLE, retry_timeout=0.25)
        first += [later - sooner for sooner, later in pairwise(moments(source.sandbox, "GetRole"))]
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
def test_a_refusal_is_final(source: Side, operation: str, status: int, code: str) -> None:
    source.sandbox.fail(operation, times=0, status=status, code=code)
    result = source.run("iam_role", name=SOURCE_ROLE, retry_timeout=30.0)
    assert result["failed"]
    assert (result["error"]["code"], result["error"]["operation"]) == (code, operation)
    assert len(moments(source.sandbox, operation)) == 1


def test_time_is_one_limit_for_all_calls_of_an_item(source: Side) -> None:
    source.sandbox.fail("GetRole", times=2, status=503)
    source.sandbox.fail("CreateRole", times=0, status=503)
    started = time.monotonic()
    assert source.run("iam_role", name=SOURCE_ROLE, retry_timeout=1.0)["failed"]
    assert time.monotonic() - started < 1.0 + LATE


class TestWhatIsNotVisibleYet:
    @pytest.fixture(autouse=True)
    def lag(self, sandbox: Sandbox) -> None:
        sandbox.settings(iam_lag=1.5)

    def test_the_whole_procedure(self, source: Side, target: Side) -> None:
        results = set_up(source, target, but=("object",))
        assert not [result for result in results if result.get("failed")]
        assert all(result["changed"] for result in results)
        found = source.iam.list_attached_role_policies(RoleName=SOURCE_ROLE)["AttachedPolicies"]
        assert [one["PolicyName"] for one in found] == [SOURCE_POLICY]

    def test_an_immediate_repetition(self, source: Side, target: Side) -> None:
        """Another run does not see the role, may not create it, and waits for it."""
        first = source.run("iam_role", name=SOURCE_ROLE)
        second = source.run("iam_role", name=SOURCE_ROLE)
        assert first["changed"]
        assert not second.get("failed")
        assert not second["changed"]
        assert second["iam_role"]["arn"] == first["iam_role"]["arn"]

    @pytest.mark.parametrize("module", ["iam_role", "policy"])
    def test_a_lost_answer(self, source: Side, module: str) -> None:
        """The try again finds the name taken, by the first one."""
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

    def test_attached_at_once(self, source: Side) -> None:
        arn = source.arn("policy", "P")
        source.do("policy", name="P", side="target", target_buckets=["bucket"])
        result = source.do("iam_role", name=SOURCE_ROLE, managed_policies=[arn])
        assert [one["policy_arn"] for one in result["iam_role"]["attached_policies"]] == [arn]


@pytest.mark.parametrize("limit", [0.0, 0.5, 60.0])
def test_what_is_missing_fails_soon(source: Side, limit: float) -> None:
    """A role that is never created is reported within a few seconds, however long the retries for servers are."""
    started = time.monotonic()
    result = source.run(
        "policy",
        name="P",
        side="target",
        target_buckets=["bucket"],
        roles=[source.arn("role", "Missing")],
        retry_timeout=limit,
    )
    assert time.monotonic() - started < min(limit, 10.0) + LATE
    assert result["failed"]
    assert result["changed"]
    assert result["error"]["code"] == "NoSuchEntity"
    assert "to the role Missing" in result["msg"]
    assert "It did not appear within" in result["msg"]
    assert "Create the role (backbeat_iam_role)" in result["msg"]
