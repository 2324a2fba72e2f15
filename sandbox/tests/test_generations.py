# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of 2024 and of 2025, with the guide's policy document and with a complete one."""

from __future__ import annotations

import time

import pytest

from sandbox import Sandbox
from sandbox.tests.helpers import (
    GUIDE_POLICY,
    MANY_DELAYS,
    SOURCE,
    TARGET,
    set_up,
    status,
    wait_for_status,
)

pytestmark = pytest.mark.sandbox


def test_guides_policy_is_sufficient_for_2024(sandbox: Sandbox) -> None:
    sandbox.settings(generation=2024)
    s3, target = set_up(sandbox, GUIDE_POLICY, GUIDE_POLICY)
    s3.put_object(Bucket=SOURCE, Key="k")
    wait_for_status(s3, "k", "COMPLETED")
    assert status(target, "k", TARGET) == "REPLICA"


def test_guides_policy_is_not_sufficient_for_2025(sandbox: Sandbox) -> None:
    s3, _ = set_up(sandbox, GUIDE_POLICY, GUIDE_POLICY)
    s3.put_object(Bucket=SOURCE, Key="k")
    time.sleep(MANY_DELAYS)
    assert status(s3, "k") == "PENDING"


def test_only_2025_requires_permissions_on_the_source(sandbox: Sandbox) -> None:
    sandbox.settings(generation=2024)
    s3, _ = set_up(sandbox, source_policy=None)
    s3.put_object(Bucket=SOURCE, Key="old")
    wait_for_status(s3, "old", "COMPLETED")
    sandbox.settings(generation=2025)
    s3.put_object(Bucket=SOURCE, Key="new")
    time.sleep(MANY_DELAYS)
    assert status(s3, "new") == "PENDING"


def test_both_generations_require_permissions_on_the_target(sandbox: Sandbox) -> None:
    for generation in (2024, 2025):
        sandbox.reset()
        sandbox.settings(generation=generation)
        s3, _ = set_up(sandbox, target_policy=None)
        s3.put_object(Bucket=SOURCE, Key="k")
        wait_for_status(s3, "k", "FAILED")


def test_required_source_actions_can_be_set(sandbox: Sandbox) -> None:
    older = ["s3:GetReplicationConfiguration", "s3:ListBucket", "s3:GetObjectVersionAcl"]
    sandbox.settings(source_actions=older)
    s3, _ = set_up(sandbox, GUIDE_POLICY, GUIDE_POLICY)
    s3.put_object(Bucket=SOURCE, Key="k")
    wait_for_status(s3, "k", "COMPLETED")
    sandbox.settings(source_actions=[*older, "s3:GetObjectVersionTagging"])
    s3.put_object(Bucket=SOURCE, Key="k2")
    time.sleep(MANY_DELAYS)
    assert status(s3, "k2") == "PENDING"
