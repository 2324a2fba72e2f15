# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was set up by hand, as variables for the role `replication`.

Nothing is guessed: a role or policy is only named for the role to manage when planning with that name shows that
nothing would change. Otherwise its ARN is given, which leaves it alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._clients import s3_buckets
from .._clients.api import Api
from .._clients.connections import Connections
from .._clients.service import IAM, S3
from .._documents import names, replication
from .._documents.errors import UnsupportedConfiguration
from .._documents.replication import Configuration
from .._resources.iam_role import IamRole, RoleRequest
from .._resources.policy import Policy, PolicyRequest
from .query import Query

Variables = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """One bucket with a configuration that the role can keep."""

    bucket: str
    configuration: Configuration


class Adoption(Query):
    """The variables for the two hosts, and what could not be put into them."""

    def __init__(
        self, s3: Api, iam: Mapping[str, Api | None], buckets: Sequence[str] | None
    ) -> None:
        self.s3 = s3
        self.iam = iam
        self.buckets = buckets

    @classmethod
    def build(cls, options: Mapping[str, Any], connections: Connections) -> Adoption:
        """The question between two environments; IAM is only looked at where its connection is given."""
        source, target = options["source"], options["target"]
        iam = {
            side: connections.open(IAM, given["iam"]) if given["iam"] else None
            for side, given in (("source", source), ("target", target))
        }
        return cls(connections.open(S3, source["s3"]), iam, source["buckets"])

    def run(self) -> dict[str, Any]:
        found: list[Found] = []
        left: list[dict[str, str]] = []
        for bucket in self.buckets if self.buckets is not None else s3_buckets.buckets(self.s3):
            self._look(bucket, found, left)
        roles = _usual_roles(found)
        usual = [one for one in found if one.configuration.roles == roles]
        source: Variables = {
            "replication_pairs": [
                _pair(one, with_role=one.configuration.roles != roles) for one in found
            ],
            # The proof would put an object, which is a change.
            "replication_verify": False,
        }
        target: Variables = {}
        if len(roles) == 2:
            source |= self._identity("source", roles[0], usual)
            target |= self._identity("target", roles[1], usual)
        return {"variables": {"source": source, "target": target}, "left_out": left}

    def _look(self, bucket: str, found: list[Found], left: list[dict[str, str]]) -> None:
        stored = s3_buckets.replication(self.s3, bucket)
        if stored is None:
            return
        try:
            found.append(Found(bucket, replication.from_api(stored)))
        except UnsupportedConfiguration as error:
            left.append({"bucket": bucket, "why": str(error)})

    def _identity(self, side: str, arn: str, usual: Sequence[Found]) -> Variables:
        """Role and policy by name where the role would change neither, else the role's ARN."""
        api = self.iam[side]
        role = names.parse_arn(arn).resource.rsplit("/", 1)[-1]
        named = self._named(api, side, role, arn, usual) if api else None
        return named or {f"replication_{side}_role_arn": arn}

    def _named(
        self, api: Api, side: str, role: str, arn: str, usual: Sequence[Found]
    ) -> Variables | None:
        wanted = IamRole(RoleRequest(role, policies=()), api)
        state = wanted.read()
        if state is None or state.role.arn != arn or wanted.plan(state).changes:
            return None
        sources = [one.bucket for one in usual]
        targets = list(dict.fromkeys(one.configuration.target_bucket for one in usual))
        for attached in state.attached or ():
            for permissions in ("least", "guide"):
                request = PolicyRequest.generated(
                    attached.name, side, permissions, (sources, targets), arn
                )
                policy = Policy(request, api)
                if not policy.plan(policy.read()).changes:
                    return {
                        f"replication_{side}_role_name": role,
                        f"replication_{side}_policy_name": attached.name,
                        "replication_permissions": permissions,
                    }
        return None


def _usual_roles(found: Sequence[Found]) -> tuple[str, ...]:
    """The two roles that most buckets have; those of the others are written beside their pairs."""
    pairs = Counter(one.configuration.roles for one in found if len(one.configuration.roles) == 2)
    return pairs.most_common(1)[0][0] if pairs else ()


def _pair(found: Found, *, with_role: bool) -> dict[str, Any]:
    shown = replication.describe(found.configuration)
    rules = [
        {key: rule[key] for key in ("id", "prefix", "enabled", "sites")} for rule in shown["rules"]
    ]
    for rule in rules:
        if not rule["sites"]:
            del rule["sites"]
    role = {"role": shown["role"]} if with_role else {}
    return {
        "source_bucket": found.bucket,
        "target_bucket": found.configuration.target_bucket,
        **role,
        "rules": rules,
    }
