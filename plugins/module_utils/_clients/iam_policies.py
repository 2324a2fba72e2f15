# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The IAM calls on managed policies and on those who have them, one function each. Nothing is decided here.

Reads answer None for what is not there; errors are those of errors.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .api import Api, nothing
from .iam_answers import ABSENT, all_pages, as_text, iso_time, next_page


@dataclass(frozen=True)
class Policy:
    """A managed policy without its document, which is in the version `default_version`."""

    name: str
    arn: str
    path: str
    policy_id: str | None
    description: str | None
    created: str | None
    updated: str | None
    default_version: str
    attachment_count: int | None


@dataclass(frozen=True)
class Entities:
    """The names of those to whom a policy is attached."""

    roles: tuple[str, ...]
    users: tuple[str, ...]
    groups: tuple[str, ...]


def get_policy(api: Api, arn: str) -> Policy | None:
    return api.read(
        "get_policy",
        f"read the policy {arn}",
        lambda answer: _policy(answer["Policy"]),
        absent=ABSENT,
        PolicyArn=arn,
    )


def find_policy(api: Api, name: str) -> Policy | None:
    """The account's own policy of that name, by listing them all: the last resort for finding an ARN."""
    pages = all_pages(
        api,
        "list_policies",
        f"look for the policy {name}",
        "Policies",
        Scope="Local",
        MaxItems=1000,
    )
    for entry in pages or ():
        if entry["PolicyName"] == name:
            return _policy(entry)
    return None


def create_policy(api: Api, name: str, path: str, document: Any, description: str | None) -> Policy:
    optional = {} if description is None else {"Description": description}
    return api.write(
        "create_policy",
        f"create the policy {name}",
        lambda answer: _policy(answer["Policy"]),
        PolicyName=name,
        Path=path,
        PolicyDocument=as_text(document),
        **optional,
    )


def delete_policy(api: Api, arn: str) -> None:
    api.write("delete_policy", f"delete the policy {arn}", nothing, PolicyArn=arn)


def policy_entities(api: Api, arn: str) -> Entities | None:
    """To whom the policy is attached; None when there is no such policy."""
    names: dict[str, list[str]] = {"PolicyRoles": [], "PolicyUsers": [], "PolicyGroups": []}
    entry = {"PolicyRoles": "RoleName", "PolicyUsers": "UserName", "PolicyGroups": "GroupName"}
    marker: dict[str, Any] = {}
    while True:
        page = api.read(
            "list_entities_for_policy",
            f"list what the policy {arn} is attached to",
            lambda answer: (
                {key: [one[entry[key]] for one in answer.get(key, ())] for key in entry},
                next_page(answer),
            ),
            absent=ABSENT,
            PolicyArn=arn,
            **marker,
        )
        if page is None:
            return None
        found, marker = page
        for key, values in found.items():
            names[key].extend(values)
        if not marker:
            return Entities(*(tuple(values) for values in names.values()))


def _policy(policy: Mapping[str, Any]) -> Policy:
    return Policy(
        name=policy["PolicyName"],
        arn=policy["Arn"],
        path=policy.get("Path") or "/",
        policy_id=policy.get("PolicyId"),
        description=policy.get("Description"),
        created=iso_time(policy.get("CreateDate")),
        updated=iso_time(policy.get("UpdateDate")),
        default_version=policy.get("DefaultVersionId") or "v1",
        attachment_count=policy.get("AttachmentCount"),
    )
