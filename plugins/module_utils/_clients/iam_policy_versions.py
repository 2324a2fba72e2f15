# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM calls on the versions of managed policies, one function each. Nothing is decided here.

Reads answer None for what is not there; errors are those of errors.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .api import Api, nothing
from .iam_answers import ABSENT, all_pages, as_text, iso_time, parsed


@dataclass(frozen=True)
class PolicyVersion:
    """One version of a policy: "v1" and so on."""

    version_id: str
    is_default: bool
    created: str | None


def policy_document(api: Api, arn: str, version_id: str) -> Any:
    """The document of one version, parsed; None when there is no such version."""
    return api.read(
        "get_policy_version",
        f"read version {version_id} of the policy {arn}",
        lambda answer: parsed(answer["PolicyVersion"]["Document"]),
        absent=ABSENT,
        PolicyArn=arn,
        VersionId=version_id,
    )


def policy_versions(api: Api, arn: str) -> tuple[PolicyVersion, ...]:
    pages = all_pages(
        api,
        "list_policy_versions",
        f"list the versions of the policy {arn}",
        "Versions",
        PolicyArn=arn,
    )
    return tuple(
        PolicyVersion(
            entry["VersionId"], bool(entry["IsDefaultVersion"]), iso_time(entry.get("CreateDate"))
        )
        for entry in pages or ()
    )


def create_policy_version(api: Api, arn: str, document: Any) -> str:
    """Make a new version the default one and answer its id."""
    return api.write(
        "create_policy_version",
        f"change the policy {arn}",
        lambda answer: str(answer["PolicyVersion"]["VersionId"]),
        PolicyArn=arn,
        PolicyDocument=as_text(document),
        SetAsDefault=True,
    )


def delete_policy_version(api: Api, arn: str, version_id: str) -> None:
    api.write(
        "delete_policy_version",
        f"delete version {version_id} of the policy {arn}",
        nothing,
        PolicyArn=arn,
        VersionId=version_id,
    )
