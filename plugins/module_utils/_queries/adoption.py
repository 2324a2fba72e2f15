# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describes a replication that was set up manually as variables for the role `replication`.

A role or policy is given by name only if planning with that name shows that managing it would change nothing. Otherwise
the variables hold the role's ARN, and the role `replication` does not manage it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from .._clients import iam_entities, s3_buckets
from .._clients.api import Api
from .._clients.errors import Forbidden
from .._clients.service import IAM, S3
from .._clients.session import Connections
from .._documents import names, replication
from .._documents.replication import Configuration
from .._documents.wanted_replication import WantedRule, rule_options
from .._resources.iam_role import IamRole, RoleRequest
from .._resources.policy import Policy
from .._resources.policy_request import PolicyRequest
from .._work import InvalidDocument, Query

Variables = dict[str, Any]
SIDES = ("source", "target")


@dataclass(frozen=True)
class AdoptionRequest:
    """The connection options of a source environment and its target; iam None: IAM is not read.

    buckets: the source buckets to adopt, None for all.
    """

    source_s3: Mapping[str, Any] = field(repr=False)
    source_iam: Mapping[str, Any] | None = field(default=None, repr=False)
    target_iam: Mapping[str, Any] | None = field(default=None, repr=False)
    buckets: tuple[str, ...] | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> AdoptionRequest:
        """Build the request from the options of a task. Raises InvalidDocument."""
        source, target = options["source"], options["target"]
        buckets: Sequence[str] | None = source["buckets"]
        return cls(
            source_s3=source["s3"],
            source_iam=source["iam"] or None,
            target_iam=target["iam"] or None,
            buckets=None if buckets is None else tuple(map(names.check_bucket_name, buckets)),
        )


@dataclass(frozen=True)
class Found:
    """One bucket with a configuration that the role can keep."""

    bucket: str
    configuration: Configuration


class Adoption(Query):
    """Reads a source environment and its target; IAM only where its connection is given."""

    def __init__(
        self, s3: Api, iam: Mapping[str, Api | None], buckets: Sequence[str] | None = None
    ) -> None:
        self.s3 = s3
        self.iam = iam
        self.buckets = buckets

    @classmethod
    def build(cls, request: AdoptionRequest, connections: Connections) -> Adoption:
        """Build the query, with separate connections for the two environments."""
        iam = {
            side: connections.open(IAM, options) if options else None
            for side, options in zip(SIDES, (request.source_iam, request.target_iam), strict=True)
        }
        return cls(connections.open(S3, request.source_s3), iam, request.buckets)

    def run(self) -> dict[str, Any]:
        found: list[Found] = []
        left: list[dict[str, str]] = []
        for bucket in self.buckets if self.buckets is not None else s3_buckets.buckets(self.s3):
            self._read(bucket, found, left)
        roles = _usual_roles(found)
        usual = [one for one in found if one.configuration.roles == roles]
        source: Variables = {
            "replication_pairs": [
                _pair(one, with_role=one.configuration.roles != roles) for one in found
            ],
            # Verification puts an object, which is a change.
            "replication_verify": False,
        }
        target: Variables = {}
        if len(roles) == 2:
            source |= self._identity("source", roles[0], usual)
            target |= self._identity("target", roles[1], usual)
        return {
            "variables": {"source": source, "target": target},
            "left_out": left,
            "warnings": list(self._missing_roles(found, roles)),
        }

    def _read(self, bucket: str, found: list[Found], left: list[dict[str, str]]) -> None:
        stored = s3_buckets.replication(self.s3, bucket)
        if stored is None:
            return
        try:
            found.append(Found(bucket, replication.from_api(stored)))
        except InvalidDocument as error:
            left.append({"bucket": bucket, "why": str(error)})

    def _missing_roles(self, found: Sequence[Found], usual: Sequence[str]) -> Iterable[str]:
        """A warning for each role of a configuration that does not exist, or cannot be checked."""
        users: dict[tuple[str, str], list[str]] = {}
        for one in found:
            for side, arn in zip(SIDES, one.configuration.roles, strict=False):
                users.setdefault((side, arn), []).append(one.bucket)
        for (side, arn), buckets in users.items():
            api = self.iam[side]
            if api is None or f":{names.PLACEHOLDER_ROLES}" in arn:
                continue
            used = f"{', '.join(buckets[:3])}{' and others' if len(buckets) > 3 else ''}"
            try:
                exists = _exists(api, arn)
            except Forbidden as error:
                # Whether to manage the usual roles depends on this call, so its refusal is an error.
                if arn in usual:
                    raise
                yield f"Whether the {side} role {arn} of {used} exists is unknown: {error}"
                continue
            if not exists:
                yield (
                    f"The {side} role {arn} of {used} does not exist at {api.endpoint}, so nothing is replicated with "
                    "it: create it, or set other roles."
                )

    def _identity(self, side: str, arn: str, usual: Sequence[Found]) -> Variables:
        """Role and policy by name if the role `replication` would change neither, else the role's ARN."""
        api = self.iam[side]
        role = _name(arn)
        named = self._named(api, side, role, arn, usual) if api and role else None
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
        # A policy that is exactly as generated comes first, then one that has further buckets.
        for keep_unlisted, attached, permissions in product(
            (False, True), state.attached or (), ("least", "guide")
        ):
            request = PolicyRequest.generated(
                attached.name, side, permissions, (sources, targets), arn
            )
            policy = Policy(replace(request, keep_unlisted=keep_unlisted), api)
            if not policy.plan(policy.read()).changes:
                return {
                    f"replication_{side}_role_name": role,
                    f"replication_{side}_policy_name": attached.name,
                    "replication_permissions": permissions,
                }
        return None


def _exists(api: Api, arn: str) -> bool:
    name = _name(arn)
    role = iam_entities.get_role(api, name) if name else None
    return role is not None and role.arn == arn


def _name(arn: str) -> str | None:
    """The role's name in its ARN; None if this is not the ARN of a role."""
    try:
        return names.check_role_arn(arn).rpartition("/")[2]
    except InvalidDocument:
        return None


def _usual_roles(found: Sequence[Found]) -> tuple[str, ...]:
    """The two roles that most buckets have. Pairs with other roles name these themselves."""
    pairs = Counter(one.configuration.roles for one in found if len(one.configuration.roles) == 2)
    return pairs.most_common(1)[0][0] if pairs else ()


def _pair(found: Found, *, with_role: bool) -> dict[str, Any]:
    configuration = found.configuration
    rules = [
        rule_options(WantedRule(rule.prefix, rule.id, rule.enabled, rule.sites or None))
        for rule in configuration.rules
    ]
    role = {"role": replication.join_roles(configuration.roles)} if with_role else {}
    return {
        "source_bucket": found.bucket,
        "target_bucket": configuration.target_bucket,
        **role,
        "rules": rules,
    }
