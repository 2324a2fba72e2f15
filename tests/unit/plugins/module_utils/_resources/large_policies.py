# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A policy for many buckets in several parts, and a server that checks permissions after each write."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy import Policy
from ansible_collections.scality.backbeat.plugins.module_utils._resources.policy_request import (
    PolicyRequest,
)

from ...fake_iam import FakeIam
from .policy_options import DEFAULTS

SIZE = 520  # room for the permissions for two or three buckets


def buckets(*numbers: int) -> list[str]:
    return [f"bucket-{number:02d}" for number in numbers]


def allowed(iam: FakeIam) -> set[str]:
    """The resources that the role R may use."""
    return {
        resource
        for document in iam._documents_of("R")
        for statement in document["Statement"]
        for resource in statement["Resource"]
    }


@pytest.fixture
def iam() -> FakeIam:
    """A server with the role R; `needed`: permissions that R must have after each write."""

    def watch(server: FakeIam) -> None:
        assert server.needed <= allowed(server)

    server = FakeIam(watch)
    server.needed = set()
    server.create_role(RoleName="R", Path="/", AssumeRolePolicyDocument="{}")
    return server


def policy(iam: FakeIam, numbers: tuple[int, ...] = (), **options: Any) -> Policy:
    wanted = {
        **DEFAULTS,
        "side": "target",
        "target_buckets": buckets(*numbers),
        "max_size": SIZE,
        "purge_statements": True,
        "roles": ["R"],
    }
    return Policy(PolicyRequest.from_options({**wanted, **options}), iam.api())
