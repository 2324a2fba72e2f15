# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies and attachments, as IAM returns them."""

from __future__ import annotations

from typing import Any

from tests.integration.support.modules import Side
from tests.integration.support.procedure import SOURCE_POLICY, SOURCE_ROLE

NAME, ROLE = SOURCE_POLICY, SOURCE_ROLE


def document_of(side: Side, name: str = NAME) -> Any:
    arn = side.arn("policy", name)
    version = side.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    answer = side.iam.get_policy_version(PolicyArn=arn, VersionId=version)
    return answer["PolicyVersion"]["Document"]


def attached(side: Side, role: str = ROLE) -> list[str]:
    answer = side.iam.list_attached_role_policies(RoleName=role)
    return [one["PolicyName"] for one in answer["AttachedPolicies"]]


def policy_names(side: Side) -> list[str]:
    return [one["PolicyName"] for one in side.iam.list_policies(Scope="Local")["Policies"]]
